"""Any service by name, on a real database of its own; and the whole district with one case on record."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from tests.contracts.endpoints import Endpoint, endpoints_of

import data_sharing.main
import data_sharing.settings
import departments.main
import departments.settings
import eligibility.main
import eligibility.settings
import emergency_fund.main
import emergency_fund.settings
import intake.main
import intake.settings
import oversight.main
import oversight.settings
from doudi.databases import DatabaseUrls
from shared.auth import Role
from shared.database import Database
from shared.deadlines import Worker
from shared.events import Envelope, Event
from shared.events.data_sharing import VerificationRequested
from shared.events.eligibility import AssessmentCompleted, DecisionProposed, ReferralIssued, StandardPublished
from shared.events.emergency_fund import GrantPaid, PaperDebtOpened, ReplenishmentRequested
from shared.events.intake import ApplicationSubmitted
from shared.inbox import Consumer
from shared.testing import FixedClock, TokenMint, client_of

SERVICES = ("intake", "data-sharing", "eligibility", "emergency-fund", "tax", "finance", "oversight")
"""Every application: the services, with two departments that have different tasks."""
_DEPARTMENTS = {"tax", "finance"}
MONDAY = datetime(2022, 10, 10, 2, tzinfo=UTC)
"""10:00 in Wuhan."""
STREET, OTHER_STREET = "420106009", "420106006"
RESIDENT, CLERK, APPROVER = "resident-1", f"clerk-{STREET}-1", f"approver-{STREET}-1"
_NOTICE_AND_A_DAY = timedelta(days=9)


@dataclass
class Service:
    """One application as tests of contracts see it."""

    name: str
    app: FastAPI
    urls: DatabaseUrls
    mint: TokenMint
    http: httpx.AsyncClient

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    @property
    def endpoints(self) -> list[Endpoint]:
        return endpoints_of(self.app)

    def caller(self, role: Role, *, subject: str = "somebody", street: str = STREET, **claims: Any) -> dict[str, str]:
        """The header of somebody with this role. Whoever belongs to a department belongs to this service's own."""
        return caller(self.mint, self.name, role, subject=subject, street=street, **claims)

    async def call(
        self, endpoint: Endpoint, headers: Mapping[str, str], ids: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Call an endpoint with its documented example."""
        return await self.http.request(
            endpoint.method,
            endpoint.target(ids),
            headers={**endpoint.headers(), **headers},
            json=endpoint.body if endpoint.has_body else None,
        )

    async def hear(self, *envelopes: Envelope) -> None:
        """Events arrive."""
        for part in self.app.state.background:
            if isinstance(part, Consumer):
                for envelope in envelopes:
                    await part.handle(envelope.event.topic, envelope.to_json())

    async def run_due(self) -> int:
        """What is due is done."""
        return sum([await part.run_due() for part in self.app.state.background if isinstance(part, Worker)])

    async def published(self) -> list[Envelope]:
        """What waits in the outbox, the oldest first."""
        async with self.database.transaction() as tx:
            rows = await tx.execute(text("select body from outbox order by id"))
            return [Envelope.from_json(row.body) for row in rows]


def caller(
    mint: TokenMint, service: str, role: Role, *, subject: str = "somebody", street: str = STREET, **claims: Any
) -> dict[str, str]:
    """The header of somebody with one role, in the scope that such people have."""
    scope: dict[str, Any] = {}
    if role in {Role.STREET_CLERK, Role.STREET_APPROVER}:
        scope["streets"] = [street]
    if role is Role.RESIDENT:
        scope |= {"client_id": "mini-program", "acting_client": "mini-program"}
    if role is Role.DEPARTMENT_OFFICER:
        scope["department"] = service if service in _DEPARTMENTS else "tax"
    return mint.authorization(subject, role, **(scope | claims))


OpenService = Callable[[str], Service]


def build(name: str, urls: DatabaseUrls, directory: Path, *, clock: FixedClock, mint: TokenMint) -> FastAPI:
    """The application of a service, wired as in production but for clock, issuer and network."""
    common: dict[str, Any] = {
        "database_url": SecretStr(urls.app),
        "kafka_bootstrap": "127.0.0.1:1",
        "token_issuer": mint.issuer,
        "client_id": f"department-{name}" if name in _DEPARTMENTS else name,
        "client_secret": SecretStr("secret"),
        "requests_per_minute": 10_000_000,
    }
    keys = directory / "keys.json"
    keys.write_text(json.dumps({"current": 1, "keys": {"1": "5a" * 16}, "index_key": "a5" * 32}), encoding="ascii")
    made: dict[str, Any] = {"clock": clock, "http": mint.session()}
    match name:
        case "intake":
            return intake.main.create(intake.settings.Settings(**common, key_file=keys), **made)
        case "data-sharing":
            asked = {"intake_url": "http://intake", "key_file": keys}
            return data_sharing.main.create(data_sharing.settings.Settings(**common, **asked), **made)
        case "eligibility":
            asked = {"data_sharing_url": "http://data-sharing"}
            return eligibility.main.create(eligibility.settings.Settings(**common, **asked), **made)
        case "emergency-fund":
            asked = {"intake_url": "http://intake"}
            return emergency_fund.main.create(emergency_fund.settings.Settings(**common, **asked), **made)
        case "oversight":
            signing_key = directory / "signing-key.pem"
            pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            signing_key.write_bytes(pem)
            asked = {"log_origin": "doudi.test/oversight", "log_signing_key_file": signing_key}
            return oversight.main.create(oversight.settings.Settings(**common, **asked), **made)
    assert name in _DEPARTMENTS, f"no service {name}"
    asked = {"department": name, "data_sharing_url": "http://data-sharing", "key_file": keys}
    return departments.main.create(departments.settings.Settings(**common, **asked), **made)


def package_of(name: str) -> str:
    """The package of an application, which its database is named after."""
    return "departments" if name in _DEPARTMENTS else name.replace("-", "_")


@pytest.fixture(scope="session")
def mint() -> TokenMint:
    """One issuer: its key takes time to make."""
    return TokenMint()


@pytest.fixture
def clock() -> FixedClock:
    """Monday 2022-10-10, 10:00 in Wuhan."""
    return FixedClock(MONDAY)


@pytest.fixture
async def open_service(
    database_for: Callable[[str], DatabaseUrls], tmp_path: Path, clock: FixedClock, mint: TokenMint
) -> AsyncIterator[OpenService]:
    """Opens any service by name, each on a fresh database."""
    async with AsyncExitStack() as stack:

        def open_one(name: str) -> Service:
            urls = database_for(package_of(name))
            app = build(name, urls, tmp_path, clock=clock, mint=mint)
            http = client_of(app)
            stack.push_async_callback(app.state.database.close)
            stack.push_async_callback(http.aclose)
            return Service(name, app, urls, mint, http)

        yield open_one


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, open_service: OpenService) -> Service:
    """Every service, one after the other, with nothing on record."""
    return open_service(request.param)


@dataclass
class District:
    """All services; events go from each to every other, as the bus would carry them."""

    services: dict[str, Service]
    clock: FixedClock
    told: list[Envelope] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def only(self, kind: type[Event], **fields: Any) -> Any:
        """The first event of a kind with these fields."""
        for envelope in self.told:
            event = envelope.event
            if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items()):
                return event
        raise AssertionError(f"nobody published {kind.__name__} with {fields}")

    async def settle(self) -> None:
        """Let events arrive and due work be done, until nothing more happens."""
        busy = True
        while busy:
            busy = False
            for name, service in self.services.items():
                envelopes = (await service.published())[self._seen.get(name, 0) :]
                self._seen[name] = self._seen.get(name, 0) + len(envelopes)
                self.told += envelopes
                for other in self.services.values():
                    await other.hear(*envelopes)
                busy = busy or bool(envelopes)
            for service in self.services.values():
                busy = bool(await service.run_due()) or busy

    async def post(
        self, service: str, path: str, body: Any, role: Role, *, subject: str, method: str = "POST", **claims: Any
    ) -> Any:
        """A call that must succeed; its answer."""
        one = self.services[service]
        headers = one.caller(role, subject=subject, **claims) | {"Idempotency-Key": f"{subject}:{path}"}
        answer = await one.http.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json()


def example_of(service: Service, method: str, path: str) -> Any:
    """The documented example body of an endpoint."""
    (found,) = [one for one in service.endpoints if (one.method, one.path) == (method, path)]
    return found.body


@dataclass(frozen=True)
class OnRecord:
    """A district in which one household applied, was verified, assessed, decided, paid and referred."""

    district: District
    ids: Mapping[str, str]
    """Its objects by the name that paths and queries use."""

    def of(self, service: Service) -> Mapping[str, str]:
        """The ids as this service uses them."""
        return self.ids


@pytest.fixture
async def on_record(open_service: OpenService, mint: TokenMint, clock: FixedClock) -> OnRecord:
    """One case, made through the public API by the documented examples and carried by events alone."""
    district = District({name: open_service(name) for name in SERVICES}, clock)
    for host in ("intake", "data-sharing"):
        mint.route(host, district[host].app)
    body = example_of(district["intake"], "POST", "/v1/applications")
    submitted = await district.post("intake", "/v1/applications", body, Role.RESIDENT, subject=RESIDENT)
    household_id = submitted["household_id"]
    await district.settle()
    for envelope in list(district.told):
        event = envelope.event
        if isinstance(event, VerificationRequested) and event.department not in _DEPARTMENTS:
            await _answer(district, event)
    await district.settle()

    assessment_id = district.only(AssessmentCompleted).assessment_id
    await district.post(
        "eligibility",
        f"/v1/assessments/{assessment_id}/decisions",
        example_of(district["eligibility"], "POST", "/v1/assessments/{assessment_id}/decisions"),
        Role.STREET_CLERK,
        subject=CLERK,
    )
    await district.settle()
    decision_id = district.only(DecisionProposed).decision_id
    path = f"/v1/decisions/{decision_id}/confirmation"
    await district.post("eligibility", path, {"comment": "同意"}, Role.STREET_APPROVER, subject=APPROVER)
    clock.advance(_NOTICE_AND_A_DAY)
    await district.settle()
    return OnRecord(district, {"household_id": household_id})


async def _answer(district: District, asked: VerificationRequested) -> None:
    """A department that is not in this district has no record."""
    await district.post(
        "data-sharing",
        f"/v1/queries/{asked.query_id}/answer",
        {"outcome": "no_record", "records": []},
        Role.SERVICE,
        subject=f"department-{asked.department}",
        method="PUT",
        client_id=f"department-{asked.department}",
        department=asked.department,
    )
