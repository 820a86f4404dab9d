"""The whole embedded deployment: it starts, parts of it come and go, and its clock moves."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from doudi.broker import BrokerKind
from doudi.stack import SERVICES, Stack

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kafka,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("stack"),  # one worker, so that one deployment serves them
]


@pytest.fixture(scope="module")
def stack(broker_kind: BrokerKind) -> Iterator[Stack]:
    directory = Path(tempfile.mkdtemp(prefix="doudi-tests-"))
    directory.chmod(0o711)
    with Stack(directory, broker=broker_kind, durable=False, apart=["tax"]) as stack:
        yield stack
    shutil.rmtree(directory)


def status(stack: Stack, name: str, path: str, client_id: str | None = None) -> int:
    headers = {"Authorization": f"Bearer {stack.token(client_id)}"} if client_id else {}
    return httpx.get(stack.url(name) + path, headers=headers, timeout=30).status_code


def test_every_service_and_department_is_ready_and_shows_its_interface(stack: Stack) -> None:
    assert set(SERVICES) < stack.running.urls.keys()
    for name in stack.running.urls:
        assert status(stack, name, "/readyz") == 200
        assert status(stack, name, "/openapi.json") == 200


def test_services_trust_the_issuer_and_nobody_else(stack: Stack) -> None:
    assert status(stack, "intake", "/v1/applications") == 401
    assert status(stack, "intake", "/v1/applications", "clerk-420106009-1") == 200
    assert status(stack, "intake", "/v1/applications", "officer-tax") == 403
    assert status(stack, "department-tax", "/v1/referrals", "officer-tax") == 200


def test_the_clock_goes_forward_only(stack: Stack) -> None:
    before = stack.now()
    stack.advance_clock(to=before + timedelta(days=7))
    assert stack.now() >= before + timedelta(days=7)
    with pytest.raises(ValueError, match="only goes forward"):
        stack.advance_clock(to=before)


def test_one_department_is_down_alone_and_comes_back_at_its_address(stack: Stack) -> None:
    stack.kill_process("department-tax")
    assert [child.name for child in stack.ended()] == ["department-tax"]
    with pytest.raises(httpx.ConnectError):
        status(stack, "department-tax", "/readyz")
    assert status(stack, "department-finance", "/readyz") == 200
    stack.start_process("department-tax")
    assert stack.ended() == []
    assert status(stack, "department-tax", "/v1/referrals", "officer-tax") == 200


def test_secrets_are_for_their_owner_only(stack: Stack) -> None:
    files = [path for path in stack.directory.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert not [path for path in files if "secret" in path.name or "key" in path.name or "password" in path.name]
