"""What the import rules cannot say about how the code is laid out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.parent for path in ROOT.glob("services/*/pyproject.toml"))
PACKAGES = {service.name: service / service.name.replace("-", "_") for service in SERVICES}
ROOMS = {
    "main", "settings", "api", "schemas", "consumers", "handlers", "rules", "tables", "queries", "clients", "jobs",
}  # fmt: skip
NEEDED_ROOMS = {"main", "settings", "api", "schemas", "consumers", "handlers", "rules", "tables"}
SHARED_MODULES = {
    "app", "auth", "bus", "clock", "crypto", "database", "deadlines", "events", "http_client", "idempotency", "identity",
    "ids", "inbox", "limits", "logs", "migrations", "money", "outbox", "parameters", "platform_0001", "problems",
    "settings", "telemetry", "testing", "working_days",
}  # fmt: skip
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "constants", "exceptions", "misc", "models", "services"}


def sources(*roots: Path) -> Iterator[Path]:
    for root in roots:
        yield from (path for path in root.rglob("*.py") if "migrations" not in path.parts)


PRODUCT = sorted(sources(ROOT / "shared/shared", *PACKAGES.values(), ROOT / "deploy/local/doudi"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_service_has_the_rooms_and_no_others() -> None:
    for package in PACKAGES.values():
        rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or path.is_dir()} - {"__pycache__"}
        rooms = {room for room in rooms if not room.startswith("__")}
        strangers = {
            room for room in rooms - ROOMS if not (package / room).suffix and (package / f"{room}.py").exists()
        }
        assert strangers == set(), f"{relative(package)} has rooms of its own"
        assert rooms >= NEEDED_ROOMS, f"{relative(package)} lacks {NEEDED_ROOMS - rooms}"


def test_shared_is_a_closed_list() -> None:
    found = {path.stem for path in (ROOT / "shared/shared").iterdir() if not path.name.startswith("__")}
    assert found - {"py"} == SHARED_MODULES, "a new module of shared is a decision record and a line here"


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_a_module_says_what_it_is_for_and_stays_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{relative(path)} does not say what it is for"
    assert text.count("\n") <= 400, f"{relative(path)} has {text.count(chr(10))} lines: split it by use case"
    assert path.stem not in FORBIDDEN_NAMES, f"{relative(path)}: a name that says nothing"


def test_only_the_database_module_commits() -> None:
    guilty = [
        relative(path)
        for path in sources(ROOT / "shared/shared", *PACKAGES.values())
        if ".commit(" in path.read_text(encoding="utf-8") and relative(path) not in COMMITS
    ]
    assert guilty == []


COMMITS = {
    "shared/shared/database.py",
    # Offsets of the broker, not a transaction.
    "shared/shared/inbox/consumer.py",
    "shared/shared/bus.py",
}


def test_services_raise_problems_and_read_no_environment() -> None:
    for path in sources(*PACKAGES.values()):
        text = path.read_text(encoding="utf-8")
        assert "HTTPException" not in text, f"{relative(path)}: raise shared.problems.Problem"
        assert "os.environ" not in text, f"{relative(path)}: settings.py is the only reader of the environment"
        assert "datetime.now(" not in text, f"{relative(path)}: time is passed in (decision 5)"


def test_no_import_hides_in_a_function() -> None:
    for path in PRODUCT:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                hidden = [node.lineno for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
                assert hidden == [], f"{relative(path)} imports inside {function.name}"


def test_every_suppressed_check_says_why() -> None:
    bare = re.compile(r"#\s*(noqa|type: ignore)(?!\[[\w-]+\]\s+#|:\s*[A-Z0-9, ]+\s+(-|#|—)\s*\w)")
    for path in [*PRODUCT, *sources(ROOT / "tests")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not bare.search(line), f"{relative(path)}:{number} suppresses a check and does not say why"


def test_no_department_is_named_in_the_code_of_departments() -> None:
    configuration = yaml.safe_load((PACKAGES["departments"] / "departments.yaml").read_text(encoding="utf-8"))
    codes = {entry["code"] for entry in configuration["departments"]}
    for path in sources(PACKAGES["departments"]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                constants = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
                assert not codes & {value for value in constants if isinstance(value, str)}, (
                    f"{relative(path)}:{node.lineno} branches on a department: that is configuration"
                )


def test_every_setting_is_named_in_deploy() -> None:
    documentation = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "deploy").rglob("*")
        if path.suffix in {".py", ".md", ".yaml"}
    )
    for path in [ROOT / "shared/shared/settings.py", *(package / "settings.py" for package in PACKAGES.values())]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.endswith("ettings"):
                for field in node.body:
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                        name = f"DOUDI_{field.target.id.upper()}"
                        assert name in documentation, f"{relative(path)}: {name} is not named in deploy/"


def test_every_event_is_recorded_by_its_publisher_and_heard_by_another() -> None:
    events = ROOT / "shared/shared/events"
    for contract_file in events.glob("*.py"):
        publisher = contract_file.stem.replace("_", "-")
        if publisher not in PACKAGES:
            continue
        text = {
            name: "\n".join(path.read_text(encoding="utf-8") for path in sources(package))
            for name, package in PACKAGES.items()
        }
        for node in ast.parse(contract_file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                assert f"{node.name}(" in text[publisher], f"{publisher} declares {node.name} and never records it"
                heard = [name for name in text if name != publisher and node.name in text[name]]
                # oversight keeps every event, so its own need no other listener.
                assert heard or publisher == "oversight" or "everything" in text["oversight"], (
                    f"nobody hears {node.name}"
                )
