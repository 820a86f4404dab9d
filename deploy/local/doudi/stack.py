"""The embedded deployment: PostgreSQL, a broker, the issuer and every service on one machine, and a clock to advance.

`with Stack(directory) as stack:` starts everything and leaves nothing behind. Call it outside a running event loop, or
accept that its methods block the loop while they work.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from doudi import keys
from doudi.broker import Broker, BrokerKind, new_broker
from doudi.databases import DatabaseUrls, migrate_service
from doudi.environment import Environment
from doudi.identities import load_identities
from doudi.ports import free_port, free_ports
from doudi.postgres import Postgres
from doudi.processes import Child
from doudi.running import Running, RunningDatabase
from shared.clock import MovableClock
from shared.seal import SealKey

SERVICES = ("intake", "data-sharing", "eligibility", "emergency-fund", "oversight")
"""The services of which one process runs. Departments come on top."""

DEPARTMENTS = "departments"
"""The process that hosts all departments but those that have one of their own."""

_READY_SECONDS = 90.0
_STOP_SECONDS = 15.0


class Stack:
    """Everything, started together. Processes go by name: `intake`, ..., `departments`, `issuer`.

    A department named in `apart` has a process of its own, `department-<code>`, so that it can be down alone. Business
    time begins now, or at `clock_starts_at`, which may be in the past.
    """

    def __init__(
        self,
        directory: Path,
        *,
        broker: BrokerKind = "tansu",
        durable: bool = True,
        apart: Sequence[str] = (),
        clock_starts_at: datetime | None = None,
    ) -> None:
        self.directory = directory
        self.logs = directory / "logs"
        self.postgres = Postgres(directory / "postgres", durable=durable)
        self.broker_kind: BrokerKind = broker
        self.broker: Broker = new_broker(broker, directory / "broker")
        self.databases: dict[str, DatabaseUrls] = {}
        self._seal_keys = {name: keys.make_seal_key() for name in (*SERVICES, DEPARTMENTS)}
        self._identities = load_identities()
        self._apart = tuple(apart)
        self._clock_file = directory / "clock-offset-seconds"
        self._clock_starts_at = clock_starts_at
        self._children: dict[str, Child] = {}
        self._ready_urls: dict[str, list[str]] = {}
        self._running: Running | None = None
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> Running:
        """Addresses, and tokens for everybody. Raises LookupError before the start."""
        if self._running is None:
            raise LookupError("the embedded deployment was not started")
        return self._running

    def url(self, name: str) -> str:
        """Base URL of a service (`data-sharing`) or of a department (`department-tax`)."""
        return self.running.urls[name]

    def token(self, client_id: str) -> str:
        """The token of a client of `identities.yaml`, such as `clerk-420106009-1`."""
        return self.running.token(client_id)

    def resident_token(self, subject: str) -> str:
        """A token with which the mini-program acts for a resident."""
        return self.running.resident_token(subject)

    def process_id(self, name: str) -> int:
        """The process of a service, such as `data-sharing`, for those who measure it."""
        return self._children[name].pid

    def now(self) -> datetime:
        """Business time, as all services see it."""
        return MovableClock(self._clock_file).now()

    def advance_clock(self, *, to: datetime) -> None:
        """Move the business time of all processes forward to an aware instant. Raises ValueError for a past one."""
        if to < self.now():
            raise ValueError(f"business time only goes forward: {to.isoformat()} is before {self.now().isoformat()}")
        self._set_clock(to)

    def start(self) -> None:
        """Start everything and return when every service is ready.

        Raises StartFailed with the end of a log; whatever ends it early, nothing is left running.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self.logs.mkdir(parents=True)
        self._set_clock(self._clock_starts_at or datetime.now(UTC))
        # Their data go away with the directory, so nothing is gained by letting them write it out.
        self._cleanup.callback(self.postgres.discard)
        self.postgres.start()
        self._cleanup.callback(self.broker.kill)
        self.broker.start()
        self._create_databases()
        self._make_children()
        self._cleanup.callback(self._stop_children)
        for child in self._children.values():
            child.start()
        for name in self._children:
            self._wait_ready(name)

    def stop(self) -> None:
        """Stop everything that was started, services first. Signals wait until it is done; every step has its limit."""
        with _signals_held():
            self._cleanup.close()

    def start_process(self, *names: str) -> None:
        """Start processes again that were stopped or killed; returns when all are ready."""
        for name in names:
            self._children[name].start()
        for name in names:
            self._wait_ready(name)

    def stop_process(self, name: str) -> None:
        """Stop one process in order."""
        self._children[name].stop(timeout_seconds=_STOP_SECONDS)

    def kill_process(self, name: str) -> None:
        """Kill one process, as a power failure would."""
        self._children[name].kill()

    def ended(self) -> list[Child]:
        """The processes that do not run."""
        return [child for child in self._children.values() if not child.running]

    def _create_databases(self) -> None:
        cluster = self.postgres.cluster
        for name, seal_key in self._seal_keys.items():
            service = name.replace("-", "_")
            cluster.create_roles(service)
            urls = cluster.create_database(service, service=service)
            migrate_service(service, urls.owner, SealKey.read(seal_key))
            self.databases[service] = urls
        # Departments are alike: theirs are copies of one that was migrated.
        del self.databases[DEPARTMENTS]
        for code in self._identities.departments:
            name = f"{DEPARTMENTS}_{code}"
            self.databases[name] = cluster.create_database(name, service=DEPARTMENTS, template=DEPARTMENTS)

    def _make_children(self) -> None:
        ports = {service: free_port() for service in ("issuer", *SERVICES)}
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        environment = self._make_environment(issuer_url=urls.pop("issuer"), urls=urls)
        self._add_web_process("issuer", "doudi.issuer:create", ports["issuer"], environment.of_issuer())
        for service in SERVICES:
            package = service.replace("-", "_")
            variables = environment.of_service(service, self.databases[package].app)
            self._add_web_process(service, f"{package}.main:create", ports[service], variables)
        department_urls = self._add_departments(environment)
        self._running = Running(
            pid=os.getpid(),
            directory=self.directory,
            broker_kind=self.broker_kind,
            broker_address=self.broker.address,
            issuer_url=environment.issuer_url,
            urls={**urls, **department_urls},
            databases={
                name: RunningDatabase(url=database.app, seal_key=self._seal_key_of(name))
                for name, database in self.databases.items()
            },
            secrets_file=environment.secrets_file,
        )

    def _seal_key_of(self, database: str) -> str:
        name = database.replace("_", "-")
        return self._seal_keys[name if name in SERVICES else DEPARTMENTS]

    def _make_environment(self, *, issuer_url: str, urls: dict[str, str]) -> Environment:
        directory = self.directory / "keys"
        directory.mkdir(mode=0o700)
        return Environment.create(
            directory,
            urls=urls,
            issuer_url=issuer_url,
            broker=self.broker,
            clock_file=self._clock_file,
            seal_keys=self._seal_keys,
            client_ids=self._identities.by_id(),
        )

    def _add_departments(self, environment: Environment) -> dict[str, str]:
        together = [code for code in self._identities.departments if code not in self._apart]
        urls = {}
        for name, codes in [(DEPARTMENTS, together), *((f"department-{code}", [code]) for code in self._apart)]:
            ports = free_ports(len(codes))
            database = self.postgres.cluster.url(f"{DEPARTMENTS}_app", DEPARTMENTS + "_{department}")
            own = {f"department-{code}": f"http://127.0.0.1:{port}" for code, port in zip(codes, ports, strict=True)}
            variables = environment.of_departments(codes, database, ports[0])
            self._add_process(name, ["departments.main"], variables, list(own.values()))
            urls.update(own)
        return urls

    def _add_web_process(self, name: str, factory: str, port: int, variables: dict[str, str]) -> None:
        self._add_process(name, uvicorn_arguments(factory, port), variables, [f"http://127.0.0.1:{port}"])

    def _add_process(self, name: str, module: list[str], variables: dict[str, str], urls: list[str]) -> None:
        self._children[name] = Child(
            name,
            [sys.executable, "-m", *module],
            log=self.logs / f"{name}.log",
            directory=self.directory,
            environment=variables,
        )
        self._ready_urls[name] = urls

    def _wait_ready(self, name: str) -> None:
        def ready() -> bool:
            return all(_is_ready(url) for url in self._ready_urls[name])

        self._children[name].wait_until(ready, timeout_seconds=_READY_SECONDS)

    def _stop_children(self) -> None:
        for child in self._children.values():
            child.ask_to_stop()
        for child in self._children.values():
            child.stop(timeout_seconds=_STOP_SECONDS)

    def _set_clock(self, instant: datetime) -> None:
        # Readers never see half a number.
        written = self._clock_file.with_suffix(".new")
        written.write_text(repr((instant - datetime.now(UTC)).total_seconds()), encoding="ascii")
        written.replace(self._clock_file)


def uvicorn_arguments(factory: str, port: int) -> list[str]:
    """How Python serves an application (`intake.main:create`) on a loopback port."""
    arguments = ["uvicorn", factory, "--factory", "--host", "127.0.0.1", "--port", str(port)]
    arguments += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--timeout-graceful-shutdown", "5"]
    return arguments


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals that would end us wait until the block is done. Only the main thread can do so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
