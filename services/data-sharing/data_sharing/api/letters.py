"""Who may sign, withdraw and see letters, and who may name obligors and ask about them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from data_sharing.api.callers import CaseHandler, CatalogueDep, CipherDep, Clerk, LetterReader
from data_sharing.handlers import obligors, signing
from data_sharing.queries.letters import letters_of_household, street_of_household
from data_sharing.schemas.letters import (
    ConsentRequest,
    LetterList,
    LetterView,
    ObligorRequest,
    SignatureRequest,
    WithdrawalRequest,
)
from data_sharing.schemas.verifications import ObligorView
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import Problem, not_found, problem_responses

router = APIRouter(prefix="/v1", tags=["letters"])


@router.post("/applications/{application_id}/authorisations", status_code=201, responses=problem_responses(404, 409))
async def sign_letter(
    application_id: UUID,
    body: SignatureRequest,
    key: IdempotencyKey,
    caller: CaseHandler,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
    cipher: CipherDep,
) -> LetterView:
    """签署核对授权书：居民为本人签署；街道工作人员登记书面签署的授权书。新签的取代原有的。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"sign_letter {application_id}", body, LetterView),
            lambda: signing.sign(tx, caller, application_id, body, catalogue=catalogue, cipher=cipher, now=clock.now()),
        )


@router.get("/authorisations", responses=problem_responses(404))
async def list_letters(
    household_id: Annotated[UUID, Query(description="家庭编号")],
    caller: LetterReader,
    database: DatabaseDep,
    clock: ClockDep,
) -> LetterList:
    """一个家庭的授权书及其现状：本街道工作人员、审计监察人员和该家庭的申请人可见。"""
    async with database.transaction() as tx:
        if not await signing.may_see_letters(tx, caller, household_id, await street_of_household(tx, household_id)):
            raise not_found("家庭", household_id)
        return LetterList(items=await letters_of_household(tx, household_id, now=clock.now()))


@router.post("/authorisations/{authorisation_id}/withdrawal", responses=problem_responses(404, 409))
async def withdraw_letter(
    authorisation_id: UUID,
    body: WithdrawalRequest,
    key: IdempotencyKey,
    caller: CaseHandler,
    database: DatabaseDep,
    clock: ClockDep,
) -> LetterView:
    """撤回授权：此后不再依此授权查询；此前已查询的不受影响。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"withdraw_letter {authorisation_id}", body, LetterView),
            lambda: signing.withdraw(tx, caller, authorisation_id, body, now=clock.now()),
        )


@router.post("/applications/{application_id}/obligors", status_code=201, responses=problem_responses(404, 409))
async def name_obligor(
    application_id: UUID,
    body: ObligorRequest,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
    cipher: CipherDep,
) -> ObligorView:
    """登记家庭以外的法定义务人。其本人同意之前，不查询任何部门。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"name_obligor {application_id}", body, ObligorView),
            lambda: obligors.name_obligor(
                tx, caller, application_id, body, catalogue=catalogue, cipher=cipher, now=clock.now()
            ),
        )


@router.post("/obligors/{obligor_id}/consent", status_code=201, responses=problem_responses(404, 409))
async def keep_consent(
    obligor_id: UUID,
    body: ConsentRequest,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
    cipher: CipherDep,
) -> ObligorView:
    """登记法定义务人本人签署的授权书。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"keep_consent {obligor_id}", body, ObligorView),
            lambda: obligors.consent(tx, caller, obligor_id, body, catalogue=catalogue, cipher=cipher, now=clock.now()),
        )


@router.post("/obligors/{obligor_id}/queries", status_code=202, responses=problem_responses(404))
async def ask_about_obligor(
    obligor_id: UUID, caller: Clerk, database: DatabaseDep, clock: ClockDep, catalogue: CatalogueDep
) -> ObligorView:
    """就法定义务人向各部门查询。未经其本人同意的，拒绝并留痕；已查询的不再重复。"""
    async with database.transaction() as tx:
        asked = await obligors.ask_about_obligor(tx, caller, obligor_id, catalogue=catalogue, now=clock.now())
    if isinstance(asked, Problem):
        raise asked
    return asked
