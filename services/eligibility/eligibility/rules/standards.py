"""Standards: which values stand beside the packaged ones, what a new one must satisfy, and what it changes in payment.

Clause 3.2. A published value wins from its first day on; a correction is a new value for the same day, never an edit.
Amounts are by whole months: a month is paid by what holds on its first day.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from eligibility.rules.engine.checking import parameter_unit
from eligibility.rules.engine.expressions import Unit
from shared.parameters import Parameter, Parameters, ParameterValue

_SEPARATOR = "\x1f"
_YUAN_DECIMALS, _RATIO_DECIMALS = 2, 4
_MOST_YEARS_AHEAD = 3


class StandardState(StrEnum):
    """Where a standard stands."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    RETURNED = "returned"


class StandardStep(StrEnum):
    """What may happen to a standard."""

    CONFIRM = "confirm"
    RETURN = "return"


TRANSITIONS: Mapping[tuple[StandardState, StandardStep], StandardState] = {
    (StandardState.PROPOSED, StandardStep.CONFIRM): StandardState.PUBLISHED,
    (StandardState.PROPOSED, StandardStep.RETURN): StandardState.RETURNED,
}


@dataclass(frozen=True, slots=True)
class Standard:
    """A new value of a parameter from its first day on, and the document that orders it."""

    parameter: str
    value: Decimal
    first_day: date
    document_number: str
    issued_on: date

    @property
    def source(self) -> str:
        """Where the value is from, as every answer that rests on it says."""
        return f"{self.document_number}（{self.issued_on}）"


def standing(base: Parameters, standards: Iterable[Standard]) -> Parameters:
    """The packaged parameters with the standards beside them; of two for one day the later in order wins."""
    values: dict[str, dict[date, ParameterValue]] = {}
    for one in standards:
        parameter = base.parameter(one.parameter)
        days = values.setdefault(one.parameter, {value.first_day: value for value in parameter.values})
        days[one.first_day] = ParameterValue(
            one.parameter, one.value, parameter.unit, one.first_day, one.source, assumed=False, label=parameter.label
        )
    merged = {
        name: Parameter(
            name,
            base.parameter(name).unit,
            tuple(days[day] for day in sorted(days)),
            base.parameter(name).label,
        )
        for name, days in values.items()
    }
    return base.replaced_by(Parameters(merged, "standards on record")) if merged else base


def parameters_version(parameters: Parameters) -> str:
    """A hash of every value of every parameter."""
    lines = [
        _SEPARATOR.join((name, value.unit, str(value.first_day), str(value.value), value.source, str(value.assumed)))
        for name in sorted(parameters.names())
        for value in parameters.parameter(name).values
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class StandardFault:
    """Why a standard cannot be proposed: the field, what was found there, and the way out, for people."""

    code: str
    field: str
    value: str
    message: str


def decimals_of(unit: str) -> int:
    """How many decimals a value in that unit may have: fen of yuan, ten-thousandths of a ratio, whole things."""
    kind, is_ratio = parameter_unit(unit)
    if kind is Unit.FEN:
        return _YUAN_DECIMALS
    return _RATIO_DECIMALS if is_ratio else 0


def faults_of(
    new: Standard, parameters: Parameters, *, unit: str, is_correction: bool, lower_is_meant: bool, today: date
) -> Iterator[StandardFault]:
    """Everything that speaks against a proposal, beside the parameters as they stand."""
    if new.parameter not in parameters:
        yield StandardFault("unknown_parameter", "parameter", new.parameter, "没有此参数，请查阅参数清单")
        return
    known = parameters.parameter(new.parameter)
    if unit != known.unit:
        yield StandardFault("wrong_unit", "unit", unit, f"该参数的单位是“{known.unit}”")
    decimals = decimals_of(known.unit)
    if new.value != round(new.value, decimals):
        yield StandardFault("too_many_decimals", "value", str(new.value), f"该参数至多{decimals}位小数")
    if new.issued_on > today:
        yield StandardFault("issued_in_future", "issued_on", str(new.issued_on), f"发文日期不能晚于今天（{today}）")
    if new.first_day.year > today.year + _MOST_YEARS_AHEAD:
        yield StandardFault(
            "too_far_ahead", "first_day", str(new.first_day), f"执行日期至多在{_MOST_YEARS_AHEAD}年之内"
        )
    stands = known.on(new.first_day)
    is_taken = stands is not None and stands.first_day == new.first_day
    if is_taken and not is_correction:
        yield StandardFault(
            "value_exists", "first_day", str(new.first_day), "该日已有数值；如须更正，请注明 correction 为 true"
        )
    if is_correction and not is_taken:
        yield StandardFault(
            "nothing_to_correct", "correction", str(new.first_day), "该日没有数值可更正，请去掉 correction"
        )
    if stands is not None and new.value < stands.value and not lower_is_meant:
        yield StandardFault(
            "lower_value",
            "value",
            str(new.value),
            f"低于此前的 {stands.value}（自 {stands.first_day}）；如确须降低，请注明 lower_value_confirmed 为 true",
        )


class RecomputationOutcome(StrEnum):
    """What a new standard does to one running benefit."""

    RAISED = "raised"
    """Applied at once."""
    UNCHANGED = "unchanged"
    LOWERED = "lowered"
    """Not applied: the recipient is heard before anything is cut."""
    LOST = "lost"
    """The ground is lost. Not applied, for the same reason."""
    UNDECIDED = "undecided"
    """Hangs on a fact that is not known."""
    BY_OFFICER = "by_officer"
    """An officer decided this amount, not the engine: an officer decides what becomes of it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a benefit has one amount: what it was until now, and what it becomes. None: not granted."""

    from_on: date
    until: date | None
    """The first day after; None where it is open."""
    old_amount_fen: int
    new_amount_fen: int | None
    is_undecided: bool = False


def _month_number(day: date) -> int:
    """Counts the months whose first day is before this day."""
    return day.year * 12 + day.month - (day.day == 1)


def first_whole_month(day: date) -> date:
    """The first day of the first month that begins on or after that day."""
    year, month = divmod(_month_number(day), 12)
    return date(year, month + 1, 1)


def change_days(parameters: Parameters, *, since: date, until: date) -> list[date]:
    """`since`, and every later day up to `until` on which a parameter has a new value."""
    days = {value.first_day for name in parameters.names() for value in parameters.parameter(name).values}
    return [since, *sorted(day for day in days if since < day <= until)]


def outcome_of(stretches: Sequence[Stretch], *, by_officer: bool) -> RecomputationOutcome:
    """What becomes of a benefit. Only a rise is applied without anybody being asked."""
    if by_officer:
        return RecomputationOutcome.BY_OFFICER
    if any(one.is_undecided for one in stretches):
        return RecomputationOutcome.UNDECIDED
    rises = []
    for one in stretches:
        if one.new_amount_fen is None:
            return RecomputationOutcome.LOST
        rises.append(one.new_amount_fen - one.old_amount_fen)
    if min(rises) < 0:
        return RecomputationOutcome.LOWERED
    return RecomputationOutcome.RAISED if max(rises) > 0 else RecomputationOutcome.UNCHANGED
