"""What the resident reads of each event (clauses 1.5, 8.7): a kind for programs and plain Chinese words for people.

No officer's name and no personal fact goes into a text. Looks at personal data are not here: data-sharing's access
ledger shows them.
"""

from intake.rules.timeline import benefits, decisions, emergency, referrals, verification
from intake.rules.timeline.words import Line, Lines
from shared.events import Event

__all__ = ["EVENTS", "Line", "line_of"]

_LINES: Lines = {
    **verification.LINES,
    **decisions.LINES,
    **benefits.LINES,
    **referrals.LINES,
    **emergency.LINES,
}

EVENTS: tuple[type[Event], ...] = tuple(_LINES)
"""Every event that has a line."""


def line_of(event: Event) -> Line:
    """The line of an event. Raises KeyError for an event that has no place on the time line."""
    return _LINES[type(event)](event)
