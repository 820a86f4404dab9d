"""What was posted, as it is read: a transfer with the balances after it, and the stretch of a street's ledger that
falls into some days.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from emergency_fund.rules.ledger import Amounts, TransferKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A transfer that stands in the ledger. Amounts in fen."""

    street: str
    version: int
    transfer_id: UUID
    kind: TransferKind
    cause_id: UUID | None
    actor: str
    posted_at: datetime
    moved: Amounts
    after: Amounts
    corrects: UUID | None = None
    """The transfer that this one takes back, in whole or in part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The transfers of a street from `opening_version`, which is before them, to `closing_version`, the last of them.

    The ledger is append only: who knows a stretch may read it in pages at any later time, and always reads the same.
    """

    street: str
    opening: Amounts
    closing: Amounts
    opening_version: int
    closing_version: int

    @property
    def count(self) -> int:
        """How many transfers."""
        return self.closing_version - self.opening_version
