"""Reports of families in trouble, leads, and how they end."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from data_sharing.rules.leads import Contact
from data_sharing.schemas.values import Code, Reference, seen, sent
from shared.clock import Day
from shared.identity import StreetCode

MOST_IN_A_BATCH = 200
_WORDS = StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
_LEAD = "01930000-0000-7000-8000-000000000015"
_REPORT = "01930000-0000-7000-8000-000000000016"
_PERSON = "01930000-0000-7000-8000-000000000017"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_AT = "2022-10-10T02:00:00Z"
_ABOUT = {
    "name": "张测试",
    "age": 45,
    "sex": "M",
    "street": "420106009",
    "address": "白沙洲大道12号3栋",
    "phone": "13000000000",
}
_SAID = {
    "channel": "police_110",
    "reference": "jj-2022-1010-0001",
    "happened_on": "2022-10-10",
    "troubles": ["no_food"],
    "is_urgent": True,
}

_SEEN = {
    "lead_id": _LEAD,
    "street": "420106009",
    "troubles": ["no_food"],
    "told": ["civil_affairs"],
    "is_urgent": True,
    "state": "closed",
    "match": "matched",
    "reports": 1,
    "opened_at": _AT,
    "contact_by": "2022-10-11T02:00:00Z",
    "contacted_at": "2022-10-10T05:00:00Z",
    "is_overdue": False,
    "outcome": "helped",
    "closed_at": "2022-10-12T02:00:00Z",
}

LeadStateName = Literal["open", "contacted", "closed"]
Match = Literal["exact", "matched", "unclear", "unknown", "confirmed", "denied", "erased"]
EndedAs = Literal["applied", "helped", "not_eligible", "refused", "unfounded", "duplicate"]


class ReportedSomebody(BaseModel):
    """Who is in trouble, as far as the sender knows. No more than is needed to find them."""

    model_config = sent(**_ABOUT)

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)] | None = Field(
        default=None, description="姓名；不知道的不填"
    )
    identity_number: Annotated[str, StringConstraints(max_length=30)] | None = Field(
        default=None, description="身份证号码；没有核实的不填", examples=[None]
    )
    birth_date: Day | None = Field(default=None, examples=[None])
    age: Annotated[int, Field(ge=0, le=130)] | None = Field(default=None, description="估计年龄；与出生日期二者取一")
    sex: Literal["M", "F"] | None = None
    street: StreetCode | None = Field(default=None, description="所在街道；不知道的由区民政局落实")
    address: Annotated[str, _WORDS] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9-]{5,20}$")] | None = None
    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] | None = Field(
        default=None, description="情况说明，只写与救助有关的", examples=[None]
    )

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if self.name is None and self.identity_number is None and self.address is None:
            raise PydanticCustomError("nobody_described", "姓名、身份证号码、地址至少填写一项，否则无法找到")
        if self.birth_date is not None and self.age is not None:
            raise PydanticCustomError("age_twice", "出生日期和年龄只填一项")
        return self


class LeadReport(BaseModel):
    """What one sender says of one person in trouble."""

    model_config = sent(**_SAID, about=_ABOUT)

    channel: Code = Field(description="发现途径，如 police_110、emergency_report、hotline、community_visit")
    reference: Reference = Field(description="报送单位自己的编号；同一编号只收一次")
    happened_on: Day = Field(description="发现日期")
    troubles: Annotated[list[Code], Field(min_length=1, max_length=6)] = Field(description="困难情形")
    is_urgent: bool = Field(description="危及基本生活或人身安全，须在24小时内联系")
    about: ReportedSomebody


class LeadReportView(BaseModel):
    """What became of a report, as its sender reads it: nothing of the household."""

    model_config = seen(
        report_id=_REPORT,
        lead_id=_LEAD,
        reference=_SAID["reference"],
        joined=False,
        state="closed",
        contact_by="2022-10-11T02:00:00Z",
        contacted_at="2022-10-10T05:00:00Z",
        outcome="helped",
        closed_at="2022-10-12T02:00:00Z",
    )

    report_id: UUID
    lead_id: UUID
    reference: str
    joined: bool = Field(description="此前已有同一人的线索，已并入")
    state: LeadStateName
    contact_by: datetime = Field(description="首次联系的期限")
    contacted_at: datetime | None
    outcome: EndedAs | None
    closed_at: datetime | None


class LeadBatch(BaseModel):
    """Several reports at once, all of the right form. What else is wrong with one does not keep the others back."""

    model_config = sent(reports=[_SAID | {"about": _ABOUT}])

    reports: Annotated[list[LeadReport], Field(min_length=1, max_length=MOST_IN_A_BATCH)]


class BatchFault(BaseModel):
    """What is wrong with one report of a batch."""

    number: int = Field(description="第几条，从1起", examples=[2])
    code: str = Field(examples=["invalid_input"])
    fields: list[str] = Field(examples=[["troubles[0]"]])
    message: str = Field(examples=["共有 1 处需要修改"])


class LeadBatchAnswer(BaseModel):
    """What was taken in; what was refused, with the reason."""

    received: int = Field(examples=[2])
    opened: int = Field(examples=[1])
    joined: int = Field(description="并入已有线索的", examples=[0])
    known: int = Field(description="以前已收到的", examples=[0])
    refused: list[BatchFault]


class LeadView(BaseModel):
    """A lead without anything personal."""

    model_config = seen(**_SEEN)

    lead_id: UUID
    street: str | None = Field(description="null：尚未落实到街道", examples=["420106009"])
    troubles: list[str]
    told: list[str] = Field(description="除街道外已告知的部门")
    is_urgent: bool
    state: LeadStateName
    match: Match = Field(description="exact 号码一致；matched 比对认定；unclear 待确认；unknown 库中没有")
    reports: int = Field(description="报送次数")
    opened_at: datetime
    contact_by: datetime
    contacted_at: datetime | None
    is_overdue: bool
    outcome: EndedAs | None
    closed_at: datetime | None


class LeadPage(BaseModel):
    """Leads that the caller may see, the newest first."""

    model_config = seen(items=[], next_cursor=_LEAD)

    items: list[LeadView]
    next_cursor: str | None = Field(description="下一页；没有更多时为 null")


class SomebodyReported(BaseModel):
    """Who is in trouble, as one sender described them: masked unless the caller may see more."""

    model_config = seen(
        report_id=_REPORT,
        sender="public_security",
        channel="police_110",
        happened_on="2022-10-10",
        name="张*试",
        identity_number="420199********9030",
        birth_date="1977-05-12",
        age=45,
        sex="M",
        street="420106009",
        address="白沙洲大道12号3栋",
        phone="130****0000",
        words="家中断粮",
    )

    report_id: UUID
    sender: str
    channel: str
    happened_on: date
    name: str | None
    identity_number: str | None = Field(examples=["420199********9030"])
    birth_date: date | None = Field(examples=["1977-05-12"])
    age: int | None
    sex: Literal["M", "F"] | None
    street: str | None
    address: str | None = Field(description="脱敏时不显示", examples=["白沙洲大道12号3栋"])
    phone: str | None
    words: str | None = Field(description="脱敏时不显示", examples=["家中断粮"])


class CandidateView(BaseModel):
    """A person of the registry who may be the one."""

    model_config = seen(person_id=_PERSON, chance="0.6200", name="张*试", birth_year=1977, street="420106009")

    person_id: UUID
    chance: str = Field(description="是此人的可能性，0至1")
    name: str
    birth_year: int | None
    street: str | None


class RegisteredPerson(BaseModel):
    """The person whom a lead is about, as the base registry has them."""

    model_config = seen(name="张*试", birth_year=1977, street="420106009", address="白沙洲大道12号3栋")

    name: str
    birth_year: int | None
    street: str | None
    address: str | None = Field(description="脱敏时不显示")


class ContactView(BaseModel):
    """Somebody went or called."""

    model_config = seen(result="reached", made_by="clerk-420106009-1", made_at=_AT)

    result: Contact
    made_by: str
    made_at: datetime


class LeadDetail(LeadView):
    """A lead with what was reported, who it may be, and what was done."""

    model_config = seen(
        **_SEEN,
        person_id=_PERSON,
        registered={"name": "张*试", "birth_year": 1977, "street": "420106009", "address": "白沙洲大道12号3栋"},
        households=[],
        reported=[],
        candidates=[],
        similar=[],
        contacts=[],
        application_id=_APPLICATION,
    )

    person_id: UUID | None = Field(description="认定的人", examples=[_PERSON])
    registered: RegisteredPerson | None = Field(description="人口库中的登记")
    households: list[UUID] = Field(description="此人所在的家庭，已有核对的")
    reported: list[SomebodyReported]
    candidates: list[CandidateView]
    similar: list[UUID] = Field(description="同街道、同姓名的其他未办结线索，请核对是否为同一人")
    contacts: list[ContactView]
    application_id: UUID | None = Field(examples=[_APPLICATION])


class ContactRequest(BaseModel):
    """Somebody went or called: whether the family was met."""

    model_config = sent(result="reached")

    result: Contact = Field(description="reached 已见面或通话；not_reached 未联系上，期限照算")


class PersonRequest(BaseModel):
    """Which of the candidates is meant."""

    model_config = sent(person_id=_PERSON)

    person_id: UUID | None = Field(description="候选人之一；都不是填 null")


class StreetRequest(BaseModel):
    """Where the family lives."""

    model_config = sent(street="420106009")

    street: StreetCode


class OutcomeRequest(BaseModel):
    """How a lead ends. It grants nothing by itself."""

    model_config = sent(outcome="applied", application_id=_APPLICATION)

    outcome: EndedAs = Field(description="applied 已申请；helped 已得到帮助；not_eligible 不符合；refused 本人不需要")
    application_id: UUID | None = Field(default=None, description="已申请的，申请编号")
    duplicate_of: UUID | None = Field(default=None, description="重复的，另一条线索的编号", examples=[None])

    @model_validator(mode="after")
    def _names_what_belongs_to_it(self) -> Self:
        if (self.outcome == "duplicate") != (self.duplicate_of is not None):
            raise PydanticCustomError("duplicate_of_what", "重复的线索须填写 duplicate_of，其他结果不填")
        if self.outcome != "applied" and self.application_id is not None:
            raise PydanticCustomError("no_application", "只有已申请的填写申请编号")
        return self


class LeadIndicator(BaseModel):
    """What reports led to, of leads opened in a period."""

    model_config = seen(
        first_on="2022-10-01",
        last_on="2022-10-31",
        leads=120,
        reports=131,
        due=100,
        contacted_in_time=97,
        rate="0.9700",
        by_match={"exact": 60, "matched": 40, "unclear": 5, "unknown": 15},
        by_outcome={"applied": 40, "helped": 30},
        definition="分母：期间内立案、首次联系期限已到或已联系的线索；分子：其中在期限内联系的。",
    )

    first_on: date
    last_on: date
    leads: int
    reports: int = Field(description="报送次数，重复报送计入")
    due: int = Field(description="分母")
    contacted_in_time: int = Field(description="分子")
    rate: str | None = Field(description="及时联系率，四位小数；没有到期的为 null")
    by_match: dict[str, int]
    by_outcome: dict[str, int]
    definition: str
