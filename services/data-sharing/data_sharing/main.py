"""How the parts of data-sharing meet."""

from dataclasses import replace

import httpx
from fastapi import FastAPI

from data_sharing.api import ROUTERS
from data_sharing.clients import Intake, Upstream, Upstreams
from data_sharing.consumers import SUBSCRIPTIONS
from data_sharing.handlers.batch_files import BatchFiles
from data_sharing.handlers.comparing import plan_comparisons
from data_sharing.handlers.erasing import plan_erasures
from data_sharing.handlers.loading import Loader
from data_sharing.handlers.papers import announce_held_papers
from data_sharing.handlers.preparing import Preparers
from data_sharing.handlers.signed_requests import Gate
from data_sharing.handlers.snapshots import Snapshots
from data_sharing.handlers.starting import AtStart
from data_sharing.jobs import JOBS, Means
from data_sharing.rules.catalogue import load_packed
from data_sharing.rules.comparisons import load as load_comparisons
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
from shared.signatures import TrustedKeys, load_signers

SERVICE = "data-sharing"
_BATCH_FILE = r"/v1/batches/[^/]+/file"


def create(
    settings: Settings | None = None, *, clock: Clock | None = None, http: httpx.AsyncClient | None = None
) -> FastAPI:
    """The application. Tests pass settings, a clock and a network of their own."""
    settings = settings or Settings()
    foundation = Foundation.of(settings, clock=clock, http=http)
    intake = ServiceClient(settings.intake_url, tokens=foundation.tokens, http=foundation.http)
    upstreams = Upstreams(by_department=Upstream.load_all(settings.upstreams_file), http=foundation.http)
    catalogue = load_packed()
    catalogue = replace(catalogue, called=upstreams.called(catalogue.data_sets))
    comparisons = load_comparisons(catalogue)
    cipher = FieldCipher(KeyRing.load(settings.key_file))
    keys = Keeper(foundation.database, foundation.clock, cipher, service=SERVICE, columns=ENCRYPTED, settings=settings)
    files = BatchFiles(
        directory=settings.batch_directory,
        limit_bytes=settings.batch_limit_bytes,
        limit_rows=settings.batch_limit_rows,
    )
    snapshots = Snapshots(directory=settings.snapshot_directory, days=settings.snapshot_days, cipher=cipher)
    means = Means(
        database=foundation.database,
        clock=foundation.clock,
        intake=Intake(intake),
        upstreams=upstreams,
        catalogue=catalogue,
        comparisons=comparisons,
        snapshots=snapshots,
        cipher=cipher,
        loader=Loader(
            files=files,
            catalogue=catalogue,
            cipher=cipher,
            preparers=Preparers(cipher=cipher, processes=settings.batch_processes),
            superseded_days=settings.superseded_days,
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
            AtStart(
                lambda: announce_held_papers(foundation.database, foundation.clock, catalogue),
                lambda: plan_comparisons(foundation.database, foundation.clock, comparisons),
                lambda: plan_erasures(foundation.database, days=settings.superseded_days),
            ),
            keys,
        ],
        state={
            "means": means,
            "catalogue": catalogue,
            "comparisons": comparisons,
            "snapshots": snapshots,
            "cipher": cipher,
            "files": files,
            "signature_gate": _gate(settings, foundation),
            "keys": keys,
        },
        before=[keys.begin],
        body_limits_bytes={_BATCH_FILE: settings.batch_limit_bytes},
        answer_signer=None if settings.signing_keys_file is None else load_signers(settings.signing_keys_file)[SERVICE],
    )


def _gate(settings: Settings, foundation: Foundation) -> Gate | None:
    if settings.signers_file is None:
        return None
    keys = TrustedKeys.load(settings.signers_file)
    return Gate(foundation.database, foundation.clock, keys, streamed=_BATCH_FILE)
