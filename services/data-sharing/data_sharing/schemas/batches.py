"""Deliveries by file as departments announce them and as they and overseers see them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from data_sharing.rules.batches import BatchState
from data_sharing.schemas.values import Code, seen, sent
from shared.clock import Day

_BATCH = "01930000-0000-7000-8000-000000000006"
_CHECKSUM = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
_MANIFEST = {
    "data_set": "individual_income",
    "as_of": "2022-10-09",
    "format": "csv",
    "rows": 2,
    "size_bytes": 75,
    "checksum": _CHECKSUM,
}
_REFUSAL = {
    "code": "row_count_differs",
    "title": "行数与清单不符",
    "what": "清单 3 行，文件 2 行",
    "way_out": "请核对文件是否完整，按实际行数重新申报",
}
_REJECT = {"row_number": 2, "reasons": ["identity_number:check_digit", "wage:unusable"]}

FileFormat = Literal["csv", "parquet"]
Checksum = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What a department says of a file before it sends it."""

    model_config = sent(**_MANIFEST)

    data_set: Code = Field(description="目录中的数据集，或仅以文件提供的 entity_register")
    as_of: Day = Field(description="文件反映哪一天的情况")
    format: FileFormat
    rows: int = Field(strict=True, ge=1, le=2_147_483_647, description="数据行数，不含列名行")
    size_bytes: int = Field(strict=True, ge=1, le=2**53)
    checksum: Checksum = Field(description="文件的 SM3 校验值，64位小写十六进制")


class BatchRefusalView(BaseModel):
    """Why a whole file was refused."""

    model_config = seen(**_REFUSAL)

    code: str
    title: str
    what: str = Field(description="何处不符；不含任何一行的内容")
    way_out: str


class BatchView(BaseModel):
    """One delivery and how far it is."""

    model_config = seen(
        **_MANIFEST,
        batch_id=_BATCH,
        department="tax",
        state="published",
        checked_rows=2,
        loaded_rows=1,
        rejected_rows=1,
        announced_at="2022-10-10T02:00:00Z",
        received_at="2022-10-10T02:00:05Z",
        published_at="2022-10-10T02:00:06Z",
        superseded_at=None,
        erased_at=None,
        refusal=None,
    )

    batch_id: UUID
    data_set: str
    department: str
    as_of: date
    format: FileFormat
    rows: int = Field(description="清单所列的行数")
    size_bytes: int
    checksum: str
    state: BatchState
    checked_rows: int = Field(description="已检查的行数，等于入库与退回之和")
    loaded_rows: int
    rejected_rows: int
    announced_at: datetime
    received_at: datetime | None = None
    published_at: datetime | None = Field(default=None, description="自此起为现行数据")
    superseded_at: datetime | None = Field(default=None, description="自此起被更新的数据取代")
    erased_at: datetime | None = Field(default=None, description="被取代后，记录已于此时清除")
    refusal: BatchRefusalView | None = None


class BatchPage(BaseModel):
    """Deliveries, the newest first."""

    model_config = seen(items=[], next_cursor=_BATCH)

    items: list[BatchView]
    next_cursor: str | None = Field(description="下一页；没有更多时为 null")


class RejectView(BaseModel):
    """One row that was not loaded."""

    model_config = seen(**_REJECT)

    row_number: int = Field(description="第几行数据，从1起，不含列名行")
    reasons: list[str] = Field(description="“列名:原因代码”；整行有误时为 line: 或 row: 开头。不含行中内容")


class RejectPage(BaseModel):
    """Rows that were not loaded, in their order."""

    model_config = seen(items=[_REJECT], next_cursor=2)

    items: list[RejectView]
    next_cursor: int | None = Field(description="下一页的 after；没有更多时为 null")
