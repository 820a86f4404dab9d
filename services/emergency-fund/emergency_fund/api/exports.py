"""The ledger as a file: CSV, a workbook, a journal for Beancount."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from emergency_fund.api.callers import District, Reader
from emergency_fund.api.periods import First, Last
from emergency_fund.handlers.export import Export, export
from emergency_fund.queries.periods import days_from_to
from emergency_fund.schemas.exports.formats import MEDIA_TYPES, ExportFormat
from shared.app import DatabaseDep
from shared.auth import own_street
from shared.identity import StreetCode
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["ledger"])

Format = Annotated[
    ExportFormat, Query(description="csv；xlsx；beancount，即 bean-check 可核验的纯文本账", examples=["csv"])
]
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "文件",
        "content": {
            media_type.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for media_type in MEDIA_TYPES.values()
        },
    }
}


@router.get("/streets/{street}/transfers", response_class=StreamingResponse, responses=_FILE | problem_responses(404))
async def export_street(
    street: StreetCode,
    first: First,
    last: Last,
    caller: Reader,
    database: DatabaseDep,
    format: Format = ExportFormat.CSV,
) -> StreamingResponse:
    """Every transfer of a street from one day to another, as a file (4.3.4)."""
    own_street(caller, street)
    days = days_from_to(first, last)
    return _file(await export(database, caller, days, street=street, format=format))


@router.get("/transfers", response_class=StreamingResponse, responses=_FILE)
async def export_all(
    first: First,
    last: Last,
    caller: District,
    database: DatabaseDep,
    format: Format = ExportFormat.CSV,
) -> StreamingResponse:
    """Every transfer of every street from one day to another, as a file (4.3.4)."""
    days = days_from_to(first, last)
    return _file(await export(database, caller, days, street=None, format=format))


def _file(exported: Export) -> StreamingResponse:
    return StreamingResponse(
        exported.content,
        media_type=exported.media_type,
        headers={"Content-Disposition": f'attachment; filename="{exported.file_name}"'},
    )
