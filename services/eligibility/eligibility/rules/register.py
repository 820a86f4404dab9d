"""The register of needy households: which decision puts a household on which tier, and for how long (clause 12.3.2).

国办发〔2023〕39号 names the groups. A period is half open; a tier without an end lasts until a change ends it.
"""

from datetime import date
from typing import Literal

from eligibility.rules.engine.dates import later_by_months

Tier = Literal[
    "tekun",
    "dibao",
    "single_person_dibao",
    "dibao_grace",
    "orphan",
    "defacto_unattended_child",
    "low_income_margin",
    "rigid_expenditure",
    "other",
]

_TIER_OF_POLICY: dict[str, Tier] = {
    "tekun": "tekun",
    "dibao": "dibao",
    "single_person_dibao": "single_person_dibao",
    "orphan": "orphan",
    "defacto_unattended_child": "defacto_unattended_child",
    "low_income_margin": "low_income_margin",
    "rigid_expenditure": "rigid_expenditure",
    "temporary_assistance": "other",
}
_OTHER_MONTHS = 12
"""Somebody helped once in an emergency is looked after for a year. Ours."""


def tier_of(policy: str) -> Tier | None:
    """The tier of those who are granted the policy, or None where it makes nobody a needy household."""
    return _TIER_OF_POLICY.get(policy)


def until_on(policy: str, since: date, *, months_at_most: int | None) -> date | None:
    """The first day on which the tier is over by itself, or None where it is not."""
    months = _OTHER_MONTHS if tier_of(policy) == "other" else months_at_most
    return None if months is None else later_by_months(since, months)
