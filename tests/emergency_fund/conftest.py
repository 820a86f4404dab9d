"""The fund on a real database of its own, with intake played at the HTTP boundary and a clock that stands still."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Table, func, select

from doudi.databases import DatabaseUrls
from emergency_fund.consumers import SUBSCRIPTIONS
from emergency_fund.jobs import JOBS
from emergency_fund.main import create
from emergency_fund.rules.ledger import AnswerNotPossible
from emergency_fund.settings import Settings
from shared.auth import Role
from shared.database import Database
from shared.events import Envelope, Event
from shared.events.departments import ReplenishmentAnswered
from shared.events.eligibility import StandardPublished
from shared.events.emergency_fund import ReplenishmentRequested
from shared.ids import new_id
from shared.testing import SEAL_KEY, FixedClock, TokenMint, client_of, deliver, recorded, run_due

STREET = "420106006"
OTHER_STREET = "420106009"
CLERK = f"clerk-{STREET}-1"
SECOND_CLERK = f"clerk-{STREET}-2"
APPROVER = f"approver-{STREET}-1"
OTHER_APPROVER = f"approver-{OTHER_STREET}-1"
DISTRICT_OFFICER = "district-1"
AUDITOR = "auditor-1"
MONDAY = datetime(2022, 12, 5, 2, tzinfo=UTC)
"""10:00 in Wuhan, two days after the fire of the story."""

_ROLES = {
    "clerk": Role.STREET_CLERK,
    "approver": Role.STREET_APPROVER,
    "auditor": Role.AUDITOR,
    "officer": Role.DISTRICT_OFFICER,
    "district": Role.DISTRICT_OFFICER,
}


@dataclass
class Intake:
    """Intake's answer to a question about a file: every household has p1 and p2, but for the unknown, and a homeless
    person has a household of one.
    """

    unknown: set[UUID] = field(default_factory=set)
    homeless: dict[UUID, UUID] = field(default_factory=dict)
    """Their households, by the file of the person."""
    is_down: bool = False
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.is_down:
            return httpx.Response(502)
        if request.url.path.startswith("/v1/homeless-persons/"):
            return self._homeless_person(UUID(request.url.path.split("/")[3]))
        household_id = UUID(request.url.path.rpartition("/")[2])
        if household_id in self.unknown:
            return httpx.Response(404, json={"code": "not_found", "detail": "未找到"})
        members = [{"id": "p1", "name": "李*"}, {"id": "p2", "name": "王*"}]
        return httpx.Response(200, json={"household_id": str(household_id), "street": STREET, "members": members})

    def _homeless_person(self, homeless_person_id: UUID) -> httpx.Response:
        if homeless_person_id not in self.homeless:
            return httpx.Response(404, json={"code": "not_found", "detail": "未找到"})
        ids = {"homeless_person_id": homeless_person_id, "household_id": self.homeless[homeless_person_id]}
        return httpx.Response(
            200, json={name: str(value) for name, value in ids.items()} | {"street": STREET, "person": "p1"}
        )


@dataclass
class Fund:
    """The service as tests drive it: people call, events come in, time passes."""

    urls: DatabaseUrls
    database: Database
    clock: FixedClock
    mint: TokenMint
    http: httpx.AsyncClient
    intake: Intake

    @classmethod
    def open(cls, urls: DatabaseUrls, mint: TokenMint) -> "Fund":
        """On a fresh database. Close it in the end."""
        clock, intake = FixedClock(MONDAY), Intake()
        mint.route("intake", intake)
        settings = Settings(
            database_url=SecretStr(urls.app),
            kafka_bootstrap="127.0.0.1:1",
            token_issuer=mint.issuer,
            client_id="emergency-fund",
            client_secret=SecretStr("secret"),
            seal_key=SecretStr(SEAL_KEY.secret.hex()),
            intake_url="http://intake",
            requests_per_minute=1_000_000,
        )
        app = create(settings, clock=clock, http=mint.session())
        return cls(urls, app.state.database, clock, mint, client_of(app), intake)

    async def close(self) -> None:
        await self.http.aclose()
        await self.database.close()

    def as_(self, person: str, key: str | None = None) -> dict[str, str]:
        """Headers of a person, whose name says role and street, with an idempotency key of their own by default."""
        role, _, rest = person.partition("-")
        token = self.mint.authorization(person, _ROLES[role], streets=[rest.partition("-")[0]])
        return token | {"Idempotency-Key": key or str(new_id())}

    async def request(
        self,
        amount: str = "2900.00",
        *,
        household_id: UUID | str | None = None,
        missing: tuple[str, ...] = ("fire_certificate",),
        by: str = CLERK,
        street: str = STREET,
        key: str | None = None,
        **changes: Any,
    ) -> httpx.Response:
        """Ask for a grant; a new household by default."""
        body = {
            "household_id": str(household_id or new_id()),
            "incident": {"cause": "fire", "on": "2022-12-03", "place": "候补街社区"},
            "amount": amount,
            "persons": ["p1"],
            "payment": {"method": "cash", "payee_ref": "p1"},
            "papers_present": ["identity_card"],
            "papers_missing": [{"paper": paper, "kind": "relief_before_approval"} for paper in missing],
        }
        return await self.http.post(f"/v1/streets/{street}/grants", json=body | changes, headers=self.as_(by, key))

    async def request_for_homeless(
        self,
        homeless_person_id: UUID,
        amount: str = "2900.00",
        /,
        *,
        by: str = CLERK,
        key: str | None = None,
        **changes: Any,
    ) -> httpx.Response:
        """Ask for a grant for a homeless person."""
        body = {
            "homeless_person_id": str(homeless_person_id),
            "incident": {"cause": "serious_illness", "on": "2022-12-03", "place": "地下通道"},
            "amount": amount,
            "payment": {"method": "cash", "payee_ref": "p1"},
        }
        return await self.http.post(f"/v1/streets/{STREET}/grants", json=body | changes, headers=self.as_(by, key))

    async def give(
        self, amount: str = "800.00", *, by: str = CLERK, key: str | None = None, **changes: Any
    ) -> httpx.Response:
        """Pay a small amount at once; to a new household by default."""
        body = {
            "household_id": str(new_id()),
            "incident": {"cause": "accident", "on": "2022-12-05", "place": "候补街社区"},
            "amount": amount,
            "persons": ["p1"],
            "payment": {"method": "cash", "payee_ref": "p1"},
        }
        url = f"/v1/streets/{STREET}/quick-relief"
        return await self.http.post(url, json=body | changes, headers=self.as_(by, key))

    async def act(
        self,
        grant_id: str,
        action: str,
        body: dict[str, Any] | None = None,
        *,
        by: str = APPROVER,
        key: str | None = None,
    ) -> httpx.Response:
        """Do something with a grant: approval, refusal, payment, debts/{id}/settlement."""
        return await self.http.post(f"/v1/grants/{grant_id}/{action}", json=body, headers=self.as_(by, key))

    async def approved(self, amount: str = "2900.00", *, approver: str = APPROVER, **changes: Any) -> str:
        """The id of an approved grant."""
        grant_id = str(ok(await self.request(amount, **changes))["grant_id"])
        ok(await self.act(grant_id, "approval", by=approver))
        return grant_id

    async def paid(self, amount: str = "2900.00", **changes: Any) -> dict[str, Any]:
        """A paid grant."""
        return ok(await self.act(await self.approved(amount, **changes), "payment"))

    async def on_stage(
        self,
        grant: dict[str, Any],
        number: int,
        action: str,
        body: dict[str, Any] | None = None,
        *,
        by: str = APPROVER,
        key: str | None = None,
    ) -> httpx.Response:
        """Do something with a stage of a grant, counted from 1: condition, payment."""
        stage_id = grant["plan"]["stages"][number - 1]["stage_id"]
        return await self.http.post(f"/v1/stages/{stage_id}/{action}", json=body, headers=self.as_(by, key))

    async def settle(
        self, grant: dict[str, Any], number: int = 0, outcome: str = "supplied", reason: str | None = None
    ) -> httpx.Response:
        """Settle one of the debts of a paid grant."""
        debt_id = grant["debts"][number]["debt_id"]
        body = {"outcome": outcome} | ({"reason": reason} if reason else {})
        return await self.act(grant["grant_id"], f"debts/{debt_id}/settlement", body)

    async def read(self, path: str, *, by: str = AUDITOR, **params: Any) -> dict[str, Any]:
        """GET a path."""
        return ok(await self.http.get(path, params=params, headers=self.as_(by)))

    async def reserve(self, street: str = STREET) -> dict[str, Any]:
        """The reserve now."""
        return await self.read(f"/v1/streets/{street}/reserve")

    async def hear(self, *events: Event | Envelope) -> None:
        """Events come in."""
        await deliver(self.database, SUBSCRIPTIONS, *events, clock=self.clock)

    async def hear_poison(self, event: Event) -> None:
        """An event comes in that can have no effect; the consumer is told so."""
        with pytest.raises(AnswerNotPossible):
            await self.hear(event)

    async def publish_standard(self, value: str = "910", first_day: str = "2022-04-01") -> None:
        """Eligibility publishes an urban dibao standard."""
        await self.hear(standard("urban_dibao_standard", value, first_day))

    async def answer(self, outcome: str, amount_fen: int) -> None:
        """Finance answers the newest request."""
        asked = (await self.events(ReplenishmentRequested))[-1]
        await self.hear(
            ReplenishmentAnswered.model_validate(asked.model_dump() | {"outcome": outcome, "amount_fen": amount_fen})
        )

    async def events(self, *kinds: type[Event]) -> list[Any]:
        """What the fund published, of these kinds."""
        return [event for event in await recorded(self.database) if not kinds or isinstance(event, kinds)]

    async def run_due(self) -> int:
        """Let what is due be done."""
        return await run_due(self.database, self.clock, JOBS, None)

    async def count(self, table: Table) -> int:
        """How many rows a table has."""
        async with self.database.transaction() as tx:
            return int(await tx.scalar(select(func.count()).select_from(table)) or 0)


def ok(answer: httpx.Response) -> dict[str, Any]:
    """The body of a success."""
    assert answer.is_success, answer.text
    document: dict[str, Any] = answer.json()
    return document


def by_day(amount: str, planned_on: str) -> dict[str, Any]:
    """A stage that waits for its day."""
    return {"amount": amount, "planned_on": planned_on, "condition": {"kind": "day", "words": "到期支付"}}


def by_visit(amount: str, planned_on: str) -> dict[str, Any]:
    """A stage that waits for a visit."""
    return {"amount": amount, "planned_on": planned_on, "condition": {"kind": "visit", "words": "走访核实仍在住院"}}


def by_paper(amount: str, planned_on: str, *, paper: str = "hospital_invoice") -> dict[str, Any]:
    """A stage that waits for a paper."""
    condition = {"kind": "paper", "words": "提交住院发票", "paper": paper}
    return {"amount": amount, "planned_on": planned_on, "condition": condition}


def standard(parameter: str, value: str, first_day: str) -> StandardPublished:
    """A published parameter."""
    return StandardPublished(
        parameter=parameter,
        value=value,
        unit="yuan/person/month",
        first_day=date.fromisoformat(first_day),
        source="test",
        assumed=False,
    )


@pytest.fixture(scope="session")
def mint() -> TokenMint:
    """One issuer for all these tests: its key takes time to make."""
    return TokenMint()


@pytest.fixture
async def fund(database_for: Callable[[str], DatabaseUrls], mint: TokenMint) -> AsyncIterator[Fund]:
    """A fund that knows the standard of 910.00."""
    opened = Fund.open(database_for("emergency_fund"), mint)
    await opened.publish_standard()
    yield opened
    await opened.close()
