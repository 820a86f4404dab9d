"""Obligors outside the household are named, consent for themselves, and are asked about only then (12.1.2).

Who has a duty to support: Civil Code arts 26, 1067, 1074, 1075; their consent: Social Assistance Law art 41.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.asking import Question, ask, ask_again
from data_sharing.handlers.letters import Signed, keep_letters
from data_sharing.handlers.looking import Look, refusal_of_letters, refuse
from data_sharing.handlers.persons import OBLIGOR_NAME_FIELD, Named, index_persons
from data_sharing.handlers.resting import lock_household
from data_sharing.handlers.signing import check_signed, open_case
from data_sharing.queries.cases import case_of_verification
from data_sharing.queries.letters import obligor_row, obligors_of
from data_sharing.rules.authorisation import ASKING_PURPOSE
from data_sharing.rules.catalogue import IDENTITY_FIELDS, Catalogue
from data_sharing.schemas.letters import ConsentRequest, ObligorRequest
from data_sharing.schemas.verifications import ObligorView
from data_sharing.tables.letters import obligor
from shared.auth import Principal
from shared.clock import local_date
from shared.crypto import FieldCipher
from shared.identity import InvalidIdentityNumber, parse_identity_number
from shared.ids import new_id
from shared.problems import FieldError, Problem, not_found, plain_problem


async def name_obligor(
    tx: AsyncConnection,
    caller: Principal,
    application_id: UUID,
    body: ObligorRequest,
    *,
    catalogue: Catalogue,
    cipher: FieldCipher,
    now: datetime,
) -> ObligorView:
    """Name somebody with a duty to support. Nobody is asked about them yet. Raises Problem 404 and 422."""
    case = await open_case(tx, caller, application_id)
    try:
        number = parse_identity_number(body.identity_number, today=local_date(now)).text
    except InvalidIdentityNumber as error:
        fault = FieldError(field="body.identity_number", code=error.code, message=str(error))
        raise plain_problem(422, detail="身份证号码不正确", errors=[fault]) from None
    if body.obligor_of not in case.refs:
        raise plain_problem(422, detail="申请中没有这名家庭成员", field="body.obligor_of", value=body.obligor_of)
    (person_id,) = await index_persons(tx, [Named(name=body.name, identity_number=number)], cipher=cipher, now=now)
    if person_id in case.person_ids:
        raise plain_problem(422, detail="该人是本家庭成员，随家庭一并核对", field="body.identity_number")
    # Two at once would get the same name inside the verification.
    await lock_household(tx, case.household_id)
    known = await obligors_of(tx, case.verification_id, catalogue, now=now)
    await tx.execute(
        insert(obligor)
        .values(
            obligor_id=new_id(),
            verification_id=case.verification_id,
            ref=f"o{len(known) + 1}",
            obligor_of=body.obligor_of,
            relation=body.relation,
            person_id=person_id,
            name=cipher.encrypt(body.name, field=OBLIGOR_NAME_FIELD),
            recorded_by=caller.subject,
            recorded_at=now,
        )
        .on_conflict_do_nothing(index_elements=["verification_id", "person_id", "obligor_of"])
    )
    found = sa.select(obligor.c.obligor_id).where(
        obligor.c.verification_id == case.verification_id,
        obligor.c.person_id == person_id,
        obligor.c.obligor_of == body.obligor_of,
    )
    return await _obligor(tx, (await tx.execute(found)).scalar_one(), catalogue=catalogue, now=now)


async def consent(
    tx: AsyncConnection,
    caller: Principal,
    obligor_id: UUID,
    body: ConsentRequest,
    *,
    catalogue: Catalogue,
    cipher: FieldCipher,
    now: datetime,
) -> ObligorView:
    """Keep the letter that an obligor signed for themself. Raises Problem 404 and 422."""
    found = await obligor_row(tx, obligor_id)
    if found is None or not caller.may_see_street(found.street):
        raise not_found("法定义务人", obligor_id)
    check_signed(body.signed_on, today=local_date(now), months=catalogue.letter_months)
    signed = Signed(
        household_id=found.household_id, capacity="obligor", signed_on=body.signed_on, recorded_by=caller.subject
    )
    await keep_letters(tx, signed, [found.person_id], catalogue=catalogue, cipher=cipher, now=now)
    await ask_again(tx, found.household_id, [found.person_id], catalogue=catalogue, now=now)
    return await _obligor(tx, obligor_id, catalogue=catalogue, now=now)


async def ask_about_obligor(
    tx: AsyncConnection, caller: Principal, obligor_id: UUID, *, catalogue: Catalogue, now: datetime
) -> ObligorView | Problem:
    """Ask every department about an obligor, once. The problem of a refusal, which is on the ledger, is to be raised
    after the commit. Raises Problem 404.
    """
    found = await obligor_row(tx, obligor_id)
    case = None if found is None else await case_of_verification(tx, found.verification_id)
    if found is None or case is None or not caller.may_see_street(found.street):
        raise not_found("法定义务人", obligor_id)
    about = replace(case, person_ids=(found.person_id,), obligor_id=obligor_id)
    fields = catalogue.verified_field_paths
    refusal = await refusal_of_letters(tx, about, purpose=ASKING_PURPOSE, fields=fields, now=now)
    if refusal is not None:
        look = Look(
            case=about,
            purpose=ASKING_PURPOSE,
            fields=(*IDENTITY_FIELDS, *fields),
            refusal="consent_missing" if refusal == "authorisation_missing" else refusal,
        )
        return await refuse(tx, look, caller, what=("法定义务人", obligor_id), now=now)
    await lock_household(tx, case.household_id)
    view = await _obligor(tx, obligor_id, catalogue=catalogue, now=now)
    if view.asked:
        return view
    question = Question(
        verification_id=case.verification_id,
        application_id=case.application_id,
        household_id=case.household_id,
        kind="obligor",
        obligor_id=obligor_id,
        data_sets=catalogue.by_department,
    )
    await ask(tx, question, catalogue=catalogue, now=now)
    return await _obligor(tx, obligor_id, catalogue=catalogue, now=now)


async def _obligor(tx: AsyncConnection, obligor_id: UUID, *, catalogue: Catalogue, now: datetime) -> ObligorView:
    found = await obligor_row(tx, obligor_id)
    assert found is not None, "obligors stay on record"
    views = await obligors_of(tx, found.verification_id, catalogue, now=now)
    return next(view for view in views if view.obligor_id == obligor_id)
