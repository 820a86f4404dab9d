"""Clients that ask too often wait; nobody waits for somebody else."""

import time

import httpx
import pytest
from fastapi import FastAPI

from shared.limits import Limits
from shared.testing import client_of, problem_code

PER_MINUTE = 6


class Watch:
    """Real time, as the test moves it. It begins with a minute."""

    def __init__(self) -> None:
        self.seconds = 600_000.0


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(time, "monotonic", lambda: watch.seconds)
    return watch


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/v1/things")
    @app.get("/livez")
    async def answer() -> dict[str, str]:
        return {}

    app.add_middleware(Limits, body_limit_bytes=1024, requests_per_minute=PER_MINUTE)
    return client_of(app)


async def ask(client: httpx.AsyncClient, *, who: str, times: int = 1) -> list[int]:
    """The statuses of a client's requests."""
    headers = {"Authorization": f"Bearer {who}"}
    return [(await client.get("/v1/things", headers=headers)).status_code for _ in range(times)]


async def test_who_asks_too_often_is_told_when_to_come_back(client: httpx.AsyncClient, watch: Watch) -> None:
    watch.seconds += 20
    assert await ask(client, who="hasty", times=PER_MINUTE) == [200] * PER_MINUTE
    answer = await client.get("/v1/things", headers={"Authorization": "Bearer hasty"})
    assert (answer.status_code, problem_code(answer), answer.headers["Retry-After"]) == (429, "too_many_requests", "40")
    assert await ask(client, who="another") == [200]


async def test_the_minute_before_counts_in_proportion(client: httpx.AsyncClient, watch: Watch) -> None:
    await ask(client, who="steady", times=PER_MINUTE)
    watch.seconds += 60
    assert await ask(client, who="steady") == [429]
    watch.seconds += 30
    assert await ask(client, who="steady", times=4) == [200, 200, 200, 429]
    watch.seconds += 120
    assert await ask(client, who="steady", times=PER_MINUTE) == [200] * PER_MINUTE


async def test_refused_requests_do_not_count(client: httpx.AsyncClient, watch: Watch) -> None:
    await ask(client, who="hasty", times=PER_MINUTE + 50)
    watch.seconds += 60 + 59
    assert await ask(client, who="hasty", times=PER_MINUTE - 1) == [200] * (PER_MINUTE - 1)


async def test_health_is_always_answered(client: httpx.AsyncClient, watch: Watch) -> None:
    answers = [(await client.get("/livez")).status_code for _ in range(PER_MINUTE + 5)]
    assert set(answers) == {200}
