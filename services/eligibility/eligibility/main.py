"""How the parts of eligibility meet."""

import httpx
from fastapi import FastAPI

from eligibility.api import ROUTERS
from eligibility.clients import Clients, DataSharing
from eligibility.consumers import SUBSCRIPTIONS
from eligibility.jobs import JOBS
from eligibility.settings import Settings
from shared.app import Foundation, create_app
from shared.clock import Clock
from shared.deadlines import Worker
from shared.http_client import ServiceClient
from shared.inbox import Consumer
from shared.outbox import Relay

SERVICE = "eligibility"


def create(
    settings: Settings | None = None, *, clock: Clock | None = None, http: httpx.AsyncClient | None = None
) -> FastAPI:
    """The application. Tests pass settings, a clock and a network of their own."""
    settings = settings or Settings()
    foundation = Foundation.of(settings, clock=clock, http=http)
    data_sharing = ServiceClient(settings.data_sharing_url, tokens=foundation.tokens, http=foundation.http)
    clients = Clients(data_sharing=DataSharing(data_sharing))
    return create_app(
        service=SERVICE,
        title="救助资格评估与决定",
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
    )
