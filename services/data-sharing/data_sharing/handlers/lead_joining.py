"""Reports become leads: a further one about the same person joins the lead that is not closed (12.2).

Two reports about one person are one lead, also when they come at once. Where it is not sure that they are, two leads
stand beside each other: a family that is visited twice is better than one that is not visited.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.lead_matching import Found
from data_sharing.queries.registries import IS_OF_NOW
from data_sharing.rules.leads import RULES
from data_sharing.tables.leads import lead, lead_candidate, lead_report
from data_sharing.tables.registries import person_version
from shared import deadlines, outbox
from shared.events.data_sharing import LeadReported
from shared.ids import new_id
from shared.problems import Problem
from shared.working_days import WorkingCalendar

OVERDUE_JOB = "lead_contact_overdue"
_LOCK = sa.text("select pg_advisory_xact_lock(hashtextextended('lead ' || :key, 0))")

Result = Literal["opened", "joined", "known"]


@dataclass(frozen=True, kw_only=True)
class SentReport:
    """What a sender says of somebody. `digest`: of all of it. `about`: who, encrypted; None where the registry knows.
    `indexes`: by what the same person is known again (`identity_index`, `name_index`, `address_index`, `phone_index`).
    """

    sender: str
    reference: str
    channel: str
    happened_on: date
    troubles: tuple[str, ...]
    is_urgent: bool
    street: str | None
    sent_by: str
    digest: bytes
    about: bytes | None = None
    indexes: Mapping[str, bytes | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TakenIn:
    """A report that was kept, the lead that it belongs to, and what became of it."""

    report_id: UUID
    lead_id: UUID
    result: Result


async def take_in(tx: AsyncConnection, sent: SentReport, found: Found, *, now: datetime) -> TakenIn:
    """Keep a report. Raises Problem 409 `reference_used`."""
    await _lock(tx, sent, found)
    known = await _known(tx, sent)
    if known is not None:
        return known
    standing = await _standing(tx, found, sent.indexes)
    if standing is None:
        row = await _open(tx, sent, found, now=now)
    else:
        row = await _join(tx, standing, sent, found, now=now)
    taken = TakenIn(report_id=new_id(), lead_id=row.lead_id, result="opened" if standing is None else "joined")
    await tx.execute(
        insert(lead_report).values(
            report_id=taken.report_id,
            lead_id=taken.lead_id,
            sender=sent.sender,
            reference=sent.reference,
            channel=sent.channel,
            happened_on=sent.happened_on,
            troubles=list(sent.troubles),
            is_urgent=sent.is_urgent,
            sent_by=sent.sent_by,
            received_at=now,
            digest=sent.digest,
            about=sent.about,
            **sent.indexes,
        )
    )
    await _tell(tx, row, taken, sent, now=now)
    return taken


async def _lock(tx: AsyncConnection, sent: SentReport, found: Found) -> None:
    """Another report that could join the same lead waits until `tx` ends, and sees it. In one order for all."""
    keys = {hashlib.sha256(f"{sent.sender} {sent.reference}".encode()).hexdigest()}
    keys |= {index.hex() for name in ("identity_index", "name_index") if (index := sent.indexes.get(name)) is not None}
    if found.person_id is not None:
        keys.add(str(found.person_id))
    for key in sorted(keys):
        await tx.execute(_LOCK, {"key": key})


async def _known(tx: AsyncConnection, sent: SentReport) -> TakenIn | None:
    """The report that this sender sent under this number. Raises Problem 409 when it said something else."""
    found = await tx.execute(
        sa.select(lead_report.c.report_id, lead_report.c.lead_id, lead_report.c.digest).where(
            lead_report.c.sender == sent.sender, lead_report.c.reference == sent.reference
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    if row.digest != sent.digest:
        raise Problem(
            409,
            "reference_used",
            "该编号已报送过其他内容",
            f"{sent.sender} 的编号 {sent.reference} 已经使用",
            field="body.reference",
            value=sent.reference,
            way_out="补充或更正的情况请以新的编号报送，系统会并入同一人的线索",
        )
    return TakenIn(report_id=row.report_id, lead_id=row.lead_id, result="known")


async def _standing(tx: AsyncConnection, found: Found, indexes: Mapping[str, bytes | None]) -> sa.Row[Any] | None:
    """The lead about the same person that is not closed: the same person of the registry, the same number, or the
    same name with the same telephone or door and nothing against it.
    """
    same = [] if found.person_id is None else [lead.c.person_id == found.person_id]
    reported = sa.select(lead_report.c.lead_id)
    number = indexes.get("identity_index")
    if number is not None:
        same.append(lead.c.lead_id.in_(reported.where(lead_report.c.identity_index == number)))
    near = [
        lead_report.c[column] == indexes[column]
        for column in ("phone_index", "address_index")
        if indexes.get(column) is not None
    ]
    name = indexes.get("name_index")
    if name is not None and near:
        alike = reported.where(lead_report.c.name_index == name, sa.or_(*near))
        if number is not None:
            numbered = reported.where(lead_report.c.identity_index != number)
            alike = alike.where(lead_report.c.lead_id.not_in(numbered))
        by_name = lead.c.lead_id.in_(alike)
        same.append(by_name if found.person_id is None else sa.and_(by_name, lead.c.person_id.is_(None)))
    if not same:
        return None
    wanted = sa.select(lead).where(lead.c.state != "closed", sa.or_(*same))
    return (await tx.execute(wanted.order_by(lead.c.lead_id).limit(1).with_for_update())).one_or_none()


async def _open(tx: AsyncConnection, sent: SentReport, found: Found, *, now: datetime) -> sa.Row[Any]:
    opened = await tx.execute(
        insert(lead)
        .values(
            lead_id=new_id(),
            street=sent.street or await _street_of(tx, found.person_id),
            troubles=sorted(set(sent.troubles)),
            told=list(RULES.told(sent.troubles)),
            is_urgent=sent.is_urgent,
            state="open",
            opened_at=now,
            contact_by=RULES.contact_by(now, is_urgent=sent.is_urgent, calendar=WorkingCalendar()),
            person_id=found.person_id,
            match=found.match,
        )
        .returning(lead)
    )
    row: sa.Row[Any] = opened.one()
    await _keep_candidates(tx, row.lead_id, found)
    return row


async def _join(
    tx: AsyncConnection, standing: sa.Row[Any], sent: SentReport, found: Found, *, now: datetime
) -> sa.Row[Any]:
    """What the lead knows grows, and its time gets shorter, never longer."""
    troubles = sorted({*standing.troubles, *sent.troubles})
    changes: dict[str, Any] = {
        "troubles": troubles,
        "told": list(RULES.told(troubles)),
        "is_urgent": standing.is_urgent or sent.is_urgent,
        "street": standing.street or sent.street or await _street_of(tx, found.person_id),
    }
    if standing.state == "open":
        by_now = RULES.contact_by(now, is_urgent=sent.is_urgent, calendar=WorkingCalendar())
        changes["contact_by"] = min(standing.contact_by, by_now)
    if standing.person_id is None and (found.person_id is not None or standing.match == "unknown"):
        changes |= {"person_id": found.person_id, "match": found.match}
        await tx.execute(sa.delete(lead_candidate).where(lead_candidate.c.lead_id == standing.lead_id))
        await _keep_candidates(tx, standing.lead_id, found)
    joined = sa.update(lead).where(lead.c.lead_id == standing.lead_id).values(**changes).returning(lead)
    row: sa.Row[Any] = (await tx.execute(joined)).one()
    return row


async def _keep_candidates(tx: AsyncConnection, lead_id: UUID, found: Found) -> None:
    if found.candidates:
        rows = [{"lead_id": lead_id, "person_id": one.key, "chance": str(one.chance)} for one in found.candidates]
        await tx.execute(insert(lead_candidate), rows)


async def _street_of(tx: AsyncConnection, person_id: UUID | None) -> str | None:
    if person_id is None:
        return None
    known = sa.select(person_version.c.street).where(person_version.c.person_id == person_id, IS_OF_NOW)
    return (await tx.execute(known)).scalar_one_or_none()


async def _tell(tx: AsyncConnection, row: sa.Row[Any], taken: TakenIn, sent: SentReport, *, now: datetime) -> None:
    if row.state == "open" and row.overdue_at is None:
        await deadlines.schedule(tx, kind=OVERDUE_JOB, subject=str(row.lead_id), due_at=row.contact_by)
    reported = LeadReported(
        lead_id=row.lead_id,
        report_id=taken.report_id,
        joined=taken.result == "joined",
        channel=sent.channel,
        street=row.street,
        told=tuple(row.told),
        troubles=tuple(row.troubles),
        is_urgent=row.is_urgent,
        contact_by=row.contact_by,
    )
    await outbox.record(tx, reported, at=now)
