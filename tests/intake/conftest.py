"""An intake service on a real database of its own, with made-up households and a clock that stands still."""

import io
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from doudi.databases import DatabaseUrls
from intake.consumers import SUBSCRIPTIONS
from intake.handlers.application import Desk
from intake.main import create
from intake.settings import Settings
from shared.auth import Role
from shared.database import Database
from shared.events import Envelope, Event
from shared.ids import new_id
from shared.testing import SEAL_KEY, FixedClock, TokenMint, client_of, deliver, identity_number, recorded

MONDAY = datetime(2022, 10, 10, 2, tzinfo=UTC)
"""10:00 in Wuhan, the day of the worked households."""
STREET = "420106009"
OTHER_STREET = "420106006"


def member(
    ref: str = "p1",
    *,
    born: date = date(1977, 5, 12),
    sequence: int = 101,
    relation: str = "applicant",
    name: str = "周大川",
    **facts: Any,
) -> dict[str, Any]:
    """A member with a made-up number. An odd sequence is a man's."""
    number = identity_number(born, sequence=sequence)
    return {"id": ref, "name": name, "identity_number": number, "relation": relation, **facts}


def family(sequence: int = 101) -> list[dict[str, Any]]:
    """A couple and a child of 12, as in case H01. Another sequence makes another family."""
    wage = [{"kind": "wage", "monthly": "2000.00"}]
    return [
        member("p1", sequence=sequence, income=wage),
        member("p2", born=date(1979, 8, 3), sequence=sequence + 1, relation="spouse", name="林秀"),
        member("p3", born=date(2010, 3, 21), sequence=sequence + 2, relation="child", name="周小川"),
    ]


def submission(
    members: list[dict[str, Any]] | None = None,
    *,
    street: str = STREET,
    signed_by: list[str] | None = None,
    signed_on: str = "2022-10-10",
    requested: list[str] | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """一证两书, signed by p1 and p2 unless told otherwise."""
    members = family() if members is None else members
    signed = [one["id"] for one in members if one["id"] in ("p1", "p2")] if signed_by is None else signed_by
    body: dict[str, Any] = {
        "household": {"street": street, "members": members, **facts},
        "authorisation": {"signed_by": signed, "signed_on": signed_on},
        "commitment": {"signed_by": "p1", "signed_on": signed_on},
    }
    return body if requested is None else {**body, "requested": requested}


@dataclass(frozen=True)
class Receipt:
    """What a resident holds after applying."""

    application_id: UUID
    household_id: UUID
    document: dict[str, Any]

    def event(self, contract: type[Event], **changes: Any) -> Event:
        """The documented example of an event, about this application and household."""
        ids = {"household_id": self.household_id, "application_id": self.application_id}
        return contract.model_validate({**contract.example, **ids, **changes})


@dataclass
class Intake:
    """The service as tests drive it: people and systems call, events come in."""

    urls: DatabaseUrls
    database: Database
    clock: FixedClock
    mint: TokenMint
    http: httpx.AsyncClient
    log: io.StringIO
    desk: Desk

    def resident(self, subject: str = "resident-1") -> dict[str, str]:
        """A resident, through the mini-program."""
        return self.mint.authorization(subject, Role.RESIDENT, client_id="mini-program", acting_client="mini-program")

    def clerk(self, *streets: str, subject: str = "clerk-1") -> dict[str, str]:
        """A clerk of these streets."""
        return self.mint.authorization(subject, Role.STREET_CLERK, streets=streets or (STREET,))

    def service(self, client_id: str = "data-sharing", **claims: Any) -> dict[str, str]:
        """Another service."""
        return self.mint.authorization(client_id, Role.SERVICE, client_id=client_id, **claims)

    async def get(self, path: str, caller: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=caller or self.resident())

    async def post(
        self, path: str, body: Any, caller: dict[str, str] | None = None, *, key: str | None = None
    ) -> httpx.Response:
        headers = (caller or self.resident()) | {"Idempotency-Key": key or str(new_id())}
        return await self.http.post(path, json=body, headers=headers)

    async def apply(
        self, body: Any = None, caller: dict[str, str] | None = None, *, key: str | None = None
    ) -> httpx.Response:
        """Submit an application; that of the H01 family unless told otherwise."""
        return await self.post("/v1/applications", submission() if body is None else body, caller, key=key)

    async def accepted(self, body: dict[str, Any] | None = None, caller: dict[str, str] | None = None) -> Receipt:
        """Submit an application that must be taken in."""
        answer = await self.apply(body, caller)
        assert answer.status_code == 201, answer.text
        document = answer.json()
        return Receipt(UUID(document["application_id"]), UUID(document["household_id"]), document)

    async def hear(self, *events: Event | Envelope) -> None:
        """Events arrive from other services."""
        await deliver(self.database, SUBSCRIPTIONS, *events, clock=self.clock, group="intake")

    async def recorded(self) -> list[Event]:
        """What the service published."""
        return await recorded(self.database)

    async def status(self, receipt: Receipt) -> str:
        """The state of an application."""
        answer = await self.get(f"/v1/applications/{receipt.application_id}")
        return str(answer.json()["status"])

    async def lines(self, receipt: Receipt) -> list[dict[str, Any]]:
        """The time line of an application."""
        answer = await self.get(f"/v1/applications/{receipt.application_id}/timeline", limit=100)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture
def clock() -> FixedClock:
    """Monday 2022-10-10, 10:00 in Wuhan."""
    return FixedClock(MONDAY)


@pytest.fixture
async def intake(
    database_for: Callable[[str], DatabaseUrls], clock: FixedClock, tmp_path: Path
) -> AsyncIterator[Intake]:
    """A fresh service."""
    key_file = tmp_path / "keys.json"
    key_file.write_text(json.dumps({"current": 1, "keys": {"1": "11" * 16}, "index_key": "22" * 32}), encoding="ascii")
    urls = database_for("intake")
    mint = TokenMint()
    settings = Settings(
        database_url=SecretStr(urls.app),
        database_pool_size=20,
        kafka_bootstrap="127.0.0.1:1",
        token_issuer=mint.issuer,
        client_id="intake",
        client_secret=SecretStr("secret"),
        seal_key=SecretStr(SEAL_KEY.secret.hex()),
        key_file=key_file,
    )
    app = create(settings, clock=clock, http=mint.session())
    log = io.StringIO()
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler), "logs go to a stream"
    handler.setStream(log)
    async with client_of(app) as http:
        yield Intake(
            urls=urls, database=app.state.database, clock=clock, mint=mint, http=http, log=log, desk=app.state.desk
        )
    await app.state.database.close()
