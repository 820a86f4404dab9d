"""A new answer against the benefits that run: what officers should change. A suggestion changes nothing by itself.

Clauses 2.1.4, 6.1 and 12.3.2; 民发〔2021〕57号 arts 28 and 31. What waits for an unknown fact suggests nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from eligibility.rules.benefits import BenefitState, first_of_month_after
from eligibility.rules.decisions import CIVIL_AFFAIRS, PolicyAnswer, lost_identifications

SuggestionKind = Literal["adjust", "resume", "grace", "end", "decide"]

_DIBAO, _GRACE = "dibao", "dibao_grace"
_LASTING_KINDS = frozenset({"cash_monthly", "identification"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBenefit:
    """A benefit that has not ended, as a reassessment sees it."""

    benefit_id: UUID
    policy: str
    state: BenefitState
    monthly_amount_fen: int
    person_refs: tuple[str, ...]
    starts_on: date
    grace_since: date | None
    review_opened_on: date | None
    """From which day on a verification completes its review; None where none is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What officers should look at. `decide`: an entitlement that nobody has decided on yet, or an identification whose
    ground is gone.
    """

    kind: SuggestionKind
    policy: str
    from_on: date
    reason: str
    benefit_id: UUID | None = None
    amount_fen: int | None = None
    person_refs: tuple[str, ...] = ()
    until_on: date | None = None


def suggestions(
    live: Sequence[LiveBenefit],
    answers: Mapping[str, PolicyAnswer],
    *,
    recognised: Mapping[str, date | None],
    on: date,
) -> list[Suggestion]:
    """What should change from the next month on. `recognised`: identifications that are in force, with the first day on
    which each is over by itself.
    """
    found = [one for benefit in live for one in _about(benefit, answers, on)]
    known = {benefit.policy for benefit in live} | set(recognised) | {_GRACE}
    lost = lost_identifications(answers, recognised)
    for policy, answer in sorted(answers.items()):
        is_lasting = answer.kind in _LASTING_KINDS and answer.department == CIVIL_AFFAIRS and not answer.on_request
        is_new = answer.eligible and is_lasting and policy not in known
        if is_new or policy in lost:
            found.append(
                Suggestion(
                    kind="decide",
                    policy=policy,
                    from_on=first_of_month_after(on),
                    reason=answer.reason,
                    amount_fen=answer.monthly_amount_fen,
                    person_refs=answer.person_refs,
                )
            )
    return found


def awaits(benefit: LiveBenefit, answers: Mapping[str, PolicyAnswer]) -> bool:
    """Whether it is not known yet how the benefit should go on."""
    answer = answers[benefit.policy]
    if answer.eligible is None or (answer.eligible and answer.monthly_amount_fen is None):
        return True
    return benefit.policy == _DIBAO and not answer.eligible and answers[_GRACE].eligible is None


def _about(benefit: LiveBenefit, answers: Mapping[str, PolicyAnswer], on: date) -> Iterator[Suggestion]:
    if awaits(benefit, answers):
        return
    answer = answers[benefit.policy]
    grace = answers[_GRACE] if benefit.policy == _DIBAO else None
    from_on = first_of_month_after(on)
    if answer.eligible and answer.monthly_amount_fen:
        yield from _go_on(benefit, answer, from_on)
    elif grace is not None and grace.eligible:
        if benefit.state is not BenefitState.IN_GRACE:
            yield Suggestion(
                kind="grace",
                policy=benefit.policy,
                benefit_id=benefit.benefit_id,
                from_on=from_on,
                until_on=grace.last_day,
                amount_fen=benefit.monthly_amount_fen,
                person_refs=benefit.person_refs,
                reason=grace.reason,
            )
    else:
        yield Suggestion(
            kind="end", policy=benefit.policy, benefit_id=benefit.benefit_id, from_on=from_on, reason=answer.reason
        )


def _go_on(benefit: LiveBenefit, answer: PolicyAnswer, from_on: date) -> Iterator[Suggestion]:
    now = (answer.monthly_amount_fen, set(answer.person_refs))
    if benefit.state is BenefitState.RUNNING and now == (benefit.monthly_amount_fen, set(benefit.person_refs)):
        return
    yield Suggestion(
        kind="adjust" if benefit.state is BenefitState.RUNNING else "resume",
        policy=benefit.policy,
        benefit_id=benefit.benefit_id,
        from_on=from_on,
        amount_fen=answer.monthly_amount_fen,
        person_refs=answer.person_refs,
        reason=answer.reason,
    )
