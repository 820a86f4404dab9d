"""An eligibility service on a real database, with data-sharing played at the HTTP boundary."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from doudi.databases import DatabaseUrls
from eligibility.clients import Clients, DataSharing
from eligibility.consumers import SUBSCRIPTIONS
from eligibility.jobs import JOBS
from eligibility.main import create
from eligibility.settings import Settings
from shared.app import Foundation
from shared.auth import Role
from shared.database import Database
from shared.events import Event
from shared.events.data_sharing import VerificationCompleted
from shared.events.intake import ApplicationSubmitted
from shared.http_client import ServiceClient
from shared.ids import new_id
from shared.testing import FixedClock, TokenMint, client_of, deliver, recorded, run_due

STREET = "420106009"


@dataclass
class Eligibility:
    """The service as tests drive it."""

    urls: DatabaseUrls
    database: Database
    clock: FixedClock
    mint: TokenMint
    http: httpx.AsyncClient
    clients: Clients
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def hear(self, *events: Event) -> None:
        """Let events come in."""
        await deliver(self.database, SUBSCRIPTIONS, *events, clock=self.clock)

    async def run_due(self) -> int:
        """Let what is due be done."""
        return await run_due(self.database, self.clock, JOBS, self.clients)

    async def recorded(self, *kinds: type[Event]) -> list[Event]:
        """What the service published, of these kinds."""
        return [event for event in await recorded(self.database) if isinstance(event, kinds)]

    async def assessed(self, household: dict[str, Any], *, street: str = STREET, subject: str = "resident-1") -> UUID:
        """Let a case with these facts be applied for, verified and assessed. The assessment's id."""
        application_id, household_id = new_id(), new_id()
        await self.hear(
            ApplicationSubmitted(
                household_id=household_id,
                application_id=application_id,
                street=street,
                channel="mini_program",
                requested=("dibao",),
                member_count=len(household["members"]),
            )
        )
        await self.verified(application_id, household_id, household, street=street, subject=subject)
        answer = await self.get(f"/v1/applications/{application_id}/assessment", Role.AUDITOR)
        return UUID(answer.json()["assessment_id"])

    async def verified(
        self,
        application_id: UUID,
        household_id: UUID,
        household: dict[str, Any],
        *,
        street: str = STREET,
        subject: str | None = "resident-1",
    ) -> None:
        """Let a verification of the case be completed, and what follows be done."""
        verification_id = new_id()
        self.cases[str(application_id)] = {
            "verification_id": str(verification_id),
            "revision": 1,
            "applicant_subject": subject,
            "as_of": self.clock.today().isoformat(),
            "household": household,
        }
        await self.hear(
            VerificationCompleted(
                household_id=household_id,
                application_id=application_id,
                verification_id=verification_id,
                street=street,
                not_answered=(),
                difference_count=0,
                valid_until=self.clock.now(),
            )
        )
        await self.run_due()

    async def get(self, path: str, role: Role, **who: Any) -> httpx.Response:
        """GET a path as somebody with that role."""
        return await self.http.get(path, headers=self.authorization(role, **who))

    async def post(self, path: str, body: Any, role: Role, *, key: str | None = None, **who: Any) -> httpx.Response:
        """POST to a path as somebody with that role."""
        headers = self.authorization(role, **who) | {"Idempotency-Key": key or str(new_id())}
        return await self.http.post(path, json=body, headers=headers)

    def authorization(self, role: Role, *, subject: str | None = None, streets: tuple[str, ...] = (STREET,)) -> Any:
        """A token's header."""
        return self.mint.authorization(subject or f"a-{role}", role, streets=streets)

    def answer_facts(self, request: httpx.Request) -> httpx.Response:
        """data-sharing's answer."""
        self.asked.append(str(request.url))
        application_id = request.url.path.split("/")[3]
        return httpx.Response(200, json=self.cases[application_id])


@pytest.fixture
async def eligibility(database_for: Callable[[str], DatabaseUrls]) -> AsyncIterator[Eligibility]:
    """A fresh service on 2022-10-10, nine in the morning."""
    urls = database_for("eligibility")
    clock = FixedClock(datetime(2022, 10, 10, 1, 0, tzinfo=UTC))
    mint = TokenMint()
    settings = Settings(
        database_url=SecretStr(urls.app),
        kafka_bootstrap="127.0.0.1:1",
        token_issuer=mint.issuer,
        client_id="eligibility",
        client_secret=SecretStr("secret"),
        data_sharing_url="http://data-sharing",
    )
    foundation = Foundation.of(settings, clock=clock, http=mint.session())
    clients = Clients(
        data_sharing=DataSharing(ServiceClient("http://data-sharing", tokens=foundation.tokens, http=foundation.http))
    )
    app = create(settings, clock=clock, http=mint.session())
    async with client_of(app) as http:
        service = Eligibility(urls, foundation.database, clock, mint, http, clients)
        mint.route("data-sharing", service.answer_facts)
        yield service
    await foundation.close()
    await app.state.database.close()
