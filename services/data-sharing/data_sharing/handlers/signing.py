"""Members sign, and withdraw what they signed (12.1.2).

A resident signs and withdraws for themself alone; a clerk of the street keeps what somebody signed on paper.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.asking import ask_again
from data_sharing.handlers.letters import Signed, end_letter, keep_letters
from data_sharing.handlers.looking import is_own
from data_sharing.handlers.persons import person_of_resident
from data_sharing.queries.cases import Case, case_of_application, of_age
from data_sharing.queries.letters import letter_row, letter_view, street_of_household
from data_sharing.rules.authorisation import who_must_sign
from data_sharing.rules.catalogue import Catalogue, DataSet
from data_sharing.rules.verification import add_months
from data_sharing.schemas.letters import LetterView, SignatureRequest, WithdrawalRequest
from data_sharing.tables.verifications import application, verification_member
from shared.auth import Principal
from shared.clock import local_date
from shared.crypto import FieldCipher
from shared.problems import Problem, not_found, plain_problem


async def sign(
    tx: AsyncConnection,
    caller: Principal,
    application_id: UUID,
    body: SignatureRequest,
    *,
    catalogue: Catalogue,
    cipher: FieldCipher,
    now: datetime,
) -> LetterView:
    """A member's letter, which replaces an earlier one. Raises Problem 403, 404 and 422."""
    case = await open_case(tx, caller, application_id)
    members = (
        await tx.execute(
            sa.select(verification_member).where(verification_member.c.verification_id == case.verification_id)
        )
    ).all()
    member = next((one for one in members if str(one.person_id) == case.refs.get(body.member)), None)
    if member is None:
        raise plain_problem(422, detail="申请中没有这名家庭成员", field="body.member", value=body.member)
    grown = await of_age(tx, application_id, local_date(now))
    is_adult = member.is_adult or member.person_id in grown
    if member.ref not in who_must_sign({one.ref: one.is_adult or one.person_id in grown for one in members}):
        raise plain_problem(
            422, detail="未成年成员由成年成员签署的授权书覆盖，不需另签", field="body.member", value=body.member
        )
    if (body.guardian_name is not None) == is_adult:
        raise plain_problem(422, detail="成年人自行签署，未成年人由监护人签署", field="body.guardian_name")
    await _only_signer(tx, caller, member.person_id)
    check_signed(body.signed_on, today=local_date(now), months=catalogue.letter_months)
    further = further_data_sets(body.data_sets, catalogue)
    signed = Signed(
        household_id=case.household_id,
        capacity="member",
        signed_on=body.signed_on,
        recorded_by=caller.subject,
        guardian_name=body.guardian_name,
        further=[data_set.code for data_set in further],
    )
    (authorisation_id,) = await keep_letters(
        tx, signed, [member.person_id], catalogue=catalogue, cipher=cipher, now=now
    )
    await ask_again(tx, case.household_id, [member.person_id], catalogue=catalogue, now=now)
    letter = await letter_row(tx, authorisation_id)
    assert letter is not None, "it was kept"
    return letter_view(letter, now=now)


async def withdraw(
    tx: AsyncConnection, caller: Principal, authorisation_id: UUID, body: WithdrawalRequest, *, now: datetime
) -> LetterView:
    """End a letter now. Again, it changes nothing. Raises Problem 403, 404 and 409."""
    letter = await letter_row(tx, authorisation_id)
    street = None if letter is None else await street_of_household(tx, letter.household_id)
    if letter is None or not await _may_withdraw(tx, caller, letter, street):
        raise not_found("授权书", authorisation_id)
    if caller.row_scope != "resident" and not body.on_behalf:
        raise plain_problem(
            422, detail="工作人员须凭签署人的书面撤回办理，并注明 on_behalf 为 true", field="body.on_behalf"
        )
    if letter.ended_at is not None and letter.ended_at <= now and letter.end_reason != "withdrawn":
        raise Problem(
            409,
            "authorisation_ended",
            "授权书已失效，无须撤回",
            f"授权书 {authorisation_id} 已于此前失效",
            way_out="可查看授权书的现状",
        )
    if letter.end_reason != "withdrawn":
        await end_letter(tx, letter, reason="withdrawn", by=caller.subject, at=now)
    ended = await letter_row(tx, authorisation_id)
    assert ended is not None, "letters stay on record"
    return letter_view(ended, now=now)


async def _may_withdraw(tx: AsyncConnection, caller: Principal, letter: sa.Row[Any], street: str | None) -> bool:
    if caller.row_scope == "resident":
        return bool(await person_of_resident(tx, caller.subject) == letter.person_id)
    return street is not None and caller.may_see_street(street)


async def may_see_letters(tx: AsyncConnection, caller: Principal, household_id: UUID, street: str | None) -> bool:
    """Staff of the household's street, those who oversee, and who applied for it."""
    if caller.row_scope != "resident":
        return street is not None and caller.may_see_street(street)
    applied = sa.exists().where(
        application.c.household_id == household_id,
        application.c.applicant_subject == caller.subject,
        application.c.applicant_is_known,
    )
    return bool((await tx.execute(sa.select(applied))).scalar_one())


async def open_case(tx: AsyncConnection, caller: Principal, application_id: UUID) -> Case:
    """The case that a resident applied for, or that lies in a clerk's street. Raises Problem 404."""
    case = await case_of_application(tx, application_id)
    if case is None or not (is_own(case, caller) or caller.may_see_street(case.street)):
        raise not_found("申请的核对", application_id)
    return case


async def _only_signer(tx: AsyncConnection, caller: Principal, person_id: UUID) -> None:
    if caller.row_scope == "resident" and await person_of_resident(tx, caller.subject) != person_id:
        raise Problem(
            403,
            "not_the_signer",
            "只能由本人签署",
            "授权书须由签署人本人签署",
            field="body.member",
            way_out="请由该成员本人登录签署，或到街道窗口书面签署",
        )


def further_data_sets(codes: Sequence[str], catalogue: Catalogue) -> list[DataSet]:
    """Data sets that no verification asks by itself, each once. Raises Problem 422 for any other."""
    for code in codes:
        known = catalogue.data_sets.get(code)
        if known is None or known.asked != "on_request":
            raise plain_problem(
                422,
                detail=f"{code} 不是按需查询的数据集",
                field="body.data_sets",
                value=code,
                way_out="按需查询的数据集见 GET /v1/data-sets 中 asked 为 on_request 的；其余的每次核对都查询",
            )
    return [catalogue.data_sets[code] for code in dict.fromkeys(codes)]


def check_signed(signed_on: date, *, today: date, months: int) -> None:
    """Raises Problem 422 for a signature of tomorrow, and for one whose letter is over."""
    if add_months(signed_on, months) < today:
        raise plain_problem(422, detail="授权书已过有效期，请重新签署", field="body.signed_on", value=str(signed_on))
    if signed_on > today:
        raise plain_problem(422, detail="签署日期不能晚于今天", field="body.signed_on", value=str(signed_on))
