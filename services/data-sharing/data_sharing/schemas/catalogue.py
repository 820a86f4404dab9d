"""The catalogue as callers see it."""

from typing import Literal

from pydantic import BaseModel, Field

from data_sharing.schemas.values import seen

_FIELD = {
    "name": "wage",
    "title": "月工资薪金",
    "kind": "money",
    "sensitivity": "sensitive",
    "verifies": "members.income.wage",
}


class FieldView(BaseModel):
    """One field of a data set."""

    model_config = seen(**_FIELD)

    name: str
    title: str
    kind: str = Field(description="取值种类，如 money、date、word、truth")
    sensitivity: Literal["ordinary", "sensitive"]
    verifies: str | None = Field(description="它核实的家庭事实；null 表示仅作为核对发现列出")


class DataSetView(BaseModel):
    """One data set."""

    model_config = seen(
        code="individual_income",
        title="个人所得",
        department="tax",
        department_title="区税务局",
        refreshed="monthly",
        reached="service",
        asked="always",
        open_to=[],
        fields=[_FIELD],
    )

    code: str
    title: str
    department: str
    department_title: str
    refreshed: str
    reached: Literal["service", "rest", "file"] = Field(description="取数方式：部门服务、上游接口、批量文件")
    asked: Literal["always", "on_request"] = Field(description="每次核对都查询，或仅应请求查询")
    open_to: list[str] = Field(description="可以请求它的部门；空表示不限部门")
    fields: list[FieldView]


class DataSetList(BaseModel):
    """The catalogue."""

    model_config = seen(items=[])

    items: list[DataSetView]
