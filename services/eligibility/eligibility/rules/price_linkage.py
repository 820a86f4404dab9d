"""Price linkage: when a reading of consumer prices starts or ends the supplement, and how much it is. Clause 3.1.

发改价格〔2021〕1553号 and the notice of August 2022. A month counts for itself: recipients of that month get the
supplement of that month once; who is owed nothing for it, being suspended, is none.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from shared.money import FEN_PER_YUAN
from shared.parameters import Parameters

LINKED_POLICIES = ("dibao", "single_person_dibao", "dibao_grace", "tekun", "orphan", "defacto_unattended_child")
EXTRA_POLICIES = ("low_income_margin",)
"""Linked too while the extra groups are."""
_PERCENT = Decimal(100)


class LinkageStep(StrEnum):
    """What a reading does to the supplement."""

    STARTS = "starts"
    CONTINUES = "continues"
    ENDS = "ends"
    RESTS = "rests"


@dataclass(frozen=True, slots=True)
class PriceReading:
    """The rise of prices of a month over the same month a year before, in percent."""

    month: date
    """Its first day."""
    cpi_rise: Decimal
    food_rise: Decimal


def reaches_trigger(reading: PriceReading, parameters: Parameters) -> bool:
    """Whether one of the two indices rose by its trigger or more. Raises ParameterMissing before the first trigger."""
    pairs = ((reading.cpi_rise, "price_linkage_cpi_trigger"), (reading.food_rise, "price_linkage_food_trigger"))
    return any(rise / _PERCENT >= parameters.value(name, on=reading.month).value for rise, name in pairs)


def step_of(reading: PriceReading, parameters: Parameters, *, was_running: bool) -> LinkageStep:
    """What follows from the reading, after the months before it."""
    if reaches_trigger(reading, parameters):
        return LinkageStep.CONTINUES if was_running else LinkageStep.STARTS
    return LinkageStep.ENDS if was_running else LinkageStep.RESTS


def amount_per_person_fen(reading: PriceReading, parameters: Parameters) -> int:
    """The urban dibao standard times the rise of consumer prices times the multiplier, half up to the fen.

    Where food prices alone reached their trigger and consumer prices fell, it is nothing.
    """
    standard = parameters.value("urban_dibao_standard", on=reading.month).value
    multiplier = parameters.value("price_subsidy_multiplier", on=reading.month).value
    fen = standard * FEN_PER_YUAN * max(reading.cpi_rise, Decimal(0)) / _PERCENT * multiplier
    return int(fen.quantize(Decimal(1), ROUND_HALF_UP))


def linked_policies(parameters: Parameters, month: date) -> tuple[str, ...]:
    """The policies whose recipients of that month get the supplement."""
    has_extra = parameters.value("price_linkage_extra_groups", on=month).value == 1
    return LINKED_POLICIES + (EXTRA_POLICIES if has_extra else ())
