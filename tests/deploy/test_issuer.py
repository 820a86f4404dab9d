"""The embedded issuer, as our own authenticator and a caller without rights see it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from doudi.identities import load_identities
from doudi.issuer import CLIENT_CREDENTIALS, RESIDENT_SUBJECT, TOKEN_EXCHANGE, Issuer, application
from shared.auth import Authenticator, Role
from shared.http_client import ServiceTokens

URL = "http://issuer"
CREDENTIALS = {"grant_type": CLIENT_CREDENTIALS}
EXCHANGE = {"grant_type": TOKEN_EXCHANGE, "subject_token": "resident-7", "subject_token_type": RESIDENT_SUBJECT}


@pytest.fixture(scope="module")
def app() -> Any:
    clients = load_identities().by_id()
    key = RSAKey.generate_key(2048, parameters={"kid": "one"})
    secrets = {client_id: f"secret of {client_id}" for client_id in clients}
    return application(Issuer(url=URL, key=key, clients=clients, secrets=secrets))


@pytest.fixture
async def http(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        yield client


async def ask(http: httpx.AsyncClient, client_id: str, form: dict[str, str], **kwargs: Any) -> httpx.Response:
    return await http.post(f"{URL}/token", data=form, **{"auth": (client_id, f"secret of {client_id}"), **kwargs})


@pytest.mark.parametrize(
    ("client_id", "role", "streets", "department"),
    [
        ("clerk-420106009-1", Role.STREET_CLERK, {"420106009"}, None),
        ("approver-420106001-2", Role.STREET_APPROVER, {"420106001"}, None),
        ("officer-education", Role.DEPARTMENT_OFFICER, set(), "education"),
        ("district-1", Role.DISTRICT_OFFICER, set(), None),
        ("auditor-1", Role.AUDITOR, set(), None),
        ("inspector-1", Role.INSPECTOR, set(), None),
        ("ops-1", Role.OPS, set(), None),
        ("data-sharing", Role.SERVICE, set(), None),
        ("department-tax", Role.SERVICE, set(), "tax"),
    ],
)
async def test_a_token_says_who_its_client_is(
    http: httpx.AsyncClient, client_id: str, role: Role, streets: set[str], department: str | None
) -> None:
    answer = await ask(http, client_id, CREDENTIALS)
    assert answer.headers["Cache-Control"] == "no-store"
    principal = await Authenticator(issuer=URL, audience="doudi", http=http).principal(answer.json()["access_token"])
    assert (principal.subject, principal.client_id, set(principal.roles)) == (client_id, client_id, {role})
    assert (set(principal.streets), principal.department, principal.acting_client) == (streets, department, None)


async def test_the_mini_program_gets_a_token_that_acts_for_a_resident(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "mini-program", EXCHANGE)
    principal = await Authenticator(issuer=URL, audience="doudi", http=http).principal(answer.json()["access_token"])
    assert (principal.subject, principal.acting_client) == ("resident-7", "mini-program")
    assert principal.roles == {Role.RESIDENT}


async def test_a_service_gets_its_token_through_the_shared_client(http: httpx.AsyncClient) -> None:
    secret = SecretStr("secret of oversight")
    tokens = ServiceTokens(issuer=URL, client_id="oversight", client_secret=secret, http=http)
    principal = await Authenticator(issuer=URL, audience="doudi", http=http).principal(await tokens.token())
    assert principal.roles == {Role.SERVICE}


@pytest.mark.parametrize(
    ("client_id", "form", "kwargs", "status", "error"),
    [
        ("ops-1", CREDENTIALS, {"auth": ("ops-1", "guessed")}, 401, "invalid_client"),
        ("nobody", CREDENTIALS, {}, 401, "invalid_client"),
        ("ops-1", CREDENTIALS, {"auth": None}, 401, "invalid_client"),
        ("ops-1", CREDENTIALS, {"auth": None, "headers": {"Authorization": "Bearer x"}}, 401, "invalid_client"),
        ("ops-1", CREDENTIALS, {"auth": None, "headers": {"Authorization": "Basic *"}}, 401, "invalid_client"),
        ("ops-1", {"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
        ("ops-1", {}, {}, 400, "invalid_request"),
        ("ops-1", {}, {"content": b"grant_type=a&grant_type=b"}, 400, "invalid_request"),
        ("ops-1", EXCHANGE, {}, 400, "unauthorized_client"),
        ("mini-program", CREDENTIALS, {}, 400, "unauthorized_client"),
        ("mini-program", {**EXCHANGE, "subject_token": "x" * 101}, {}, 400, "invalid_request"),
        ("mini-program", {**EXCHANGE, "subject_token_type": "other"}, {}, 400, "invalid_request"),
    ],
)
async def test_what_is_not_allowed_gets_an_oauth_error(
    http: httpx.AsyncClient, client_id: str, form: dict[str, str], kwargs: dict[str, Any], status: int, error: str
) -> None:
    answer = await ask(http, client_id, form, **kwargs)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_every_role_and_every_department_has_somebody() -> None:
    identities = load_identities()
    clients = identities.by_id().values()
    assert {role for client in clients for role in client.roles} | {Role.RESIDENT} == set(Role)
    for department in identities.departments:
        held = [client.roles for client in clients if client.department == department]
        assert sorted(held) == [(Role.DEPARTMENT_OFFICER,), (Role.SERVICE,)]
