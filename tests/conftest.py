"""One PostgreSQL and one broker for the whole run, real ones; databases of their own for tests that want one.

The servers belong to the process that controls the run. With pytest-xdist they are started before the first worker,
which learns their addresses through `workerinput`; without, at first use. DOUDI_TEST_BROKER=kafka takes Apache Kafka.

A test that carries `@pytest.mark.clause("4.3.1")` proves that clause; `--clauses` prints which tests prove which.
"""

import functools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.ext.asyncio import create_async_engine

from doudi.apart import run_coroutine_apart
from doudi.broker import BROKER_KINDS, PARTITIONS, Broker, BrokerKind, create_topics, new_broker
from doudi.databases import SERVICES, Cluster, DatabaseUrls, migrate_service
from doudi.kafka import KafkaUnavailable, require_java, resolve_jars
from doudi.postgres import Postgres
from doudi.repository import REPOSITORY
from shared.events import DEAD_LETTER_SUFFIX
from shared.events.intake import ApplicationSubmitted
from shared.ids import new_id
from shared.migrations import platform_0001, run_sql, write_seal_keys
from shared.testing import SEAL_KEY

_REGISTER = REPOSITORY / "docs" / "clauses.yaml"
_SERVERS = pytest.StashKey["Servers"]()


class Servers:
    """The servers of this run, in the process that controls it; each is started at first use."""

    def __init__(self) -> None:
        self._directory: Path | None = None
        self._postgres: Postgres | None = None
        self._broker: Broker | None = None

    def cluster(self) -> Cluster:
        """The running PostgreSQL, with the roles of every service."""
        if self._postgres is None:
            self._postgres = Postgres(self._own_directory() / "postgres", durable=False)
            self._postgres.start()
            for service in SERVICES:
                self._postgres.cluster.create_roles(service)
        return self._postgres.cluster

    def broker_address(self) -> str:
        """host:port of the running broker, which has the platform's topics."""
        if self._broker is None:
            self._broker = new_broker(_broker_kind(), self._own_directory() / "broker")
            self._broker.start()
        return self._broker.address

    def stop(self) -> None:
        """Stop what was started and remove its files."""
        if self._broker is not None:
            self._broker.kill()
        if self._postgres is not None:
            self._postgres.discard()
        if self._directory is not None:
            shutil.rmtree(self._directory)

    def _own_directory(self) -> Path:
        if self._directory is None:
            self._directory = _server_directory()
        return self._directory


class Databases:
    """Fresh databases for tests: copies of a template that the service's real migrations made once per worker."""

    def __init__(self, cluster: Cluster, worker: str) -> None:
        self._cluster = cluster
        self._worker = worker
        self._templates: dict[str, str] = {}

    def create(self, service: str) -> tuple[str, DatabaseUrls]:
        """A fresh database of a service (`data_sharing`): its name and its addresses."""
        name = f"test_{service}_{new_id().hex}"
        return name, self._cluster.create_database(name, service=service, template=self._template(service))

    def drop(self, name: str) -> None:
        """Drop a database that `create` made."""
        self._cluster.drop_database(name)

    def _template(self, service: str) -> str:
        if service not in self._templates:
            name = f"template_{service}_{self._worker}"
            urls = self._cluster.create_database(name, service=service)
            migrate_service(service, urls.owner, SEAL_KEY)
            self._templates[service] = name
        return self._templates[service]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clauses", action="store_true", help="print each clause with its tests, and run nothing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse a mark that names no clause of the register."""
    register = _clauses()
    for item in items:
        for mark in item.iter_markers("clause"):
            if not set(mark.args) <= register.keys():
                raise pytest.UsageError(f"{item.nodeid}: no clause {mark.args} in {_REGISTER}")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With `--clauses`, print the table of clauses against tests instead of running them."""
    if not session.config.option.clauses:
        return None
    report = session.config.get_terminal_writer()
    proofs: dict[str, set[str]] = {}
    for item in session.items:
        for mark in item.iter_markers("clause"):
            for clause in mark.args:
                proofs.setdefault(clause, set()).add(item.nodeid.partition("[")[0])
    for clause, row in _clauses().items():
        tests = sorted(proofs.get(clause, ()))
        report.line(f"{clause:8} {row['service']:15} {row['zh']}")
        report.line("\n".join(f"{'':24} {test}" for test in tests) or f"{'':24} no test")
    report.line(f"{len(proofs)} of {len(_clauses())} clauses have tests")
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[_SERVERS] = Servers()
        # A run that is ended from outside, as by a time limit, stops its servers too and removes their files.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where Apache Kafka is asked for and cannot run, say once what is missing, and fail."""
    if _SERVERS in session.config.stash and _broker_kind() == "kafka":
        try:
            require_java()
            resolve_jars()
        except KafkaUnavailable as error:
            raise pytest.UsageError(str(error)) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SERVERS in config.stash:
        config.stash[_SERVERS].stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a new pytest-xdist worker where the servers are. Runs in the controlling process."""
    servers = node.config.stash[_SERVERS]
    cluster = servers.cluster()
    node.workerinput["postgres"] = (cluster.port, cluster.password)
    node.workerinput["broker"] = servers.broker_address()


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """The PostgreSQL of this run, for tests that make databases themselves."""
    if hasattr(request.config, "workerinput"):
        return Cluster(*request.config.workerinput["postgres"])
    return request.config.stash[_SERVERS].cluster()


@pytest.fixture(scope="session")
def postgres(cluster: Cluster) -> str:
    """The superuser's address of the PostgreSQL of this run (postgresql+asyncpg://)."""
    return cluster.admin_url


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> str:
    """host:port of the broker of this run, which has the platform's topics. Make topics of your own where you count."""
    if hasattr(request.config, "workerinput"):
        return str(request.config.workerinput["broker"])
    return request.config.stash[_SERVERS].broker_address()


@pytest.fixture(scope="session")
def broker_kind() -> BrokerKind:
    """Which broker this run uses."""
    return _broker_kind()


@pytest.fixture
def own_broker(broker_kind: BrokerKind, tmp_path: Path) -> Iterator[Broker]:
    """A started broker of this test alone, to kill and restart."""
    own = new_broker(broker_kind, tmp_path / "broker")
    own.start()
    yield own
    own.kill()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A started PostgreSQL of this test alone, durable, to kill and restart. It has no roles of services."""
    directory = _server_directory()
    own = Postgres(directory)
    own.start()
    yield own
    own.discard()
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def _databases(cluster: Cluster, request: pytest.FixtureRequest) -> Databases:
    return Databases(cluster, os.environ.get("PYTEST_XDIST_WORKER", "main"))


@pytest.fixture
def database_for(_databases: Databases) -> Iterator[Callable[[str], DatabaseUrls]]:
    """Makes a fresh, migrated database of a service for this test: `owner, app = database_for("data_sharing")`.

    The name is that of the package. Each call makes another one; all are dropped after the test.
    """
    names: list[str] = []

    def make(service: str) -> DatabaseUrls:
        name, urls = _databases.create(service)
        names.append(name)
        return urls

    yield make
    for name in names:
        _databases.drop(name)


@functools.cache
def _clauses() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in yaml.safe_load(_REGISTER.read_text(encoding="utf-8"))}


@pytest.fixture
def bare_database(cluster: Cluster) -> Iterator[DatabaseUrls]:
    """A fresh database with what `shared` brings to each service, and a table `effect` for handlers of tests."""
    name = f"test_bare_{new_id().hex}"
    urls = cluster.create_database(name, service="intake")
    run_coroutine_apart(lambda: _install_platform(urls.owner))
    yield urls
    cluster.drop_database(name)


@pytest.fixture
def own_topic(broker: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A topic of this test alone, with its dead-letter topic, on which ApplicationSubmitted is published meanwhile."""
    topic = f"test-{new_id().hex}"
    create_topics(broker, {topic: PARTITIONS, f"{topic}{DEAD_LETTER_SUFFIX}": 1})
    monkeypatch.setattr(ApplicationSubmitted, "topic", topic)
    return topic


async def _install_platform(owner_url: str) -> None:
    def install(connection: sa.Connection) -> None:
        operations = Operations(MigrationContext.configure(connection))
        platform_0001(operations)
        write_seal_keys(connection, [SEAL_KEY])
        run_sql(
            operations,
            """
            create table effect (
                id bigint generated always as identity primary key, event_id uuid, key text, number integer
            );
            grant select, insert on effect to {app};
            """,
        )

    engine = create_async_engine(owner_url, poolclass=sa.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(install)
    await engine.dispose()


_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, not a file
_ENOUGH_BYTES = 4 << 30


def _server_directory() -> Path:
    # Each test has databases of its own: a disk that makes and removes so many files is what tests would wait for.
    is_in_memory = (
        _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free >= _ENOUGH_BYTES
    )
    directory = Path(tempfile.mkdtemp(prefix="doudi-tests-", dir=_IN_MEMORY if is_in_memory else None))
    # PostgreSQL runs as another user when we are root, and pytest's own directories are closed to others.
    directory.chmod(0o711)
    return directory


def _broker_kind() -> BrokerKind:
    wanted = os.environ.get("DOUDI_TEST_BROKER", "tansu")
    for kind in BROKER_KINDS:
        if kind == wanted:
            return kind
    raise pytest.UsageError(f"DOUDI_TEST_BROKER={wanted} is none of {', '.join(BROKER_KINDS)}")
