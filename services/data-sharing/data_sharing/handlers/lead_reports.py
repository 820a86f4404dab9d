"""A report of somebody in trouble comes in: once, about whom, and to whom it is told (12.2).

Two reports about one person are one lead, also when they come at once. Where it is not sure that they are, two leads
stand beside each other: a family that is visited twice is better than one that is not visited.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.lead_matching import Found, find_person
from data_sharing.handlers.persons import INDEX_FIELD
from data_sharing.handlers.registering import NAME_FIELD
from data_sharing.queries.leads import report_view
from data_sharing.rules.lead_matching import plain_address
from data_sharing.rules.leads import RULES
from data_sharing.schemas.leads import LeadReport, LeadReportView, ReportedSomebody
from data_sharing.tables.leads import lead, lead_candidate, lead_report
from data_sharing.tables.registries import person_version
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import local_date
from shared.crypto import FieldCipher
from shared.events.data_sharing import LeadReported
from shared.identity import InvalidIdentityNumber, parse_identity_number
from shared.ids import new_id
from shared.problems import FieldError, Problem, plain_problem
from shared.working_days import WorkingCalendar

OVERDUE_JOB = "lead_contact_overdue"
ABOUT_FIELD = "lead_report.about"
_DIGEST_FIELD = "lead_report.digest"
_ADDRESS_FIELD = "lead_report.address_index"
_PHONE_FIELD = "lead_report.phone_index"
_LOCK = sa.text("select pg_advisory_xact_lock(hashtextextended('lead ' || :key, 0))")

Result = Literal["opened", "joined", "known"]


@dataclass(frozen=True, kw_only=True)
class Received:
    """What became of a report."""

    view: LeadReportView
    result: Result


async def receive(
    tx: AsyncConnection, caller: Principal, body: LeadReport, *, cipher: FieldCipher, now: datetime
) -> Received:
    """Take a report in. Raises Problem 403 for a sender that it is not, 409 `reference_used` and 422."""
    sender = _sender(caller, body)
    number = _check(body, now)
    digest = cipher.blind_index(body.model_dump_json(), field=_DIGEST_FIELD)
    indexes = _indexes(body.about, number, cipher)
    found = await find_person(tx, body.about, number, cipher=cipher, on=body.happened_on)
    await _lock(tx, sender, body, indexes, found)
    known = await _known(tx, sender, body, digest)
    if known is not None:
        return Received(view=await report_view(tx, known), result="known")
    standing = await _standing(tx, found, indexes)
    if standing is None:
        lead_id = await _open(tx, body, found, now=now)
    else:
        lead_id = await _join(tx, standing, body, found, now=now)
    report_id = new_id()
    await tx.execute(
        insert(lead_report).values(
            report_id=report_id,
            lead_id=lead_id,
            sender=sender,
            reference=body.reference,
            channel=body.channel,
            happened_on=body.happened_on,
            troubles=body.troubles,
            is_urgent=body.is_urgent,
            sent_by=caller.subject,
            received_at=now,
            digest=digest,
            about=cipher.encrypt(_words_of(body.about, number), field=ABOUT_FIELD),
            **indexes,
        )
    )
    await _tell(tx, lead_id, report_id, body, joined=standing is not None, now=now)
    return Received(view=await report_view(tx, report_id), result="opened" if standing is None else "joined")


def _sender(caller: Principal, body: LeadReport) -> str:
    """The department that reports, or the street of a clerk."""
    channel = RULES.channels.get(body.channel)
    if channel is None:
        channels = "、".join(RULES.channels)
        raise plain_problem(422, detail=f"应为 {channels} 之一", field="body.channel", value=body.channel)
    if caller.department is not None:
        if caller.department in channel.senders:
            return caller.department
    elif channel.streets and body.about.street is not None and body.about.street in caller.streets:
        return body.about.street
    raise plain_problem(
        403,
        detail=f"不能以“{channel.title}”途径为该街道报送",
        field="body.channel",
        value=body.channel,
        way_out="部门按本单位的途径报送；街道报送 community_visit 或 public_report，并填写本街道代码",
    )


def _check(body: LeadReport, now: datetime) -> str | None:
    """The identity number in its one form. Raises Problem 422 naming every field that is wrong."""
    today, faults, number = local_date(now), [], None
    if body.happened_on > today:
        faults.append(FieldError(field="body.happened_on", code="in_future", message="发现日期不能晚于今天"))
    if body.about.birth_date is not None and body.about.birth_date > today:
        faults.append(FieldError(field="body.about.birth_date", code="in_future", message="出生日期不能晚于今天"))
    for at, trouble in enumerate(body.troubles):
        if trouble not in RULES.troubles:
            message = "应为 " + "、".join(RULES.troubles) + " 之一"
            faults.append(
                FieldError(field=f"body.troubles[{at}]", code="unknown_trouble", value=trouble, message=message)
            )
    if body.about.identity_number is not None:
        try:
            number = parse_identity_number(body.about.identity_number, today=today).text
        except InvalidIdentityNumber as error:
            faults.append(FieldError(field="body.about.identity_number", code=error.code, message=str(error)))
    if faults:
        way_out = "请按 errors 修改后重新报送；没有核实的身份证号码请不要填写"
        raise plain_problem(422, detail=f"共有 {len(faults)} 处需要修改", errors=faults, way_out=way_out)
    return number


def _words_of(about: ReportedSomebody, number: str | None) -> str:
    document = about.model_dump(mode="json", exclude_none=True)
    return json.dumps(document | ({} if number is None else {"identity_number": number}), ensure_ascii=False)


def _indexes(about: ReportedSomebody, number: str | None, cipher: FieldCipher) -> dict[str, bytes | None]:
    """By what the same person is known again."""

    def index(text: str | None, field: str) -> bytes | None:
        return cipher.blind_index(text, field=field) if text else None

    return {
        "identity_index": index(number, INDEX_FIELD),
        "name_index": index(about.name, NAME_FIELD),
        "address_index": index(about.address and plain_address(about.address), _ADDRESS_FIELD),
        "phone_index": index(about.phone and about.phone.replace("-", ""), _PHONE_FIELD),
    }


async def _lock(
    tx: AsyncConnection, sender: str, body: LeadReport, indexes: Mapping[str, bytes | None], found: Found
) -> None:
    """Another report that could join the same lead waits until `tx` ends, and sees it. In one order for all."""
    keys = {hashlib.sha256(f"{sender} {body.reference}".encode()).hexdigest()}
    keys |= {index.hex() for name in ("identity_index", "name_index") if (index := indexes[name]) is not None}
    if found.person_id is not None:
        keys.add(str(found.person_id))
    for key in sorted(keys):
        await tx.execute(_LOCK, {"key": key})


async def _known(tx: AsyncConnection, sender: str, body: LeadReport, digest: bytes) -> UUID | None:
    """The report that this sender sent under this number. Raises Problem 409 when it said something else."""
    found = await tx.execute(
        sa.select(lead_report.c.report_id, lead_report.c.digest).where(
            lead_report.c.sender == sender, lead_report.c.reference == body.reference
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    if row.digest != digest:
        raise Problem(
            409,
            "reference_used",
            "该编号已报送过其他内容",
            f"{sender} 的编号 {body.reference} 已经使用",
            field="body.reference",
            value=body.reference,
            way_out="补充或更正的情况请以新的编号报送，系统会并入同一人的线索",
        )
    report_id: UUID = row.report_id
    return report_id


async def _standing(tx: AsyncConnection, found: Found, indexes: Mapping[str, bytes | None]) -> sa.Row[Any] | None:
    """The lead about the same person that is not closed: the same person of the registry, the same number, or the
    same name with the same telephone or door and nothing against it.
    """
    same = [] if found.person_id is None else [lead.c.person_id == found.person_id]
    said = sa.select(lead_report.c.lead_id)
    if indexes["identity_index"] is not None:
        same.append(lead.c.lead_id.in_(said.where(lead_report.c.identity_index == indexes["identity_index"])))
    near = [
        lead_report.c[name] == indexes[name] for name in ("phone_index", "address_index") if indexes[name] is not None
    ]
    if indexes["name_index"] is not None and near:
        alike = said.where(lead_report.c.name_index == indexes["name_index"], sa.or_(*near))
        if indexes["identity_index"] is not None:
            alike = alike.where(lead_report.c.identity_index.is_(None))
        by_name = lead.c.lead_id.in_(alike)
        same.append(by_name if found.person_id is None else sa.and_(by_name, lead.c.person_id.is_(None)))
    if not same:
        return None
    wanted = sa.select(lead).where(lead.c.state != "closed", sa.or_(*same))
    return (await tx.execute(wanted.order_by(lead.c.lead_id).limit(1).with_for_update())).one_or_none()


async def _open(tx: AsyncConnection, body: LeadReport, found: Found, *, now: datetime) -> UUID:
    lead_id = new_id()
    await tx.execute(
        insert(lead).values(
            lead_id=lead_id,
            street=body.about.street or await _street_of(tx, found.person_id),
            troubles=sorted(set(body.troubles)),
            told=list(RULES.told(body.troubles)),
            is_urgent=body.is_urgent,
            state="open",
            opened_at=now,
            contact_by=RULES.contact_by(now, is_urgent=body.is_urgent, calendar=WorkingCalendar()),
            person_id=found.person_id,
            match=found.match,
        )
    )
    await _keep_candidates(tx, lead_id, found)
    return lead_id


async def _join(tx: AsyncConnection, standing: sa.Row[Any], body: LeadReport, found: Found, *, now: datetime) -> UUID:
    """What the lead knows grows, and its time gets shorter, never longer."""
    troubles = sorted({*standing.troubles, *body.troubles})
    changes: dict[str, Any] = {
        "troubles": troubles,
        "told": list(RULES.told(troubles)),
        "is_urgent": standing.is_urgent or body.is_urgent,
        "street": standing.street or body.about.street or await _street_of(tx, found.person_id),
    }
    if standing.state == "open":
        by_now = RULES.contact_by(now, is_urgent=body.is_urgent, calendar=WorkingCalendar())
        changes["contact_by"] = min(standing.contact_by, by_now)
    if standing.person_id is None and (found.person_id is not None or standing.match == "unknown"):
        changes |= {"person_id": found.person_id, "match": found.match}
        await tx.execute(sa.delete(lead_candidate).where(lead_candidate.c.lead_id == standing.lead_id))
        await _keep_candidates(tx, standing.lead_id, found)
    await tx.execute(sa.update(lead).where(lead.c.lead_id == standing.lead_id).values(**changes))
    lead_id: UUID = standing.lead_id
    return lead_id


async def _keep_candidates(tx: AsyncConnection, lead_id: UUID, found: Found) -> None:
    if found.candidates:
        rows = [{"lead_id": lead_id, "person_id": one.key, "chance": str(one.chance)} for one in found.candidates]
        await tx.execute(insert(lead_candidate), rows)


async def _street_of(tx: AsyncConnection, person_id: UUID | None) -> str | None:
    if person_id is None:
        return None
    now = sa.select(person_version.c.street).where(
        person_version.c.person_id == person_id, person_version.c.valid_until.is_(None)
    )
    return (await tx.execute(now)).scalar_one_or_none()


async def _tell(
    tx: AsyncConnection, lead_id: UUID, report_id: UUID, body: LeadReport, *, joined: bool, now: datetime
) -> None:
    row = (await tx.execute(sa.select(lead).where(lead.c.lead_id == lead_id))).one()
    if row.state == "open" and row.overdue_at is None:
        await deadlines.schedule(tx, kind=OVERDUE_JOB, subject=str(lead_id), due_at=row.contact_by)
    reported = LeadReported(
        lead_id=lead_id,
        report_id=report_id,
        joined=joined,
        channel=body.channel,
        street=row.street,
        told=tuple(row.told),
        troubles=tuple(row.troubles),
        is_urgent=row.is_urgent,
        contact_by=row.contact_by,
    )
    await outbox.record(tx, reported, at=now)


async def is_sender(tx: AsyncConnection, caller: Principal, report_id: UUID) -> bool:
    """Whether this caller's department or street sent a report."""
    found = await tx.execute(sa.select(lead_report.c.sender).where(lead_report.c.report_id == report_id))
    sender = found.scalar_one_or_none()
    return sender is not None and (sender == caller.department or sender in caller.streets)
