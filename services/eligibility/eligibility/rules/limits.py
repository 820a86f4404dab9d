"""Periods of the procedures, in whole days or months, as the dated parameters say."""

from datetime import date

from eligibility.rules.policies import PARAMETERS


def limit(name: str, *, on: date) -> int:
    """The number of days or months in force on a day. Raises ParameterMissing where there is none yet."""
    return int(PARAMETERS.value(name, on=on).value)
