"""How the keys of a service stand: `GET /v1/keys`, for operations and those who check."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from shared.auth import OVERSEERS, Role, require
from shared.crypto import KeyRing
from shared.keys.rules import Book, Fault, FaultCode, KnownKey, next_step

KeyState = Literal["settling", "writing", "old", "retired", "unused"]

_KEYS: list[dict[str, Any]] = [
    {
        "key_id": 1,
        "state": "old",
        "is_in_file": True,
        "may_be_removed": False,
        "held_since": "2026-01-05T01:00:00Z",
        "used_until": "2026-11-02T02:31:07Z",
        "retired_at": None,
        "values": 1200,
    },
    {
        "key_id": 2,
        "state": "writing",
        "is_in_file": True,
        "may_be_removed": False,
        "held_since": "2026-11-02T02:25:30Z",
        "used_until": "2026-11-02T02:31:37Z",
        "retired_at": None,
        "values": 800,
    },
]
_COLUMN: dict[str, Any] = {
    "column": "person.name",
    "values": {"1": 1200, "2": 800},
    "counted_at": "2026-11-02T02:30:10Z",
    "seen_in_this_round": 500,
}
_REPORT: dict[str, Any] = {
    "writes_with": 2,
    "current_in_file": 2,
    "is_finished": False,
    "index_keys": 1,
    "index_keys_in_file": 1,
    "fault": None,
    "keys": _KEYS,
    "columns": [_COLUMN],
}
_WAYS_OUT: dict[FaultCode, str] = {
    "file_broken": "密钥文件缺失或格式不对，仍用原来的密钥；请写入完整的文件",
    "index_key_changed": "盲索引密钥与数据库不符，仍用原来的密钥；请恢复原 index_keys，新密钥加在其后",
    "index_key_laid": "本进程运行期间叠加了盲索引密钥，已停止使用密钥；请重启本进程",
    "index_key_missing": "文件中缺少已叠加的盲索引密钥，仍用原来的密钥；请按顺序写全 index_keys",
    "key_changed": "同一编号的密钥内容变了，仍用原来的密钥；请恢复该编号的原密钥，新密钥用新编号",
    "key_missing": "仍有数据用文件中没有的密钥加密，仍用原来的密钥；请放回该密钥，待 may_be_removed 后再移除",
}


class KeyView(BaseModel):
    """One key, without the key itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KEYS[0]]})

    key_id: int
    state: KeyState = Field(
        description="settling：等待所有实例读到；writing：正在使用；old：旧密钥，数据重新加密中；"
        "retired：已无数据使用；unused：从未使用"
    )
    is_in_file: bool = Field(description="本实例采用的密钥文件里有没有它")
    may_be_removed: bool = Field(description="可以从密钥文件中移除")
    held_since: datetime | None = Field(default=None, description="自何时起所有实例都有它；null：有实例还没有")
    used_until: datetime | None = None
    retired_at: datetime | None = None
    values: int = Field(description="最近一轮清点时用它加密的数据数")


class ColumnView(BaseModel):
    """One encrypted column."""

    model_config = ConfigDict(json_schema_extra={"examples": [_COLUMN]})

    column: str
    values: dict[int, int] | None = Field(
        default=None, description="最近一轮清点后，各编号密钥的数据数；null：还未清点"
    )
    counted_at: datetime | None = None
    seen_in_this_round: int | None = Field(default=None, description="本轮已处理的数据数；null：没有正在进行的一轮")


class FaultView(BaseModel):
    """Why the file is not taken over."""

    code: FaultCode
    key_ids: list[int]
    detail: str


class KeyReport(BaseModel):
    """How the keys stand."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REPORT]})

    writes_with: int | None = Field(default=None, description="新数据使用的密钥编号；null：服务还未核对过密钥")
    current_in_file: int = Field(description="本实例采用的密钥文件中的 current")
    is_finished: bool = Field(description="数据都已用新密钥加密，旧密钥都可以移除")
    index_keys: int = Field(description="盲索引叠加使用的密钥数")
    index_keys_in_file: int = Field(description="文件中的盲索引密钥数；多于 index_keys 时，尚未叠加到已有数据")
    fault: FaultView | None = Field(default=None, description="密钥文件未被采用的原因")
    keys: list[KeyView]
    columns: list[ColumnView]


def report_of(book: Book, ring: KeyRing, fault: Fault | None, *, settle: timedelta) -> KeyReport:
    """What operations see."""
    writing = book.writing
    return KeyReport(
        writes_with=None if writing is None else writing.key_id,
        current_in_file=ring.current,
        is_finished=writing is not None and writing.key_id == ring.current and next_step(book, settle=settle) is None,
        index_keys=len(book.index_check_values),
        index_keys_in_file=len(ring.index_keys),
        fault=None
        if fault is None
        else FaultView(code=fault.code, key_ids=list(fault.key_ids), detail=_WAYS_OUT[fault.code]),
        keys=[_key_view(key, book, ring) for key in book.keys],
        columns=[
            ColumnView(
                column=column.column,
                values=None if column.counts is None else dict(column.counts),
                counted_at=column.counted_at,
                seen_in_this_round=None if column.began_at is None else sum(column.seen.values()),
            )
            for column in book.columns
        ],
    )


def _key_view(key: KnownKey, book: Book, ring: KeyRing) -> KeyView:
    state: KeyState = "unused"
    if key is book.writing:
        state = "writing"
    elif key.is_needed:
        state = "old"
    elif key.retired_at is not None:
        state = "retired"
    elif key.key_id == ring.current:
        state = "settling"
    return KeyView(
        key_id=key.key_id,
        state=state,
        is_in_file=key.key_id in ring.keys,
        may_be_removed=state in ("retired", "unused"),
        held_since=key.held_since,
        used_until=key.used_until,
        retired_at=key.retired_at,
        values=book.values_under(key.key_id),
    )


class _Reports(Protocol):
    async def report(self) -> KeyReport: ...


async def _keeper(request: Request) -> _Reports:
    keeper: _Reports = request.app.state.keys
    return keeper


router = APIRouter(prefix="/v1")


@router.get("/keys", tags=["keys"], dependencies=[Depends(require(Role.OPS, *OVERSEERS))])
async def read_keys(keeper: Annotated[_Reports, Depends(_keeper)]) -> KeyReport:
    """加密密钥的情况：哪个在用，各列还有多少数据用旧密钥加密，旧密钥何时可以移除。不含密钥本身。"""
    return await keeper.report()
