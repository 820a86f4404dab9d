"""What callers see of the toolbook and of the dated parameters."""

from datetime import date

from pydantic import BaseModel, Field


class ParameterView(BaseModel):
    """One value of a dated parameter."""

    parameter: str
    value: str
    unit: str
    first_day: date
    source: str
    assumed: bool = Field(description="Ours, not Wuhan's: to be replaced by an operator")


class ParameterList(BaseModel):
    """All values, or those in force on a day."""

    items: list[ParameterView]


class Criterion(BaseModel):
    """One condition of a policy, in words."""

    rule: str
    says: str = Field(examples=["人均收入低于低保标准"])
    clause: str


class ToolbookEntry(BaseModel):
    """One policy of the toolbook."""

    policy: str
    title: str
    clause: str
    department: str
    kind: str
    public_notice: bool = Field(description="The opinion hangs seven days in the community before it is in force")
    on_request: bool = Field(description="Handed to its department once the entitled want it")
    legal_basis: list[str]
    since: date = Field(description="First day of the rule in force")
    criteria: list[Criterion]


class Toolbook(BaseModel):
    """《武昌区分层分类社会救助政策工具书》."""

    toolbook_version: str
    policies: list[ToolbookEntry]
