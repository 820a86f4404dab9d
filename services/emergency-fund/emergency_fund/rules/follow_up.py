"""Who looks after a household once it was paid, and how often. Clause 4.2.2.

The policy names follow-up for aid of the expenditure type (支出型). It is done for every grant: whether a sudden
trouble has become a lasting one is seen only afterwards. Where the spending goes on, a second look is owed as well.
"""

from enum import StrEnum

from shared.events.emergency_fund import IncidentCause

EXPENDITURE_CAUSES: frozenset[IncidentCause] = frozenset({"serious_illness"})
"""Causes that go on costing money after the day they happened."""
LAST_ROUND = 2


class FollowUpOutcome(StrEnum):
    """What was found."""

    RESOLVED = "resolved"
    NEEDS_MORE_HELP = "needs_more_help"
    UNREACHABLE = "unreachable"


class FollowUpRoute(StrEnum):
    """Where more help comes from."""

    APPLY_FOR_POLICY = "apply_for_policy"
    """An application through intake, which opens every policy."""
    STAGED_AID = "staged_aid"
    """Another grant of this fund with a plan, within the same limit."""
    DISTRICT = "district"
    """The district's temporary aid, above the limit of the street."""


def is_looked_at_again(*, completed_round: int, cause: str, outcome: FollowUpOutcome) -> bool:
    """Whether another round follows: the spending goes on, or nobody was reached. Never a third one."""
    if completed_round >= LAST_ROUND:
        return False
    return cause in EXPENDITURE_CAUSES or outcome is FollowUpOutcome.UNREACHABLE
