"""A household is verified anew when its verification has lapsed, without a new application (1.2, 12.3.3)."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.looking import Look, refusal_of_letters, refuse
from data_sharing.handlers.resting import Resting, lock_household, rest
from data_sharing.handlers.signing import open_case
from data_sharing.queries.cases import Case, case_of_application, of_age
from data_sharing.rules.authorisation import ASKING_PURPOSE
from data_sharing.rules.catalogue import IDENTITY_FIELDS, Catalogue
from data_sharing.schemas.verifications import VerificationReceipt
from data_sharing.tables.verifications import verification_member
from shared.auth import Principal
from shared.clock import Clock, local_date
from shared.database import Database
from shared.idempotency import Claim, once
from shared.problems import Problem

_COPIED = ("ref", "person_id", "name")


_CLIENTS = frozenset({"eligibility"})
"""Services that may have a household verified anew: the one that reviews benefits."""


async def renew_verification(
    database: Database, caller: Principal, application_id: UUID, key: str, *, catalogue: Catalogue, clock: Clock
) -> VerificationReceipt:
    """Have departments asked anew, under letters that stand. Raises Problem 403, 404, and 409 while one holds."""
    now, what = clock.now(), ("申请的核对", application_id)
    async with database.transaction() as tx:
        case = await open_case(tx, caller, application_id)
        fields = catalogue.verified_field_paths
        refusal = await refusal_of_letters(
            tx, case, purpose=ASKING_PURPOSE, fields=fields, now=now, asking_on=local_date(now)
        )
        if caller.row_scope == "service" and caller.client_id not in _CLIENTS:
            refusal = "not_permitted"
        if refusal is not None:
            look = Look(case=case, purpose=ASKING_PURPOSE, fields=(*IDENTITY_FIELDS, *fields), refusal=refusal)
            problem = await refuse(tx, look, caller, what=what, now=now)
    if refusal is not None:
        raise problem
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"renew_verification {application_id}", "", VerificationReceipt),
            lambda: _renew(tx, case, catalogue=catalogue, now=now),
        )


async def _renew(tx: AsyncConnection, case: Case, *, catalogue: Catalogue, now: datetime) -> VerificationReceipt:
    """Rest the application on a verification that holds: on another one of the household, or on a new one."""
    await lock_household(tx, case.household_id)
    lapsed = await case_of_application(tx, case.application_id)
    assert lapsed is not None, "an application keeps its verification"
    if lapsed.state == "open" or (lapsed.valid_until is not None and lapsed.valid_until > now):
        raise _in_force(lapsed)

    async def keep_members(verification_id: UUID) -> None:
        grown = await of_age(tx, case.application_id, local_date(now))
        is_adult = sa.or_(verification_member.c.is_adult, verification_member.c.person_id.in_(grown))
        copied = sa.select(
            sa.literal(verification_id, sa.Uuid), *(verification_member.c[name] for name in _COPIED), is_adult
        ).where(verification_member.c.verification_id == lapsed.verification_id)
        await tx.execute(insert(verification_member).from_select(["verification_id", *_COPIED, "is_adult"], copied))

    resting = Resting(
        application_id=case.application_id,
        household_id=case.household_id,
        street=case.street,
        persons=frozenset(lapsed.person_ids),
    )
    return await rest(tx, resting, keep_members, catalogue=catalogue, now=now)


def _in_force(case: Case) -> Problem:
    # Half open: the last day is the one before.
    stands = (
        "尚在进行" if case.valid_until is None else f"有效期至 {local_date(case.valid_until - timedelta(seconds=1))}"
    )
    return Problem(
        409,
        "verification_in_force",
        "已有进行中或有效的核对，不重复查询",
        f"核对 {case.verification_id} {stands}",
        way_out="请使用现有的核对结果；对结果有异议的，请提出异议",
    )
