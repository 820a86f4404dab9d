"""`doudi assess`: what the policies say about one household, without any service; or an assessment on record again."""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer

from doudi.commands.databases import opened, target
from doudi.running import RunningDatabase
from eligibility.queries.replay import Replay, replayed
from eligibility.rules import FactsInvalid, read_case
from eligibility.rules import assess as assess_household
from shared.problems import Problem

_FAILED = 1
_INVALID_INPUT = 2


def assess(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="JSON object with as_of (a day) and household.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Assess as of this day instead of the one in the file."),
    ] = None,
    replay: Annotated[
        UUID | None,
        typer.Option(metavar="ID", help="Instead of a file: an assessment on record, run again as it was."),
    ] = None,
) -> None:
    """Assess one household against every policy and print the answer as one JSON object.

    Each policy comes with its explanation, eligible or not. A fact that is null is not known yet: a policy that hangs
    on it answers null and names it. Input that cannot be read ends with exit code 2 and the path of each wrong field.

    With --replay the rules, parameters and facts of an assessment are taken from the archive of the running embedded
    deployment, or of the database that DOUDI_DATABASE_URL names. The same bytes as on record are printed; anything
    else is told, with exit code 1.
    """
    if (file is None) == (replay is None):
        raise typer.BadParameter("give either a FILE or --replay ID")
    if replay is not None:
        _replay(replay)
    elif file is not None:
        _assess(file, as_of)


def _replay(assessment_id: UUID) -> None:
    with target("eligibility") as found:
        (archive,) = found.databases.values()
        try:
            again = asyncio.run(_run_again(archive, assessment_id))
        except Problem as problem:
            document = problem.document
            typer.echo(f"{document.title}：{document.detail}。{document.way_out}", err=True)
            raise typer.Exit(_FAILED) from problem
    for one in again.differences:
        typer.echo(f"{one.path}: on record {one.recorded}, now {one.replayed}", err=True)
    if again.replayed != again.recorded:
        raise typer.Exit(_FAILED)
    typer.echo(again.replayed)


async def _run_again(archive: RunningDatabase, assessment_id: UUID) -> Replay:
    async with opened(archive) as database, database.transaction() as tx:
        return await replayed(tx, assessment_id)


def _assess(file: Path, as_of: datetime | None) -> None:
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
