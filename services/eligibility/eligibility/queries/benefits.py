"""Benefits that the caller may see, with what is owed for them and what is about to change."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.queries.benefit_changes import change_view
from eligibility.rules.benefits import Amount, BenefitState, amount_on
from eligibility.rules.reassessment import LiveBenefit
from eligibility.schemas.benefits import AmountView, BenefitDetail, BenefitView
from eligibility.tables import benefit, benefit_amount, benefit_change, decision, referral, register_entry
from shared.auth import Principal
from shared.problems import not_found

_IDENTIFICATIONS = ("low_income_margin", "rigid_expenditure")


async def benefit_row(tx: AsyncConnection, benefit_id: UUID, *, locked: bool = False) -> sa.Row[Any]:
    """A benefit that the caller may see. Raises Problem 404."""
    statement = sa.select(benefit).where(benefit.c.benefit_id == benefit_id)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise not_found("待遇", benefit_id)
    return row


async def amounts_of(tx: AsyncConnection, benefit_id: UUID) -> list[Amount]:
    """What is owed for a benefit, in the order of entry."""
    found = await tx.execute(
        sa.select(benefit_amount.c.from_on, benefit_amount.c.amount_fen)
        .where(benefit_amount.c.benefit_id == benefit_id)
        .order_by(benefit_amount.c.entry)
    )
    return [Amount(row.from_on, row.amount_fen) for row in found]


async def live_benefits(tx: AsyncConnection, household_id: UUID) -> list[LiveBenefit]:
    """The household's benefits that have not ended, by policy."""
    found = await tx.execute(
        sa.select(benefit)
        .where(benefit.c.household_id == household_id, benefit.c.state != BenefitState.ENDED)
        .order_by(benefit.c.policy)
    )
    return [
        LiveBenefit(
            benefit_id=row.benefit_id,
            policy=row.policy,
            state=BenefitState(row.state),
            monthly_amount_fen=row.monthly_amount_fen,
            person_refs=tuple(row.person_refs),
            starts_on=row.starts_on,
            grace_since=row.grace_since,
            review_opened_on=row.review_opened_on,
        )
        for row in found
    ]


async def recognised_policies(tx: AsyncConnection, household_id: UUID, *, on: date) -> dict[str, date | None]:
    """Identifications of the household that are in force on a day, and the first day on which each is over."""
    found = await tx.execute(
        sa.select(register_entry.c.policy, register_entry.c.until).where(
            register_entry.c.household_id == household_id,
            register_entry.c.policy.in_(_IDENTIFICATIONS),
            register_entry.c.since <= on,
            sa.or_(register_entry.c.until.is_(None), register_entry.c.until > on),
        )
    )
    return {row.policy: row.until for row in found}


async def settled_policies(
    tx: AsyncConnection, *, household_id: UUID, application_id: UUID, on: date
) -> frozenset[str]:
    """What runs already for the household, or was handed over for this application: not decided a second time."""
    live = {one.policy for one in await live_benefits(tx, household_id)}
    handed_over = await tx.execute(
        sa.select(referral.c.policy)
        .join(decision, decision.c.decision_id == referral.c.decision_id)
        .where(decision.c.application_id == application_id)
    )
    return frozenset({*live, *handed_over.scalars(), *await recognised_policies(tx, household_id, on=on)})


async def benefits_of(tx: AsyncConnection, household_id: UUID) -> Sequence[BenefitView]:
    """The household's benefits that the caller may see, newest first."""
    rows = await tx.execute(
        sa.select(benefit).where(benefit.c.household_id == household_id).order_by(benefit.c.benefit_id.desc())
    )
    return [BenefitView.model_validate(_plain(row)) for row in rows]


async def benefit_detail(tx: AsyncConnection, row: sa.Row[Any], *, caller: Principal, on: date) -> BenefitDetail:
    """A benefit with its history. Residents do not see who handled it."""
    entries = await tx.execute(
        sa.select(benefit_amount).where(benefit_amount.c.benefit_id == row.benefit_id).order_by(benefit_amount.c.entry)
    )
    changes = await tx.execute(
        sa.select(benefit_change)
        .where(benefit_change.c.benefit_id == row.benefit_id)
        .order_by(benefit_change.c.change_id)
    )
    return BenefitDetail(
        **_plain(row),
        owed_this_month=amount_on(await amounts_of(tx, row.benefit_id), on),
        amounts=[
            AmountView(
                from_on=one.from_on,
                amount=one.amount_fen,
                old_amount=one.old_amount_fen,
                back_pay=one.back_pay_fen,
                cause=one.cause,
                document=one.document,
                recorded_at=one.recorded_at,
            )
            for one in entries
        ],
        changes=[await change_view(tx, one, caller) for one in changes.all()],
    )


def _plain(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "benefit_id": row.benefit_id,
        "policy": row.policy,
        "state": row.state,
        "monthly_amount": row.monthly_amount_fen,
        "persons": row.person_refs,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "review_due_on": row.review_due_on,
    }
