"""A report of somebody in trouble comes in: from whom it may, in the form it must have, about whom (12.2)."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.lead_joining import Result, SentReport, take_in
from data_sharing.handlers.lead_matching import find_person
from data_sharing.handlers.persons import INDEX_FIELD
from data_sharing.handlers.registering import NAME_FIELD
from data_sharing.queries.leads import report_view
from data_sharing.rules.lead_matching import plain_address
from data_sharing.rules.leads import RULES
from data_sharing.schemas.leads import LeadReport, LeadReportView, ReportedSomebody
from data_sharing.tables.leads import lead_report
from shared.auth import Principal
from shared.clock import local_date
from shared.crypto import FieldCipher
from shared.identity import OLDEST_YEARS, InvalidIdentityNumber, parse_identity_number
from shared.problems import FieldError, plain_problem

ABOUT_FIELD = "lead_report.about"
_DIGEST_FIELD = "lead_report.digest"
_ADDRESS_FIELD = "lead_report.address_index"
_PHONE_FIELD = "lead_report.phone_index"


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
    sent = SentReport(
        sender=sender,
        reference=body.reference,
        channel=body.channel,
        happened_on=body.happened_on,
        troubles=tuple(body.troubles),
        is_urgent=body.is_urgent,
        street=body.about.street,
        sent_by=caller.subject,
        digest=cipher.blind_index(body.model_dump_json(), field=_DIGEST_FIELD),
        about=cipher.encrypt(_words_of(body.about, number), field=ABOUT_FIELD),
        indexes=_indexes(body.about, number, cipher),
    )
    found = await find_person(tx, body.about, number, cipher=cipher, on=body.happened_on)
    taken = await take_in(tx, sent, found, now=now)
    return Received(view=await report_view(tx, taken.report_id), result=taken.result)


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
    earliest = today.replace(year=today.year - OLDEST_YEARS, day=1)
    for place, day in (("happened_on", body.happened_on), ("about.birth_date", body.about.birth_date)):
        if day is not None and day < earliest:
            faults.append(FieldError(field=f"body.{place}", code="too_early", message=f"日期早于{OLDEST_YEARS}年前"))
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


async def is_sender(tx: AsyncConnection, caller: Principal, report_id: UUID) -> bool:
    """Whether this caller's department or street sent a report."""
    found = await tx.execute(sa.select(lead_report.c.sender).where(lead_report.c.report_id == report_id))
    sender = found.scalar_one_or_none()
    return sender is not None and (sender == caller.department or sender in caller.streets)
