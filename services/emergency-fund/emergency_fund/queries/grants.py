"""Grants, and the limit that they are held against."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.rules import parameters
from emergency_fund.rules.grant import Limit
from emergency_fund.schemas.grants import (
    AppliedLimit,
    GrantRefusal,
    GrantView,
    Incident,
    MissingPaper,
    PaperDebt,
    Payment,
)
from emergency_fund.tables import emergency_grant, paper_debt, standard
from shared.problems import not_found


async def find_grant(tx: AsyncConnection, grant_id: UUID, *, for_update: bool = False) -> Row[Any]:
    """The row of a grant. Raises Problem 404, also for one that the caller may not see (or handle, for update)."""
    query = select(emergency_grant).where(emergency_grant.c.grant_id == grant_id)
    row = (await tx.execute(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise not_found("支付单", grant_id)
    return row


async def grant_view(tx: AsyncConnection, grant_id: UUID) -> GrantView:
    """A grant as callers see it. Raises Problem 404."""
    grant = await find_grant(tx, grant_id)
    debts = await tx.execute(select(paper_debt).where(paper_debt.c.grant_id == grant_id).order_by(paper_debt.c.debt_id))
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
        incident=Incident(cause=grant.cause, on=grant.occurred_on, place=grant.place),
        amount=grant.amount_fen,
        persons=grant.member_refs,
        payment=Payment(method=grant.payment_method, payee_ref=grant.payee_ref),
        papers_present=grant.papers_present,
        papers_missing=[MissingPaper(**missing) for missing in grant.papers_missing],
        debts=[PaperDebt.model_validate(debt, from_attributes=True) for debt in debts],
        limit=AppliedLimit(standard=grant.standard_fen, limit=grant.limit_fen, counted=grant.counted_fen),
        state=grant.state,
        requested_by=grant.requested_by,
        requested_at=grant.requested_at,
        approved_by=grant.approved_by,
        approved_at=grant.approved_at,
        refusal=refusal,
        paid_by=grant.paid_by,
        paid_at=grant.paid_at,
        transfer_id=grant.transfer_id,
        closed_at=grant.closed_at,
    )


async def limit_on(tx: AsyncConnection, day: date) -> Limit | None:
    """The limit in force on a day; None when no standard is known for it."""
    amount_fen = await tx.scalar(
        select(standard.c.amount_fen).where(standard.c.first_day <= day).order_by(standard.c.first_day.desc()).limit(1)
    )
    if amount_fen is None:
        return None
    return parameters.limit(amount_fen, on=day)
