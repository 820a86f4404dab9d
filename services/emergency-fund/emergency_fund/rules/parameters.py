"""The dated parameters of the street reserves, as questions. The amounts stand in parameters.yaml."""

from datetime import date
from fractions import Fraction
from pathlib import Path

from emergency_fund.rules.grant import Limit
from emergency_fund.rules.reconciliation import BankPeriods
from shared.parameters import Parameters
from shared.working_days import WorkingCalendar

PARAMETERS = Parameters.load(Path(__file__).parent.parent / "parameters.yaml")
CALENDAR = WorkingCalendar()


def limit(standard_fen: int, *, on: date, raised_to: int | None = None) -> Limit:
    """What grants stay strictly below, given the urban dibao standard in force on that day.

    `raised_to` is the multiple of a declared emergency; it never lowers the limit.
    """
    multiple = int(PARAMETERS.value("street_reserve_multiple", on=on).value)
    return Limit(standard_fen, max(multiple, raised_to or 0))


def small_fen(standard_fen: int, *, on: date) -> int:
    """The most that a clerk may pay at once, for one household and incident. Clause 4.2.1."""
    return standard_fen * int(PARAMETERS.value("small_amount_multiple", on=on).value)


def approve_by(*, paid_on: date) -> date:
    """The last day on which a payment at once is approved."""
    return CALENDAR.add_working_days(paid_on, int(PARAMETERS.value("approval_after_working_days", on=paid_on).value))


def same_incident_days(*, on: date) -> int:
    """Within how many days what a household is given counts as for one incident."""
    return int(PARAMETERS.value("same_incident_days", on=on).value)


def low_water_ratio(*, on: date) -> Fraction:
    """The share of the float below which cash must be refilled."""
    return Fraction(PARAMETERS.value("low_water_ratio", on=on).value)


def paper_due_on(*, paid_on: date) -> date:
    """The last day for a paper that was missing at payment."""
    days = int(PARAMETERS.value("paper_debt_working_days", on=paid_on).value)
    return CALENDAR.add_working_days(paid_on, days)


def stage_overdue_after(*, due_on: date) -> date:
    """The last working day on which a stage that was due may be paid without being late."""
    return CALENDAR.add_working_days(due_on, int(PARAMETERS.value("stage_working_days", on=due_on).value))


def follow_up_due_on(*, follow_up_round: int, opened_on: date) -> date:
    """The last day for a look at the household; on a rest day it moves to the next working day."""
    name = "follow_up_days" if follow_up_round == 1 else "second_follow_up_days"
    return CALENDAR.add_days(opened_on, int(PARAMETERS.value(name, on=opened_on).value))


def ask_again_on(*, answered_on: date) -> date:
    """The day on which a reserve that is still low asks finance again."""
    days = int(PARAMETERS.value("replenishment_retry_working_days", on=answered_on).value)
    return CALENDAR.add_working_days(answered_on, days)


def bank_periods(*, on: date) -> BankPeriods:
    """How far lines and postings may lie apart, and how long each may wait for the other."""
    names = ("bank_match_days", "bank_grace_days", "bank_statement_days")
    return BankPeriods(*(int(PARAMETERS.value(name, on=on).value) for name in names))
