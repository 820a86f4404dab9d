"""`doudi toolbook`: the toolbook of a day as a printable page or as data, without any service."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from eligibility.rules import publish, toolbook_page
from shared.clock import SystemClock

_DAY = ["%Y-%m-%d"]


def toolbook(
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the printable page to this file, - for standard output.")
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the data to this file, - for standard output.")
    ] = None,
    on: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="The toolbook of this day instead of today.")
    ] = None,
) -> None:
    """Publish 《武昌区分层分类社会救助政策工具书》 from the rules that decide: every policy, its criteria and amounts.

    The page is one file in Chinese that needs no network; open it in a browser, or print it to A4 from there.
    """
    if html is None and as_json is None:
        typer.echo("say what to write: --html FILE for the page, --json FILE for the data", err=True)
        raise typer.Exit(2)
    day = on.date() if on else SystemClock().today()
    if html is not None:
        _write(html, toolbook_page(day))
    if as_json is not None:
        _write(as_json, json.dumps(publish(day), ensure_ascii=False, indent=2) + "\n")


def _write(file: Path, text: str) -> None:
    if str(file) == "-":
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(1) from error
