"""The facts that a household declares, in the form of the household contract.

A key that is absent is declared as nothing; a key that is null is not known yet. Unknown is not zero, so the
difference is kept: dump these models with `exclude_unset=True`.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from pydantic_core import PydanticCustomError

from shared.clock import Day
from shared.identity import StreetCode
from shared.money import NonNegativeFenOfYuan

_LONG_NUMBER = re.compile(r"\d{6}")


class Strict(BaseModel):
    """Refuses keys that it does not know, so that a misspelt fact is not taken as declared as nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _plain_words(text: str) -> str:
    """Refuse what a database cannot hold, and numbers that could tell who somebody is."""
    if not text.isprintable():
        raise PydanticCustomError("not_printable", "不能包含控制字符")
    if _LONG_NUMBER.search(text):
        raise PydanticCustomError("number_in_words", "不能包含证件号码、电话等6位以上的数字")
    return text


def _person_name(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("not_printable", "不能包含控制字符")
    return text


Yuan = NonNegativeFenOfYuan
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), AfterValidator(_plain_words)
]
LongWords = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_plain_words)
]
PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), AfterValidator(_person_name)
]
MemberRef = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20}$")]
"""What a member is called inside the household, such as p1. Never personal data: it travels in events."""
PolicyId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,49}$")]
Months = Annotated[int, Field(strict=True, ge=0, le=1200)]

Sex = Literal["M", "F"]
Relation = Literal["applicant", "spouse", "child", "grandchild", "father", "mother", "grandparent", "sibling", "other"]


class Registration(Strict):
    """Household registration (户口)."""

    region: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None
    kind: Literal["urban", "rural"] | None = None


class ResidencePermit(Strict):
    """居住证, endorsed every year."""

    issued: Day | None = None
    last_endorsed: Day | None = None


class Employment(Strict):
    """Work, or why there is none."""

    status: Literal["employed", "flexible", "self_employed", "unemployed", "retired", "unable", "student"] | None
    since: Day | None = None


class Income(Strict):
    """One kind of monthly income."""

    kind: Literal[
        "wage",
        "business",
        "property",
        "pension",
        "central_base_pension",
        "unemployment_benefit",
        "support_received",
        "assistance",
        "other",
    ]
    monthly: Yuan | None


class Disability(Strict):
    """Category and grade; grade 1 is the most severe."""

    category: Literal["sight", "hearing", "speech", "limb", "intellectual", "mental", "multiple"] | None = None
    grade: Annotated[int, Field(strict=True, ge=1, le=4)] | None = None
    certificate: StrictBool | None = None


class School(Strict):
    """Where a member learns."""

    stage: (
        Literal[
            "kindergarten",
            "primary",
            "junior_secondary",
            "senior_secondary",
            "secondary_vocational",
            "undergraduate",
            "postgraduate",
        ]
        | None
    )
    home_teaching: StrictBool | None = None


class Parent(Strict):
    """What became of a minor's parent."""

    status: (
        Literal[
            "alive",
            "dead",
            "missing",
            "severely_disabled",
            "seriously_ill",
            "imprisoned",
            "compulsory_rehab",
            "detained",
            "out_of_contact",
            "guardianship_revoked",
            "deported",
            "disabled",
        ]
        | None
    )
    months: Months | None = None
    disability: Disability | None = None


class Obligor(Strict):
    """Somebody outside the household with a legal duty to support."""

    relation: Words | None = None
    age: Annotated[int, Field(strict=True, ge=0, le=150)] | None = None
    able: StrictBool | None = None


class Vehicle(Strict):
    """A vehicle and what it is worth."""

    value: Yuan | None


class Assets(Strict):
    """What the whole household owns."""

    financial: Yuan | None = None
    vehicles: Annotated[list[Vehicle], Field(max_length=20)] | None = None
    homes: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = None


class RigidSpending(Strict):
    """Spending that cannot be avoided, of the last 12 months, net of insurance."""

    kind: Literal["medical", "education", "rehabilitation", "basic_living", "other"]
    amount: Yuan | None


class Receiving(Strict):
    """A benefit that runs already."""

    policy: PolicyId
    monthly_amount: Yuan | None = None
    since: Day | None = None
    shares: Annotated[dict[MemberRef, Yuan | None], Field(max_length=30)] | None = None


class Incident(Strict):
    """What happened, for temporary assistance."""

    cause: Literal["fire", "traffic_accident", "accident", "serious_illness", "epidemic", "public_emergency", "other"]
    on: Day | None = None
    street: StreetCode | None = None


class NearRelative(Strict):
    """A relative who handles assistance or sits on a residents' committee."""

    role: Words | None = None
    relation: Words | None = None


class MemberFacts(Strict):
    """What a household declares of one member, without who that is."""

    id: MemberRef = Field(examples=["p1"])
    relation: Relation = Field(description="与申请人的关系；申请人本人为 applicant")
    relation_note: Words | None = None
    birth_date: Day | None = Field(default=None, description="有身份证号码的可以不填")
    sex: Sex | None = Field(default=None, description="有身份证号码的可以不填")
    registration: Registration | None = None
    living_here_since: Day | None = None
    residence_permit: ResidencePermit | None = None
    employment: Employment | None = None
    income: Annotated[list[Income], Field(max_length=20)] | None = None
    disability: Disability | None = None
    diagnoses: Annotated[list[Words], Field(max_length=20)] | None = None
    serious_illness: (
        Literal["malignant_tumour", "kidney_failure", "coronary_surgery", "leukaemia", "organ_transplant", "other"]
        | None
    ) = None
    diagnosed_on: Day | None = None
    self_care_failed: (
        Annotated[list[Literal["eat", "dress", "bed", "toilet", "walk", "bathe"]], Field(max_length=6)] | None
    ) = None
    lives_alone: StrictBool | None = None
    school: School | None = None
    father: Parent | None = None
    mother: Parent | None = None
    obligors: Annotated[list[Obligor], Field(max_length=30)] | None = None
