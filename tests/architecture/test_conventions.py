"""What the import rules cannot say about how the code is laid out."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import data_sharing.consumers
import eligibility.consumers
import emergency_fund.consumers
import intake.consumers
from departments.consumers import subscriptions_of
from departments.main import directory
from departments.rules.offices import open_office
from shared.events import contracts
from shared.events.contract import Event

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.parent for path in ROOT.glob("services/*/pyproject.toml"))
PACKAGES = {service.name: service / service.name.replace("-", "_") for service in SERVICES}
ROOMS = {
    "main", "settings", "api", "schemas", "consumers", "handlers", "rules", "tables", "queries", "clients", "jobs",
}  # fmt: skip
NEEDED_ROOMS = {"main", "settings", "api", "schemas", "consumers", "handlers", "rules", "tables"}
SHARED_MODULES = {
    "app", "auth", "bus", "clock", "crypto", "database", "deadlines", "events", "http_client", "idempotency",
    "identity", "ids", "inbox", "keys", "keys_0001", "keys_0002", "limits", "logs", "migrations", "money", "outbox",
    "papers", "parameters", "platform_0001", "problems", "seal", "settings", "signatures", "telemetry", "testing",
    "working_days",
}  # fmt: skip
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "constants", "exceptions", "misc", "models", "services"}


def sources(*roots: Path) -> Iterator[Path]:
    for root in roots:
        yield from (path for path in root.rglob("*.py") if "migrations" not in path.parts)


PRODUCT = sorted(sources(ROOT / "shared/shared", *PACKAGES.values(), ROOT / "deploy/local/doudi"))
TESTS = sorted(sources(ROOT / "tests"))
CONTRACTS = sorted(contracts(), key=lambda contract: contract.type)
KEPT_BY_OVERSIGHT_ALONE = {
    "AgreementChanged": "both sides read it from data-sharing, whose gate it is",
    "AgreementOverdue": "the delay is the provider's; oversight sees it",
    "AgreementNotSupplied": "as AgreementOverdue",
    "ComparisonHitFound": "oversight works it as a clue; civil affairs reads it from data-sharing",
    "ComparisonHitSettled": "the end of the clue",
    "LeadContactOverdue": "oversight works it as a clue",
    "LeadErased": "what is gone is nobody's work any more",
    "LeadLookedAt": "as PersonalDataAccessed",
    "PersonalDataAccessed": "a look at personal data is a matter of the history, which oversight keeps",
    "BatchPublished": "data-sharing holds what was delivered; oversight counts which department delivers and when",
    "BatchRefused": "as BatchPublished; the department reads why from data-sharing",
    "HouseholdRegistered": "others learn of a household with what happens to it",
    "HomelessPersonFiled": "as HouseholdRegistered",
    "HomelessPersonAided": "given by the street, which reads it from intake; oversight sees that it is given",
    "HomelessPersonGuided": "civil affairs reads from intake who waits to be escorted home",
    "ReserveReplenished": "the answer of finance is known by ReplenishmentAnswered; this one closes the books",
    "ReserveAccountRegistered": "which account a reserve has matters to its street and to those who check",
    "StatementImported": "reconciliation is checked by oversight and by nobody else",
    "LineMatchedByHand": "as StatementImported",
    "MatchTakenBack": "as StatementImported",
    "ReconciliationDifferenceFound": "oversight works it as a clue",
    "ReconciliationDifferenceResolved": "the end of the clue",
    "GrantApprovalOverdue": "oversight works it as a clue; the street has it in its list",
    "EmergencyDeclared": "the fund itself holds grants against it; others read it there",
    "EmergencyEnded": "as EmergencyDeclared",
    "CorrectionProposed": "nothing moves before a second person decides; the street sees it in its own list",
    "CorrectionRejected": "nothing was posted",
    "FiscalYearClosed": "the hash of a closing statement, so that it can be checked against the log",
    "StageConditionMet": "a step inside the fund; the household learns of the payment",
    "StageDue": "a task of the clerk, who reads it from the fund",
    "StageOverdue": "oversight works it as a clue; the family is not to be told that an office is late",
    "FollowUpOverdue": "as StageOverdue",
    "LeadFound": "who follows findings reads them from eligibility; a street's list of tasks will hear it",
    "ReviewSuggested": "as LeadFound",
    "ShadowRunCompleted": "a forecast for the officers who asked; nothing follows from it",
    "RecomputationCompleted": "the sum of a recomputation, for those who check the district's books",
    "PriceLinkageStarted": "households learn of it by PriceSubsidyDue",
    "PriceLinkageEnded": "no supplement follows from it",
    "ClueRaised": "oversight's own; a part that works clues will hear it",
    "ComplaintReceived": "the family must not read that somebody complained; oversight works it as a clue",
    "CheckpointSigned": "oversight's own; witnesses outside the platform read it",
}
"""Events that no service reacts to, and why they are published all the same."""


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_service_has_the_rooms_and_no_others() -> None:
    assert set(PACKAGES) >= {"intake", "data-sharing", "eligibility", "emergency-fund", "departments", "oversight"}
    for package in PACKAGES.values():
        # A directory without Python in it holds data.
        rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or any(path.glob("**/*.py"))}
        rooms = {room for room in rooms if not room.startswith("__")}
        assert rooms <= ROOMS, f"{relative(package)} has rooms of its own: {rooms - ROOMS}"
        assert rooms >= NEEDED_ROOMS, f"{relative(package)} lacks {NEEDED_ROOMS - rooms}"


def test_every_service_says_what_it_is_for_and_migrates() -> None:
    services = [package.parent for package in PACKAGES.values()]
    assert [relative(service) for service in services if not (service / "README.md").exists()] == []
    for service in services:
        versions = sorted(path.name for path in (service / "migrations/versions").glob("*.py"))
        assert versions, f"{relative(service)} has no migration"
        assert versions[0].startswith("0001_"), versions
        numbers = [name[:4] for name in versions]
        assert len(set(numbers)) == len(numbers), f"{relative(service)}: two migrations of one number"


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


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_a_test_module_says_what_it_is_for_and_looks_from_outside(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{relative(path)} does not say what it is for"
    assert text.count("\n") <= 600, f"{relative(path)} has {text.count(chr(10))} lines"
    assert path.name != "__init__.py", f"{relative(path)}: tests are no packages"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            private = [alias.name for alias in node.names if alias.name.startswith("_")]
            assert private == [], f"{relative(path)}:{node.lineno} imports private names"
            assert node.module != "unittest.mock", f"{relative(path)}:{node.lineno} mocks"


def test_services_raise_problems_and_are_told_the_time() -> None:
    forbidden = {
        "HTTPException": "raise shared.problems.Problem",
        "os.environ": "settings.py is the only reader of the environment",
        "os.getenv": "settings.py is the only reader of the environment",
        "datetime.now(": "time is passed in (decision 5)",
        "datetime.utcnow(": "time is passed in (decision 5)",
        "date.today(": "time is passed in (decision 5)",
        "time.time(": "time is passed in (decision 5)",
        "SystemClock": "time is passed in (decision 5)",
        "print(": "log with structlog",
    }
    for path in sources(*PACKAGES.values()):
        text = path.read_text(encoding="utf-8")
        for words, instead in forbidden.items():
            assert words not in text, f"{relative(path)} says {words}: {instead}"


def test_business_time_is_read_in_one_module_of_shared() -> None:
    for path in sources(ROOT / "shared/shared"):
        text = path.read_text(encoding="utf-8")
        if path.name != "clock.py":
            for words in ("datetime.now(", "datetime.utcnow(", "date.today("):
                assert words not in text, f"{relative(path)} says {words}: time is passed in (decision 5)"


def test_no_service_sleeps() -> None:
    """What must happen later is a deadline. Pauses belong to the loops of shared, which run for ever."""
    for path in sources(*PACKAGES.values()):
        text = path.read_text(encoding="utf-8")
        assert "sleep(" not in text, f"{relative(path)} sleeps: schedule a deadline"


def test_what_an_endpoint_is_given_does_not_wait_for_a_thread() -> None:
    """FastAPI calls a dependency that is no coroutine in a thread: a hop for every request."""
    for path in sources(*PACKAGES.values()):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        plain = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        given = {
            call.args[0].id
            for call in ast.walk(tree)
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Depends"
            if isinstance(call.args[0], ast.Name)
        }
        assert given.isdisjoint(plain), f"{relative(path)}: make {plain & given} async"


def test_no_import_hides_in_a_function() -> None:
    for path in PRODUCT:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                hidden = [node.lineno for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
                assert hidden == [], f"{relative(path)} imports inside {function.name}"


def test_every_suppressed_check_says_why() -> None:
    bare = re.compile(r"#\s*(noqa|type: ignore)(?!\[[\w,-]+\]\s+#|:\s*[A-Z0-9, ]+\s+(-|#|—)\s*\w)")
    whole_file = re.compile(r"#\s*(ruff: noqa|mypy: |flake8: noqa|pragma: no cover)")
    found = []
    for path in [*PRODUCT, *TESTS]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if (bare.search(line) or whole_file.search(line)) and "re.compile(" not in line:
                found.append(f"{relative(path)}:{number}")
    assert found == [], "these suppress a check and do not say why"


def test_no_department_is_named_in_the_code_of_departments() -> None:
    """Neither compared with, nor matched, nor looked up: what a department does is configuration."""
    configuration = yaml.safe_load((PACKAGES["departments"] / "departments.yaml").read_text(encoding="utf-8"))
    codes = {entry["code"] for entry in configuration["departments"]}
    assert len(codes) > 10, "the codes were found"
    for path in sources(PACKAGES["departments"]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare | ast.MatchValue | ast.Subscript):
                named = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
            elif isinstance(node, ast.Dict):
                named = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            else:
                continue
            assert not codes & {value for value in named if isinstance(value, str)}, (
                f"{relative(path)}:{node.lineno} names a department: that is configuration"
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


def publisher_of(contract: type[Event]) -> str:
    """The service whose module, or package, of `shared.events` declares it."""
    return contract.__module__.split(".")[2].replace("_", "-")


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_an_event_is_recorded_by_its_publisher_alone(contract: type[Event]) -> None:
    publisher = publisher_of(contract)
    makers = {name for name, package in PACKAGES.items() if contract.__name__ in _made_in(package)}
    assert makers == {publisher}


@functools.cache
def _made_in(package: Path) -> frozenset[str]:
    """Names of the classes that a package calls."""
    calls = (
        node
        for path in sources(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    )
    return frozenset(ast.unparse(call.func).removesuffix(".model_validate") for call in calls)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_an_event_is_heard_by_somebody(contract: type[Event]) -> None:
    """Oversight hears everything, so it does not count."""
    publisher = publisher_of(contract)
    offices = directory()
    tables = {
        "intake": intake.consumers.SUBSCRIPTIONS,
        "data-sharing": data_sharing.consumers.SUBSCRIPTIONS,
        "eligibility": eligibility.consumers.SUBSCRIPTIONS,
        "emergency-fund": emergency_fund.consumers.SUBSCRIPTIONS,
        "departments": {
            kind: handler
            for code in ("tax", "finance")
            for kind, handler in subscriptions_of(open_office(offices, code)).items()
        },
    }
    assert {*tables, "oversight"} == set(PACKAGES), "a new service is a line here"
    hearers = {name for name, table in tables.items() if contract in table} - {publisher}
    assert bool(hearers) != (contract.__name__ in KEPT_BY_OVERSIGHT_ALONE), f"heard by {hearers or 'nobody'}"


def test_every_clause_that_is_cited_is_in_the_register() -> None:
    register = {row["id"] for row in yaml.safe_load((ROOT / "docs/clauses.yaml").read_text(encoding="utf-8"))}
    cited = re.compile(r"""[Cc]lauses? ((?:\d+(?:\.\d+)+(?:, | and | to )?)+)|clause="([\d.]+)\"""")
    wrong = []
    for path in PRODUCT:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for found in cited.finditer(line):
                for clause in re.findall(r"\d+(?:\.\d+)+", found.group(0)):
                    # 2.9 stands for all that begin with 2.9.
                    if not any(one == clause or one.startswith(f"{clause}.") for one in register):
                        wrong.append(f"{relative(path)}:{number} cites {clause}")
    assert wrong == []


def test_nothing_points_out_of_the_repository() -> None:
    """No path of somebody's machine, no host of a registry, nothing left to do."""
    words = re.compile(r"/(?:work|root|home)/\w|\bTODO\b|\bFIXME\b|\bXXX\b|--index-url|--extra-index-url")
    found = []
    for path in [*PRODUCT, *TESTS, *ROOT.glob("*.*"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]:
        if path != Path(__file__) and path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if words.search(line):
                    found.append(f"{relative(path)}:{number} {line.strip()[:80]}")
    assert found == []
