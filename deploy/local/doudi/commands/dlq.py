"""`doudi dlq`: events that a consumer gave up."""

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from doudi.commands.databases import ServiceOption, opened, target
from doudi.running import RunningDatabase
from shared import inbox
from shared.inbox import DeadLetter

app = typer.Typer(no_args_is_help=True)

_SHOWN = 1000


@app.callback()
def dlq() -> None:
    """List, show and replay dead letters: events whose handling failed too often.

    Works on the running embedded deployment, or on the one database and broker that DOUDI_DATABASE_URL,
    DOUDI_SEAL_KEY and DOUDI_KAFKA_BOOTSTRAP name.
    """


@app.command("list")
def list_letters(service: ServiceOption = None) -> None:
    """List what was given up and is not handled yet, oldest first."""
    with target(service) as found:
        letters = asyncio.run(_letters(found.databases))
    table = Table("Database", "Id", "Died at", "Topic", "Event", "Error", "Replayed")
    for database, letter in letters:
        error = f"{letter.error_class} {letter.error_code}".strip()
        replayed = letter.replayed_at.isoformat(timespec="seconds") if letter.replayed_at else ""
        died = letter.died_at.isoformat(timespec="seconds")
        table.add_row(
            database, str(letter.id), died, letter.topic, letter.event_type or "not an event", error, replayed
        )
    if letters:
        Console().print(table)
    else:
        typer.echo("No dead letters.")


@app.command()
def show(
    service: Annotated[str, typer.Argument(help="Database of the letter, as `doudi dlq list` prints it.")],
    letter_id: Annotated[int, typer.Argument(metavar="ID", help="Id of the letter.")],
) -> None:
    """Print the message of one dead letter."""
    with target(service) as found:
        body = asyncio.run(_body(next(iter(found.databases.values())), letter_id))
        if body is None:
            raise LookupError(f"{service} has no dead letter {letter_id}")
    typer.echo(_readable(body))


@app.command()
def replay(
    service: Annotated[str, typer.Argument(help="Database of the letters, as `doudi dlq list` prints it.")],
    letter_ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="Ids of letters. Default: all of that database.")
    ] = None,
) -> None:
    """Send dead letters to their topics again, oldest first. Whoever handled one already skips it."""
    with target(service) as found:
        one = next(iter(found.databases.values()))
        count = asyncio.run(_replay(one, found.broker_address, letter_ids or None))
    typer.echo(f"Sent again: {count}")


async def _letters(databases: Mapping[str, RunningDatabase]) -> list[tuple[str, DeadLetter]]:
    found: list[tuple[str, DeadLetter]] = []
    for name, one in databases.items():
        async with opened(one) as database:
            found += [(name, letter) for letter in await inbox.list_dead_letters(database, limit=_SHOWN)]
    return found


async def _body(one: RunningDatabase, letter_id: int) -> bytes | None:
    async with opened(one) as database:
        return await inbox.dead_letter_body(database, letter_id)


async def _replay(one: RunningDatabase, broker_address: str, letter_ids: list[int] | None) -> int:
    async with opened(one) as database:
        return await inbox.replay(database, broker_address, letter_ids=letter_ids)


def _readable(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        # Such a message may be why it is here.
        return repr(body)
