"""How the parts of intake meet: settings, database, keys, routes, relay, consumer and worker."""

import httpx
from fastapi import FastAPI

from intake.api import router
from intake.consumers import SUBSCRIPTIONS
from intake.handlers.application import Desk
from intake.jobs import JOBS
from intake.settings import Settings
from intake.tables import ENCRYPTED
from shared.app import Foundation, create_app
from shared.clock import Clock
from shared.crypto import FieldCipher, KeyRing
from shared.deadlines import Worker
from shared.inbox import Consumer
from shared.keys import Keeper
from shared.keys import router as keys_router
from shared.outbox import Relay
from shared.working_days import WorkingCalendar


def create(
    settings: Settings | None = None, *, clock: Clock | None = None, http: httpx.AsyncClient | None = None
) -> FastAPI:
    """The application. Uvicorn calls it without arguments; tests pass a clock and their issuer."""
    settings = settings or Settings()
    foundation = Foundation.of(settings, clock=clock, http=http)
    cipher = FieldCipher(KeyRing.load(settings.key_file))
    keys = Keeper(foundation.database, foundation.clock, cipher, service="intake", columns=ENCRYPTED, settings=settings)
    desk = Desk(
        clock=foundation.clock,
        calendar=WorkingCalendar(),
        cipher=cipher,
    )
    return create_app(
        service="intake",
        title="受理服务",
        settings=settings,
        foundation=foundation,
        routers=[router, keys_router],
        background=[
            Relay(foundation.database, settings.kafka_bootstrap, source="intake"),
            Consumer(
                foundation.database,
                settings.kafka_bootstrap,
                group="intake",
                subscriptions=SUBSCRIPTIONS,
                clock=foundation.clock,
                fetch_wait_ms=settings.kafka_fetch_wait_milliseconds,
            ),
            Worker(foundation.database, foundation.clock, JOBS, keys),
            keys,
        ],
        state={"desk": desk, "keys": keys},
        before=[keys.begin],
    )
