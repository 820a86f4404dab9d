"""Departments side by side, each with a real database of its own, and data-sharing played at the HTTP boundary."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from departments.consumers import subscriptions_of
from departments.jobs import JOBS, Desk
from departments.main import create
from departments.settings import Settings
from doudi.databases import DatabaseUrls
from shared.auth import Role
from shared.database import Database
from shared.events import Envelope, Event
from shared.events.data_sharing import VerificationRequested
from shared.ids import new_id
from shared.testing import SEAL_KEY, FixedClock, TokenMint, client_of, deliver, recorded, run_due

TUESDAY = datetime(2022, 10, 18, 2, tzinfo=UTC)
"""10:00 in Wuhan, in a month without holidays after it."""


@dataclass
class Instance:
    """One department's service as tests drive it: events come in, time passes, officers call."""

    code: str
    urls: DatabaseUrls
    database: Database
    clock: FixedClock
    mint: TokenMint
    http: httpx.AsyncClient
    desk: Desk

    async def hear(self, *events: Event | Envelope) -> None:
        """Events arrive, with the consumer group of this department."""
        subscriptions = subscriptions_of(self.desk.office)
        await deliver(self.database, subscriptions, *events, clock=self.clock, group=f"departments-{self.code}")

    async def run_due(self) -> int:
        """What is due is done; what failed before is tried again at once."""
        async with self.database.transaction() as tx:
            await tx.execute(text("update deadline set blocked_until = null"))
        return await run_due(self.database, self.clock, JOBS, self.desk)

    async def recorded(self) -> list[Event]:
        """What the department published."""
        return await recorded(self.database)

    def headers(self, *roles: Role, department: str | None = None, subject: str = "officer-1") -> dict[str, str]:
        """A token's header: this department's officer, unless told otherwise."""
        roles = roles or (Role.DEPARTMENT_OFFICER,)
        return self.mint.authorization(subject, *roles, department=department or self.code)

    async def get(self, path: str, *roles: Role, department: str | None = None, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.headers(*roles, department=department))

    async def post(
        self, path: str, body: Any = None, *, key: str | None = None, department: str | None = None
    ) -> httpx.Response:
        headers = self.headers(department=department) | {"Idempotency-Key": key or str(new_id())}
        return await self.http.post(path, json=body, headers=headers)

    async def put(self, path: str, body: Any, *, department: str | None = None) -> httpx.Response:
        return await self.http.put(path, json=body, headers=self.headers(department=department))

    async def load(self, data_set: str, *records: dict[str, Any]) -> None:
        """Put records into a register."""
        answer = await self.put(f"/v1/registers/{data_set}/records", {"records": list(records)})
        assert answer.status_code == 200, answer.text


@dataclass
class DataSharing:
    """data-sharing at the HTTP boundary: hands out queries, keeps the answers, can be down or refuse."""

    queries: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    answers: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    departments_seen: list[str | None] = field(default_factory=list)
    status: int = 200
    refuses_records: bool = False

    def ask(self, request: VerificationRequested, persons: Sequence[tuple[str, str | None]]) -> None:
        """A query that the department may fetch."""
        self.queries[request.query_id] = {
            "query_id": str(request.query_id),
            "application_id": str(request.application_id),
            "department": request.department,
            "data_sets": list(request.data_sets),
            "persons": [{"ref": ref, "name": "张测试", "identity_number": number} for ref, number in persons],
            "purpose": "verification",
            "answer_by": request.answer_by.isoformat(),
            "grant": {"grant_id": str(new_id()), "expires_at": request.answer_by.isoformat()},
        }

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.departments_seen.append(_department_of(request))
        if self.status != 200:
            return httpx.Response(self.status, json={"code": "query_closed", "detail": ""})
        _, _, _, query_id, *rest = request.url.path.split("/")
        query = self.queries.get(UUID(query_id))
        if query is None:
            return httpx.Response(404, json={"code": "not_found"})
        if rest == ["answer"]:
            answer = json.loads(request.content)
            if answer["records"] and self.refuses_records:
                return httpx.Response(422, json={"code": "invalid_input"})
            assert answer.pop("grant_id") == query["grant"]["grant_id"], "answered under the grant of its look"
            self.answers[UUID(query_id)] = answer
            return httpx.Response(200, json={"query_id": query_id})
        return httpx.Response(200, json=query)


def _department_of(request: httpx.Request) -> str | None:
    payload = request.headers["Authorization"].split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims.get("department")


OpenDepartment = Callable[[str], Awaitable[Instance]]


@pytest.fixture
def clock() -> FixedClock:
    """Tuesday 2022-10-18, 10:00 in Wuhan."""
    return FixedClock(TUESDAY)


@pytest.fixture
def data_sharing() -> DataSharing:
    """data-sharing, which answers."""
    return DataSharing()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A key ring."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"current": 1, "keys": {"1": "11" * 16}, "index_key": "22" * 32}), encoding="ascii")
    return path


@pytest.fixture
async def open_department(
    database_for: Callable[[str], DatabaseUrls], clock: FixedClock, data_sharing: DataSharing, key_file: Path
) -> AsyncIterator[OpenDepartment]:
    """Opens departments by code, each with its own database."""
    mint = TokenMint()
    mint.route("data-sharing", data_sharing.handle)
    async with AsyncExitStack() as stack:

        async def open_one(code: str) -> Instance:
            urls = database_for("departments")
            settings = Settings(
                department=code,
                database_url=SecretStr(urls.app),
                kafka_bootstrap="127.0.0.1:1",
                token_issuer=mint.issuer,
                client_id=f"department-{code}",
                client_secret=SecretStr("secret"),
                seal_key=SecretStr(SEAL_KEY.secret.hex()),
                data_sharing_url="http://data-sharing",
                key_file=key_file,
            )
            app = create(settings, clock=clock, http=mint.session())
            stack.push_async_callback(app.state.database.close)
            http = await stack.enter_async_context(client_of(app))
            return Instance(
                code=code,
                urls=urls,
                database=app.state.database,
                clock=clock,
                mint=mint,
                http=http,
                desk=app.state.desk,
            )

        yield open_one


@pytest.fixture
async def education(open_department: OpenDepartment) -> Instance:
    """The education bureau."""
    return await open_department("education")


@pytest.fixture
async def tax(open_department: OpenDepartment) -> Instance:
    """The tax bureau."""
    return await open_department("tax")


@pytest.fixture
async def finance(open_department: OpenDepartment) -> Instance:
    """The finance bureau."""
    return await open_department("finance")
