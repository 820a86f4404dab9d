"""Changes of a benefit: one officer proposes, another confirms, and whoever loses something is heard before.

Clauses 2.1.4 and 12.3.2; Social Assistance Law art. 48.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.benefits import (
    END_GRACE_JOB,
    Entry,
    about,
    enter_from,
    forget_clocks,
    refuse_cut_in_the_past,
    set_end,
)
from eligibility.handlers.hearings import refuse_unheard
from eligibility.handlers.price_linkage import grant_missed
from eligibility.handlers.recusals import refuse_proposer, refuse_recused
from eligibility.handlers.register import enter_grace, leave_grace, leave_tier
from eligibility.handlers.reviews import close_review
from eligibility.queries.benefit_changes import change_row
from eligibility.queries.benefits import amounts_of, benefit_row
from eligibility.queries.parameters import limit
from eligibility.rules.benefits import (
    Amount,
    BenefitState,
    Cause,
    Change,
    GracePeriod,
    first_of_month_after,
    grace_period,
    most_owed,
    next_benefit_state,
)
from eligibility.tables import benefit, benefit_change
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.events import Event
from shared.events.eligibility import (
    BenefitAdjusted,
    BenefitEnded,
    BenefitResumed,
    BenefitSuspended,
    GracePeriodStarted,
)
from shared.ids import new_id
from shared.problems import Problem

_STATE_TITLES = {"running": "发放中", "suspended": "已暂停", "in_grace": "渐退期", "ended": "已终止"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProposal:
    """What an officer wants to change. None: as it is, or by default."""

    kind: Change
    cause: Cause
    reason: str
    from_on: date | None
    amount_fen: int | None
    person_refs: Sequence[str] | None
    until_on: date | None
    extension_reason: str | None


async def propose_change(
    tx: AsyncConnection, *, benefit_id: UUID, proposal: ChangeProposal, caller: Principal, clock: Clock
) -> sa.Row[Any]:
    """Propose a change. Raises Problem 403, 404, 409 where it is not open, 422 where it cannot be right."""
    row = await benefit_row(tx, benefit_id, locked=True)
    await refuse_recused(tx, household_id=row.household_id, caller=caller)
    _next_state(row, proposal.kind)
    from_on = proposal.from_on or first_of_month_after(max(clock.today(), row.starts_on - timedelta(days=1)))
    new = Amount(from_on, _amount_fen(row, proposal))
    _refuse_wrong_day(row, new)
    until_on = await _last_day_of_grace(tx, row, proposal, from_on)
    _refuse_loss_in_the_past(await amounts_of(tx, benefit_id), new, until_on=until_on, today=clock.today())
    created = await tx.execute(
        insert(benefit_change)
        .values(
            change_id=new_id(),
            benefit_id=benefit_id,
            household_id=row.household_id,
            street=row.street,
            applicant_subject=row.applicant_subject,
            kind=proposal.kind,
            cause=proposal.cause,
            from_on=from_on,
            until_on=until_on,
            amount_fen=new.amount_fen,
            person_refs=list(proposal.person_refs or row.person_refs),
            reason=proposal.reason,
            extension_reason=proposal.extension_reason,
            state="proposed",
            proposed_by=caller.subject,
            proposed_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(benefit_change)
    )
    change: sa.Row[Any] | None = created.one_or_none()
    if change is None:
        raise Problem(
            409,
            "change_already_open",
            "该待遇已有待复核的变更",
            f"待遇 {benefit_id} 已有待复核的变更",
            field="path.benefit_id",
            value=benefit_id,
            way_out="请先复核或退回现有变更",
        )
    return change


async def confirm_change(tx: AsyncConnection, *, change_id: UUID, caller: Principal, clock: Clock) -> sa.Row[Any]:
    """Another officer agrees, and the change is made. Raises Problem 403, 404, 409, 422 `hearing_needed`."""
    change = await _open_change(tx, change_id, caller)
    await refuse_recused(tx, household_id=change.household_id, caller=caller, proposed_by=change.proposed_by)
    row = await benefit_row(tx, change.benefit_id, locked=True)
    state = _next_state(row, Change(change.kind))
    new = Amount(change.from_on, change.amount_fen)
    amounts = await amounts_of(tx, row.benefit_id)
    _refuse_loss_in_the_past(amounts, new, until_on=change.until_on, today=clock.today())
    await refuse_unheard(tx, change=change, old_fen=most_owed(amounts, new.from_on), today=clock.today())
    updated = await tx.execute(
        sa.update(benefit_change)
        .where(benefit_change.c.change_id == change_id)
        .values(state="confirmed", confirmed_by=caller.subject, confirmed_at=clock.now())
        .returning(benefit_change)
    )
    entry = Entry(cause=change.kind, document=str(change_id), recorded_by=caller.subject, at=clock.now())
    old_fen, owed_fen = await enter_from(tx, benefit_id=row.benefit_id, new=new, entry=entry, today=clock.today())
    await _set(tx, row, change, state=state)
    if owed_fen:
        await grant_missed(tx, household_id=row.household_id, since=new.from_on, clock=clock)
    await outbox.record(tx, *await _follow(tx, row, change, entry, old_fen, owed_fen, clock), at=clock.now())
    if state is not BenefitState.ENDED:
        await close_review(tx, benefit_id=row.benefit_id, household_id=row.household_id, on=clock.today())
    confirmed: sa.Row[Any] = updated.one()
    return confirmed


async def return_change(tx: AsyncConnection, *, change_id: UUID, reason: str, caller: Principal) -> sa.Row[Any]:
    """Another officer does not agree: the benefit goes on as it is. Raises Problem 403, 404 or 409."""
    change = await _open_change(tx, change_id, caller)
    await refuse_recused(tx, household_id=change.household_id, caller=caller)
    updated = await tx.execute(
        sa.update(benefit_change)
        .where(benefit_change.c.change_id == change_id)
        .values(state="returned", returned_because=reason)
        .returning(benefit_change)
    )
    returned: sa.Row[Any] = updated.one()
    return returned


async def _open_change(tx: AsyncConnection, change_id: UUID, caller: Principal) -> sa.Row[Any]:
    change = await change_row(tx, change_id, locked=True)
    if change.state != "proposed":
        raise Problem(
            409,
            "change_closed",
            "该变更已经复核或退回",
            f"变更 {change_id} 已经办结",
            field="path.change_id",
            value=change_id,
            way_out="如需再次变更，请重新提出",
        )
    refuse_proposer(change.proposed_by, caller)
    return change


def _next_state(row: sa.Row[Any], kind: Change) -> BenefitState:
    state = next_benefit_state(BenefitState(row.state), kind)
    if state is None:
        raise Problem(
            409,
            "wrong_state",
            "待遇当前状态不能进行此操作",
            f"待遇 {row.benefit_id} 现为“{_STATE_TITLES[row.state]}”",
            field="body.kind",
            value=kind,
            way_out="请刷新后查看待遇的当前状态",
        )
    return state


def _amount_fen(row: sa.Row[Any], proposal: ChangeProposal) -> int:
    if proposal.kind in {Change.SUSPEND, Change.END}:
        return 0
    if proposal.kind is Change.ADJUST and proposal.amount_fen is None:
        raise Problem(
            422,
            "amount_needed",
            "调整待遇须注明新的月金额",
            field="body.monthly_amount",
            way_out="请填写 monthly_amount",
        )
    if proposal.kind in {Change.ADJUST, Change.RESUME} and proposal.amount_fen is not None:
        return proposal.amount_fen
    as_before: int = row.monthly_amount_fen
    return as_before


def _refuse_wrong_day(row: sa.Row[Any], new: Amount) -> None:
    if new.from_on.day != 1 or new.from_on < row.starts_on:
        raise Problem(
            422,
            "not_first_of_month",
            "待遇按月变更，须自某月首日起",
            f"{new.from_on} 不是 {row.starts_on} 起某月的首日",
            field="body.from_on",
            value=new.from_on,
            way_out="请填写某月的首日，如 2022-11-01",
        )


def _refuse_loss_in_the_past(amounts: Sequence[Amount], new: Amount, *, until_on: date | None, today: date) -> None:
    """A new amount counts for every month from its first on, whatever was entered for later ones: no month that has
    begun may bring less by it, nor be after the end of a grace period.
    """
    next_month = first_of_month_after(today)
    refuse_cut_in_the_past(old_fen=most_owed(amounts, new.from_on, until=next_month), new=new, today=today)
    if until_on is not None and until_on + timedelta(days=1) < next_month:
        raise Problem(
            422,
            "grace_over_already",
            "渐退期不能在本月末之前结束",
            f"末日 {until_on}",
            field="body.until_on",
            value=until_on,
            way_out=f"请选择不早于 {next_month - timedelta(days=1)} 的月末日期，或以次月首日为起始日",
        )


async def _last_day_of_grace(
    tx: AsyncConnection, row: sa.Row[Any], proposal: ChangeProposal, from_on: date
) -> date | None:
    if proposal.kind is not Change.GRACE:
        return None
    if row.policy != "dibao":
        raise Problem(
            422,
            "grace_is_for_dibao",
            "渐退期仅适用于低保家庭",
            field="body.kind",
            value=proposal.kind,
            way_out="请选择其他变更",
        )
    period = grace_period(
        from_on,
        months_default=await limit(tx, "grace_months_default", on=from_on),
        months_at_most=await limit(tx, "grace_months_at_most", on=from_on),
    )
    last_day = proposal.until_on or period.default_last_day
    _refuse_wrong_grace(period, last_day, has_reason=proposal.extension_reason is not None)
    return last_day


def _refuse_wrong_grace(period: GracePeriod, last_day: date, *, has_reason: bool) -> None:
    code = None
    if not period.from_on < last_day <= period.last_day_at_most or (last_day + timedelta(days=1)).day != 1:
        code, title = "grace_outside_limits", "渐退期须在规定期限内，至某月末日止"
        way_out = f"请选择不晚于 {period.last_day_at_most} 的月末日期"
    elif last_day > period.default_last_day and not has_reason:
        code, title = "grace_reason_needed", "超过默认期限的渐退期须书面说明理由"
        way_out = f"请填写 extension_reason，或将末日改为 {period.default_last_day}"
    if code is not None:
        raise Problem(422, code, title, f"末日 {last_day}", field="body.until_on", value=last_day, way_out=way_out)


async def _set(tx: AsyncConnection, row: sa.Row[Any], change: sa.Row[Any], *, state: BenefitState) -> None:
    values: dict[str, Any] = {"state": state, "person_refs": change.person_refs}
    match change.kind:
        case Change.END:
            values["ends_on"] = change.from_on - timedelta(days=1)
        case Change.GRACE:
            values |= {"ends_on": change.until_on, "grace_since": change.from_on}
        case Change.RESUME:
            values |= {"ends_on": None, "grace_since": None, "monthly_amount_fen": change.amount_fen}
        case Change.ADJUST:
            values["monthly_amount_fen"] = change.amount_fen
    await tx.execute(sa.update(benefit).where(benefit.c.benefit_id == row.benefit_id).values(values))


async def _follow(
    tx: AsyncConnection,
    row: sa.Row[Any],
    change: sa.Row[Any],
    entry: Entry,
    old_fen: int,
    owed_fen: int,
    clock: Clock,
) -> list[Event]:
    """What a confirmed change sets going besides its amount, and what is told of it."""
    case = about(row)
    match Change(change.kind):
        case Change.ADJUST:
            if change.amount_fen == old_fen:
                return []
            return [
                BenefitAdjusted(
                    **case,
                    old_amount_fen=old_fen,
                    new_amount_fen=change.amount_fen,
                    from_on=change.from_on,
                    back_pay_fen=owed_fen,
                )
            ]
        case Change.SUSPEND:
            return [BenefitSuspended(**case, from_on=change.from_on)]
        case Change.RESUME:
            if row.state == BenefitState.IN_GRACE:
                await leave_grace(tx, row=row, change_id=change.change_id, on=change.from_on)
                await deadlines.cancel(tx, kind=END_GRACE_JOB, subject=str(row.benefit_id))
            return [
                BenefitResumed(
                    **case, monthly_amount_fen=change.amount_fen, from_on=change.from_on, back_pay_fen=owed_fen
                )
            ]
        case Change.GRACE:
            over_on = change.until_on + timedelta(days=1)
            over = replace(entry, cause="grace_over")
            await enter_from(tx, benefit_id=row.benefit_id, new=Amount(over_on, 0), entry=over, today=clock.today())
            await enter_grace(tx, row=row, change_id=change.change_id, since=change.from_on, until=over_on)
            await set_end(tx, benefit_id=row.benefit_id, from_on=over_on)
            return [
                GracePeriodStarted(
                    **case,
                    monthly_amount_fen=change.amount_fen,
                    starts_on=change.from_on,
                    ends_on=change.until_on,
                )
            ]
        case Change.END:
            await leave_tier(tx, row=row, on=change.from_on, cause="change", cause_id=change.change_id)
            await forget_clocks(tx, row.benefit_id)
            return [BenefitEnded(**case, ends_on=change.from_on - timedelta(days=1))]
