"""Who may call what: every endpoint of every service, read from its routes, against everybody who may not call it.

An endpoint that is added later is in these tests by itself.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.contracts.endpoints import Endpoint
from tests.contracts.record import OnRecord
from tests.contracts.service import OTHER_STREET, Service, package_of

from shared.auth import Role
from shared.testing import TokenMint, problem_code

_OPEN_TO_ALL = {"/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
"""What answers without a token: nothing of a case is in it."""
_OTHERS: dict[Role, dict[str, Any]] = {
    Role.RESIDENT: {"subject": "resident-other"},
    Role.STREET_CLERK: {"subject": "clerk-other", "street": OTHER_STREET},
    Role.STREET_APPROVER: {"subject": "approver-other", "street": OTHER_STREET},
    Role.DEPARTMENT_OFFICER: {"subject": "officer-other", "department": "education"},
    Role.SERVICE: {"subject": "department-education", "client_id": "department-education", "department": "education"},
}
"""Somebody of each role that has a scope, outside the scope of everything on record. The other roles see the whole
district."""
_OWNERLESS = {
    ("POST /v1/assessments/preview", Role.STREET_CLERK): "a household that is not on record; nothing is stored",
    ("POST /v1/assessments/preview", Role.STREET_APPROVER): "a household that is not on record; nothing is stored",
    ("POST /v1/assessments/preview", Role.SERVICE): "a household that is not on record; nothing is stored",
    ("POST /v1/lead-reports/batch", Role.SERVICE): "each report in it is refused by itself",
    ("POST /v1/lead-reports/batch", Role.DEPARTMENT_OFFICER): "each report in it is refused by itself",
    ("POST /v1/lead-reports/batch", Role.STREET_CLERK): "each report in it is refused by itself",
    ("POST /v1/applications", Role.RESIDENT): "whoever applies, applies for themselves",
}
"""Writes that touch nothing of anybody else."""


async def test_every_endpoint_names_its_roles(service: Service) -> None:
    endpoints = service.endpoints
    assert endpoints, "the routes were found"
    assert [str(one) for one in endpoints if not one.gates or not one.roles] == []


async def test_nothing_but_operations_stands_outside_v1(service: Service) -> None:
    documented = {
        f"{method.upper()} {path}" for path, item in service.app.openapi()["paths"].items() for method in item
    }
    assert documented == {str(one) for one in service.endpoints}, "what can be called and what is documented differ"
    outside = {route.path for route in _routes(service) if not route.path.startswith("/v1")}
    assert {path for path in outside if not path.startswith("/static")} <= _OPEN_TO_ALL


@pytest.mark.clause("12.1.2")
async def test_without_a_token_nobody_gets_in(service: Service) -> None:
    wrong = []
    for endpoint in service.endpoints:
        for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Basic eDp4"}):
            answer = await service.call(endpoint, headers)
            wrong += _unless(answer, {401}, endpoint, headers)
            if not answer.headers.get("www-authenticate", "").startswith("Bearer"):
                wrong.append(f"{endpoint}: no WWW-Authenticate")
    assert wrong == []


@pytest.mark.clause("12.1.2")
async def test_a_token_that_does_not_hold_lets_nobody_in(service: Service, mint: TokenMint) -> None:
    wrong = []
    for endpoint in service.endpoints:
        for flaw, token in await _bad_tokens(mint, sorted(endpoint.roles)):
            answer = await service.call(endpoint, {"Authorization": f"Bearer {token}"})
            wrong += _unless(answer, {401}, endpoint, flaw)
    assert wrong == []


@pytest.mark.clause("12.1.2")
async def test_a_role_that_is_not_named_is_refused(service: Service) -> None:
    wrong = []
    for endpoint in service.endpoints:
        outsiders = sorted(set(Role) - endpoint.roles)
        for role in outsiders:
            answer = await service.call(endpoint, service.caller(role))
            wrong += _unless(answer, {403}, endpoint, role)
        if outsiders:
            everything = service.mint.authorization(
                "somebody", *outsiders, streets=["420106009", "420106006"], department=service.name
            )
            wrong += _unless(await service.call(endpoint, everything), {403}, endpoint, "all of these roles at once")
        nobody = service.mint.authorization("somebody")
        wrong += _unless(await service.call(endpoint, nobody), {403}, endpoint, "no role at all")
    assert wrong == []


@pytest.mark.clause("12.1.2")
@pytest.mark.slow
async def test_what_belongs_to_others_is_not_seen_and_not_changed(on_record: OnRecord) -> None:
    wrong = []
    for name, service in on_record.district.services.items():
        for endpoint in service.endpoints:
            for role in sorted(endpoint.roles & _OTHERS.keys()):
                answer = await service.call(endpoint, service.caller(role, **_OTHERS[role]), on_record.ids[name])
                wrong += [f"{name}: {line}" for line in _leaks(answer, endpoint, role, on_record.ids[name])]
    assert wrong == []
    await _everything_is_there_for_its_own_people(on_record)


async def _everything_is_there_for_its_own_people(on_record: OnRecord) -> None:
    """Without this, a test in which nothing is on record would pass."""
    wrong: dict[tuple[str, str], list[str]] = {}
    let_in = set()
    for name, service in on_record.district.services.items():
        for endpoint in sorted(service.endpoints, key=lambda one: one.writes):
            for role in sorted(endpoint.roles):
                headers = on_record.insider(service, endpoint, role)
                answer = await service.call(endpoint, headers, on_record.ids[name])
                assert answer.status_code < 500, f"{name} {endpoint} {role}: {answer.text}"
                where = (package_of(name), str(endpoint))
                # A conflict with what is done already comes after the question whether the caller may see it.
                if answer.is_success or (endpoint.writes and answer.status_code in {409, 422}):
                    let_in.add(where)
                else:
                    wrong.setdefault(where, []).append(f"{name} {role}: {answer.status_code} {answer.text}")
    assert {where: lines for where, lines in wrong.items() if where not in let_in} == {}


def _leaks(answer: httpx.Response, endpoint: Endpoint, role: Role, ids: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with an answer to somebody who has nothing to do with what is on record."""
    if answer.status_code in {403, 404}:
        problem_code(answer)
        return
    if endpoint.writes:
        if (str(endpoint), role) not in _OWNERLESS:
            yield f"{endpoint} as another {role}: {answer.status_code} {answer.text[:300]}"
    elif not answer.is_success:
        yield f"{endpoint} as another {role}: {answer.status_code} {answer.text[:300]}"
    else:
        foreign = [name for name, value in ids.items() if name.endswith("_id") and value in answer.text]
        if foreign and endpoint.path.startswith(("/v1/log/", "/v1/emergencies")):
            foreign = []  # proofs carry hashes alone, and that an emergency is declared is for all staff to know
        if foreign:
            yield f"{endpoint} as another {role}: shows {foreign}"


def _unless(answer: httpx.Response, statuses: set[int], endpoint: Endpoint, why: object) -> list[str]:
    if answer.status_code not in statuses:
        return [f"{endpoint} with {why}: {answer.status_code} {answer.text[:300]}"]
    problem_code(answer)
    return []


def _routes(service: Service) -> list[Any]:
    return [route for route in service.app.routes if hasattr(route, "path")]


async def _bad_tokens(mint: TokenMint, roles: list[Role]) -> list[tuple[str, str]]:
    """Tokens that would open the endpoint if one thing about them were not wrong."""
    good = mint.token("somebody", *roles, streets=["420106009"], department="tax")
    header, payload, signature = good.split(".")
    claims = json.loads(_decoded(payload))
    now = int(time.time())
    (public,) = (await mint.http.get(f"{mint.issuer}/jwks.json")).json()["keys"]
    confused = _signed_with_secret({"alg": "HS256", "kid": "test", "typ": "at+jwt"}, payload, public)
    stranger = RSAKey.generate_key(2048, parameters={"kid": "test"}) if not _strangers else _strangers[0]
    _strangers[:] = [stranger]
    foreign = jwt.encode({"alg": "RS256", "kid": "test", "typ": "at+jwt"}, claims, stranger)
    widened = _encoded({**claims, "roles": [str(role) for role in Role]})
    return [
        ("a broken token", "abc"),
        ("a token cut short", good[:-20]),
        ("no signature", f"{header}.{payload}."),
        ("alg none", f"{_encoded({'alg': 'none', 'typ': 'at+jwt'})}.{payload}."),
        ("alg None with a signature", f"{_encoded({'alg': 'None', 'typ': 'at+jwt'})}.{payload}.{signature}"),
        ("roles added", f"{header}.{widened}.{signature}"),
        ("the key of a stranger", foreign),
        *((f"HS256 with {what}", token) for what, token in confused.items()),
        ("an expired token", mint.token("somebody", *roles, exp=now - 3600)),
        ("no expiry", mint.token("somebody", *roles, exp=None)),
        ("not yet valid", mint.token("somebody", *roles, nbf=now + 3600)),
        ("another audience", mint.token("somebody", *roles, aud="another-platform")),
        ("another issuer", mint.token("somebody", *roles, iss="https://elsewhere.test")),
        ("an unknown role", mint.token("somebody", roles="superuser")),
        ("nobody's token", mint.token("somebody", *roles, sub=None)),
    ]


_strangers: list[RSAKey] = []


def _signed_with_secret(header: dict[str, str], payload: str, public: dict[str, Any]) -> dict[str, str]:
    """The token as an attacker makes it who takes the public key for the secret of HS256."""
    key = RSAKey.import_key(public)
    secrets = {"the public key as PEM": key.as_pem(private=False), "the modulus": str(public["n"]).encode()}
    signed = f"{_encoded(header)}.{payload}"
    return {
        what: f"{signed}.{_encoded_bytes(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"
        for what, secret in secrets.items()
    }


def _encoded(document: Mapping[str, Any]) -> str:
    return _encoded_bytes(json.dumps(document).encode())


def _encoded_bytes(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
