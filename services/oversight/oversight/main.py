"""How the parts of oversight meet."""

import httpx
from fastapi import FastAPI

from oversight.api import router
from oversight.consumers import EVERYTHING
from oversight.jobs import JOBS
from oversight.rules.checkpoint import KeyRing
from oversight.rules.note import SigningKey, VerifierKey
from oversight.settings import Settings
from shared.app import Foundation, create_app
from shared.clock import Clock
from shared.deadlines import Worker
from shared.inbox import Consumer
from shared.outbox import Relay

SERVICE = "oversight"


def create(
    settings: Settings | None = None, *, clock: Clock | None = None, http: httpx.AsyncClient | None = None
) -> FastAPI:
    """The application. Tests pass settings, a clock and a network of their own."""
    settings = settings or Settings()
    foundation = Foundation.of(settings, clock=clock, http=http)
    keys = KeyRing(
        signing_key=SigningKey.from_pem(settings.log_origin, settings.log_signing_key_file.read_bytes()),
        former=tuple(VerifierKey.parse(key) for key in settings.log_former_verifier_keys),
    )
    return create_app(
        service=SERVICE,
        title="监督",
        settings=settings,
        foundation=foundation,
        routers=[router],
        background=[
            Relay(foundation.database, settings.kafka_bootstrap, source=SERVICE),
            Consumer(
                foundation.database,
                settings.kafka_bootstrap,
                group=SERVICE,
                everything=EVERYTHING,
                clock=foundation.clock,
                fetch_wait_ms=settings.kafka_fetch_wait_milliseconds,
            ),
            Worker(foundation.database, foundation.clock, JOBS, keys),
        ],
        state={"keys": keys},
    )
