"""The rules as code: who is entitled to what, and why. Pure: facts and a day in, answers out."""

from eligibility.rules.assessment import (
    Assessment,
    PolicyResult,
    assess,
    assess_case,
    read_case,
    toolbook_version,
)
from eligibility.rules.facts.records import FactsInvalid, Finding
from eligibility.rules.page import toolbook_page
from eligibility.rules.policies import PARAMETERS, TOOLBOOK
from eligibility.rules.publication import publish

__all__ = [
    "PARAMETERS",
    "TOOLBOOK",
    "Assessment",
    "FactsInvalid",
    "Finding",
    "PolicyResult",
    "assess",
    "assess_case",
    "publish",
    "read_case",
    "toolbook_page",
    "toolbook_version",
]
