"""Any service by name, on a real database of its own, and people who call it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
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
from shared.events import Envelope
from shared.inbox import Consumer
from shared.testing import SEAL_KEY, FixedClock, TokenMint

SERVICES = ("intake", "data-sharing", "eligibility", "emergency-fund", "tax", "finance", "oversight")
"""Every application: the services, with two departments that have different tasks."""
DEPARTMENTS = {"tax", "finance"}
MONDAY = datetime(2022, 10, 10, 2, tzinfo=UTC)
"""10:00 in Wuhan."""
STREET, OTHER_STREET = "420106009", "420106006"
RESIDENT, CLERK, APPROVER = "resident-1", f"clerk-{STREET}-1", f"approver-{STREET}-1"


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
        scope: dict[str, Any] = {}
        if role in {Role.STREET_CLERK, Role.STREET_APPROVER}:
            scope["streets"] = [street]
        if role is Role.RESIDENT:
            scope |= {"client_id": "mini-program", "acting_client": "mini-program"}
        if role is Role.DEPARTMENT_OFFICER:
            scope["department"] = self.name if self.name in DEPARTMENTS else "tax"
        return self.mint.authorization(subject, role, **(scope | claims))

    async def call(
        self, endpoint: Endpoint, headers: Mapping[str, str], ids: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Call an endpoint with its documented example."""
        return await self.http.request(
            endpoint.method,
            endpoint.target(ids),
            headers={**endpoint.headers(), **headers},
            json=endpoint.body_about(ids or {}) if endpoint.has_body else None,
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


def build(name: str, urls: DatabaseUrls, directory: Path, *, clock: FixedClock, mint: TokenMint) -> FastAPI:
    """The application of a service, wired as in production but for clock, issuer and network."""
    common: dict[str, Any] = {
        "database_url": SecretStr(urls.app),
        "kafka_bootstrap": "127.0.0.1:1",
        "token_issuer": mint.issuer,
        "client_id": f"department-{name}" if name in DEPARTMENTS else name,
        "client_secret": SecretStr("secret"),
        "seal_key": SecretStr(SEAL_KEY.secret.hex()),
        "requests_per_minute": 10_000_000,
    }
    keys = directory / "keys.json"
    keys.write_text(json.dumps({"current": 1, "keys": {"1": "5a" * 16}, "index_key": "a5" * 32}), encoding="ascii")
    asked: dict[str, Any]
    made: dict[str, Any] = {"clock": clock, "http": mint.session()}
    match name:
        case "intake":
            return intake.main.create(intake.settings.Settings(**common, key_file=keys), **made)
        case "data-sharing":
            asked = {
                "intake_url": "http://intake",
                "key_file": keys,
                "batch_directory": directory / "batches",
                "snapshot_directory": directory / "snapshots",
                "batch_processes": 0,
            }
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
    assert name in DEPARTMENTS, f"no service {name}"
    asked = {"department": name, "data_sharing_url": "http://data-sharing", "key_file": keys}
    return departments.main.create(departments.settings.Settings(**common, **asked), **made)


def package_of(name: str) -> str:
    """The package of an application, which its database is named after."""
    return "departments" if name in DEPARTMENTS else name.replace("-", "_")
