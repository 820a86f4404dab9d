"""What is posted is corrected by a new posting that names it: a clerk proposes, another person decides. Clauses 4.2.1
and 4.3.4.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.debts import end_open_debts
from emergency_fund.handlers.posting import Transfer, append, lock_reserves
from emergency_fund.handlers.recusals import refuse_recused
from emergency_fund.handlers.steps import require_other_than, state_after
from emergency_fund.queries.corrections import (
    Correctable,
    correction_view,
    find_correction,
    standing_of,
    transfers_of_grant,
)
from emergency_fund.queries.grants import find_grant
from emergency_fund.rules.corrections import (
    CORRECTED,
    DECIDED_BY_DISTRICT,
    CorrectionKind,
    CorrectionState,
    action_of,
    movement_of,
)
from emergency_fund.rules.grant import GrantAction, GrantState
from emergency_fund.rules.ledger import TransferKind
from emergency_fund.schemas.corrections import CorrectionRequest, CorrectionView, Decision, DistrictDecision
from emergency_fund.tables import correction, emergency_grant
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.events.emergency_fund import (
    AmountRecovered,
    AmountWrittenOff,
    CorrectionProposed,
    CorrectionRejected,
    PaymentReversed,
    RecoveryClaimed,
)
from shared.idempotency import Claim, once
from shared.ids import new_id
from shared.money import format_yuan
from shared.problems import Problem

_NOT_PAID = frozenset({GrantState.REQUESTED, GrantState.APPROVED, GrantState.REFUSED})
_WORDS: Mapping[CorrectionKind, str] = {
    CorrectionKind.REVERSAL: "退回",
    CorrectionKind.CLAIM: "追回",
    CorrectionKind.RECOVERY: "追回到账",
    CorrectionKind.WRITE_OFF: "核销",
}


async def propose(
    database: Database, clock: Clock, caller: Principal, grant_id: UUID, key: str, request: CorrectionRequest
) -> CorrectionView:
    """Propose a correction; nothing is posted before another person confirms it."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"propose_correction {grant_id}", request, CorrectionView),
            lambda: _propose(tx, clock, caller, grant_id, request),
        )


async def _propose(
    tx: AsyncConnection, clock: Clock, caller: Principal, grant_id: UUID, request: CorrectionRequest
) -> CorrectionView:
    # The grant's row is the lock for all its corrections.
    grant = await find_grant(tx, grant_id, for_update=True)
    await refuse_recused(tx, caller, grant.household_id)
    if GrantState(grant.state) in _NOT_PAID:
        raise Problem(
            409,
            "not_paid_yet",
            "尚未支付，无可更正",
            f"支付单 {grant_id} 尚未支付",
            field="state",
            value=grant.state,
            way_out="未支付的支付单请由审批人员拒绝，无须更正分录",
        )
    if grant.state == GrantState.IN_STAGES:
        raise Problem(
            409,
            "plan_running",
            "支付计划尚未结束，不能更正",
            f"支付单 {grant_id} 正在分阶段支付，仍有阶段待付",
            field="state",
            value=grant.state,
            way_out="请先中止支付计划（POST /v1/grants/{grant_id}/stop），再办理更正",
        )
    corrected = await _corrected(tx, grant_id, request.kind, request.corrects)
    _check_left(corrected, request.amount)
    await _check_none_open(tx, request.corrects)
    correction_id = new_id()
    await tx.execute(
        insert(correction).values(
            correction_id=correction_id,
            grant_id=grant_id,
            street=grant.street,
            kind=request.kind,
            corrects=request.corrects,
            amount_fen=request.amount,
            reason=request.reason,
            state=CorrectionState.PROPOSED,
            proposed_by=caller.subject,
            proposed_at=clock.now(),
        )
    )
    event = CorrectionProposed(
        household_id=grant.household_id,
        grant_id=grant_id,
        correction_id=correction_id,
        street=grant.street,
        kind=request.kind.value,
        amount_fen=request.amount,
        proposed_by=caller.subject,
    )
    await outbox.record(tx, event, at=clock.now())
    return await correction_view(tx, correction_id)


async def _corrected(tx: AsyncConnection, grant_id: UUID, kind: CorrectionKind, transfer_id: UUID) -> Correctable:
    found = {one.row.transfer_id: one for one in await transfers_of_grant(tx, grant_id)}.get(transfer_id)
    if found is None or found.row.kind != CORRECTED[kind]:
        wanted = {TransferKind.PAYMENT: "支付分录", TransferKind.CLAIM: "追回决定分录"}[CORRECTED[kind]]
        raise Problem(
            422,
            "not_correctable",
            "所指分录不能这样更正",
            f"支付单 {grant_id} 没有编号为 {transfer_id} 的{wanted}，不能办理{_WORDS[kind]}",
            field="body.corrects",
            value=str(transfer_id),
            way_out="请从该支付单的可更正分录中选择（GET /v1/grants/{grant_id}/corrections）",
        )
    return found


def _check_left(corrected: Correctable, amount_fen: int) -> None:
    if corrected.left_fen == 0:
        raise Problem(
            409,
            "nothing_to_correct",
            "该分录已全部更正",
            f"分录 {corrected.row.transfer_id} 的 {format_yuan(corrected.amount_fen)} 元已全部更正",
            field="body.corrects",
            value=str(corrected.row.transfer_id),
            way_out="请查看该支付单已有的更正",
        )
    if amount_fen > corrected.left_fen:
        raise Problem(
            422,
            "above_what_is_left",
            "金额超过尚可更正的数额",
            f"分录 {corrected.row.transfer_id} 共 {format_yuan(corrected.amount_fen)} 元，"
            f"尚可更正 {format_yuan(corrected.left_fen)} 元",
            field="body.amount",
            value=format_yuan(amount_fen),
            way_out=f"请填写不超过 {format_yuan(corrected.left_fen)} 元的金额",
        )


async def _check_none_open(tx: AsyncConnection, transfer_id: UUID) -> None:
    opened = await tx.scalar(
        select(correction.c.correction_id).where(
            correction.c.corrects == transfer_id, correction.c.state == CorrectionState.PROPOSED
        )
    )
    if opened is not None:
        raise Problem(
            409,
            "correction_open",
            "该分录已有待确认的更正",
            f"分录 {transfer_id} 的更正 {opened} 尚待确认",
            field="body.corrects",
            value=str(transfer_id),
            way_out="请先由另一名人员确认或不同意该更正",
        )


async def decide(
    database: Database, clock: Clock, caller: Principal, correction_id: UUID, key: str, decision: Decision
) -> CorrectionView:
    """A second person of the street confirms a correction, which posts it, or rejects it."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"decide_correction {correction_id}", decision, CorrectionView),
            lambda: _decide(tx, clock, caller, correction_id, decision, by_district=False),
        )


async def decide_for_district(
    database: Database, clock: Clock, caller: Principal, correction_id: UUID, key: str, decision: DistrictDecision
) -> CorrectionView:
    """The district confirms a write-off, which posts it, or rejects it."""
    # As the service itself: in the database the scope of a district officer is also that of an auditor, who writes
    # nothing; and no street's context may write off.
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"decide_write_off {correction_id}", decision, CorrectionView),
            lambda: _decide(tx, clock, caller, correction_id, decision, by_district=True),
        )


async def _decide(
    tx: AsyncConnection,
    clock: Clock,
    caller: Principal,
    correction_id: UUID,
    decision: Decision | DistrictDecision,
    *,
    by_district: bool,
) -> CorrectionView:
    grant = await find_grant(tx, (await find_correction(tx, correction_id)).grant_id, for_update=True)
    await refuse_recused(tx, caller, grant.household_id)
    # Read again: under the grant's lock nobody else decides.
    proposed = await find_correction(tx, correction_id)
    _check_decidable(proposed, caller, by_district=by_district)
    transfer_id = None
    if decision.outcome == "confirmed":
        transfer_id = await _post(tx, clock, caller, grant, proposed, decision)
    await tx.execute(
        update(correction)
        .where(correction.c.correction_id == correction_id)
        .values(
            state=decision.outcome,
            decided_by=caller.subject,
            decided_at=clock.now(),
            decision_reason=decision.reason,
            transfer_id=transfer_id,
        )
    )
    await outbox.record(tx, _event(grant, proposed, caller, transfer_id), at=clock.now())
    return await correction_view(tx, correction_id)


def _check_decidable(proposed: Any, caller: Principal, *, by_district: bool) -> None:
    if (CorrectionKind(proposed.kind) in DECIDED_BY_DISTRICT) != by_district:
        raise Problem(
            409,
            "decided_elsewhere",
            "该更正不由本级决定",
            f"更正 {proposed.correction_id} 为{_WORDS[CorrectionKind(proposed.kind)]}，"
            f"由{'街道审批人员' if by_district else '区级'}决定",
            field="kind",
            value=proposed.kind,
            way_out="核销由区级决定，其他更正由街道审批人员确认",
        )
    if proposed.state != CorrectionState.PROPOSED:
        raise Problem(
            409,
            "correction_decided",
            "该更正已有决定",
            f"更正 {proposed.correction_id} 已于 {proposed.decided_at:%Y-%m-%d} 决定",
            field="state",
            value=proposed.state,
            way_out="如仍需更正，请另行提出",
        )
    require_other_than(proposed.proposed_by, caller, what=f"更正 {proposed.correction_id}")


async def _post(
    tx: AsyncConnection,
    clock: Clock,
    caller: Principal,
    grant: Any,
    proposed: Any,
    decision: Decision | DistrictDecision,
) -> UUID:
    """Post the correction, and let its grant be where its money then says."""
    kind = CorrectionKind(proposed.kind)
    corrected = await _corrected(tx, grant.grant_id, kind, proposed.corrects)
    heads = await lock_reserves(tx, [grant.street])
    transfer = Transfer(
        kind=TransferKind(kind),
        street=grant.street,
        cause_id=proposed.correction_id,
        actor=caller.subject,
        movement=movement_of(kind, proposed.amount_fen, heads[grant.street].balances, in_advance=corrected.in_advance),
        corrects=proposed.corrects,
    )
    await append(tx, heads, [transfer], at=clock.now())

    action = action_of(await standing_of(tx, grant.grant_id))
    state = state_after(grant, action)
    if action is GrantAction.RETURN_ALL:
        await end_open_debts(tx, clock, caller, grant, outcome="recovered")
    elif action is GrantAction.GIVE_UP:
        await end_open_debts(tx, clock, caller, grant, outcome="waived", reason=decision.reason or proposed.reason)
    if state != grant.state:
        is_ended = state in {GrantState.CLOSED, GrantState.RETURNED}
        await tx.execute(
            update(emergency_grant)
            .where(emergency_grant.c.grant_id == grant.grant_id)
            .values(state=state, closed_at=clock.now() if is_ended else None)
        )
    return transfer.transfer_id


def _event(
    grant: Any, proposed: Any, caller: Principal, transfer_id: UUID | None
) -> CorrectionRejected | PaymentReversed | RecoveryClaimed | AmountRecovered | AmountWrittenOff:
    about = {
        "household_id": grant.household_id,
        "grant_id": grant.grant_id,
        "correction_id": proposed.correction_id,
        "street": grant.street,
        "amount_fen": proposed.amount_fen,
    }
    if transfer_id is None:
        return CorrectionRejected(**about, kind=proposed.kind, rejected_by=caller.subject)
    about |= {"transfer_id": transfer_id, "corrects": proposed.corrects, "confirmed_by": caller.subject}
    match CorrectionKind(proposed.kind):
        case CorrectionKind.REVERSAL:
            return PaymentReversed(**about)
        case CorrectionKind.CLAIM:
            return RecoveryClaimed(**about)
        case CorrectionKind.RECOVERY:
            return AmountRecovered(**about)
        case CorrectionKind.WRITE_OFF:
            return AmountWrittenOff(**about)
