"""What an answer to verification says (1.2). "No record" means: we looked and there is nothing.

A data set that we do not hold cannot be looked in, so the answer is an error and never "no record".
"""

from collections.abc import Collection

from shared.events.data_sharing import AnswerOutcome


def answer_outcome(*, asked: Collection[str], held: Collection[str], record_count: int) -> AnswerOutcome:
    """The outcome of a query for some data sets."""
    if not asked or not set(asked) <= set(held):
        return "error"
    return "matched" if record_count else "no_record"
