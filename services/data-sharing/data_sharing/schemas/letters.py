"""Letters as they are signed, seen and withdrawn, and obligors outside the household."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from data_sharing.schemas.values import Code, Ref, seen, sent
from shared.clock import Day

_LETTER = "01930000-0000-7000-8000-000000000007"
_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_LETTER_EXAMPLE = {
    "authorisation_id": _LETTER,
    "household_id": _HOUSEHOLD,
    "person_id": "01930000-0000-7000-8000-000000000010",
    "capacity": "member",
    "purposes": ["verification", "assessment"],
    "fields": ["individual_income.wage"],
    "is_by_guardian": False,
    "signed_on": "2022-10-10",
    "valid_until": "2023-10-10T16:00:00Z",
    "state": "withdrawn",
    "ended_at": "2022-10-12T01:30:00Z",
}
_OBLIGOR_REQUEST = {
    "name": "张大样",
    "identity_number": "420199198002299010",
    "relation": "child",
    "obligor_of": "p1",
}


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("only printable characters are accepted")
    return text


PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), AfterValidator(_printable)
]


class SignatureRequest(BaseModel):
    """A member signs the standard letter (核对授权书); a clerk keeps the paper of who signed at the counter."""

    model_config = sent(member="p2", signed_on="2022-10-10")

    member: Ref = Field(description="签署人在申请中的代号")
    signed_on: Day
    guardian_name: PersonName | None = Field(default=None, description="由监护人代未成年人签署时填写")
    data_sets: Annotated[list[Code], Field(max_length=50)] = Field(
        default_factory=list, description="在标准授权之外另行同意查询的数据集；不填则只授权每次核对都查询的"
    )


class WithdrawalRequest(BaseModel):
    """Nobody is asked under the letter from now on; what was answered before stays as it is."""

    model_config = sent(on_behalf=False)

    on_behalf: bool = Field(default=False, description="工作人员凭签署人的书面撤回办理时为 true")


class LetterView(BaseModel):
    """核对授权书: who allows what, until when."""

    model_config = seen(**_LETTER_EXAMPLE)

    authorisation_id: UUID
    household_id: UUID
    person_id: UUID
    capacity: Literal["member", "obligor"]
    purposes: list[str]
    fields: list[str]
    is_by_guardian: bool
    signed_on: date
    valid_until: datetime
    state: Literal["in_force", "not_in_force", "withdrawn", "replaced", "benefit_ended", "household_changed"]
    ended_at: datetime | None


class LetterList(BaseModel):
    """Letters of one household, the newest first."""

    model_config = seen(items=[_LETTER_EXAMPLE])

    items: list[LetterView]


class ObligorRequest(BaseModel):
    """Somebody outside the household with a legal duty to support a member of it."""

    model_config = sent(**_OBLIGOR_REQUEST)

    name: PersonName
    identity_number: Annotated[str, StringConstraints(min_length=1, max_length=30)]
    relation: Literal["spouse", "child", "grandchild", "father", "mother", "grandparent", "sibling", "other"] = Field(
        description="与被赡养、抚养、扶养人的关系"
    )
    obligor_of: Ref = Field(description="被赡养、抚养、扶养的家庭成员代号")


class ConsentRequest(BaseModel):
    """The obligor signed a letter of their own."""

    model_config = sent(signed_on="2022-10-12")

    signed_on: Day
