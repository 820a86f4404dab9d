"""What eligibility keeps. The migrations hold the constraints and the row-level security."""

from eligibility.tables.benefits import (
    benefit,
    benefit_amount,
    benefit_change,
    hearing,
    household_change,
    register_entry,
    suggestion,
)
from eligibility.tables.cases import application, assessment, decision, measure, objection, referral
from eligibility.tables.duties import calendar_correction, complaint, recusal, resolution
from eligibility.tables.screenings import finding, screening, screening_match, screening_part, screening_rejection
from eligibility.tables.standards import (
    calendar_edition,
    parameter_set,
    price_reading,
    price_subsidy,
    published_parameter,
    recomputation,
    shadow_effect,
    shadow_run,
    standard,
    toolbook_edition,
)

__all__ = [
    "application",
    "assessment",
    "benefit",
    "benefit_amount",
    "benefit_change",
    "calendar_correction",
    "calendar_edition",
    "complaint",
    "decision",
    "finding",
    "hearing",
    "household_change",
    "measure",
    "objection",
    "parameter_set",
    "price_reading",
    "price_subsidy",
    "published_parameter",
    "recomputation",
    "recusal",
    "referral",
    "register_entry",
    "resolution",
    "screening",
    "screening_match",
    "screening_part",
    "screening_rejection",
    "shadow_effect",
    "shadow_run",
    "standard",
    "suggestion",
    "toolbook_edition",
]
