"""A token that held is remembered; what could make it not hold any more is looked at each time."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from shared.auth import Authenticator, Principal, Role
from shared.problems import Problem
from shared.testing import TokenMint


def authenticator_of(mint: TokenMint) -> Authenticator:
    return Authenticator(issuer=mint.issuer, audience="doudi", http=mint.http)


async def refused(authenticator: Authenticator, token: str) -> int:
    """The status with which the token is refused."""
    with pytest.raises(Problem) as problem:
        await authenticator.principal(token)
    return problem.value.document.status


async def test_a_caller_who_comes_again_is_the_same() -> None:
    mint = TokenMint()
    authenticator = authenticator_of(mint)
    token = mint.token("clerk-1", Role.STREET_CLERK, streets=["420106009"])
    first = await authenticator.principal(token)
    assert first == await authenticator.principal(token)
    assert first == Principal(
        subject="clerk-1",
        client_id="test-client",
        roles=frozenset({Role.STREET_CLERK}),
        streets=frozenset({"420106009"}),
    )


async def test_a_remembered_token_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    mint = TokenMint()
    authenticator = authenticator_of(mint)
    token = mint.token("resident-1", Role.RESIDENT)
    await authenticator.principal(token)
    later = time.time() + 600
    monkeypatch.setattr(time, "time", lambda: later)
    assert await refused(authenticator, token) == 401


async def test_a_remembered_token_does_not_outlive_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    mint, successor = TokenMint(), TokenMint()
    serving = [mint]

    async def answer(request: httpx.Request) -> httpx.Response:
        return await serving[0].http.send(request)

    authenticator = Authenticator(
        issuer=mint.issuer, audience="doudi", http=httpx.AsyncClient(transport=httpx.MockTransport(answer))
    )
    token = mint.token("resident-1", Role.RESIDENT)
    await authenticator.principal(token)
    serving[0] = successor
    assert (await authenticator.principal(token)).subject == "resident-1"
    later = time.monotonic() + 3601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert await refused(authenticator, token) == 401


async def test_a_changed_token_is_not_the_one_that_held() -> None:
    mint = TokenMint()
    authenticator = authenticator_of(mint)
    token = mint.token("resident-1", Role.RESIDENT)
    await authenticator.principal(token)
    header, claims, signature = token.split(".")
    other = mint.token("resident-2", Role.RESIDENT).split(".")[1]
    assert await refused(authenticator, f"{header}.{other}.{signature}") == 401
    assert await refused(authenticator, f"{header}.{claims}.{signature[:-4]}AAAA") == 401


async def test_a_refused_token_is_looked_at_again() -> None:
    mint = TokenMint()
    authenticator = authenticator_of(mint)
    expired = mint.token("resident-1", Role.RESIDENT, exp=int(time.time()) - 60)
    assert [await refused(authenticator, expired) for _ in range(2)] == [401, 401]


async def test_an_issuer_that_is_gone_is_asked_by_one_request_and_not_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    mint, asked = TokenMint(), 0
    is_gone = False

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        if not is_gone:
            return await mint.http.send(request)
        asked += 1
        raise httpx.ConnectTimeout("gone", request=request)

    authenticator = Authenticator(
        issuer=mint.issuer, audience="doudi", http=httpx.AsyncClient(transport=httpx.MockTransport(answer))
    )
    token = mint.token("auditor-1", Role.AUDITOR)
    first = await authenticator.principal(token)
    is_gone = True
    hours_later = time.monotonic() + 3 * 3600
    monkeypatch.setattr(time, "monotonic", lambda: hours_later)
    assert await asyncio.gather(*(authenticator.principal(token) for _ in range(20))) == [first] * 20
    assert asked == 1


@pytest.mark.parametrize(
    "claims", [{"roles": None}, {"streets": [["420106009"]]}, {"iat": "noon"}, {"act": "somebody"}], ids=str
)
async def test_nonsense_that_the_issuer_signed_is_refused(claims: dict[str, Any]) -> None:
    mint = TokenMint()
    assert await refused(authenticator_of(mint), mint.token("clerk-1", Role.STREET_CLERK, **claims)) == 401
