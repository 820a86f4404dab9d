"""data-sharing on a real database, with intake played at the HTTP boundary."""

import json
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from data_sharing.consumers import SUBSCRIPTIONS
from data_sharing.jobs import JOBS, Means
from data_sharing.main import create
from data_sharing.rules.catalogue import Catalogue, load_packed
from data_sharing.settings import Settings
from doudi.databases import DatabaseUrls
from shared.auth import Role
from shared.database import Database
from shared.events import Event
from shared.events.data_sharing import VerificationRequested
from shared.events.intake import ApplicationSubmitted
from shared.ids import new_id
from shared.testing import SEAL_KEY, FixedClock, TokenMint, client_of, deliver, identity_number, recorded, run_due

MONDAY = datetime(2022, 10, 10, 2, tzinfo=UTC)
"""10:00 in Wuhan. Ten working days later is 2022-10-24."""
STREET = "420106009"
RESIDENT = "resident-1"
FATHER = {
    "id": "p1",
    "name": "张测试",
    "identity_number": identity_number(date(1977, 5, 12), sequence=903),
    "relation": "applicant",
    "registration": {"region": "420106", "kind": "urban"},
    "employment": {"status": "employed", "since": "2015-01-01"},
    "income": [{"kind": "wage", "monthly": "2000.00"}],
}
MOTHER = {
    "id": "p2",
    "name": "李样例",
    "identity_number": identity_number(date(1979, 8, 3), sequence=904),
    "relation": "spouse",
    "registration": {"region": "420106", "kind": "urban"},
    "employment": {"status": "unemployed"},
}
CHILD = {
    "id": "p3",
    "name": "张小样",
    "identity_number": identity_number(date(2010, 3, 21), sequence=905),
    "relation": "child",
    "relation_note": "张测试之子",
    "registration": {"region": "420106", "kind": "urban"},
    "school": {"stage": "primary"},
}
SECRETS = tuple(str(member[key]) for member in (FATHER, MOTHER, CHILD) for key in ("name", "identity_number"))


@dataclass
class Intake:
    """intake at the HTTP boundary: gives declarations, can be down."""

    declarations: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    is_down: bool = False

    def handle(self, request: httpx.Request) -> httpx.Response:
        application_id = UUID(request.url.path.split("/")[3])
        if self.is_down:
            return httpx.Response(503, json={"code": "unavailable"})
        if application_id not in self.declarations:
            return httpx.Response(404, json={"code": "not_found"})
        return httpx.Response(200, json=self.declarations[application_id])


@dataclass
class Case:
    """One application that was heard of."""

    application_id: UUID
    household_id: UUID
    submitted: ApplicationSubmitted
    query_ids: dict[str, UUID] = field(default_factory=dict)
    verification_id: UUID | None = None


@dataclass
class Service:
    """data-sharing as tests drive it: events come in, time passes, departments answer, people look."""

    urls: DatabaseUrls
    database: Database
    clock: FixedClock
    mint: TokenMint
    http: httpx.AsyncClient
    means: Means
    intake: Intake
    app: FastAPI
    secrets: tuple[str, ...] = SECRETS
    """What must never leave without being asked for by its department."""

    def know(self, catalogue: Catalogue) -> None:
        """Another catalogue counts from now on."""
        self.app.state.catalogue = catalogue
        self.means = replace(self.means, catalogue=catalogue)

    async def submit(
        self,
        *members: dict[str, Any],
        household: dict[str, Any] | None = None,
        household_id: UUID | None = None,
        requested: tuple[str, ...] = ("dibao",),
        subject: str | None = RESIDENT,
        street: str = STREET,
        **letter: Any,
    ) -> Case:
        """An application is submitted and heard of. `letter` replaces what the authorisation says."""
        members = deepcopy(members or (FATHER, MOTHER, CHILD))
        case = Case(
            application_id=new_id(),
            household_id=household_id or new_id(),
            submitted=ApplicationSubmitted.from_example(),
        )
        case.submitted = ApplicationSubmitted(
            household_id=case.household_id,
            application_id=case.application_id,
            street=street,
            channel="mini_program",
            requested=requested,
            member_count=len(members),
        )
        signed_by = [member["id"] for member in members if not str(member.get("relation")).endswith("child")]
        self.intake.declarations[case.application_id] = {
            "application_id": str(case.application_id),
            "household_id": str(case.household_id),
            "street": street,
            "applicant_subject": subject,
            "channel": "mini_program",
            "submitted_at": self.clock.now().isoformat(),
            "requested": list(requested),
            "household": {"street": street, "members": list(members), **(household or {})},
            "authorisation": {"signed_by": signed_by, "signed_on": "2022-10-10", **letter},
            "commitment": {"signed_by": members[0]["id"], "signed_on": "2022-10-10"},
        }
        await self.hear(case.submitted)
        return case

    async def open(self, *members: dict[str, Any], **options: Any) -> Case:
        """An application whose verification is open: every department was asked."""
        case = await self.submit(*members, **options)
        await self.run_due()
        await self.look_up(case)
        return case

    async def look_up(self, case: Case) -> None:
        """Which verification the case rests on now, and what each department was asked last."""
        async with self.database.transaction() as tx:
            found = text("select verification_id from application where application_id = :id")
            case.verification_id = (await tx.execute(found, {"id": case.application_id})).scalar_one()
        asked = await self.recorded(VerificationRequested)
        case.query_ids = {
            event.department: event.query_id for event in asked if event.verification_id == case.verification_id
        }
        assert case.query_ids, "the verification was opened"

    async def hear(self, *events: Event) -> None:
        await deliver(self.database, SUBSCRIPTIONS, *events, clock=self.clock, group="data-sharing")

    async def run_due(self) -> int:
        """What is due is done; what failed before is tried again at once."""
        async with self.database.transaction() as tx:
            await tx.execute(text("update deadline set blocked_until = null"))
        return await run_due(self.database, self.clock, JOBS, self.means)

    async def pass_time(self, **period: float) -> None:
        self.clock.advance(timedelta(**period))
        await self.run_due()

    async def recorded(self, kind: type[Event] = Event) -> list[Any]:
        """What was published, of one kind."""
        return [event for event in await recorded(self.database) if isinstance(event, kind)]

    async def answer(
        self, case: Case, department: str, outcome: str = "no_record", *records: dict[str, Any], by: str | None = None
    ) -> httpx.Response:
        """A department answers, with the grant of a look that is not on record here."""
        grant_id = await self.mint_grant(case.query_ids[department], by or department)
        return await self.http.put(
            f"/v1/queries/{case.query_ids[department]}/answer",
            json={"grant_id": str(grant_id), "outcome": outcome, "records": list(records)},
            headers=self.as_department(by or department),
        )

    async def mint_grant(self, query_id: UUID, department: str) -> UUID:
        """What a look of the department would have minted, without an entry on the ledger."""
        grant_id, now = new_id(), self.clock.now()
        async with self.database.transaction() as tx:
            await tx.execute(
                text("insert into query_grant values (:grant_id, :query_id, :client_id, :now, :until)"),
                {
                    "grant_id": grant_id,
                    "query_id": query_id,
                    "client_id": f"department-{department}",
                    "now": now,
                    "until": now + timedelta(minutes=1),
                },
            )
        return grant_id

    async def answer_all(self, case: Case, *, but: tuple[str, ...] = ()) -> None:
        """All departments have no record, but those named, which do not answer."""
        for department in case.query_ids:
            if department not in but:
                assert (await self.answer(case, department)).status_code == 200

    async def read_query(self, case: Case, department: str, *, by: str | None = None) -> httpx.Response:
        return await self.http.get(
            f"/v1/queries/{case.query_ids[department]}", headers=self.as_department(by or department)
        )

    async def facts(self, case: Case, *, purpose: str = "assessment", client_id: str = "eligibility") -> httpx.Response:
        headers = self.mint.authorization(client_id, Role.SERVICE, client_id=client_id)
        path = f"/v1/applications/{case.application_id}/facts"
        return await self.http.get(path, params={"purpose": purpose}, headers=headers)

    async def get(self, path: str, *roles: Role, subject: str = "somebody", **scope: Any) -> httpx.Response:
        """Somebody looks: a role with its scope."""
        return await self.http.get(path, headers=self.mint.authorization(subject, *roles, **scope))

    async def ledger(self, case: Case) -> list[dict[str, Any]]:
        """The household's access ledger as an auditor reads it, the oldest first."""
        answer = await self.get(f"/v1/accesses?household_id={case.household_id}", Role.AUDITOR)
        assert answer.status_code == 200, answer.text
        return list(reversed(answer.json()["items"]))

    def as_department(self, department: str) -> dict[str, str]:
        client_id = f"department-{department}"
        return self.mint.authorization(client_id, Role.SERVICE, client_id=client_id, department=department)


@pytest.fixture
def catalogue() -> Catalogue:
    return load_packed()


@pytest.fixture
def further_settings() -> dict[str, Any]:
    """What a module of tests sets besides."""
    return {}


@pytest.fixture
async def service(
    database_for: Callable[[str], DatabaseUrls], tmp_path: Path, further_settings: dict[str, Any]
) -> AsyncIterator[Service]:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"current": 1, "keys": {"1": "5a" * 16}, "index_key": "a5" * 32}))
    urls, clock, mint, intake = database_for("data_sharing"), FixedClock(MONDAY), TokenMint(), Intake()
    mint.route("intake", intake.handle)
    settings = Settings(
        database_url=SecretStr(urls.app),
        kafka_bootstrap="127.0.0.1:1",
        token_issuer=mint.issuer,
        client_id="data-sharing",
        client_secret=SecretStr("secret"),
        seal_key=SecretStr(SEAL_KEY.secret.hex()),
        intake_url="http://intake",
        key_file=keys,
        batch_directory=tmp_path / "batches",
        batch_processes=0,
        **further_settings,
    )
    network = mint.session()
    app = create(settings, clock=clock, http=network)
    async with network, client_of(app) as http:
        yield Service(urls, app.state.database, clock, mint, http, app.state.means, intake, app)
    await app.state.database.close()
