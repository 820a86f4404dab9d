"""What an assessment means for the benefits that run: suggestions to officers, reviews that are done, clocks ahead."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.reviews import close_review, plan_changes
from eligibility.queries.assessments import newest_assessment_of
from eligibility.queries.benefits import live_benefits, recognised_policies
from eligibility.rules.benefits import first_of_month_after
from eligibility.rules.changes import shares_of, with_benefits
from eligibility.rules.decisions import PolicyAnswer, policy_answers
from eligibility.rules.reassessment import LiveBenefit, Suggestion, awaits, suggestions
from eligibility.tables import benefit, suggestion
from shared.ids import new_id
from shared.money import format_yuan


async def with_running_benefits(
    tx: AsyncConnection, *, household_id: UUID, household: Mapping[str, Any], on: date
) -> dict[str, Any]:
    """The facts with what eligibility itself pays the household: it knows that better than any register."""
    had = await tx.execute(sa.select(benefit.c.policy).where(benefit.c.household_id == household_id))
    members = [member["id"] for member in household["members"]]
    return with_benefits(
        household,
        policies=had.scalars(),
        receiving=[
            _receiving(one, members, on) for one in await live_benefits(tx, household_id) if one.starts_on <= on
        ],
    )


async def follow_assessment(
    tx: AsyncConnection,
    *,
    row: sa.Row[Any],
    assessment_id: UUID,
    result: Mapping[str, Any],
    facts: Mapping[str, Any],
    verified_on: date,
    on: date,
) -> None:
    """Suggest what should change about the household's benefits. Where nothing should, a review that was open is done,
    if the facts were verified since it opened.
    """
    live = await live_benefits(tx, row.household_id)
    recognised = await recognised_policies(tx, row.household_id, on=on)
    if not live and not recognised:
        return
    answers = policy_answers(result)
    concerned = await _suggest_changes(
        tx,
        household_id=row.household_id,
        street=row.street,
        assessment_id=assessment_id,
        live=live,
        recognised=recognised,
        answers=answers,
        on=on,
    )
    await plan_changes(tx, household_id=row.household_id, facts=facts, on=on)
    for one in live:
        is_settled = one.benefit_id not in concerned and not awaits(one, answers)
        is_open = one.review_opened_on is not None and verified_on >= one.review_opened_on
        if is_settled and is_open:
            await close_review(tx, benefit_id=one.benefit_id, household_id=row.household_id, on=on)


async def catch_up(tx: AsyncConnection, *, row: sa.Row[Any], decided: Collection[str], on: date) -> None:
    """A decision came into force: what was suggested to decide is done, and what was learned of the household between
    the assessment on which it rests and today is suggested.
    """
    newest = await newest_assessment_of(tx, row.household_id)
    assert newest is not None, "what was decided was assessed"
    live = await live_benefits(tx, row.household_id)
    recognised = await recognised_policies(tx, row.household_id, on=on)
    if newest.assessment_id == row.assessment_id or not (live or recognised):
        await tx.execute(
            sa.update(suggestion)
            .where(
                suggestion.c.household_id == row.household_id,
                suggestion.c.state == "open",
                suggestion.c.kind == "decide",
                suggestion.c.policy.in_(decided),
            )
            .values(state="superseded")
        )
        return
    await _suggest_changes(
        tx,
        household_id=row.household_id,
        street=newest.street,
        assessment_id=newest.assessment_id,
        live=live,
        recognised=recognised,
        answers=policy_answers(json.loads(newest.result)),
        on=on,
    )


async def _suggest_changes(
    tx: AsyncConnection,
    *,
    household_id: UUID,
    street: str,
    assessment_id: UUID,
    live: Sequence[LiveBenefit],
    recognised: Mapping[str, date | None],
    answers: Mapping[str, PolicyAnswer],
    on: date,
) -> set[UUID | None]:
    """What the answers of an assessment say should change. Returns the benefits that it is about."""
    found = suggestions(live, answers, recognised=recognised, on=on)
    await _suggest(tx, household_id=household_id, street=street, assessment_id=assessment_id, found=found)
    return {one.benefit_id for one in found}


async def suggest_end_of_all(tx: AsyncConnection, *, household_id: UUID, street: str, on: date) -> None:
    """Nobody is left in the household."""
    found = [
        Suggestion(
            kind="end",
            policy=one.policy,
            benefit_id=one.benefit_id,
            from_on=first_of_month_after(on),
            reason="家庭已无共同生活成员",
        )
        for one in await live_benefits(tx, household_id)
    ]
    await _suggest(tx, household_id=household_id, street=street, assessment_id=None, found=found)


async def _suggest(
    tx: AsyncConnection, *, household_id: UUID, street: str, assessment_id: UUID | None, found: list[Suggestion]
) -> None:
    await tx.execute(
        sa.update(suggestion)
        .where(suggestion.c.household_id == household_id, suggestion.c.state == "open")
        .values(state="superseded")
    )
    for one in found:
        await tx.execute(
            sa.insert(suggestion).values(
                suggestion_id=new_id(),
                assessment_id=assessment_id,
                household_id=household_id,
                street=street,
                kind=one.kind,
                policy=one.policy,
                benefit_id=one.benefit_id,
                from_on=one.from_on,
                until_on=one.until_on,
                amount_fen=one.amount_fen,
                person_refs=list(one.person_refs),
                reason=one.reason,
                state="open",
            )
        )


def _receiving(one: LiveBenefit, members: list[str], on: date) -> dict[str, Any]:
    # A grace period that is decided and has not begun is still the benefit itself.
    grace_since = one.grace_since if one.grace_since is not None and one.grace_since <= on else None
    return {
        "policy": one.policy if grace_since is None else "dibao_grace",
        "monthly_amount": format_yuan(one.monthly_amount_fen),
        "since": (grace_since or one.starts_on).isoformat(),
        "shares": {
            name: format_yuan(part)
            for name, part in shares_of(one.monthly_amount_fen, one.person_refs, members=members).items()
        },
    }
