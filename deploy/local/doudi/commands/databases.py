"""Which databases a command works on: those of the running embedded deployment, or one that the environment names."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from doudi.running import NotRunning, Running, RunningDatabase
from shared.database import Database
from shared.seal import SealKey

ServiceOption = Annotated[
    str | None,
    typer.Option("--service", help="Only this one: intake, data_sharing, ..., departments_tax. Default: all."),
]


@dataclass(frozen=True)
class Target:
    """The databases by name, each as its service's run-time role, and the broker."""

    databases: Mapping[str, RunningDatabase]
    broker_address: str


@contextmanager
def target(service: str | None) -> Iterator[Target]:
    """The databases that were asked for. What is missing ends the command with exit code 1."""
    try:
        yield _target(service)
    except (NotRunning, LookupError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _target(service: str | None) -> Target:
    url, address = os.environ.get("DOUDI_DATABASE_URL"), os.environ.get("DOUDI_KAFKA_BOOTSTRAP")
    if url and address:
        seal_key = os.environ.get("DOUDI_SEAL_KEY")
        if not seal_key:
            raise LookupError("DOUDI_DATABASE_URL is set and DOUDI_SEAL_KEY is not: give the key of that service")
        return Target({service or "database": RunningDatabase(url=url, seal_key=seal_key)}, address)
    running = Running.find()
    if service is None:
        return Target(running.databases, running.broker_address)
    name = service.replace("-", "_")
    if name not in running.databases:
        raise LookupError(f"there is no database {name}; there are {', '.join(running.databases)}")
    return Target({name: running.databases[name]}, running.broker_address)


@asynccontextmanager
async def opened(found: RunningDatabase) -> AsyncIterator[Database]:
    """A database for a few statements; its connections are given back whatever happens."""
    database = Database(found.url, seal_key=SealKey.read(found.seal_key), pool_size=2)
    try:
        yield database
    finally:
        await database.close()
