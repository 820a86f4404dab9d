"""Household files (一户一档): opening one, and what staff see of one."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from intake.schemas.application import MEMBER_LIMIT, ApplicationStatus, IdentityText, MaskedMember
from intake.schemas.facts import MemberRef, PersonName, Relation, Sex, Strict
from shared.clock import Day
from shared.identity import StreetCode

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_MEMBER_EXAMPLE: dict[str, Any] = {
    "id": "p1",
    "name": "李四",
    "identity_number": "420199199003079030",
    "relation": "applicant",
}


class PersonInTrouble(Strict):
    """A member of a household in trouble, as far as known."""

    id: MemberRef = Field(examples=["p1"])
    name: PersonName = Field(examples=["李四"])
    id_type: Literal["identity_card", "household_book", "none"] = Field(
        default="identity_card", description="身份暂时不明或没有证件的用 none，不影响先行救助"
    )
    identity_number: IdentityText | None = Field(default=None, examples=["420199199003079030"])
    relation: Relation = "other"
    birth_date: Day | None = None
    sex: Sex | None = None


class HouseholdRegistration(Strict):
    """What a clerk knows of a household in trouble, before any application."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"street": "420106006", "members": [_MEMBER_EXAMPLE]}]},
    )

    street: StreetCode = Field(description="急难发生地或住所地街道", examples=["420106006"])
    members: Annotated[list[PersonInTrouble], Field(min_length=1, max_length=MEMBER_LIMIT)]


class HouseholdRegistered(Strict):
    """The file, new or found."""

    household_id: UUID = Field(examples=[_HOUSEHOLD])
    is_new: bool = Field(description="false：该户已有档案，沿用原编号", examples=[True])


class HouseholdApplication(Strict):
    """An application in the file."""

    application_id: UUID
    status: ApplicationStatus = Field(examples=["granted"])
    submitted_at: datetime


class HouseholdFile(Strict):
    """One household's file."""

    household_id: UUID = Field(examples=[_HOUSEHOLD])
    street: str = Field(examples=["420106006"])
    registered_at: datetime
    members: list[MaskedMember]
    applications: list[HouseholdApplication] = Field(description="最近的在前，最多 100 件")
