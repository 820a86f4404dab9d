"""Several departments in one process: each on its own port, and all end at a signal."""

import json
import os
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from departments.settings import HostSettings
from doudi.databases import DatabaseUrls
from doudi.ports import free_port, listens
from doudi.processes import Child
from shared.testing import SEAL_KEY

URL = "postgresql+asyncpg://departments_app:secret@127.0.0.1:5432/departments_{department}"


@pytest.fixture
def secrets_file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"department-tax": "t", "department-finance": "f"}), encoding="utf-8")
    return path


@pytest.fixture
def environment(secrets_file: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_environment(**variables: str) -> None:
        values = {
            "DEPARTMENTS": "tax,finance",
            "DATABASE_URL": URL,
            "SEAL_KEY": SEAL_KEY.secret.hex(),
            "CLIENT_SECRETS_FILE": str(secrets_file),
            "PORT_BASE": "21000",
            "KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "TOKEN_ISSUER": "http://127.0.0.1:1",
            "DATA_SHARING_URL": "http://127.0.0.1:1",
            "KEY_FILE": str(key_file),
            **variables,
        }
        for name, value in values.items():
            monkeypatch.setenv(f"DOUDI_{name}", value)

    return set_environment


def test_each_department_gets_its_own_database_client_and_secret(environment: Callable[..., None]) -> None:
    environment(CLIENT_ID="somebody-else", CLIENT_SECRET="of-somebody-else", DEPARTMENT="housing")
    tax, finance = HostSettings().of_each()
    assert (tax.department, tax.client_id, tax.client_secret.get_secret_value()) == ("tax", "department-tax", "t")
    assert tax.database_url.get_secret_value().endswith("/departments_tax")
    assert (finance.client_id, finance.client_secret.get_secret_value()) == ("department-finance", "f")


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({"DATABASE_URL": URL.replace("_{department}", "")}, "must hold {department}"),
        ({"DEPARTMENTS": "tax,tax"}, "names a department twice"),
        ({"DEPARTMENTS": "tax housing"}, "departments"),
    ],
)
def test_settings_that_would_mix_departments_are_refused(
    environment: Callable[..., None], variables: dict[str, str], fault: str
) -> None:
    environment(**variables)
    with pytest.raises(ValidationError, match=fault):
        HostSettings()


def test_a_department_without_a_secret_is_named(environment: Callable[..., None]) -> None:
    environment(DEPARTMENTS="tax,housing")
    with pytest.raises(LookupError, match="no secret of the client department-housing"):
        HostSettings().of_each()


@pytest.mark.slow
def test_one_process_listens_for_all_departments_and_ends_at_sigterm(
    environment: Callable[..., None], database_for: Callable[[str], DatabaseUrls], tmp_path: Path
) -> None:
    port = free_port()
    # One database serves both here: what is shown is who listens where.
    url = database_for("departments").app + "?application_name=departments_{department}"
    environment(DATABASE_URL=url, PORT_BASE=str(port))
    child = Child(
        "departments",
        [sys.executable, "-m", "departments.main"],
        log=tmp_path / "log",
        directory=tmp_path,
        environment=os.environ,
    )
    child.start()
    try:
        child.wait_until(lambda: listens(port) and listens(port + 1), timeout_seconds=60)
        for at, name in enumerate(["区税务局", "区财政局"]):
            with urllib.request.urlopen(f"http://127.0.0.1:{port + at}/openapi.json") as answer:
                assert json.load(answer)["info"]["title"] == f"{name}协同服务"
            with urllib.request.urlopen(f"http://127.0.0.1:{port + at}/metrics") as answer:
                assert "http_requests" in answer.read().decode()
        child.ask_to_stop()
        assert child.wait(timeout_seconds=20) == 0, child.log_tail()
    finally:
        child.kill()
