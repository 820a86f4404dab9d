"""What callers see of benefits in payment."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from shared.money import Fen


class BenefitView(BaseModel):
    """A monthly benefit."""

    benefit_id: UUID
    policy: str
    monthly_amount: Fen
    persons: list[str]
    starts_on: date
    ends_on: date | None


class BenefitList(BaseModel):
    """The benefits of a household."""

    items: list[BenefitView]
