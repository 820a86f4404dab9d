"""An assessment run again from what is on record of it."""

import json
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.queries.assessments import assessment_row
from eligibility.rules.engine.archive import ArchiveUnreadable
from eligibility.rules.engine.book import BookInvalid
from eligibility.rules.facts.records import FactsInvalid
from eligibility.rules.replay import Difference, Record, differences, replay
from eligibility.tables import assessment, calendar_edition, parameter_set, toolbook_edition
from shared.problems import Problem


@dataclass(frozen=True)
class Replay:
    """What is on record, what comes out now, and where the two differ."""

    toolbook_version: str
    parameters_version: str
    calendar_version: str | None
    recorded: str
    replayed: str
    differences: list[Difference]


async def replayed(tx: AsyncConnection, assessment_id: UUID) -> Replay:
    """Run an assessment that the caller may see again. Raises Problem 404, and 409 without a readable archive."""
    row = await assessment_row(tx, assessment_id)
    archived = await tx.execute(
        sa.select(
            toolbook_edition.c.document.label("edition"),
            parameter_set.c.document.label("parameters"),
            calendar_edition.c.document.label("calendar"),
        )
        .join_from(assessment, toolbook_edition, toolbook_edition.c.version == assessment.c.toolbook_version)
        .join(parameter_set, parameter_set.c.version == assessment.c.parameters_version)
        .outerjoin(calendar_edition, calendar_edition.c.version == assessment.c.calendar_version)
        .where(assessment.c.assessment_id == assessment_id)
    )
    kept = archived.one_or_none()
    if kept is None:
        raise Problem(
            409,
            "not_archived",
            "该评估所依据的规则或参数没有存档",
            f"评估 {assessment_id} 的工具书版本为 {row.toolbook_version}",
            field="path.assessment_id",
            value=assessment_id,
            way_out="存档启用之前的评估不能重演，请查阅评估记录本身",
        )
    record = Record(
        as_of=row.as_of,
        facts=json.loads(row.facts),
        edition=json.loads(kept.edition),
        parameters=json.loads(kept.parameters),
        parameters_version=row.parameters_version,
        calendar=None if kept.calendar is None else json.loads(kept.calendar),
    )
    try:
        again = replay(record)
    except (ArchiveUnreadable, BookInvalid, FactsInvalid) as error:
        raise Problem(
            409,
            "archive_unreadable",
            "现行程序不能读取该评估的存档",
            str(error),
            way_out="请用该评估当时的程序版本重演，或查阅评估记录本身",
        ) from error
    found = [] if again == row.result else list(differences(json.loads(row.result), json.loads(again)))
    versions = row.toolbook_version, row.parameters_version, row.calendar_version
    return Replay(*versions, row.result, again, found)
