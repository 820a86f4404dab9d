"""`doudi events`: what happens on the bus, one line per event."""

import asyncio
import os
from contextlib import suppress
from typing import Annotated

import typer
from aiokafka import AIOKafkaConsumer

from doudi.running import NotRunning, Running
from shared.events import TOPICS, Envelope

_FETCH_WAIT_MILLISECONDS = 50


def events(
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help=f"Only this one; may be repeated. Topics: {', '.join(TOPICS)}.")
    ] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Also what was sent before.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The whole envelope, one JSON object per line.")] = False,
) -> None:
    """Follow the bus and print one line per event: time, type, key, data. Ends with Ctrl-C.

    Works on the running embedded deployment, or on the broker that DOUDI_KAFKA_BOOTSTRAP names. There is no personal
    data on the bus, so none is printed.
    """
    unknown = sorted(set(topics or ()) - set(TOPICS))
    if unknown:
        raise typer.BadParameter(f"no such topic: {', '.join(unknown)}. Topics: {', '.join(TOPICS)}")
    try:
        address = os.environ.get("DOUDI_KAFKA_BOOTSTRAP") or Running.find().broker_address
    except NotRunning as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    with suppress(KeyboardInterrupt):
        asyncio.run(_follow(address, tuple(topics or TOPICS), from_start=from_start, as_json=json))


async def _follow(address: str, topics: tuple[str, ...], *, from_start: bool, as_json: bool) -> None:
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=address,
        auto_offset_reset="earliest" if from_start else "latest",
        fetch_max_wait_ms=_FETCH_WAIT_MILLISECONDS,
    )
    await consumer.start()
    try:
        async for record in consumer:
            typer.echo(record.value.decode(errors="replace") if as_json else line_of(record.value))
    finally:
        await consumer.stop()


def line_of(body: bytes) -> str:
    """One event as one line; a message that is no event of ours says so."""
    try:
        envelope = Envelope.from_json(body)
    except (ValueError, LookupError) as error:
        return f"not an event: {type(error).__name__} {body[:80]!r}"
    data = envelope.event.model_dump(mode="json", exclude={"household_id"})
    shown = " ".join(f"{name}={value}" for name, value in data.items() if value is not None)
    return f"{envelope.time:%Y-%m-%d %H:%M:%S} {envelope.event.type:45} {envelope.event.key:36} {shown}"
