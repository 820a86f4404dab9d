"""Looks at personal data: decided, put on the access ledger, and only then answered (12.1.2).

The entry is committed before the first byte is read, and stands although the request fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.access_ledger import outcome, purpose_of, put_on_ledger
from data_sharing.handlers.persons import MEMBER_NAME_FIELD, NUMBER_FIELD, OBLIGOR_NAME_FIELD
from data_sharing.handlers.quotas import spend
from data_sharing.handlers.refusals import refused
from data_sharing.queries.answers import findings_beside
from data_sharing.queries.cases import (
    AskedCase,
    Case,
    case_of_application,
    case_of_query,
    case_of_verification,
    letters_of,
)
from data_sharing.queries.letters import obligors_of
from data_sharing.queries.verifications import facts_view, verification_view
from data_sharing.rules import authorisation as rules
from data_sharing.rules import verification as course
from data_sharing.rules.authorisation import Refusal
from data_sharing.rules.catalogue import DECLARATION_FIELD, IDENTITY_FIELDS, Catalogue
from data_sharing.schemas.queries import GrantView, QueryPerson, QueryView
from data_sharing.schemas.verifications import FactsView, FindingView, VerificationView
from data_sharing.tables.letters import obligor, query_grant
from data_sharing.tables.persons import person
from data_sharing.tables.verifications import verification_member
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.crypto import FieldCipher
from shared.database import Database
from shared.events.data_sharing import PersonalDataAccessed
from shared.ids import new_id
from shared.problems import Problem, not_found


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a household's data, granted or refused."""

    case: Case
    purpose: str
    fields: Sequence[str]
    refusal: Refusal | None


async def look_at_query(
    database: Database, caller: Principal, *, query_id: UUID, catalogue: Catalogue, cipher: FieldCipher, clock: Clock
) -> QueryView:
    """The persons that a department is asked about, for that department, while the letters hold.

    Mints the grant that the answer needs.
    """
    now = clock.now()
    what = ("核对请求", query_id)
    async with database.transaction() as tx:
        case = await case_of_query(tx, query_id)
        if case is None:
            raise not_found(*what)
        fields = catalogue.field_paths(case.data_sets)
        refusal = await refusal_to_department(tx, case, caller, catalogue=catalogue, now=now)
        look = Look(case=case, purpose=rules.ASKING_PURPOSE, fields=(*IDENTITY_FIELDS, *fields), refusal=refusal)
        problem = await settle(tx, look, caller, what=what, now=now)
        if problem is None:
            grant = await _mint(tx, case, caller, now=now)
    if problem is not None:
        raise problem
    async with database.transaction(caller) as tx:
        persons = await _persons_of(tx, case, cipher)
    return QueryView(
        query_id=query_id,
        verification_id=case.verification_id,
        application_id=case.application_id,
        household_id=case.household_id,
        department=case.department,
        purpose=rules.ASKING_PURPOSE,
        data_sets=list(case.data_sets),
        answer_by=case.answer_by,
        persons=persons,
        grant=grant,
    )


async def _mint(tx: AsyncConnection, case: AskedCase, caller: Principal, *, now: datetime) -> GrantView:
    grant = GrantView(grant_id=new_id(), expires_at=now + rules.GRANT_LIFE)
    await tx.execute(
        insert(query_grant).values(
            grant_id=grant.grant_id,
            query_id=case.query_id,
            client_id=caller.client_id,
            minted_at=now,
            expires_at=grant.expires_at,
        )
    )
    return grant


async def _persons_of(tx: AsyncConnection, case: AskedCase, cipher: FieldCipher) -> list[QueryPerson]:
    if case.obligor_id is not None:
        named, field = obligor, OBLIGOR_NAME_FIELD
        condition = obligor.c.obligor_id == case.obligor_id
    else:
        named, field = verification_member, MEMBER_NAME_FIELD
        condition = verification_member.c.verification_id == case.verification_id
    rows = await tx.execute(
        sa.select(named.c.ref, named.c.name, person.c.identity_number)
        .join(person, person.c.person_id == named.c.person_id)
        .where(condition)
        .order_by(named.c.ref)
    )
    return [
        QueryPerson(
            ref=row.ref,
            name=cipher.decrypt(row.name, field=field),
            identity_number=row.identity_number and cipher.decrypt(row.identity_number, field=NUMBER_FIELD),
        )
        for row in rows
    ]


async def look_at_facts(
    database: Database, caller: Principal, *, application_id: UUID, purpose: str, catalogue: Catalogue, clock: Clock
) -> FactsView:
    """The verified facts of a case for one purpose, without names and numbers."""
    now = clock.now()
    what = ("申请的核对", application_id)
    async with database.transaction() as tx:
        case = await case_of_application(tx, application_id)
        if case is None:
            raise not_found(*what)
        # What was asked beside the facts is not in them: neither letters nor agreements need to open it here.
        fields = catalogue.field_paths(catalogue.of_facts(case.data_sets))
        refusal = await refusal_of_letters(tx, case, purpose=purpose, fields=fields, now=now)
        permitted = catalogue.purposes[purpose].clients if purpose in catalogue.purposes else frozenset()
        if refusal is None and caller.client_id not in permitted:
            refusal = "not_permitted"
        if refusal is None and case.valid_until is None:
            refusal = "not_completed"
        if refusal is None and case.valid_until is not None and case.valid_until <= now:
            refusal = "verification_expired"
        if refusal is None:
            unopened = await spend(tx, consumer=caller.client_id, purpose=purpose, fields=fields, now=now)
            refusal = None if unopened is None else unopened.reason
        look = Look(case=case, purpose=purpose, fields=(DECLARATION_FIELD, *fields), refusal=refusal)
        problem = await settle(tx, look, caller, what=what, now=now)
    if problem is not None:
        raise problem
    async with database.transaction(caller) as tx:
        return await facts_view(tx, application_id)


async def look_at_verification(
    database: Database,
    caller: Principal,
    *,
    catalogue: Catalogue,
    clock: Clock,
    verification_id: UUID | None = None,
    application_id: UUID | None = None,
) -> VerificationView:
    """How a verification stands and what differs: for staff of the street, overseers, and the applicant.

    The applicant's own looks are not put on the ledger: it tells them who else looked.
    """
    now = clock.now()
    what = ("核对", verification_id or application_id)
    async with database.transaction() as tx:
        if verification_id is not None:
            case = await case_of_verification(tx, verification_id)
        else:
            assert application_id is not None, "one of the two is given"
            case = await case_of_application(tx, application_id)
        if case is None:
            raise not_found(*what)
        problem, obligors = None, []
        if not is_own(case, caller):
            problem = await settle(
                tx,
                Look(
                    case=case,
                    purpose=purpose_of(caller, "case_handling"),
                    fields=(DECLARATION_FIELD, *catalogue.field_paths(case.data_sets)),
                    refusal=None if caller.may_see_street(case.street) else "out_of_scope",
                ),
                caller,
                what=what,
                now=now,
            )
            obligors = await obligors_of(tx, case.verification_id, catalogue, now=now)
    if problem is not None:
        raise problem
    beside: list[FindingView] = []
    if set(case.data_sets) != set(catalogue.of_facts(case.data_sets)):
        async with database.transaction() as tx:
            beside = await findings_beside(tx, case, catalogue)
    async with database.transaction(caller) as tx:
        return await verification_view(tx, case, catalogue, obligors=obligors, beside=beside, now=now)


def is_own(case: Case, caller: Principal) -> bool:
    """Whether a resident looks at what they applied for themselves."""
    return caller.row_scope == "resident" and caller.subject in case.applicant_subjects


async def refusal_to_department(
    tx: AsyncConnection, case: AskedCase, caller: Principal, *, catalogue: Catalogue, now: datetime
) -> Refusal | None:
    """Why a caller may neither see a query nor answer it, or None."""
    if caller.department is None or caller.department != case.department:
        return "not_addressed"
    if course.has_looked(case.outcome) and case.valid_until is not None and case.valid_until <= now:
        # Nothing is left to answer.
        return "verification_expired"
    fields = catalogue.field_paths(case.data_sets)
    return await refusal_of_letters(tx, case, purpose=rules.ASKING_PURPOSE, fields=fields, now=now)


async def refusal_of_letters(
    tx: AsyncConnection,
    case: Case,
    *,
    purpose: str,
    fields: Sequence[str],
    now: datetime,
    asking_on: date | None = None,
) -> Refusal | None:
    """Why the letters of those whom a case is about do not open these fields now, or None."""
    needed, letters = await letters_of(tx, case, asking_on=asking_on)
    return rules.refusal(needed, letters, purpose=purpose, fields=fields, at=now)


async def refuse(
    tx: AsyncConnection, look: Look, caller: Principal, *, what: tuple[str, object], now: datetime
) -> Problem:
    """Put a refusal on the ledger; the problem to raise once the transaction has committed."""
    problem = await settle(tx, look, caller, what=what, now=now)
    assert problem is not None, "the look was refused"
    return problem


async def settle(
    tx: AsyncConnection, look: Look, caller: Principal, *, what: tuple[str, object], now: datetime
) -> Problem | None:
    """Put a look on the ledger and tell the others; the problem of a refused one."""
    case = look.case
    access_id = await put_on_ledger(
        tx,
        caller,
        purpose=look.purpose,
        fields=look.fields,
        refusal=look.refusal,
        now=now,
        person_ids=case.person_ids,
        household_id=case.household_id,
        application_id=case.application_id,
        verification_id=case.verification_id,
        query_id=case.query_id if isinstance(case, AskedCase) else None,
    )
    looked = PersonalDataAccessed(
        household_id=case.household_id,
        application_id=case.application_id,
        access_id=access_id,
        purpose=look.purpose,
        client_id=caller.client_id,
        outcome=outcome(look.refusal),
    )
    await outbox.record(tx, looked, at=now)
    return None if look.refusal is None else refused(look.refusal, what)
