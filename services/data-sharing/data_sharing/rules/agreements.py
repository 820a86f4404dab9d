"""Agreements to share (共享协议): what state follows which, by when each side acts, and what a look may have (12.1.1).

Regulation on Sharing Government Data (2025): a request states basis, purpose and fields; it is answered within one
working day, or ten where sharing is conditional; the data are given within twenty working days of the grant.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from data_sharing.rules.catalogue import Catalogue
from shared.working_days import WorkingCalendar

State = Literal["asked", "granted", "refused", "suspended", "ended"]
Sharing = Literal["unconditional", "conditional"]
Reason = Literal["agreement_missing", "agreement_not_in_force", "field_not_in_agreement", "quota_spent"]

TRANSITIONS: Mapping[State, frozenset[State]] = {
    "asked": frozenset({"granted", "refused"}),
    "granted": frozenset({"suspended", "ended"}),
    "suspended": frozenset({"granted", "ended"}),
    "refused": frozenset(),
    "ended": frozenset(),
}
STEPS: Mapping[str, State] = {
    "grant": "granted", "refuse": "refused", "suspend": "suspended", "resume": "granted", "end": "ended",
}  # fmt: skip
"""What the provider may do, and the state that follows."""
_FIRST_STEPS = frozenset({"grant", "refuse"})
ANSWER_WORKING_DAYS: Mapping[Sharing, int] = {"unconditional": 1, "conditional": 10}
EXTENSION_WORKING_DAYS = 10
SUPPLY_WORKING_DAYS = 20


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One agreement between who holds data and who uses them. `last_on` null: until it is ended."""

    agreement_id: UUID
    provider: str
    consumer: str
    purpose: str
    fields: frozenset[str]
    state: State
    first_on: date
    last_on: date | None
    daily_quota: int

    def is_in_force(self, day: date) -> bool:
        """Whether looks are open that day."""
        return self.state == "granted" and self.covers(day)

    def covers(self, day: date) -> bool:
        """Whether the day lies in its period."""
        return self.first_on <= day and (self.last_on is None or day <= self.last_on)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a look is not open. `agreement_id` names the agreement that stands in the way, if one does."""

    reason: Reason
    agreement_id: UUID | None = None


def refusal(  # one argument each for who, what for, what, and when
    agreements: Collection[Agreement],
    *,
    consumer: str,
    purpose: str,
    fields: Collection[str],
    used_today: Mapping[UUID, int],
    at: date,
) -> Refusal | None:
    """Why the agreements do not give these fields to this consumer on this day, or None."""
    of_consumer = [one for one in agreements if (one.consumer, one.purpose) == (consumer, purpose)]
    if not of_consumer:
        return Refusal(reason="agreement_missing")
    for field in sorted(fields):
        naming = [one for one in of_consumer if field in one.fields]
        if not naming:
            return Refusal(reason="field_not_in_agreement")
        if not any(one.is_in_force(at) for one in naming):
            return Refusal(reason="agreement_not_in_force", agreement_id=naming[0].agreement_id)
    for one in needed(of_consumer, consumer=consumer, purpose=purpose, fields=fields, at=at):
        if used_today.get(one.agreement_id, 0) >= one.daily_quota:
            return Refusal(reason="quota_spent", agreement_id=one.agreement_id)
    return None


def needed(
    agreements: Collection[Agreement], *, consumer: str, purpose: str, fields: Collection[str], at: date
) -> Sequence[Agreement]:
    """The agreements in force that a look at these fields uses: each counts the look once."""
    return sorted(
        (
            one
            for one in agreements
            if (one.consumer, one.purpose) == (consumer, purpose) and one.is_in_force(at) and one.fields & set(fields)
        ),
        key=lambda one: one.agreement_id,
    )


def next_state(state: State, step: str) -> State | None:
    """The state after a step; None where the step is not open."""
    following = STEPS[step]
    is_open = following in TRANSITIONS[state] and (state == "asked") == (step in _FIRST_STEPS)
    return following if is_open else None


def may_extend(state: State, sharing: Sharing, *, is_extended: bool, answer_on: date | None, today: date) -> bool:
    """Whether the provider may take more time to answer: once, in time, and only where sharing is conditional."""
    is_open = state == "asked" and answer_on is not None and today <= answer_on
    return is_open and sharing == "conditional" and not is_extended


def answer_on(asked_on: date, sharing: Sharing, calendar: WorkingCalendar, *, is_extended: bool = False) -> date:
    """The last day to grant or refuse. Raises ValueError for an extension that may not be."""
    if is_extended and sharing == "unconditional":
        raise ValueError("the time to answer an unconditional request is not extended")
    days = ANSWER_WORKING_DAYS[sharing] + (EXTENSION_WORKING_DAYS if is_extended else 0)
    return calendar.add_working_days(asked_on, days)


def not_there(fields: Collection[str], catalogue: Catalogue, *, files: AbstractSet[str]) -> tuple[str, ...]:
    """Data sets of these fields that nobody can look into: no file was delivered (`files`: those that were), or the
    interface is not connected.
    """
    named = {path.partition(".")[0] for path in fields} & catalogue.data_sets.keys()
    reached = {code: catalogue.data_sets[code].reached for code in named}
    absent = {code for code in named if reached[code] == "file"} - files
    absent |= {code for code in named if reached[code] == "rest"} - catalogue.called
    return tuple(sorted(absent))


def supply_on(granted_on: date, calendar: WorkingCalendar) -> date:
    """The last day to give the data after a grant."""
    return calendar.add_working_days(granted_on, SUPPLY_WORKING_DAYS)
