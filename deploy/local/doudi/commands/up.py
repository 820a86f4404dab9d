"""`doudi up`: the whole platform on this machine, until Ctrl-C."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from doudi.broker import BrokerKind
from doudi.kafka import KafkaUnavailable
from doudi.processes import StartFailed
from doudi.running import AlreadyRunning, run_directory
from doudi.stack import Stack

BrokerOption = Annotated[
    BrokerKind,
    typer.Option(help="tansu: embedded, keeps events in memory. kafka: Apache Kafka, needs Java 17 and Maven."),
]

_LOOK_SECONDS = 1.0
_STAFF = ("clerk-420106009-1", "approver-420106009-1", "officer-medical_security", "auditor-1")


def up(broker: BrokerOption = "tansu") -> None:
    """Start PostgreSQL, a broker, the issuer and all services on this machine, and stay up until Ctrl-C.

    Prints the address of each service (API pages under /docs) and some ready-made tokens. Data are new at each start
    and removed at the end. While it is up, `doudi token`, `events`, `dlq` and `replay` work in another terminal.
    """
    console = Console()
    try:
        with ends_on_signals(), run_directory() as directory, started(directory, broker, console) as stack:
            show(stack, console)
            stay_up(stack, console)
            console.print("Stopping")
    except AlreadyRunning as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@contextmanager
def started(directory: Path, broker: BrokerKind, console: Console) -> Iterator[Stack]:
    """A started deployment that other processes can find. One that does not start ends the command with exit code 1."""
    try:
        stack = Stack(directory, broker=broker)
        with console.status("Starting PostgreSQL, the broker and the services"):
            stack.start()
    except (StartFailed, KafkaUnavailable) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    try:
        with stack.running.described():
            yield stack
    finally:
        stack.stop()


def show(stack: Stack, console: Console) -> None:
    """Print addresses and tokens."""
    addresses = Table("Service", "Address", title="Addresses")
    for name, url in stack.running.urls.items():
        addresses.add_row(name, f"{url}/docs")
    addresses.add_row("issuer", stack.running.issuer_url)
    addresses.add_row(f"broker ({stack.broker_kind})", stack.running.broker_address)
    console.print(addresses)
    console.print(f"Logs: {stack.logs}", soft_wrap=True)
    console.print("Tokens (others with: doudi token --help)")
    for client_id in _STAFF:
        print(f"{client_id}: {stack.token(client_id)}")  # noqa: T201  # unwrapped, to be copied
    console.print("Ctrl-C stops everything.")


def stay_up(stack: Stack, console: Console) -> None:
    """Return on Ctrl-C. A process that ends by itself is named once, with the end of its log."""
    named: set[str] = set()
    try:
        while True:
            time.sleep(_LOOK_SECONDS)
            for child in stack.ended():
                if child.name not in named:
                    named.add(child.name)
                    console.print(f"{child.name} ended. {child.log_tail()}", style="red", markup=False)
    except KeyboardInterrupt:
        return


@contextmanager
def ends_on_signals() -> Iterator[None]:
    """Inside the block, SIGTERM and the closing of the terminal end the program as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
