"""What tests of every service use: a clock that stands still, an issuer in memory, builders, and ways to hand an
event to a service, to read what it recorded and to let its deadlines come due. Not for production code.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import text
from stdnum.cn.ric import calc_check_digit

from shared.app import Background
from shared.auth import Role
from shared.clock import Clock, local_date
from shared.database import Database
from shared.deadlines import Jobs, Worker
from shared.events import Envelope, Event
from shared.ids import new_id
from shared.inbox import Consumer, Subscriptions
from shared.seal import SealKey, context_of, sealed

SEAL_KEY = SealKey(bytes(range(32)))
"""The key that databases of tests accept."""

UNASSIGNED_REGION = "420199"
"""No real person has a number with this region."""

Handler = Callable[[httpx.Request], httpx.Response] | Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]


class FixedClock:
    """Business time that moves only when told."""

    def __init__(self, now: datetime) -> None:
        assert now.tzinfo is not None, "business time is aware"
        self._now = now

    def now(self) -> datetime:
        return self._now

    def today(self) -> date:
        return local_date(self._now)

    def advance(self, period: timedelta) -> None:
        """Move forward."""
        self._now += period


class TokenMint:
    """An issuer in memory, and the network of a test: base URLs route to applications or handlers."""

    issuer = "https://issuer.test"

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, parameters={"kid": "test"})
        self._routes: dict[str, httpx.AsyncBaseTransport] = {}
        self.http = self.session()

    def session(self) -> httpx.AsyncClient:
        """A connection pool for one application; applications close their own."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._handle))

    def route(self, host: str, target: FastAPI | Handler) -> None:
        """Requests to `http://<host>/…` go to this application or handler."""
        self._routes[host] = (
            httpx.ASGITransport(target, raise_app_exceptions=False)
            if isinstance(target, FastAPI)
            else httpx.MockTransport(target)
        )

    def token(
        self,
        subject: str,
        *roles: Role,
        client_id: str = "test-client",
        streets: Iterable[str] = (),
        department: str | None = None,
        acting_client: str | None = None,
        **claims: Any,
    ) -> str:
        """An access token; `claims` replace what is set here, such as `exp`."""
        now = int(time.time())
        document: dict[str, Any] = {
            "iss": self.issuer,
            "aud": "doudi",
            "sub": subject,
            "client_id": client_id,
            "iat": now,
            "exp": now + 300,
            "jti": str(new_id()),
            "roles": [str(role) for role in roles],
            "streets": sorted(streets),
        }
        if department is not None:
            document["department"] = department
        if acting_client is not None:
            document["act"] = {"sub": acting_client}
        return jwt.encode({"alg": "RS256", "kid": "test", "typ": "at+jwt"}, document | claims, self._key)

    def authorization(self, subject: str, *roles: Role, **claims: Any) -> dict[str, str]:
        """The header with such a token."""
        return {"Authorization": f"Bearer {self.token(subject, *roles, **claims)}"}

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "issuer.test":
            route = self._routes.get(request.url.host)
            if route is None:
                raise httpx.ConnectError(f"nothing listens at {request.url.host}", request=request)
            answer = await route.handle_async_request(request)
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(
                200, json={"jwks_uri": f"{self.issuer}/jwks.json", "token_endpoint": f"{self.issuer}/token"}
            )
        if request.url.path == "/jwks.json":
            return httpx.Response(200, json={"keys": [self._key.as_dict(private=False)]})
        client_id = _basic_user(request)
        department = client_id.removeprefix("department-") if client_id.startswith("department-") else None
        token = self.token(client_id, Role.SERVICE, client_id=client_id, department=department)
        return httpx.Response(200, json={"access_token": token, "expires_in": 300, "token_type": "Bearer"})


def _basic_user(request: httpx.Request) -> str:
    encoded = request.headers["Authorization"].removeprefix("Basic ")
    return base64.b64decode(encoded).decode().partition(":")[0]


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """Calls an application without a network. Its background parts do not run."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://service")


def identity_number(birth_date: date, *, sequence: int, region: str = UNASSIGNED_REGION) -> str:
    """A made-up number with a right check digit. An odd sequence is a man's."""
    body = f"{region}{birth_date:%Y%m%d}{sequence:03d}"
    return body + calc_check_digit(body + "0")  # it leaves the last character out


async def let_in(connection: Any, *, scope: str, number: int = 1, key: SealKey = SEAL_KEY, **context: Any) -> str:
    """Say on a raw connection of asyncpg who asks, for the rest of its session. `context` is that of
    `shared.seal.context_of`. Returns what was said, with its seal.
    """
    nonce = await connection.fetchval("select open_session($1)", key.key_id)
    said = sealed(context_of(scope=scope, **context), session_secret=key.session_secret(nonce), number=number)
    await connection.execute("select use_seal($1), set_config('app.context', $2, false)", number, said)
    return said


async def recorded(database: Database) -> list[Event]:
    """The events that wait in the outbox, oldest first."""
    async with database.transaction() as tx:
        rows = await tx.execute(text("select body from outbox order by id"))
        return [Envelope.from_json(row.body).event for row in rows]


async def deliver(
    database: Database, subscriptions: Subscriptions, *events: Event | Envelope, clock: Clock, group: str = "test"
) -> None:
    """Hand events to a service as its consumer would, duplicates included. A bare event gets a new id."""
    consumer = Consumer(
        database, "127.0.0.1:1", group=group, subscriptions=subscriptions, clock=clock, fetch_wait_ms=100
    )
    for event in events:
        envelope = event if isinstance(event, Envelope) else envelope_of(event, clock=clock)
        await consumer.handle(envelope.event.topic, envelope.to_json())


def envelope_of(event: Event, *, clock: Clock) -> Envelope:
    """A new envelope, as the publisher would make it."""
    return Envelope(event_id=new_id(), source=event.topic, time=clock.now().astimezone(UTC), event=event)


async def run_due(database: Database, clock: Clock, jobs: Jobs[Any], clients: Any) -> int:
    """Let everything that is due now run, also what that makes due. How many pieces of work ran."""
    worker = Worker(database, clock, jobs, clients)
    done = 0
    while ran := await worker.run_due():
        done += ran
    return done


def problem_code(answer: httpx.Response) -> str:
    """The `code` of a problem document. Fails the test when the answer is none."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document: Mapping[str, Any] = json.loads(answer.content)
    return str(document["code"])


@asynccontextmanager
async def running(*parts: Background) -> AsyncIterator[None]:
    """Relays, consumers and workers run inside the block. Fails when one of them ends by itself."""
    tasks = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def eventually(
    condition: Callable[[], Awaitable[object]], *, within_seconds: float = 30, poll_seconds: float = 0.02
) -> None:
    """Wait until the condition holds. Fails when it does not in time."""
    deadline = time.monotonic() + within_seconds
    while not await condition():
        assert time.monotonic() < deadline, f"still not true after {within_seconds} seconds"
        await asyncio.sleep(poll_seconds)
