"""An eligibility service on a real database, with data-sharing played at the HTTP boundary."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
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
from shared.clock import start_of_day
from shared.database import Database
from shared.events import Event
from shared.events.data_sharing import VerificationCompleted
from shared.events.intake import ApplicationSubmitted
from shared.http_client import ServiceClient
from shared.ids import new_id
from shared.testing import SEAL_KEY, FixedClock, TokenMint, client_of, deliver, recorded, run_due

STREET = "420106009"
NOTICE_AND_A_DAY = timedelta(days=8)


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

    async def assessed(
        self,
        household: dict[str, Any],
        *,
        whose: str | None = None,
        street: str = STREET,
        subject: str = "resident-1",
    ) -> UUID:
        """Let a case with these facts be applied for, verified and assessed. The assessment's id."""
        application_id, household_id = new_id(), UUID(whose) if whose else new_id()
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
        verification_id: UUID | None = None,
    ) -> None:
        """Let a verification of the case be completed, and what follows be done."""
        verification_id = verification_id or new_id()
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

    async def decided(self, household: dict[str, Any], **case: Any) -> dict[str, Any]:
        """Let a case with these facts be decided as the engine advises, by two officers. The decision in force."""
        decision = await self.agreed(await self.assessed(household, **case))
        if decision["state"] == "on_notice":
            self.clock.advance(NOTICE_AND_A_DAY)
            await self.run_due()
        return dict((await self.get(f"/v1/decisions/{decision['decision_id']}", Role.AUDITOR)).json())

    async def agreed(self, assessment_id: UUID | str) -> dict[str, Any]:
        """Let two officers agree on what the engine advises. The decision, on notice or in force."""
        decision = await self.proposed(assessment_id)
        path = f"/v1/decisions/{decision['decision_id']}/confirmation"
        answer = await self.post(path, {"comment": "同意"}, Role.STREET_APPROVER)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def proposed(self, assessment_id: UUID | str) -> dict[str, Any]:
        """Let a clerk propose what the engine advises. The proposal."""
        path = f"/v1/assessments/{assessment_id}/decisions"
        answer = await self.post(path, {"comment": "入户核实，情况属实"}, Role.STREET_CLERK)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def paid(self, household: dict[str, Any], policy: str = "dibao", **case: Any) -> dict[str, Any]:
        """Let a case be decided; the benefit of this policy that it starts."""
        decision = await self.decided(household, **case)
        answer = await self.get(f"/v1/households/{decision['household_id']}/benefits", Role.AUDITOR)
        [benefit] = [one for one in answer.json()["items"] if one["policy"] == policy]
        return {**benefit, "household_id": decision["household_id"], "application_id": decision["application_id"]}

    async def changed(self, benefit_id: str, kind: str, *, expect: int = 200, **body: Any) -> dict[str, Any]:
        """Let one officer propose a change of a benefit and another confirm it. What the second was answered."""
        body = {"kind": kind, "cause": "reassessment", "reason": "情况变化"} | body
        answer = await self.post(f"/v1/benefits/{benefit_id}/changes", body, Role.STREET_CLERK)
        assert answer.status_code == 201, answer.text
        path = f"/v1/benefit-changes/{answer.json()['change_id']}/confirmation"
        answer = await self.post(path, None, Role.STREET_APPROVER)
        assert answer.status_code == expect, answer.text
        return dict(answer.json())

    async def benefit(self, benefit_id: str) -> dict[str, Any]:
        """A benefit with its history."""
        return dict((await self.get(f"/v1/benefits/{benefit_id}", Role.AUDITOR)).json())

    async def at(self, day: date) -> None:
        """Let the time pass until nine in the morning of this day, and what is due on the way be done."""
        self.clock.advance(start_of_day(day) + timedelta(hours=9) - self.clock.now())
        await self.run_due()

    async def get(self, path: str, role: Role, **who: Any) -> httpx.Response:
        """GET a path as somebody with that role."""
        return await self.http.get(path, headers=self.authorization(role, **who))

    async def post(
        self, path: str, body: Any, role: Role, *, key: str | None = None, method: str = "POST", **who: Any
    ) -> httpx.Response:
        """POST to a path as somebody with that role."""
        headers = self.authorization(role, **who) | {"Idempotency-Key": key or str(new_id())}
        return await self.http.request(method, path, json=body, headers=headers)

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
        seal_key=SecretStr(SEAL_KEY.secret.hex()),
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
