"""The life of a benefit: its states, its amount month by month, its reviews, and who is heard before a cut.

Clauses 2.1.1 to 2.1.6; 民发〔2021〕57号 arts 21, 31 and 32; 民政部2022年10月20日通知; Social Assistance Law art. 48.
What a person is owed counts in whole months: every amount is from the first day of a month on, up to the next one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Literal

from eligibility.rules.engine.dates import completed_years, later_by_months

HEARING_SINCE = date(2026, 7, 1)
"""First day of the Social Assistance Law: whoever loses something is heard before it is decided (art. 48)."""
DEATH_REVIEW_MONTHS = 3
"""A member's death is dealt with in three months (民政部2022年10月20日通知)."""
REVIEW_OPENS_MONTHS = 1
"""A review begins this long before its day, so that the family's money never waits for it. Ours."""


class BenefitState(StrEnum):
    """Where the newest decision on a benefit leads; from which day, its amounts say."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    IN_GRACE = "in_grace"
    ENDED = "ended"


class Change(StrEnum):
    """What may happen to a benefit."""

    ADJUST = "adjust"
    SUSPEND = "suspend"
    RESUME = "resume"
    GRACE = "grace"
    END = "end"


TRANSITIONS: Mapping[tuple[BenefitState, Change], BenefitState] = {
    (BenefitState.RUNNING, Change.ADJUST): BenefitState.RUNNING,
    (BenefitState.RUNNING, Change.SUSPEND): BenefitState.SUSPENDED,
    (BenefitState.RUNNING, Change.GRACE): BenefitState.IN_GRACE,
    (BenefitState.RUNNING, Change.END): BenefitState.ENDED,
    (BenefitState.SUSPENDED, Change.RESUME): BenefitState.RUNNING,
    (BenefitState.SUSPENDED, Change.END): BenefitState.ENDED,
    (BenefitState.IN_GRACE, Change.RESUME): BenefitState.RUNNING,
    (BenefitState.IN_GRACE, Change.END): BenefitState.ENDED,
}


def next_benefit_state(state: BenefitState, change: Change) -> BenefitState | None:
    """Where the change leads, or None where it is not open."""
    return TRANSITIONS.get((state, change))


@dataclass(frozen=True, slots=True)
class Amount:
    """What is owed a month from a day on, until the next amount. Zero while suspended and after the end."""

    from_on: date
    amount_fen: int


def amount_on(amounts: Iterable[Amount], day: date) -> int:
    """What is owed for the month of a day. Of two amounts from the same day the later entry counts."""
    newest = Amount(date.min, 0)
    for one in amounts:
        if newest.from_on <= one.from_on <= day:
            newest = one
    return newest.amount_fen


def most_owed(amounts: Sequence[Amount], since: date, *, until: date | None = None) -> int:
    """The most that is owed for any month from `since` on, of those that begin before `until`; None: for good."""
    later = (one.from_on for one in amounts if since < one.from_on and (until is None or one.from_on < until))
    return max(amount_on(amounts, day) for day in (since, *later))


def next_amount_on(amounts: Iterable[Amount], day: date) -> date | None:
    """The day of the first amount after this day, up to which an amount from this day on counts."""
    return min((one.from_on for one in amounts if one.from_on > day), default=None)


def first_of_month_after(day: date) -> date:
    """The first day of the month after (57 art. 21)."""
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, 1)


def months_between(first: date, until: date) -> int:
    """Months that begin from `first` on and before `until`; both are first days of a month."""
    return max(0, (until.year - first.year) * 12 + until.month - first.month)


def back_pay(amounts: Sequence[Amount], new: Amount, *, today: date) -> int:
    """What an increase owes for the months that have begun already. A cut takes nothing back."""
    begun_until = first_of_month_after(today)
    until = min(begun_until, next_amount_on(amounts, new.from_on) or begun_until)
    return max(0, new.amount_fen - amount_on(amounts, new.from_on)) * months_between(new.from_on, until)


Cause = Literal["reassessment", "own_wish", "recipient_died", "other"]


def needs_hearing(change: Change, *, old_fen: int, new_fen: int, cause: Cause, on: date) -> bool:
    """Whether the recipient is heard before it is decided. Grace counts as a loss: the benefit ends with it by itself.

    Nobody can be heard where the only recipient died, and nobody need be who asked for it.
    """
    if on < HEARING_SINCE or cause in {"own_wish", "recipient_died"}:
        return False
    return change in {Change.SUSPEND, Change.GRACE, Change.END} or new_fen < old_fen


@dataclass(frozen=True, slots=True)
class GracePeriod:
    """How long a benefit may go on: to the default last day, with a written reason to the cap (clause 2.1.4)."""

    from_on: date
    default_last_day: date
    last_day_at_most: date


def grace_period(from_on: date, *, months_default: int, months_at_most: int) -> GracePeriod:
    """The grace period that begins on the first day of a month."""

    def last_day(months: int) -> date:
        return later_by_months(from_on, months) - timedelta(days=1)

    return GracePeriod(from_on, last_day(min(months_default, months_at_most)), last_day(months_at_most))


@dataclass(frozen=True, slots=True)
class Recipient:
    """What of a person decides how often a benefit is reviewed. None: not known."""

    birth_date: date | None
    employment: str | None
    can_work: bool
    """Unless a severe disability or an illness says otherwise."""


_UNSTABLE_WORK = frozenset({"flexible", "self_employed", "unemployed"})
_WORKING_AGE = range(16, 60)
_SEVERE_GRADE = 2


def recipients(household: Mapping[str, Any], person_refs: Sequence[str]) -> list[Recipient]:
    """Those of a household, in the form of the facts contract, whom a benefit is for."""
    return [_recipient(member) for member in household["members"] if member["id"] in person_refs]


def _recipient(member: Mapping[str, Any]) -> Recipient:
    born = member.get("birth_date")
    # Nothing declared is no work; null is unknown.
    employment = member.get("employment", {"status": "unable"})
    disability = member.get("disability") or {}
    is_severely_disabled = (disability.get("grade") or 9) <= _SEVERE_GRADE
    is_ill = bool(member.get("serious_illness"))
    return Recipient(
        birth_date=None if born is None else date.fromisoformat(born),
        employment=None if employment is None else employment.get("status"),
        can_work=not is_severely_disabled and not is_ill,
    )


def is_stable(recipients: Iterable[Recipient], *, on: date) -> bool:
    """Nobody's income varies and nobody can work (57 art. 31). What is not known is taken as unstable."""
    return not any(_may_change(recipient, on) for recipient in recipients)


def _may_change(recipient: Recipient, on: date) -> bool:
    if recipient.employment is None or recipient.employment in _UNSTABLE_WORK or recipient.birth_date is None:
        return True
    is_of_working_age = completed_years(recipient.birth_date, on) in _WORKING_AGE
    return is_of_working_age and recipient.can_work and recipient.employment not in {"student", "unable"}


def review_due_on(after: date, *, months: int) -> date:
    """The day by which a benefit is reviewed again."""
    return later_by_months(after, months)


def review_opens_on(due_on: date) -> date:
    """The day on which a review begins by itself."""
    return later_by_months(due_on, -REVIEW_OPENS_MONTHS)
