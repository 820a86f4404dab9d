"""What callers see of the toolbook and of the dated parameters."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field


class ParameterView(BaseModel):
    """One value of a dated parameter."""

    parameter: str
    label: str = Field(examples=["城市低保标准"])
    value: str
    unit: str
    first_day: date
    source: str
    assumed: bool = Field(description="Ours, not Wuhan's: to be replaced by an operator")


class ParameterList(BaseModel):
    """All values, or those in force on a day."""

    items: list[ParameterView]


class Criterion(BaseModel):
    """One condition in words, with those it consists of."""

    says: str = Field(examples=["人均收入低于低保标准"])
    rule: str = Field(description="Name of the rule, empty where the condition stands in another rule")
    clause: str
    sentence: str = Field(description="What it demands", examples=["家庭核算月收入低于低保标准乘以人口"])
    see: str = Field(description="policy-… or term-… where it is defined, or empty")
    join: Literal["all", "any"] = Field(description="Whether all criteria must hold, or one")
    criteria: list["Criterion"]


class ValueInForce(BaseModel):
    """The value of a parameter with its origin."""

    parameter: str
    label: str = Field(examples=["城市低保标准"])
    value: str
    shown: str = Field(examples=["910.00 元/人·月"])
    first_day: date
    source: str
    assumed: bool


class HistoricalValue(ValueInForce):
    """A value of a parameter, past, present or to come."""

    in_force: bool


class ParameterHistory(BaseModel):
    """A parameter with all its values."""

    parameter: str
    label: str
    unit: str
    unit_words: str
    values: list[HistoricalValue]


class Calculation(BaseModel):
    """How a number is worked out."""

    rule: str
    says: str = Field(examples=["家庭核算月收入"])
    formula: str


class PolicyBenefit(BaseModel):
    """What a policy gives."""

    kind: str
    amount: str = Field(description="The formula in words, or who sets the amount; empty for services")


class LegalBasis(BaseModel):
    """A place in a law that is in force on the day."""

    title: str
    number: str
    article: str
    in_force_from: date
    in_force_until: date | None = Field(description="First day on which it no longer counts")
    remark: str
    text: str


class Material(BaseModel):
    """A paper to bring."""

    paper: str
    title: str
    when: str = Field(description="Who needs to bring it; empty for everybody")


class Materials(BaseModel):
    """Papers to bring."""

    always: list[str]
    further: list[Material] = Field(description="Only what no department can supply")


class ProcedureStep(BaseModel):
    """One step with its limit."""

    step: str
    title: str
    days: int | None = Field(description="None where no text gives a limit")
    working_days: bool
    limit: str
    source: str
    assumed: bool


class PolicyProcedure(BaseModel):
    """How a policy is carried out."""

    title: str
    steps: list[ProcedureStep]


class Condition(BaseModel):
    """A condition with its criteria."""

    rule: str
    says: str
    clause: str
    join: Literal["all", "any"]
    criteria: list[Criterion]


class ResponseLevel(BaseModel):
    """Who answers a call, and after whom."""

    level: int
    responder: Literal["family", "service_firm", "community_grid", "district_platform"]
    title: str = Field(examples=["老人家属"])


class PolicyResponse(BaseModel):
    """Who answers the calls of those entitled."""

    title: str = Field(examples=["四级响应"])
    around_the_clock: bool
    levels: list[ResponseLevel]


class ToolbookEntry(BaseModel):
    """One policy of the toolbook."""

    policy: str
    title: str
    clause: str
    chapter: str
    department: str
    department_name: str
    kind: str
    benefit: PolicyBenefit
    public_notice: bool = Field(description="The opinion hangs seven days in the community before it is in force")
    on_request: bool = Field(description="Handed to its department once the entitled want it")
    since: date = Field(description="First day of the rule in force")
    applies_to: Literal["person", "household"]
    join: Literal["all", "any"]
    criteria: list[Criterion]
    calculation: list[Calculation]
    amounts: list[ValueInForce]
    assumed: list[str] = Field(description="Parameters of these amounts that are ours, not Wuhan's")
    legal_basis: list[LegalBasis]
    further: list[Condition] = Field(description="What is said of some of those entitled, such as who goes first")
    response: PolicyResponse | None
    materials: Materials
    procedure: PolicyProcedure


class Chapter(BaseModel):
    """A chapter of the policy text and its policies."""

    clause: str
    title: str
    policies: list[str]


class LawView(BaseModel):
    """A law or document that policies cite."""

    title: str
    number: str
    in_force_from: date
    in_force_until: date | None
    in_force: bool
    remark: str


class Toolbook(BaseModel):
    """《武昌区分层分类社会救助政策工具书》 of a day."""

    title: str
    as_of: date
    toolbook_version: str
    chapters: list[Chapter]
    policies: list[ToolbookEntry]
    terms: list[Condition] = Field(description="Conditions on which several policies rest")
    parameters: list[ParameterHistory]
    assumed: list[str]
    laws: list[LawView]
