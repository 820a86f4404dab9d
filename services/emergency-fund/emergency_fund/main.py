"""How the parts of emergency-fund meet."""

import httpx
from fastapi import FastAPI

from emergency_fund.api import ROUTERS
from emergency_fund.clients import Clients
from emergency_fund.consumers import SUBSCRIPTIONS
from emergency_fund.handlers.payments import Payments
from emergency_fund.jobs import JOBS
from emergency_fund.settings import Settings
from shared.app import Foundation, create_app
from shared.clock import Clock
from shared.deadlines import Worker
from shared.http_client import ServiceClient
from shared.inbox import Consumer
from shared.outbox import Relay

SERVICE = "emergency-fund"


def create(
    settings: Settings | None = None, *, clock: Clock | None = None, http: httpx.AsyncClient | None = None
) -> FastAPI:
    """The application. Tests pass settings, a clock and a network of their own."""
    settings = settings or Settings()
    foundation = Foundation.of(settings, clock=clock, http=http)
    clients = Clients(intake=ServiceClient(settings.intake_url, tokens=foundation.tokens, http=foundation.http))
    return create_app(
        service=SERVICE,
        title="街道临时救助备用金",
        settings=settings,
        foundation=foundation,
        routers=ROUTERS,
        background=[
            Relay(foundation.database, settings.kafka_bootstrap, source=SERVICE),
            Consumer(
                foundation.database,
                settings.kafka_bootstrap,
                group=SERVICE,
                subscriptions=SUBSCRIPTIONS,
                clock=foundation.clock,
                fetch_wait_ms=settings.kafka_fetch_wait_milliseconds,
            ),
            Worker(foundation.database, foundation.clock, JOBS, clients),
        ],
        state={"clients": clients, "payments": Payments(foundation.database, foundation.clock)},
    )
