"""Events of eligibility: standards, and the supplement that follows prices."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from shared.events.contract import DistrictEvent, HouseholdEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"


class StandardPublished(DistrictEvent, topic="eligibility", type="eligibility.standard-published.v1", clause="3.2"):
    """A dated parameter got a value. Others keep a copy of the ones they need."""

    example: ClassVar = {
        "parameter": "urban_dibao_standard",
        "value": "910",
        "unit": "yuan/person/month",
        "first_day": "2022-04-01",
        "source": "Wuhan, 2022-04-27",
        "assumed": False,
    }

    parameter: str
    value: str
    unit: str
    first_day: date
    source: str
    assumed: bool


class ShadowRunCompleted(DistrictEvent, topic="eligibility", type="eligibility.shadow-run-completed.v1", clause="3.2"):
    """A proposed standard was tried on every household on record. Nothing was changed."""

    example: ClassVar = {
        "run_id": "01930000-0000-7000-8000-000000000010",
        "standard_id": "01930000-0000-7000-8000-000000000011",
        "households": 2400,
        "entering": 31,
        "leaving": 0,
        "changing": 1980,
        "cost_before_fen": 210_000_000,
        "cost_after_fen": 219_000_000,
    }

    run_id: UUID
    standard_id: UUID
    households: int
    entering: int
    leaving: int
    changing: int
    cost_before_fen: int
    cost_after_fen: int
    """A month's, of benefits in payment and of households that would enter."""


class RecomputationCompleted(
    DistrictEvent, topic="eligibility", type="eligibility.recomputation-completed.v1", clause="3.2"
):
    """Every benefit in payment was recomputed from the first day of new standards."""

    example: ClassVar = {
        "since": "2023-04-01",
        "raised": 1980,
        "unchanged": 12,
        "to_decide": 3,
        "back_pay_fen": 9_000_000,
    }

    since: date
    raised: int
    unchanged: int
    to_decide: int
    """Benefits that would fall or end, or that an officer set: nothing is cut before somebody is heard."""
    back_pay_fen: int


class PriceLinkageStarted(
    DistrictEvent, topic="eligibility", type="eligibility.price-linkage-started.v1", clause="3.1"
):
    """Prices rose by a trigger or more: the supplement begins with this month."""

    example: ClassVar = {"month": "2022-09-01", "cpi_rise": "3.1", "food_rise": "4.8", "amount_per_person_fen": 2821}

    month: date
    cpi_rise: str
    """Percent over the same month a year before."""
    food_rise: str
    amount_per_person_fen: int


class PriceLinkageEnded(DistrictEvent, topic="eligibility", type="eligibility.price-linkage-ended.v1", clause="3.1"):
    """Both indices are below their triggers again: there is no supplement for this month."""

    example: ClassVar = {"month": "2022-11-01", "cpi_rise": "1.6", "food_rise": "3.7"}

    month: date
    cpi_rise: str
    food_rise: str


class PriceSubsidyDue(HouseholdEvent, topic="eligibility", type="eligibility.price-subsidy-due.v1", clause="3.1"):
    """A household gets the price supplement of one month, once for each person."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "street": "420106009",
        "month": "2022-09-01",
        "persons": 3,
        "amount_fen": 8463,
        "due_on": "2022-11-07",
    }

    street: str
    month: date
    persons: int
    amount_fen: int
    due_on: date
