"""An oversight service on a real database of its own, with a signing key and a clock that stands still."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from doudi.databases import DatabaseUrls
from oversight.consumers import EVERYTHING
from oversight.jobs import JOBS
from oversight.main import create
from oversight.rules.checkpoint import Checkpoint, KeyRing, open_checkpoint
from oversight.rules.note import SigningKey
from oversight.settings import Settings
from shared.auth import Role
from shared.database import Database
from shared.events import Envelope, Event
from shared.inbox import Delivery
from shared.testing import SEAL_KEY, FixedClock, TokenMint, client_of, envelope_of, recorded, run_due

ORIGIN = "doudi.test/oversight"


@dataclass
class Oversight:
    """The service as tests drive it: events come in, time passes, callers ask."""

    urls: DatabaseUrls
    database: Database
    clock: FixedClock
    keys: KeyRing
    mint: TokenMint
    http: httpx.AsyncClient

    async def hear(self, *events: Event | Envelope) -> list[Envelope]:
        """Let one batch come in, in one transaction. Returns the envelopes."""
        envelopes = [event if isinstance(event, Envelope) else envelope_of(event, clock=self.clock) for event in events]
        async with self.database.transaction() as tx:
            await EVERYTHING(tx, deliveries_of(envelopes, now=self.clock.now()))
        return envelopes

    async def run_due(self) -> int:
        """Let what is due be done."""
        return await run_due(self.database, self.clock, JOBS, self.keys)

    async def recorded(self) -> list[Event]:
        """What the service published."""
        return await recorded(self.database)

    async def ask(self, path: str, role: Role = Role.AUDITOR, **params: Any) -> httpx.Response:
        """GET a path as somebody with that role."""
        return await self.http.get(path, params=params, headers=self.authorization(role))

    async def ask_for_checkpoint(self, *, key: str = "ask-00000001", role: Role = Role.OPS) -> httpx.Response:
        """POST a request for a signed head."""
        headers = self.authorization(role) | {"Idempotency-Key": key}
        return await self.http.post("/v1/log/checkpoints", headers=headers)

    async def signed_head(self) -> Checkpoint:
        """The latest head, its signature checked with the published key."""
        answer = await self.ask("/v1/log/checkpoint")
        assert answer.status_code == 200, answer.text
        return open_checkpoint(answer.text, [self.keys.signing_key.verifier_key])

    def authorization(self, role: Role) -> dict[str, str]:
        """A token's header."""
        return self.mint.authorization(f"a-{role}", role, streets=["420106006"], department="education")


def deliveries_of(envelopes: Sequence[Envelope], *, now: datetime) -> list[Delivery[Any]]:
    """Envelopes as the consumer hands them over."""
    return [
        Delivery(
            event=envelope.event,
            event_id=envelope.event_id,
            time=envelope.time,
            now=now,
            body=envelope.to_json(),
            topic=envelope.event.topic,
        )
        for envelope in envelopes
    ]


@pytest.fixture
async def oversight(database_for: Callable[[str], DatabaseUrls], tmp_path: Path) -> AsyncIterator[Oversight]:
    """The service on 2022-10-17, 10:00 in Wuhan."""
    urls = database_for("oversight")
    clock = FixedClock(datetime(2022, 10, 17, 2, tzinfo=UTC))
    private_key = Ed25519PrivateKey.generate()
    key_file = tmp_path / "signing-key.pem"
    key_file.write_bytes(private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    mint = TokenMint()
    app = create(
        Settings(
            database_url=SecretStr(urls.app),
            kafka_bootstrap="127.0.0.1:1",
            token_issuer=mint.issuer,
            client_id="oversight",
            client_secret=SecretStr("secret"),
            seal_key=SecretStr(SEAL_KEY.secret.hex()),
            log_origin=ORIGIN,
            log_signing_key_file=key_file,
        ),
        clock=clock,
        http=mint.session(),
    )
    database = Database(urls.app, seal_key=SEAL_KEY)
    async with client_of(app) as http:
        yield Oversight(
            urls=urls,
            database=database,
            clock=clock,
            keys=KeyRing(signing_key=SigningKey(ORIGIN, private_key)),
            mint=mint,
            http=http,
        )
    await database.close()
    await app.state.database.close()
