"""How the parts of data-sharing meet."""

from dataclasses import replace

import httpx
from fastapi import FastAPI

from data_sharing.api import ROUTERS
from data_sharing.clients import Intake, Upstream, Upstreams
from data_sharing.consumers import SUBSCRIPTIONS
from data_sharing.handlers.batch_files import BatchFiles
from data_sharing.handlers.loading import Loader
from data_sharing.handlers.papers import Announcer
from data_sharing.handlers.preparing import Preparers
from data_sharing.jobs import JOBS, Means
from data_sharing.rules.catalogue import load_packed
from data_sharing.settings import Settings
from data_sharing.tables.encrypted import ENCRYPTED
from shared.app import Foundation, create_app
from shared.clock import Clock
from shared.crypto import FieldCipher, KeyRing
from shared.deadlines import Worker
from shared.http_client import ServiceClient
from shared.inbox import Consumer
from shared.keys import Keeper
from shared.keys import router as keys_router
from shared.outbox import Relay

SERVICE = "data-sharing"


def create(
    settings: Settings | None = None, *, clock: Clock | None = None, http: httpx.AsyncClient | None = None
) -> FastAPI:
    """The application. Tests pass settings, a clock and a network of their own."""
    settings = settings or Settings()
    foundation = Foundation.of(settings, clock=clock, http=http)
    intake = ServiceClient(settings.intake_url, tokens=foundation.tokens, http=foundation.http)
    upstreams = Upstreams(by_department=Upstream.load_all(settings.upstreams_file), http=foundation.http)
    catalogue = replace(load_packed(), upstreams=frozenset(upstreams.by_department))
    cipher = FieldCipher(KeyRing.load(settings.key_file))
    keys = Keeper(foundation.database, foundation.clock, cipher, service=SERVICE, columns=ENCRYPTED, settings=settings)
    files = BatchFiles(
        directory=settings.batch_directory,
        limit_bytes=settings.batch_limit_bytes,
        limit_rows=settings.batch_limit_rows,
    )
    means = Means(
        database=foundation.database,
        clock=foundation.clock,
        intake=Intake(intake),
        upstreams=upstreams,
        catalogue=catalogue,
        cipher=cipher,
        loader=Loader(
            files=files,
            catalogue=catalogue,
            cipher=cipher,
            preparers=Preparers(cipher=cipher, processes=settings.batch_processes),
        ),
        keys=keys,
    )
    return create_app(
        service=SERVICE,
        title="数据共享",
        settings=settings,
        foundation=foundation,
        routers=[*ROUTERS, keys_router],
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
            Worker(foundation.database, foundation.clock, JOBS, means),
            Announcer(foundation.database, foundation.clock, catalogue),
            keys,
        ],
        state={"means": means, "catalogue": catalogue, "cipher": cipher, "files": files, "keys": keys},
        before=[keys.begin],
        body_limits_bytes={r"/v1/batches/[^/]+/file": settings.batch_limit_bytes},
    )
