"""Assessment: a verified case meets the whole toolbook."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.clients import CaseFacts
from eligibility.handlers.archive import archive_calendar, archive_edition, archive_parameters
from eligibility.handlers.clock import start_clock
from eligibility.handlers.suggest import follow_assessment
from eligibility.queries.calendar import standing_calendar
from eligibility.queries.parameters import StandingParameters, current_parameters
from eligibility.rules import assess
from eligibility.rules.facts.records import FactsInvalid
from eligibility.rules.replay import result_text
from eligibility.tables import application, assessment
from shared import deadlines, outbox
from shared.clock import local_date
from shared.events.data_sharing import VerificationCompleted
from shared.events.eligibility import AssessmentCompleted
from shared.events.intake import ApplicationSubmitted
from shared.ids import new_id
from shared.inbox import Delivery
from shared.problems import FieldError, Problem

ASSESS_JOB = "assess"


async def note_application(tx: AsyncConnection, delivery: Delivery[ApplicationSubmitted]) -> None:
    """Remember what was asked for until the verification is in, and let the clock of the procedure run."""
    event = delivery.event
    noted = await tx.execute(
        insert(application)
        .values(
            application_id=event.application_id,
            household_id=event.household_id,
            street=event.street,
            requested=list(event.requested),
        )
        .on_conflict_do_nothing()
        .returning(application.c.application_id)
    )
    if noted.one_or_none() is not None:
        await start_clock(tx, application_id=event.application_id, on=local_date(delivery.time))


async def plan_assessment(tx: AsyncConnection, delivery: Delivery[VerificationCompleted]) -> None:
    """The facts are fetched and assessed as soon as a worker is free; a later verification assesses again."""
    await deadlines.schedule(
        tx,
        kind=ASSESS_JOB,
        subject=str(delivery.event.application_id),
        due_at=delivery.now,
        payload={"application_id": str(delivery.event.application_id)},
    )


async def preview(tx: AsyncConnection, *, household: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    """The answer for facts that are not on record. Raises Problem 422 where they break the contract."""
    current = await current_parameters(tx)
    try:
        return assess(household, as_of, current.parameters, await standing_calendar(tx)).as_json()
    except FactsInvalid as error:
        raise Problem(
            422,
            "facts_invalid",
            "家庭信息不符合要求",
            f"共有 {len(error.findings)} 处需要修改",
            way_out="请按 errors 中各项说明修改后重新提交",
            errors=[
                FieldError(field=f"body.household.{one.path}", code=one.code, value=one.found, message=one.expected)
                for one in error.findings
            ],
        ) from error


async def requested_by(tx: AsyncConnection, application_id: UUID) -> sa.Row[Any] | None:
    """What the application asked for, or None while that event has not arrived."""
    return (
        await tx.execute(sa.select(application).where(application.c.application_id == application_id))
    ).one_or_none()


async def record_assessment(
    tx: AsyncConnection,
    *,
    application_row: sa.Row[Any],
    facts: CaseFacts,
    current: StandingParameters,
    now: datetime,
    verified_on: date,
    household_change_id: UUID | None = None,
) -> None:
    """Assess, keep facts and answer, tell, and suggest what should change about benefits that run.

    Facts verified anew become a new assessment, and so does a change in the family; the same facts do not.
    """
    assessment_id = new_id()
    calendar = await standing_calendar(tx)
    result = assess(facts.household, facts.as_of, current.parameters, calendar).as_json()
    policies = result["policies"]
    await archive_edition(tx, on=facts.as_of, now=now)
    await archive_parameters(tx, current=current, now=now)
    await archive_calendar(tx, calendar=calendar, now=now)
    created = await tx.execute(
        insert(assessment)
        .values(
            assessment_id=assessment_id,
            application_id=application_row.application_id,
            household_id=application_row.household_id,
            verification_id=facts.verification_id,
            revision=facts.revision,
            street=application_row.street,
            applicant_subject=facts.applicant_subject,
            requested=application_row.requested,
            as_of=facts.as_of,
            facts=json.dumps(facts.household, ensure_ascii=False, sort_keys=True),
            result=result_text(result),
            toolbook_version=result["toolbook_version"],
            parameters_version=current.version,
            calendar_version=calendar.version,
            assessed_at=now,
            household_change_id=household_change_id,
        )
        .on_conflict_do_nothing()
        .returning(assessment.c.assessment_id)
    )
    if created.one_or_none() is None:
        return  # these very facts were assessed before
    await outbox.record(
        tx,
        AssessmentCompleted(
            household_id=application_row.household_id,
            application_id=application_row.application_id,
            assessment_id=assessment_id,
            street=application_row.street,
            toolbook_version=result["toolbook_version"],
            entitled=tuple(policy for policy, answer in policies.items() if answer["eligible"]),
            undecided=tuple(policy for policy, answer in policies.items() if answer["eligible"] is None),
        ),
        at=now,
    )
    await follow_assessment(
        tx,
        row=application_row,
        assessment_id=assessment_id,
        result=result,
        facts=facts.household,
        verified_on=verified_on,
        on=local_date(now),
    )
