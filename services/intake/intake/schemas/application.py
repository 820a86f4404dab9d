"""Applications: 一证两书 as it comes in, the receipt, and what those who may look see of it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from intake.schemas.facts import (
    Assets,
    Incident,
    MemberFacts,
    MemberRef,
    NearRelative,
    PersonName,
    PolicyId,
    Receiving,
    RigidSpending,
    Strict,
    Yuan,
)
from shared.clock import Day
from shared.identity import StreetCode

MEMBER_LIMIT = 30
"""Larger than any household, and small enough to be judged at once."""

IdentityText = Annotated[str, StringConstraints(min_length=1, max_length=30)]
IdType = Literal["identity_card", "household_book"]
Channel = Literal["mini_program", "street", "government_system"]
ApplicationStatus = Literal["submitted", "verified", "assessed", "proposed", "on_notice", "granted", "refused"]

_APPLICATION = "01930000-0000-7000-8000-000000000002"
_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_MEMBERS_EXAMPLE: list[dict[str, Any]] = [
    {
        "id": "p1",
        "name": "张三",
        "identity_number": "420199199003079030",
        "relation": "applicant",
        "registration": {"region": "420106", "kind": "urban"},
        "employment": {"status": "employed", "since": "2015-01-01"},
        "income": [{"kind": "wage", "monthly": "2000.00"}],
    },
    {
        "id": "p2",
        "name": "张小小",
        "id_type": "household_book",
        "birth_date": "2022-03-21",
        "sex": "F",
        "relation": "child",
        "registration": {"region": "420106", "kind": "urban"},
    },
]
_SUBMISSION_EXAMPLE: dict[str, Any] = {
    "requested": ["dibao"],
    "household": {
        "street": "420106009",
        "members": _MEMBERS_EXAMPLE,
        "assets": {"financial": "1200.00", "homes": 0},
        "rigid_spending_12m": [{"kind": "medical", "amount": "8000.00"}],
    },
    "authorisation": {"signed_by": ["p1"], "signed_on": "2022-10-10"},
    "commitment": {"signed_by": "p1", "signed_on": "2022-10-10"},
}


class Member(MemberFacts):
    """One person of the household: who it is, and what is declared."""

    name: PersonName = Field(examples=["张三"])
    id_type: IdType = Field(
        default="identity_card", description="尚未领取身份证号码的未成年人用 household_book（户口簿）"
    )
    identity_number: IdentityText | None = Field(
        default=None, description="18位公民身份号码；household_book 不填", examples=["420199199003079030"]
    )


class Household(Strict):
    """Everybody who lives together, and what they declare together."""

    street: StreetCode = Field(description="住所地街道，9位代码", examples=["420106009"])
    members: Annotated[list[Member], Field(min_length=1, max_length=MEMBER_LIMIT)] = Field(
        description=f"共同生活的全部家庭成员，最多 {MEMBER_LIMIT} 人", examples=[_MEMBERS_EXAMPLE]
    )
    assets: Assets | None = None
    rigid_spending_12m: Annotated[list[RigidSpending], Field(max_length=100)] | None = None
    receiving: Annotated[list[Receiving], Field(max_length=100)] | None = None
    incident: Incident | None = None
    requested_amount: Yuan | None = None
    near_relatives_in_office: Annotated[list[NearRelative], Field(max_length=20)] | None = None


class Authorisation(Strict):
    """核对授权书: every adult member lets the departments be asked. A guardian signs where no member is of age."""

    signed_by: Annotated[list[MemberRef], Field(max_length=MEMBER_LIMIT)] = Field(examples=[["p1"]])
    signed_on: Day = Field(examples=["2022-10-10"])
    guardian_name: PersonName | None = Field(default=None, description="全部成员均未成年时，由监护人签署")


class Commitment(Strict):
    """诚信承诺书: what is declared is true."""

    signed_by: MemberRef = Field(examples=["p1"])
    signed_on: Day = Field(examples=["2022-10-10"])


class Submission(Strict):
    """一证两书: identity documents, authorisation, commitment. No other paper is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_SUBMISSION_EXAMPLE]})

    requested: Annotated[list[PolicyId], Field(min_length=1, max_length=20)] = Field(
        default=["dibao"], description="申请的救助；其余政策也会一并评估"
    )
    household: Household
    authorisation: Authorisation
    commitment: Commitment


class ApplicationLinks(Strict):
    """Where to go on from here."""

    application: str = Field(examples=[f"/v1/applications/{_APPLICATION}"])
    timeline: str = Field(examples=[f"/v1/applications/{_APPLICATION}/timeline"])


class ApplicationReceipt(Strict):
    """受理回执, with the legal time limit."""

    application_id: UUID = Field(examples=[_APPLICATION])
    household_id: UUID = Field(examples=[_HOUSEHOLD])
    status: ApplicationStatus = Field(examples=["submitted"])
    submitted_at: datetime
    decide_by: date = Field(description="法定办理时限的最后一日", examples=["2022-11-21"])
    decide_by_is_provisional: bool = Field(description="国务院尚未公布当年节假日安排，届时可能调整")
    receipt: str = Field(examples=["您的社会救助申请已于2022年10月10日受理。"])
    links: ApplicationLinks


class MaskedMember(Strict):
    """A member as staff and the resident see one. The birth date is absent: it would complete the number."""

    id: MemberRef = Field(examples=["p1"])
    name: str = Field(examples=["张*"])
    id_type: Literal["identity_card", "household_book", "none"] = Field(examples=["identity_card"])
    identity_number: str | None = Field(examples=["420199********9030"])
    relation: str = Field(examples=["applicant"])
    age: int | None = Field(examples=[32])


class ApplicationSummary(Strict):
    """One line of the list of applications."""

    application_id: UUID = Field(examples=[_APPLICATION])
    household_id: UUID = Field(examples=[_HOUSEHOLD])
    street: str = Field(examples=["420106009"])
    channel: Channel = Field(examples=["mini_program"])
    status: ApplicationStatus = Field(examples=["verified"])
    requested: list[str] = Field(examples=[["dibao"]])
    member_count: int = Field(examples=[3])
    submitted_at: datetime
    decide_by: date = Field(examples=["2022-11-21"])


class ApplicationPage(Strict):
    """Applications, the newest first."""

    items: list[ApplicationSummary]
    next_cursor: str | None = Field(description="下一页；没有更多时为 null", examples=[None])


class ApplicationDetail(ApplicationSummary):
    """One application with its members, masked."""

    decide_by_is_provisional: bool = Field(examples=[False])
    members: list[MaskedMember]
    authorisation: Authorisation
    commitment: Commitment
    links: ApplicationLinks


class Declaration(Strict):
    """The whole declaration with identity numbers, for data-sharing alone. Absent and null facts are as declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    application_id: UUID = Field(examples=[_APPLICATION])
    household_id: UUID = Field(examples=[_HOUSEHOLD])
    street: str = Field(examples=["420106009"])
    applicant_subject: str | None = Field(description="小程序用户标识；街道代为受理的没有", examples=["resident-1"])
    channel: Channel = Field(examples=["mini_program"])
    submitted_at: datetime
    requested: list[str] = Field(examples=[["dibao"]])
    household: Household
    authorisation: Authorisation
    commitment: Commitment
