"""Which amount fits an answer to a street reserve's request (4.3.2, 及时补充)."""

from typing import Literal

Outcome = Literal["granted", "partly_granted", "refused"]


def granted_fen(outcome: Outcome, *, requested_fen: int, amount_fen: int | None) -> int | None:
    """What the reserve gets; None when the amount does not fit the outcome.

    Granted is the requested amount, named or not; partly granted is more than nothing and less than requested;
    refused is nothing, named as 0 or not at all.
    """
    match outcome:
        case "granted":
            return requested_fen if amount_fen in (None, requested_fen) else None
        case "partly_granted":
            return amount_fen if amount_fen is not None and 0 < amount_fen < requested_fen else None
        case "refused":
            return 0 if amount_fen in (None, 0) else None
