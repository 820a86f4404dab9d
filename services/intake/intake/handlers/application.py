"""An application comes in: it is checked, filed with its household, and told to everybody, in one transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.handlers.checks import check_authorisation, refuse_findings, submission_findings
from intake.handlers.persons import household_changed, identify, member_indexes, with_names
from intake.queries import persons as sealed
from intake.queries.applications import links_of
from intake.queries.households import known_households
from intake.queries.limits import decision_working_days
from intake.queries.persons import Persons
from intake.rules.application import SUBMITTED, channel_of, receipt_text, time_limit
from intake.rules.persons import Person, file_of
from intake.schemas.application import ApplicationReceipt, Submission
from shared import outbox
from shared.auth import Principal, Role, own_street
from shared.clock import Clock, local_date
from shared.crypto import FieldCipher
from shared.database import Database
from shared.events.intake import ApplicationSubmitted
from shared.idempotency import Claim, once
from shared.ids import new_id
from shared.problems import Problem
from shared.working_days import WorkingCalendar

# One statement and one round trip. The primary key of open_membership lets one of many submissions through; a member
# whom another transaction has filed elsewhere since we looked is left alone, and the count tells. A file that was there
# opens to a new applicant only when something is granted, by when officers know who it is: see handlers/timeline.py.
_FILE_APPLICATION = sa.text("""
with filed_household as (
    insert into household (household_id, street, applicant_subject, persons, registered_at)
    values (:household_id, :street, :applicant_subject, :household_persons, :submitted_at)
    on conflict (household_id) do update
    set street = excluded.street, persons = excluded.persons
), left_household as (
    delete from household_member
    where household_id = :household_id and identity_index <> all (cast(:members as bytea[]))
), filed_member as (
    insert into household_member (identity_index, household_id)
    select member, :household_id from unnest(cast(:members as bytea[])) as member
    on conflict (identity_index) do update set household_id = excluded.household_id
    where household_member.household_id = any (cast(:known_households as uuid[]))
    returning 1
), filed_application as (
    insert into application (
        application_id, household_id, street, applicant_subject, submitted_by, channel, status, requested,
        member_count, persons, declaration, submitted_at, decide_by, decide_by_is_provisional
    ) values (
        :application_id, :household_id, :street, :applicant_subject, :submitted_by, :channel, :status, :requested,
        :member_count, :application_persons, :declaration, :submitted_at, :decide_by, :decide_by_is_provisional
    )
), opened as (
    insert into open_membership (identity_index, application_id)
    select member, :application_id from unnest(cast(:members as bytea[])) as member
    on conflict do nothing
    returning 1
), entry as (
    insert into timeline_entry (event_id, household_id, application_id, at, kind, text)
    values (:entry_id, :household_id, :application_id, :submitted_at, 'application_submitted', :receipt)
)
select (select count(*) from opened) as opened, (select count(*) from filed_member) as filed
""").bindparams(sa.bindparam("declaration", type_=JSONB))


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What taking in an application or a household needs besides the database."""

    clock: Clock
    calendar: WorkingCalendar
    cipher: FieldCipher


async def submit_application(
    database: Database, *, caller: Principal, submission: Submission, idempotency_key: str, desk: Desk
) -> ApplicationReceipt:
    """Take in an application. Raises Problem 403, 409 or 422; then nothing is stored.

    Runs as the service itself, because the household's file may be another street's until now.
    """
    by_clerk = Role.STREET_CLERK in caller.roles
    if by_clerk:
        own_street(caller, submission.household.street)

    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, idempotency_key, "submit_application", submission, ApplicationReceipt),
            lambda: _submit(tx, caller=caller, by_clerk=by_clerk, submission=submission, desk=desk),
        )


async def _submit(
    tx: AsyncConnection, *, caller: Principal, by_clerk: bool, submission: Submission, desk: Desk
) -> ApplicationReceipt:
    now = desk.clock.now()
    persons = _checked_persons(submission, today=local_date(now))
    named = Persons(
        members=with_names(submission.household.members, persons), guardian_name=submission.authorisation.guardian_name
    )
    members = member_indexes(persons, desk.cipher)
    known = await known_households(tx, members)
    household_id = file_of(frozenset(members), known) or new_id()
    application_id = new_id()
    working_days = await decision_working_days(tx, on=local_date(now))
    limit = time_limit(local_date(now), working_days=working_days, calendar=desk.calendar)
    channel = channel_of(by_clerk=by_clerk, acting_client=caller.acting_client)
    receipt = receipt_text(submitted_on=local_date(now), limit=limit)
    filed = await tx.execute(
        _FILE_APPLICATION,
        {
            "application_id": application_id,
            "household_id": household_id,
            "known_households": [household.household_id for household in known],
            "members": members,
            "street": submission.household.street,
            "applicant_subject": None if by_clerk else caller.subject,
            "submitted_by": caller.subject,
            "channel": channel,
            "status": SUBMITTED,
            "requested": submission.requested,
            "member_count": len(persons),
            "declaration": _declaration(submission, persons),
            "application_persons": sealed.seal(
                named, cipher=desk.cipher, column=sealed.APPLICATION_PERSONS, row=application_id
            ),
            "household_persons": sealed.seal(
                named, cipher=desk.cipher, column=sealed.HOUSEHOLD_PERSONS, row=household_id
            ),
            "submitted_at": now,
            "decide_by": limit.decide_by,
            "decide_by_is_provisional": limit.is_provisional,
            "entry_id": new_id(),
            "receipt": receipt,
        },
    )
    _refuse_unless_all(filed.one(), len(members))
    await outbox.record(
        tx,
        ApplicationSubmitted(
            household_id=household_id,
            application_id=application_id,
            street=submission.household.street,
            channel=channel,
            requested=tuple(submission.requested),
            member_count=len(persons),
        ),
        at=now,
    )
    return _receipt(
        application_id=application_id,
        household_id=household_id,
        submitted_at=now,
        decide_by=limit.decide_by,
        is_provisional=limit.is_provisional,
        receipt=receipt,
    )


def _checked_persons(submission: Submission, *, today: date) -> list[Person]:
    persons, findings = identify(submission.household.members, today=today)
    refuse_findings([*findings, *submission_findings(submission, persons, today=today)], within="body.household")
    check_authorisation(submission, persons, today=today)
    return persons


def _declaration(submission: Submission, persons: list[Person]) -> dict[str, Any]:
    """The declaration as it is stored: without names and numbers, birth dates and sexes made whole."""
    document = submission.model_dump(
        mode="json",
        exclude_unset=True,
        exclude={
            "requested": True,
            "household": {"members": {"__all__": {"name", "id_type", "identity_number"}}},
            "authorisation": {"guardian_name"},
        },
    )
    for facts, person in zip(document["household"]["members"], persons, strict=True):
        assert person.birth_date is not None, "an application without birth dates is refused"
        facts["birth_date"] = person.birth_date.isoformat()
        facts["sex"] = person.sex
    return document


def _refuse_unless_all(counts: sa.Row[Any], expected: int) -> None:
    if counts.opened < expected:
        raise Problem(
            409,
            "application_already_open",
            "该家庭已有未办结的申请",
            "家庭成员中有人已在一件尚未作出决定的申请中",
            field="body.household.members",
            way_out="请在“我的申请”中查看进度；情况有变化请联系受理街道，决定作出后可以再次申请",
        )
    if counts.filed < expected:
        raise household_changed()


def _receipt(
    *,
    application_id: UUID,
    household_id: UUID,
    submitted_at: datetime,
    decide_by: date,
    is_provisional: bool,
    receipt: str,
) -> ApplicationReceipt:
    return ApplicationReceipt(
        application_id=application_id,
        household_id=household_id,
        status="submitted",
        submitted_at=submitted_at,
        decide_by=decide_by,
        decide_by_is_provisional=is_provisional,
        receipt=receipt,
        links=links_of(application_id),
    )
