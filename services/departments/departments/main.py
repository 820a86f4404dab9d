"""How the parts meet: one department's application, and a process that hosts several of them.

`departments.main:create` is one department, as in production. `python -m departments.main` listens for all that
DOUDI_DEPARTMENTS names, each with its own database, consumer group, client and port.
"""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files

import httpx
import uvicorn
import uvloop
import yaml
from fastapi import FastAPI
from prometheus_client import REGISTRY, CollectorRegistry

from departments.api import router
from departments.clients import DataSharing
from departments.consumers import subscriptions_of
from departments.jobs import JOBS, Desk
from departments.rules.offices import Directory, open_office, read_directory
from departments.settings import HostSettings, Settings
from departments.tables import ENCRYPTED
from shared.app import Foundation, create_app
from shared.clock import Clock
from shared.crypto import FieldCipher, KeyRing
from shared.deadlines import Worker
from shared.http_client import ServiceClient
from shared.inbox import Consumer
from shared.keys import Keeper
from shared.keys import router as keys_router
from shared.outbox import Relay
from shared.signatures import Signing, TrustedKeys, load_signers


def directory() -> Directory:
    """The departments that the package knows."""
    return read_directory(yaml.safe_load(files("departments").joinpath("departments.yaml").read_text(encoding="utf-8")))


def create(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    http: httpx.AsyncClient | None = None,
    registry: CollectorRegistry = REGISTRY,
) -> FastAPI:
    """The application of one department. `registry` keeps its request metrics apart from another app's."""
    settings = settings or Settings()
    foundation = Foundation.of(settings, clock=clock, http=http)
    office = open_office(directory(), settings.department)
    cipher = FieldCipher(KeyRing.load(settings.key_file))
    service = ServiceClient(
        settings.data_sharing_url, tokens=foundation.tokens, http=foundation.http, signing=_signing(settings)
    )
    data_sharing = DataSharing(service)
    keys = Keeper(
        foundation.database,
        foundation.clock,
        cipher,
        service=f"departments-{office.code}",
        columns=ENCRYPTED,
        settings=settings,
    )
    desk = Desk(office=office, database=foundation.database, cipher=cipher, data_sharing=data_sharing, keys=keys)
    return create_app(
        service="departments",
        title=f"{office.department.name}协同服务",
        settings=settings,
        foundation=foundation,
        routers=[router, keys_router],
        background=[
            Relay(foundation.database, settings.kafka_bootstrap, source=f"departments-{office.code}"),
            Consumer(
                foundation.database,
                settings.kafka_bootstrap,
                group=f"departments-{office.code}",
                subscriptions=subscriptions_of(office),
                clock=foundation.clock,
                fetch_wait_ms=settings.kafka_fetch_wait_milliseconds,
            ),
            Worker(foundation.database, foundation.clock, JOBS, desk),
            keys,
        ],
        state={"office": office, "cipher": cipher, "desk": desk, "keys": keys},
        before=[keys.begin],
        registry=registry,
    )


def _signing(settings: Settings) -> Signing | None:
    if settings.signing_keys_file is None or settings.signers_file is None:
        return None
    signer = load_signers(settings.signing_keys_file)[settings.client_id]
    return Signing(signer=signer, keys=TrustedKeys.load(settings.signers_file), other="data-sharing")


class _Server(uvicorn.Server):
    """A server among several: the process handles the signals, for all of them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(hosted: Sequence[Settings], *, host: str, port_base: int) -> None:
    """Listen for these departments until SIGTERM or SIGINT. When one ends by itself, all end, with exit code 1."""
    servers = []
    for at, settings in enumerate(hosted):
        registry = CollectorRegistry()
        # Request metrics are the app's own; those of delivery are the process's and tell departments apart by label.
        registry.register(REGISTRY)
        config = uvicorn.Config(
            create(settings, registry=registry),
            host=host,
            port=port_base + at,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
        )
        servers.append(_Server(config))

    asked_to_end = asyncio.Event()

    def end() -> None:
        asked_to_end.set()
        for server in servers:
            server.force_exit = server.should_exit
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    running = [asyncio.create_task(server.serve()) for server in servers]
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)
    if not asked_to_end.is_set():
        raise SystemExit(1)


def main() -> None:
    """Host the departments that the environment names."""
    settings = HostSettings()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings.of_each(), host=settings.host, port_base=settings.port_base))


if __name__ == "__main__":
    main()
