"""Grants, and the limit that they are held against."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, any_, bindparam, exists, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.emergencies import emergency_on
from emergency_fund.queries.follow_ups import follow_ups_of
from emergency_fund.queries.stages import plan_view
from emergency_fund.rules import parameters
from emergency_fund.rules.grant import Limit
from emergency_fund.schemas.follow_ups import FollowUpView
from emergency_fund.schemas.grants import (
    AppliedLimit,
    GrantRefusal,
    GrantView,
    Incident,
    MissingPaper,
    PaperDebt,
    Payment,
)
from emergency_fund.schemas.stages import PlanView
from emergency_fund.tables import emergency_grant, grant_plan, paper_debt, standard
from shared.problems import Problem, not_found

_HAS_PLAN = exists().where(grant_plan.c.grant_id == emergency_grant.c.grant_id).label("has_plan")
# Made once: a payment has little else that takes as long.
_FIND = select(emergency_grant, _HAS_PLAN).where(
    emergency_grant.c.grant_id == any_(bindparam("grant_ids", type_=ARRAY(Uuid)))
)
_FIND_FOR_UPDATE = _FIND.order_by(emergency_grant.c.grant_id).with_for_update(of=emergency_grant)


async def find_grant(tx: AsyncConnection, grant_id: UUID, *, for_update: bool = False) -> Row[Any]:
    """The row of a grant, and whether it `has_plan`. Raises Problem 404, also for one that the caller may not see (or
    handle, for update).
    """
    found = await find_grants(tx, [grant_id], for_update=for_update)
    if grant_id not in found:
        raise not_found("支付单", grant_id)
    return found[grant_id]


async def find_grants(
    tx: AsyncConnection, grant_ids: Sequence[UUID], *, for_update: bool = False
) -> dict[UUID, Row[Any]]:
    """Those of the grants that the caller may see (or handle, for update). They are locked in one order."""
    query = _FIND_FOR_UPDATE if for_update else _FIND
    return {row.grant_id: row for row in await tx.execute(query, {"grant_ids": list(grant_ids)})}


async def grant_view(tx: AsyncConnection, grant_id: UUID) -> GrantView:
    """A grant as callers see it. Raises Problem 404."""
    grant = await find_grant(tx, grant_id)
    debts = await tx.execute(select(paper_debt).where(paper_debt.c.grant_id == grant_id).order_by(paper_debt.c.debt_id))
    return view_of(
        grant,
        debts=[PaperDebt.model_validate(debt, from_attributes=True) for debt in debts],
        plan=await plan_view(tx, grant_id) if grant.has_plan else None,
        follow_ups=await follow_ups_of(tx, grant_id) if grant.transfer_id else [],
    )


def view_of(
    grant: Row[Any], *, debts: list[PaperDebt], follow_ups: list[FollowUpView], plan: PlanView | None = None
) -> GrantView:
    """A grant as callers see it, with what belongs to it."""
    refusal = None
    if grant.refusal_code is not None:
        refusal = GrantRefusal(
            code=grant.refusal_code,
            reason=grant.refusal_reason,
            route=grant.refusal_route,
            refused_by=grant.refused_by,
            refused_at=grant.refused_at,
        )
    return GrantView(
        grant_id=grant.grant_id,
        street=grant.street,
        household_id=grant.household_id,
        homeless_person_id=grant.homeless_person_id,
        incident=Incident(
            cause=grant.cause, on=grant.occurred_on, place=grant.place, separate_because=grant.separate_because
        ),
        amount=grant.amount_fen,
        persons=grant.member_refs,
        payment=Payment(method=grant.payment_method, payee_ref=grant.payee_ref),
        papers_present=grant.papers_present,
        papers_missing=[MissingPaper(**missing) for missing in grant.papers_missing],
        debts=debts,
        limit=AppliedLimit(
            standard=grant.standard_fen,
            limit=grant.limit_fen,
            counted=grant.counted_fen,
            emergency_id=grant.emergency_id,
        ),
        state=grant.state,
        requested_by=grant.requested_by,
        requested_at=grant.requested_at,
        approve_by=grant.approve_by,
        approved_by=grant.approved_by,
        approved_at=grant.approved_at,
        refusal=refusal,
        paid_by=grant.paid_by,
        paid_at=grant.paid_at,
        transfer_id=grant.transfer_id,
        closed_at=grant.closed_at,
        plan=plan,
        follow_ups=follow_ups,
    )


async def limit_on(tx: AsyncConnection, day: date, *, street: str) -> tuple[Limit, UUID | None]:
    """The limit of a street on a day, and the declared emergency that raised it. Raises Problem 503."""
    standard_fen = await tx.scalar(
        select(standard.c.amount_fen).where(standard.c.first_day <= day).order_by(standard.c.first_day.desc()).limit(1)
    )
    if standard_fen is None:
        raise Problem(
            503,
            "standard_unknown",
            "尚无当日城市低保标准",
            f"没有 {day} 适用的城市低保标准，无法核定限额",
            way_out="请联系区级管理员发布城市低保标准后重试",
        )
    ordinary = parameters.limit(standard_fen, on=day)
    declared = await emergency_on(tx, day, street=street)
    if declared is None or declared.limit_multiple <= ordinary.multiple:
        return ordinary, None
    return parameters.limit(standard_fen, on=day, raised_to=declared.limit_multiple), declared.emergency_id
