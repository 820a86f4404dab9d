"""Looks at leads by whoever is told: put on the access ledger, and only then answered (12.2, 12.1.2).

Masked for everybody but who may see names and numbers of this lead; that look is on the ledger as such.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.access_ledger import outcome, purpose_of, put_on_ledger
from data_sharing.handlers.lead_reports import ABOUT_FIELD
from data_sharing.handlers.persons import PERSON_NAME_FIELD
from data_sharing.handlers.refusals import refused
from data_sharing.handlers.registering import ADDRESS_FIELD
from data_sharing.handlers.reporting import UNMASK_SCOPE
from data_sharing.queries.leads import lead_said, reports_of
from data_sharing.queries.registries import VERSION_OF_NOW
from data_sharing.schemas.leads import (
    CandidateView,
    ContactView,
    LeadDetail,
    RegisteredPerson,
    SomebodyReported,
)
from data_sharing.tables.leads import lead, lead_candidate, lead_contact, lead_report
from data_sharing.tables.persons import person
from data_sharing.tables.registries import person_version
from data_sharing.tables.verifications import verification, verification_member
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.crypto import FieldCipher
from shared.database import Database
from shared.events.data_sharing import LeadLookedAt
from shared.identity import mask_identity_number, mask_name
from shared.problems import not_found

_PURPOSE = "lead_follow_up"
_FIELDS = ("lead.troubles", "lead.household")
_PERSONAL_FIELDS = ("name", "identity_number", "lead.address", "lead.phone", "lead.words")


async def look_at_lead(
    database: Database, caller: Principal, lead_id: UUID, *, masked: bool, cipher: FieldCipher, clock: Clock
) -> LeadDetail:
    """A lead for whoever is told of it; the look is on the access ledger before anything is read. Raises Problem 403
    `unmask_not_permitted` and 404.
    """
    now = clock.now()
    async with database.transaction() as tx:
        found = (await tx.execute(sa.select(lead).where(lead.c.lead_id == lead_id))).one_or_none()
        if found is None:
            raise not_found("线索", lead_id)
        refusal = _refusal(found, caller, masked=masked)
        await _put_on_ledger(tx, found, caller, masked=masked, refusal=refusal, now=now)
    if refusal is not None:
        raise refused(refusal, ("线索", lead_id))
    async with database.transaction() as tx:
        return await _detail(tx, lead_id, masked=masked, cipher=cipher, now=now)


def _refusal(found: sa.Row[Any], caller: Principal, *, masked: bool) -> str | None:
    if not is_told(found, caller):
        return "out_of_scope"
    if not masked and f"{UNMASK_SCOPE}:{found.lead_id}" not in caller.scopes:
        return "unmask_not_permitted"
    return None


def is_told(found: sa.Row[Any], caller: Principal) -> bool:
    """Whether the caller may see a lead."""
    if caller.row_scope == "department":
        return caller.department in found.told
    return caller.may_see_street(found.street or "")


async def _put_on_ledger(
    tx: AsyncConnection, found: sa.Row[Any], caller: Principal, *, masked: bool, refusal: str | None, now: datetime
) -> None:
    access_id = await put_on_ledger(
        tx,
        caller,
        purpose=purpose_of(caller, _PURPOSE),
        fields=[*_FIELDS, *(() if masked else _PERSONAL_FIELDS)],
        refusal=refusal,
        now=now,
        person_ids=[] if found.person_id is None else [found.person_id],
        lead_id=found.lead_id,
    )
    looked = LeadLookedAt(
        lead_id=found.lead_id, access_id=access_id, client_id=caller.client_id, outcome=outcome(refusal)
    )
    await outbox.record(tx, looked, at=now)


async def _detail(
    tx: AsyncConnection, lead_id: UUID, *, masked: bool, cipher: FieldCipher, now: datetime
) -> LeadDetail:
    """One that is there, with what was reported. `masked`: names, numbers and telephones in part, words not at all."""
    row = (await tx.execute(sa.select(lead, reports_of(lead)).where(lead.c.lead_id == lead_id))).one()
    reports = (
        await tx.execute(
            sa.select(lead_report).where(lead_report.c.lead_id == lead_id).order_by(lead_report.c.report_id)
        )
    ).all()
    contacts = await tx.execute(
        sa.select(lead_contact).where(lead_contact.c.lead_id == lead_id).order_by(lead_contact.c.contact_id)
    )
    return LeadDetail(
        **lead_said(row, now),
        person_id=row.person_id,
        registered=await _registered(tx, row.person_id, masked=masked, cipher=cipher),
        households=await _households(tx, row.person_id),
        reported=[_reported(report, masked=masked, cipher=cipher) for report in reports],
        candidates=await _candidates(tx, lead_id, cipher),
        similar=await _similar(tx, row, reports),
        contacts=[ContactView(result=one.result, made_by=one.made_by, made_at=one.made_at) for one in contacts],
        application_id=row.application_id,
    )


def _reported(row: sa.Row[Any], *, masked: bool, cipher: FieldCipher) -> SomebodyReported:
    about = {} if row.about is None else json.loads(cipher.decrypt(row.about, field=ABOUT_FIELD))
    name, number, phone = (about.get(key) for key in ("name", "identity_number", "phone"))
    born: str | None = about.get("birth_date")
    return SomebodyReported(
        report_id=row.report_id,
        sender=row.sender,
        channel=row.channel,
        happened_on=row.happened_on,
        name=mask_name(name) if masked and name else name,
        identity_number=mask_identity_number(number) if masked and number else number,
        birth_date=None if masked or born is None else date.fromisoformat(born),
        age=about.get("age"),
        sex=about.get("sex"),
        street=about.get("street"),
        address=None if masked else about.get("address"),
        phone=_mask_phone(phone) if masked and phone else phone,
        words=None if masked else about.get("words"),
    )


def _mask_phone(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) > 10 else f"****{phone[-2:]}"


async def _registered(
    tx: AsyncConnection, person_id: UUID | None, *, masked: bool, cipher: FieldCipher
) -> RegisteredPerson | None:
    if person_id is None:
        return None
    found = await tx.execute(
        sa.select(person.c.name, person_version.c.birth_date, person_version.c.street, person_version.c.address)
        .outerjoin(person_version, VERSION_OF_NOW)
        .where(person.c.person_id == person_id)
    )
    row = found.one()
    name = cipher.decrypt(row.name, field=PERSON_NAME_FIELD)
    return RegisteredPerson(
        name=mask_name(name) if masked else name,
        birth_year=row.birth_date and row.birth_date.year,
        street=row.street,
        address=None if masked or row.address is None else cipher.decrypt(row.address, field=ADDRESS_FIELD),
    )


async def _households(tx: AsyncConnection, person_id: UUID | None) -> list[UUID]:
    if person_id is None:
        return []
    found = (
        sa.select(verification.c.household_id)
        .join(verification_member, verification_member.c.verification_id == verification.c.verification_id)
        .where(verification_member.c.person_id == person_id)
        .distinct()
    )
    return sorted((await tx.execute(found)).scalars(), key=str)


async def _candidates(tx: AsyncConnection, lead_id: UUID, cipher: FieldCipher) -> list[CandidateView]:
    found = await tx.execute(
        sa.select(
            lead_candidate.c.person_id,
            lead_candidate.c.chance,
            person.c.name,
            person_version.c.birth_date,
            person_version.c.street,
        )
        .join(person, person.c.person_id == lead_candidate.c.person_id)
        .outerjoin(person_version, VERSION_OF_NOW)
        .where(lead_candidate.c.lead_id == lead_id)
        .order_by(lead_candidate.c.chance.desc(), lead_candidate.c.person_id)
    )
    return [
        CandidateView(
            person_id=row.person_id,
            chance=str(row.chance),
            name=mask_name(cipher.decrypt(row.name, field=PERSON_NAME_FIELD)),
            birth_year=row.birth_date and row.birth_date.year,
            street=row.street,
        )
        for row in found
    ]


async def _similar(tx: AsyncConnection, row: sa.Row[Any], reports: Sequence[sa.Row[Any]]) -> list[UUID]:
    """Other leads of the street that are not closed and bear the same name."""
    names = {report.name_index for report in reports if report.name_index is not None}
    if not names or row.street is None:
        return []
    other = (
        sa.select(lead.c.lead_id)
        .join(lead_report, lead_report.c.lead_id == lead.c.lead_id)
        .where(
            lead.c.lead_id != row.lead_id,
            lead.c.street == row.street,
            lead.c.state != "closed",
            lead_report.c.name_index.in_(names),
        )
        .distinct()
    )
    return sorted((await tx.execute(other)).scalars(), key=str)
