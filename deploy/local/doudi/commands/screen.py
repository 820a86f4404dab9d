"""`doudi screen`: send a population snapshot to the running platform and watch what it finds."""

import base64
import hashlib
import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from doudi.running import NotRunning, Running
from eligibility.schemas.screenings import PART_BYTES
from shared.clock import SystemClock

_INVALID_INPUT = 2
_POLL_SECONDS = 0.3
_OFFICER = "district-1"
"""See identities.yaml."""
_TIMEOUT_SECONDS = 60


def screen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A snapshot in Parquet, as `doudi population` writes.")],
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Assess as of this day. Default: today.")
    ] = None,
) -> None:
    """Screen a population: who is entitled to what and does not receive it becomes a lead, never a grant.

    Needs a running platform (`doudi up`). Interrupted or killed, here or there: call it again, it goes on where it was;
    the same file for the same day is never screened twice. Bad rows are put aside with the reason.
    """
    try:
        content = file.read_bytes()
        running = Running.find()
    except OSError as error:
        _refuse(f"{file}: {error.strerror}")
    except NotRunning as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    with httpx.Client(base_url=running.urls["eligibility"], timeout=_TIMEOUT_SECONDS) as http:
        desk = _Desk(running, http)
        found = desk.send(content, as_of.date() if as_of else SystemClock().today())
        found = desk.watch(found)
    if found["state"] == "refused":
        _refuse("\n".join(found["problems"]))
    typer.echo(
        f"{found['persons']:,} persons in {found['households']:,} households as of {found['as_of']}: "
        f"{found['leads']:,} leads, {found['reviews']:,} reviews, {found['undecided_households']:,} households "
        f"undecided; {found['rejected_rows']:,} rows put aside"
    )
    if found["unknown_columns"]:
        typer.echo("not in the snapshot, so unknown of everybody: " + ", ".join(found["unknown_columns"]))


class _Desk:
    """A district officer at work."""

    def __init__(self, running: Running, http: httpx.Client) -> None:
        self._running = running
        self._http = http

    def send(self, content: bytes, as_of: date) -> dict[str, Any]:
        """Announce the snapshot and send the parts that are not there yet."""
        parts = [content[first : first + PART_BYTES] for first in range(0, len(content), PART_BYTES)]
        announced = {
            "as_of": as_of.isoformat(),
            "snapshot_sha256": hashlib.sha256(content).hexdigest(),
            "parts": len(parts),
        }
        found = self._ask("POST", "/v1/screenings", announced)
        for number, part in enumerate(parts, 1):
            if found["state"] != "receiving":
                break
            path = f"/v1/screenings/{found['screening_id']}/parts/{number}"
            found = self._ask("PUT", path, {"content": base64.b64encode(part).decode()})
        return found

    def watch(self, found: dict[str, Any]) -> dict[str, Any]:
        """Show how far it is until it is over."""
        columns = (TextColumn("screening"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("screening", total=100.0)
            while found["state"] not in ("completed", "refused"):
                bar.update(task, completed=found["percent"])
                time.sleep(_POLL_SECONDS)
                found = self._ask("GET", f"/v1/screenings/{found['screening_id']}")
            bar.update(task, completed=100.0)
        return found

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._running.token(_OFFICER)}"}
        answer = self._http.request(method, path, json=body, headers=headers)
        if answer.is_client_error:
            _refuse(answer.text)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(_INVALID_INPUT)
