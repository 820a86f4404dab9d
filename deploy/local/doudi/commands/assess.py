"""`doudi assess`: what the policies say about one household, without any service."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from eligibility.rules import FactsInvalid, read_case
from eligibility.rules import assess as assess_household

_INVALID_INPUT = 2


def assess(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON object with as_of (a day) and household.")],
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Assess as of this day instead of the one in the file."),
    ] = None,
) -> None:
    """Assess one household against every policy and print the answer as one JSON object.

    Each policy comes with its explanation, eligible or not. A fact that is null is not known yet: a policy that hangs
    on it answers null and names it. Input that cannot be read ends with exit code 2 and the path of each wrong field.
    """
    try:
        household, day = read_case(_read(file))
        assessment = assess_household(household, as_of.date() if as_of else day)
    except FactsInvalid as error:
        _refuse("\n".join(str(finding) for finding in error.findings))
    typer.echo(json.dumps(assessment.as_json(), ensure_ascii=False, indent=2))


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        _refuse(f"{file}: {error.strerror}")
    except ValueError as error:
        _refuse(f"{file}: no JSON: {error}")


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(_INVALID_INPUT)
