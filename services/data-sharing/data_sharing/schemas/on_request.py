"""Asking departments for data sets that no verification asks by itself, and what came of it."""

import re
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from data_sharing.schemas.values import Code, State, seen, sent

_CHINESE = re.compile("[\u4e00-\u9fff]")
_QUERY = {
    "query_id": "01930000-0000-7000-8000-000000000004",
    "department": "public_security",
    "title": "武昌公安分局",
    "data_sets": ["household_composition"],
    "reached": "file",
    "state": "no_record",
    "answer_by": "2022-10-24T16:00:00Z",
    "file_as_of": "2022-10-09",
}


def _chinese(text: str) -> str:
    if not text.isprintable() or _CHINESE.search(text) is None:
        raise ValueError("words in Chinese, without control characters, are expected")
    return text


class OnRequestRequest(BaseModel):
    """Which data sets, and why."""

    model_config = sent(data_sets=["household_composition"], reason="核实共同生活的家庭成员")

    data_sets: Annotated[list[Code], Field(min_length=1, max_length=20)] = Field(
        description="按需查询的数据集，授权书须已载明"
    )
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200), AfterValidator(_chinese)
    ] = Field(description="为什么查询，居民可见；不写姓名、证件号码")


class OnRequestQuery(BaseModel):
    """What one department was asked."""

    model_config = seen(**_QUERY)

    query_id: UUID
    department: str
    title: str
    data_sets: list[str]
    reached: Literal["service", "rest", "file"] = Field(
        description="service、rest 由部门在期限内答复；file 已在其提供的数据文件中查得"
    )
    state: State
    answer_by: datetime
    file_as_of: date | None = Field(description="数据文件的数据日期")


class OnRequestReceipt(BaseModel):
    """Everything that was asked. What is found stands in the verification."""

    model_config = seen(
        application_id="01930000-0000-7000-8000-000000000002",
        verification_id="01930000-0000-7000-8000-000000000003",
        queries=[_QUERY],
    )

    application_id: UUID
    verification_id: UUID
    queries: list[OnRequestQuery]
