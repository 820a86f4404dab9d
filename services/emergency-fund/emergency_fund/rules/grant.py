"""What may become of a grant, and the limit of the street reserve. Clauses 4.2.1, 4.2.3 and 4.3.3."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class GrantState(StrEnum):
    """Where a grant is."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    PAID_UNAPPROVED = "paid_unapproved"
    """Paid at once by the clerk; another person approves after."""
    OBJECTED = "objected"
    """Paid at once and not approved after: the money is to be recovered."""
    IN_STAGES = "in_stages"
    """A stage of its plan is paid, and at least one is still to come. Papers may be owed."""
    PAID = "paid"
    """Paid, and at least one paper is owed."""
    CLOSED = "closed"
    """Paid, and every paper is in or waived; nothing is asked back."""
    RECOVERING = "recovering"
    """Paid, no paper is owed, and money is asked back."""
    RETURNED = "returned"
    """Every fen of it is back in the reserve."""


class GrantAction(StrEnum):
    """What can be done with a grant."""

    APPROVE = "approve"
    REFUSE = "refuse"
    PAY_AT_ONCE = "pay_at_once"
    APPROVE_WITH_DEBTS = "approve_with_debts"
    APPROVE_AND_CLOSE = "approve_and_close"
    OBJECT = "object"
    PAY_BEFORE_PAPERS = "pay_before_papers"
    PAY_WITH_PAPERS = "pay_with_papers"
    PAY_STAGE = "pay_stage"
    END_PLAN_BEFORE_PAPERS = "end_plan_before_papers"
    END_PLAN_WITH_PAPERS = "end_plan_with_papers"
    SETTLE_DEBT = "settle_debt"
    SETTLE_LAST_DEBT = "settle_last_debt"
    SETTLE_LAST_DEBT_OF_CLAIMED = "settle_last_debt_of_claimed"
    CORRECT = "correct"
    """A part of it came back, or the last claim ended; the rest stays with the household."""
    CLAIM = "claim"
    """Something is asked back, or still is."""
    RETURN_ALL = "return_all"
    """The last of it came back."""
    GIVE_UP = "give_up"
    """The last of it was written off."""


TRANSITIONS: Mapping[tuple[GrantState, GrantAction], GrantState] = MappingProxyType(
    {
        (GrantState.REQUESTED, GrantAction.APPROVE): GrantState.APPROVED,
        (GrantState.REQUESTED, GrantAction.REFUSE): GrantState.REFUSED,
        (GrantState.APPROVED, GrantAction.REFUSE): GrantState.REFUSED,
        (GrantState.APPROVED, GrantAction.PAY_BEFORE_PAPERS): GrantState.PAID,
        (GrantState.APPROVED, GrantAction.PAY_WITH_PAPERS): GrantState.CLOSED,
        (GrantState.REQUESTED, GrantAction.PAY_AT_ONCE): GrantState.PAID_UNAPPROVED,
        (GrantState.PAID_UNAPPROVED, GrantAction.APPROVE_WITH_DEBTS): GrantState.PAID,
        (GrantState.PAID_UNAPPROVED, GrantAction.APPROVE_AND_CLOSE): GrantState.CLOSED,
        (GrantState.PAID_UNAPPROVED, GrantAction.OBJECT): GrantState.OBJECTED,
        (GrantState.PAID_UNAPPROVED, GrantAction.SETTLE_DEBT): GrantState.PAID_UNAPPROVED,
        (GrantState.PAID_UNAPPROVED, GrantAction.SETTLE_LAST_DEBT): GrantState.PAID_UNAPPROVED,
        (GrantState.OBJECTED, GrantAction.SETTLE_DEBT): GrantState.OBJECTED,
        (GrantState.OBJECTED, GrantAction.SETTLE_LAST_DEBT): GrantState.OBJECTED,
        (GrantState.OBJECTED, GrantAction.SETTLE_LAST_DEBT_OF_CLAIMED): GrantState.OBJECTED,
        (GrantState.OBJECTED, GrantAction.CORRECT): GrantState.OBJECTED,
        (GrantState.OBJECTED, GrantAction.CLAIM): GrantState.OBJECTED,
        (GrantState.OBJECTED, GrantAction.RETURN_ALL): GrantState.RETURNED,
        (GrantState.OBJECTED, GrantAction.GIVE_UP): GrantState.CLOSED,
        (GrantState.APPROVED, GrantAction.PAY_STAGE): GrantState.IN_STAGES,
        (GrantState.IN_STAGES, GrantAction.PAY_STAGE): GrantState.IN_STAGES,
        (GrantState.IN_STAGES, GrantAction.SETTLE_DEBT): GrantState.IN_STAGES,
        (GrantState.IN_STAGES, GrantAction.SETTLE_LAST_DEBT): GrantState.IN_STAGES,
        (GrantState.IN_STAGES, GrantAction.END_PLAN_BEFORE_PAPERS): GrantState.PAID,
        (GrantState.IN_STAGES, GrantAction.END_PLAN_WITH_PAPERS): GrantState.CLOSED,
        (GrantState.PAID, GrantAction.SETTLE_DEBT): GrantState.PAID,
        (GrantState.PAID, GrantAction.SETTLE_LAST_DEBT): GrantState.CLOSED,
        (GrantState.PAID, GrantAction.SETTLE_LAST_DEBT_OF_CLAIMED): GrantState.RECOVERING,
        (GrantState.PAID, GrantAction.CORRECT): GrantState.PAID,
        (GrantState.PAID, GrantAction.CLAIM): GrantState.PAID,
        (GrantState.PAID, GrantAction.RETURN_ALL): GrantState.RETURNED,
        (GrantState.PAID, GrantAction.GIVE_UP): GrantState.CLOSED,
        (GrantState.CLOSED, GrantAction.CORRECT): GrantState.CLOSED,
        (GrantState.CLOSED, GrantAction.CLAIM): GrantState.RECOVERING,
        (GrantState.CLOSED, GrantAction.RETURN_ALL): GrantState.RETURNED,
        (GrantState.CLOSED, GrantAction.GIVE_UP): GrantState.CLOSED,
        (GrantState.RECOVERING, GrantAction.CORRECT): GrantState.CLOSED,
        (GrantState.RECOVERING, GrantAction.CLAIM): GrantState.RECOVERING,
        (GrantState.RECOVERING, GrantAction.RETURN_ALL): GrantState.RETURNED,
        (GrantState.RECOVERING, GrantAction.GIVE_UP): GrantState.CLOSED,
    }
)
"""All that can happen. A grant that is refused by rule starts as refused."""


class NotPossibleNow(ValueError):
    """The action does not fit the grant's state."""

    def __init__(self, state: GrantState, action: GrantAction) -> None:
        super().__init__(f"{action} is not possible for a grant that is {state}")
        self.state = state
        self.action = action


def next_state(state: GrantState, action: GrantAction) -> GrantState:
    """The state after an action. Raises NotPossibleNow."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise NotPossibleNow(state, action) from None


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of one day: a multiple of the urban dibao standard in force, which grants stay strictly below."""

    standard_fen: int
    multiple: int

    @property
    def amount_fen(self) -> int:
        """4 x 910.00 is 3,640.00."""
        return self.standard_fen * self.multiple

    def is_below(self, amount_fen: int, *, counted_fen: int) -> bool:
        """Whether an amount, with what the same household already has for the same incident, stays below."""
        return counted_fen + amount_fen < self.amount_fen


def may_decide(subject: str, *, requested_by: str) -> bool:
    """Whoever asked for a grant decides neither on it nor on what is missing of it."""
    return subject != requested_by
