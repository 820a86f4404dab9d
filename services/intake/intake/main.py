"""How the parts of intake meet: settings, database, keys, routes, relay and consumer."""

import httpx
from fastapi import FastAPI

from intake.api import router
from intake.consumers import SUBSCRIPTIONS
from intake.handlers.application import Desk
from intake.settings import Settings
from shared.app import Foundation, create_app
from shared.clock import Clock
from shared.crypto import FieldCipher, KeyRing
from shared.inbox import Consumer
from shared.outbox import Relay
from shared.working_days import WorkingCalendar


def create(
    settings: Settings | None = None, *, clock: Clock | None = None, http: httpx.AsyncClient | None = None
) -> FastAPI:
    """The application. Uvicorn calls it without arguments; tests pass a clock and their issuer."""
    settings = settings or Settings()
    foundation = Foundation.of(settings, clock=clock, http=http)
    desk = Desk(
        clock=foundation.clock,
        calendar=WorkingCalendar(),
        cipher=FieldCipher(KeyRing.load(settings.key_file)),
    )
    return create_app(
        service="intake",
        title="受理服务",
        settings=settings,
        foundation=foundation,
        routers=[router],
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
        ],
        state={"desk": desk},
    )
