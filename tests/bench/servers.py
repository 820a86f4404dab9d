"""What the benchmarks over HTTP run against: one service as deployed, and bare routes beside it.

A durable PostgreSQL, the broker, the issuer, the service with its tokens, relay and consumer, and `tests.bench.bare`.
"""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
from joserfc.jwk import RSAKey
from tests.bench.bare import DATABASE_VARIABLE
from tests.bench.load import Server

from doudi import keys
from doudi.broker import new_broker
from doudi.databases import DatabaseUrls, migrate_service
from doudi.environment import Environment
from doudi.identities import load_identities
from doudi.issuer import CLIENT_CREDENTIALS, RESIDENT_SUBJECT, TOKEN_EXCHANGE, Issuer
from doudi.ports import free_port
from doudi.postgres import Postgres
from doudi.processes import Child
from doudi.repository import REPOSITORY
from doudi.running import MINI_PROGRAM
from doudi.stack import SERVICES, uvicorn_arguments
from shared.seal import SealKey

_READY_SECONDS = 90.0


@dataclass(frozen=True, kw_only=True)
class Servers:
    """What runs beside the benchmark."""

    postgres: Postgres
    service: Server
    bare: Server
    databases: DatabaseUrls
    seal_key: str
    bare_database: str
    """As its owner, in asyncpg's form."""
    issuer: Issuer
    secrets: Mapping[str, str]

    @property
    def service_database(self) -> str:
        """As its owner, in asyncpg's form."""
        return _plain(self.databases.owner)

    def resident_token(self, subject: str) -> str:
        """What the issuer would give to the mini-program for a resident."""
        form = {"grant_type": TOKEN_EXCHANGE, "subject_token": subject, "subject_token_type": RESIDENT_SUBJECT}
        return str(self.issuer.answer(MINI_PROGRAM, self.secrets[MINI_PROGRAM], form)["access_token"])

    def officer_token(self, officer: str) -> str:
        """What the issuer would give to an officer of `identities.yaml`."""
        form = {"grant_type": CLIENT_CREDENTIALS}
        return str(self.issuer.answer(officer, self.secrets[officer], form)["access_token"])


def start_servers(service: str, directory: Path, cleanup: ExitStack) -> Servers:
    """Everything for one service of `doudi.stack`; `cleanup` ends it."""
    postgres = Postgres(directory / "postgres")
    cleanup.callback(postgres.discard)
    postgres.start()
    package = service.replace("-", "_")
    postgres.cluster.create_roles(package)
    databases = postgres.cluster.create_database(package, service=package)
    seal_key = keys.make_seal_key()
    migrate_service(package, databases.owner, SealKey.read(seal_key))
    bare_database = _plain(postgres.cluster.create_database("bare", service=package).owner)
    broker = new_broker("tansu", directory / "broker")
    cleanup.callback(broker.kill)
    broker.start()

    issuer_url, service_url, bare_url = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
    clients = load_identities().by_id()
    clock_file = directory / "clock-offset-seconds"
    clock_file.write_text("0.0", encoding="ascii")
    environment = Environment.create(
        directory,
        urls=dict.fromkeys(SERVICES, service_url),  # no other is there, and none is asked
        issuer_url=issuer_url,
        broker=broker,
        clock_file=clock_file,
        seal_keys={service: seal_key},
        client_ids=clients,
    )
    factory = f"{package}.main:create"
    _, service_server, bare_server = (
        _start_web_process(factory, url, variables, directory, cleanup)
        for factory, url, variables in (
            ("doudi.issuer:create", issuer_url, environment.of_issuer()),
            (factory, service_url, environment.of_service(service, databases.app)),
            ("tests.bench.bare:create", bare_url, {**os.environ, DATABASE_VARIABLE: bare_database}),
        )
    )
    key = RSAKey.import_key(json.loads(environment.token_key_file.read_text(encoding="utf-8")))
    return Servers(
        postgres=postgres,
        service=service_server,
        bare=bare_server,
        databases=databases,
        seal_key=seal_key,
        bare_database=bare_database,
        issuer=Issuer(url=issuer_url, key=key, clients=clients, secrets=environment.secrets),
        secrets=environment.secrets,
    )


def _start_web_process(
    factory: str, url: str, variables: dict[str, str], directory: Path, cleanup: ExitStack
) -> Server:
    name = factory.partition(":")[0]
    child = Child(
        name,
        [sys.executable, "-m", *uvicorn_arguments(factory, int(url.rpartition(":")[2]))],
        log=directory / f"{name}.log",
        directory=REPOSITORY,
        environment=variables,
    )
    cleanup.callback(child.kill)
    child.start()
    child.wait_until(lambda: _is_ready(url), timeout_seconds=_READY_SECONDS)
    return Server(url, child.pid)


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://")


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
