"""A lead is followed: who is meant, where they live, that somebody met them, how it ended (12.2).

Whoever is told may say that they met the family. Who is meant, where, and how it ends is the street's and the
district's to say.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.lead_joining import OVERDUE_JOB
from data_sharing.handlers.lead_looking import is_told
from data_sharing.queries.leads import lead_view
from data_sharing.rules.leads import RULES
from data_sharing.schemas.leads import (
    ContactRequest,
    LeadView,
    OutcomeRequest,
    PersonRequest,
    StreetRequest,
)
from data_sharing.tables.leads import lead, lead_candidate, lead_contact, lead_report
from data_sharing.tables.verifications import application
from shared import deadlines, outbox
from shared.auth import Principal, Role
from shared.deadlines import Work
from shared.events.data_sharing import LeadClosed, LeadContacted, LeadContactOverdue, LeadErased
from shared.ids import new_id
from shared.problems import Problem, not_found, plain_problem

ERASE_JOB = "erase_lead"


async def note_contact(
    tx: AsyncConnection, caller: Principal, lead_id: UUID, body: ContactRequest, *, now: datetime
) -> LeadView:
    """Somebody went or called. The first time that the family is met stops the clock. Raises Problem 404 and 409."""
    found = await _held(tx, caller, lead_id)
    _refuse_closed(found)
    await tx.execute(
        insert(lead_contact).values(
            contact_id=new_id(), lead_id=lead_id, result=body.result, made_by=caller.subject, made_at=now
        )
    )
    if body.result == "reached":
        is_first = found.state == "open"
        if is_first:
            await _change(tx, lead_id, state="contacted", contacted_at=now)
            await deadlines.cancel(tx, kind=OVERDUE_JOB, subject=str(lead_id))
        met = LeadContacted(lead_id=lead_id, street=found.street, department=caller.department, is_first=is_first)
        await outbox.record(tx, met, at=now)
    return await lead_view(tx, lead_id, now=now)


async def choose_person(
    tx: AsyncConnection, caller: Principal, lead_id: UUID, body: PersonRequest, *, now: datetime
) -> LeadView:
    """An officer says which candidate is meant, or none. Raises Problem 404, 409 and 422."""
    found = await _held(tx, caller, lead_id, only_handlers=True)
    _refuse_closed(found)
    if found.match != "unclear":
        raise Problem(
            409,
            "nothing_to_choose",
            "该线索没有待确认的人",
            f"线索 {lead_id} 的比对结果为 {found.match}",
            way_out="比对有误的，请以其他结果办结，并由报送单位更正后重新报送",
        )
    if body.person_id is None:
        await _change(tx, lead_id, match="denied")
    else:
        chosen = sa.select(lead_candidate.c.person_id).where(
            lead_candidate.c.lead_id == lead_id, lead_candidate.c.person_id == body.person_id
        )
        if (await tx.execute(chosen)).one_or_none() is None:
            raise plain_problem(422, detail="不在候选人之中", field="body.person_id", value=body.person_id)
        await _change(tx, lead_id, match="confirmed", person_id=body.person_id)
    await tx.execute(sa.delete(lead_candidate).where(lead_candidate.c.lead_id == lead_id))
    return await lead_view(tx, lead_id, now=now)


async def assign_street(
    tx: AsyncConnection, caller: Principal, lead_id: UUID, body: StreetRequest, *, now: datetime
) -> LeadView:
    """The district found out where, or that it is another street. Raises Problem 404 and 409."""
    found = await _held(tx, caller, lead_id, only_handlers=True)
    _refuse_closed(found)
    await _change(tx, lead_id, street=body.street)
    return await lead_view(tx, lead_id, now=now)


async def close_lead(
    tx: AsyncConnection, caller: Principal, lead_id: UUID, body: OutcomeRequest, *, now: datetime
) -> LeadView:
    """It is known what became of it. Raises Problem 404, 409 `not_contacted` for a family that nobody tried to meet."""
    found = await _held(tx, caller, lead_id, only_handlers=True)
    _refuse_closed(found)
    await _check_contacted(tx, found, body)
    if body.duplicate_of is not None:
        await _check_other(tx, caller, lead_id, body.duplicate_of)
    if body.application_id is not None:
        known = sa.select(application.c.street).where(application.c.application_id == body.application_id)
        street = (await tx.execute(known)).scalar_one_or_none()
        if street is None or not caller.may_see_street(street):
            raise plain_problem(422, detail="未找到该申请", field="body.application_id", value=body.application_id)
    await _change(
        tx,
        lead_id,
        state="closed",
        outcome=body.outcome,
        application_id=body.application_id,
        duplicate_of=body.duplicate_of,
        closed_by=caller.subject,
        closed_at=now,
    )
    await tx.execute(sa.delete(lead_candidate).where(lead_candidate.c.lead_id == lead_id))
    await deadlines.cancel(tx, kind=OVERDUE_JOB, subject=str(lead_id))
    if body.outcome == "unfounded":
        await deadlines.schedule(tx, kind=ERASE_JOB, subject=str(lead_id), due_at=RULES.erase_at(now))
    senders = await tx.execute(sa.select(lead_report.c.sender).where(lead_report.c.lead_id == lead_id).distinct())
    closed = LeadClosed(
        lead_id=lead_id, street=found.street, outcome=body.outcome, senders=tuple(sorted(senders.scalars()))
    )
    await outbox.record(tx, closed, at=now)
    return await lead_view(tx, lead_id, now=now)


async def _check_contacted(tx: AsyncConnection, found: sa.Row[Any], body: OutcomeRequest) -> None:
    """A duplicate is followed under the other lead; without ground it may be found by one who met nobody."""
    if body.outcome == "duplicate" or found.state == "contacted":
        return
    tried = sa.select(sa.func.count()).where(lead_contact.c.lead_id == found.lead_id)
    if body.outcome == "unfounded" and (await tx.execute(tried)).scalar_one():
        return
    raise Problem(
        409,
        "not_contacted",
        "尚未联系该家庭",
        f"线索 {found.lead_id} 没有联系记录，不能以 {body.outcome} 办结",
        field="body.outcome",
        value=body.outcome,
        way_out="请先联系并登记；查无此人的，登记联系经过后以 unfounded 办结",
    )


async def _check_other(tx: AsyncConnection, caller: Principal, lead_id: UUID, other_id: UUID) -> None:
    other = (await tx.execute(sa.select(lead).where(lead.c.lead_id == other_id))).one_or_none()
    if other is None or other_id == lead_id or not is_told(other, caller):
        raise plain_problem(422, detail="应为另一条线索的编号", field="body.duplicate_of", value=other_id)
    if other.outcome in ("duplicate", "unfounded"):
        raise plain_problem(
            422, detail="该线索已作为重复或不实办结，不能并入", field="body.duplicate_of", value=other_id
        )


async def note_overdue(work: Work) -> None:
    """The time to meet a family is over."""
    async with work.transaction() as tx:
        found = await _row(tx, UUID(work.subject))
        if found is not None and found.state == "open" and found.overdue_at is None:
            await _change(tx, found.lead_id, overdue_at=work.now)
            overdue = LeadContactOverdue(lead_id=found.lead_id, street=found.street, contact_by=found.contact_by)
            await outbox.record(tx, overdue, at=work.now)


async def erase_lead(work: Work) -> None:
    """Nothing personal is left of a lead without ground; that it was, and how it ended, is still counted."""
    async with work.transaction() as tx:
        found = await _row(tx, UUID(work.subject))
        if found is None or found.outcome != "unfounded" or found.erased_at is not None:
            return
        nothing = dict.fromkeys(("about", "identity_index", "name_index", "address_index", "phone_index"))
        same = sa.select(lead.c.lead_id).where(lead.c.lead_id == found.lead_id).cte(recursive=True)
        same = same.union(sa.select(lead.c.lead_id).join(same, lead.c.duplicate_of == same.c.lead_id))
        lead_ids = sorted((await tx.execute(sa.select(same.c.lead_id))).scalars())
        await tx.execute(sa.update(lead_report).where(lead_report.c.lead_id.in_(lead_ids)).values(**nothing))
        erased = {"person_id": None, "match": "erased", "erased_at": work.now}
        await tx.execute(sa.update(lead).where(lead.c.lead_id.in_(lead_ids)).values(**erased))
        await outbox.record(tx, *(LeadErased(lead_id=lead_id) for lead_id in lead_ids), at=work.now)


async def _held(tx: AsyncConnection, caller: Principal, lead_id: UUID, *, only_handlers: bool = False) -> sa.Row[Any]:
    """One that nobody else changes until `tx` ends. Raises Problem 403 and 404."""
    found = await _row(tx, lead_id)
    if found is None or not is_told(found, caller):
        raise not_found("线索", lead_id)
    if only_handlers and not caller.roles & {Role.STREET_CLERK, Role.DISTRICT_OFFICER}:
        raise plain_problem(403, detail="由街道或区民政局办理")
    return found


async def _row(tx: AsyncConnection, lead_id: UUID) -> sa.Row[Any] | None:
    return (await tx.execute(sa.select(lead).where(lead.c.lead_id == lead_id).with_for_update())).one_or_none()


async def _change(tx: AsyncConnection, lead_id: UUID, **values: object) -> None:
    await tx.execute(sa.update(lead).where(lead.c.lead_id == lead_id).values(**values))


def _refuse_closed(found: sa.Row[Any]) -> None:
    if found.state == "closed":
        raise Problem(
            409,
            "lead_closed",
            "该线索已经办结",
            f"线索 {found.lead_id} 已以 {found.outcome} 办结",
            way_out="情况有变的，请由报送单位重新报送",
        )
