"""What callers see of the register of needy households."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from eligibility.rules.register import Tier


class RegisterEntryView(BaseModel):
    """A household on a tier."""

    entry_id: UUID
    household_id: UUID
    street: str
    tier: Tier
    persons: list[str]
    since: date
    until: date | None = Field(description="First day on which it is over, where that is known")
    cause: Literal["decision", "change"]
    cause_id: UUID = Field(description="The decision, or the change of a benefit, that put it there")


class RegisterPage(BaseModel):
    """A page of the register."""

    items: list[RegisterEntryView]
    next_cursor: UUID | None


class TierCount(BaseModel):
    """Households of a street on a tier."""

    street: str
    tier: Tier
    households: int


class RegisterCounts(BaseModel):
    """Households by street and tier on a day."""

    on: date
    items: list[TierCount]
