"""The department's registers: records come in by batch, identity numbers are encrypted before they are written."""

from collections.abc import Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from departments.rules.offices import Office
from departments.schemas import RegisterBatch, RegisterBatchAnswer, RegisterRecord
from departments.tables import IDENTITY_FIELD, register_record
from shared.auth import Principal
from shared.clock import local_date
from shared.crypto import FieldCipher
from shared.database import Database
from shared.identity import InvalidIdentityNumber, parse_identity_number
from shared.problems import FieldError, Problem


async def put_records(
    database: Database,
    *,
    caller: Principal,
    office: Office,
    cipher: FieldCipher,
    data_set: str,
    body: RegisterBatch,
    now: datetime,
) -> RegisterBatchAnswer:
    """Insert or replace records. Raises Problem 422 `records_invalid` that names each record at fault."""
    numbers = _checked_numbers(body.records, today=local_date(now))
    rows: list[dict[str, Any]] = [
        {
            "data_set": data_set,
            "person_index": cipher.blind_index(number, field=IDENTITY_FIELD),
            "department": office.code,
            "identity_number": cipher.encrypt(number, field=IDENTITY_FIELD),
            "fields": record.fields,
            "valid_from": record.valid_from,
            "valid_to": record.valid_to,
            "as_of": record.as_of,
            "recorded_at": now,
        }
        for record, number in zip(body.records, numbers, strict=True)
    ]
    # Always in one order: two batches at the same time then wait for each other and cannot block each other.
    rows.sort(key=itemgetter("person_index"))
    statement = insert(register_record).values(rows)
    replaced = ["identity_number", "fields", "valid_from", "valid_to", "as_of", "recorded_at"]
    statement = statement.on_conflict_do_update(
        index_elements=["data_set", "person_index"],
        set_={name: statement.excluded[name] for name in replaced},
        where=register_record.c.as_of <= statement.excluded.as_of,
    )
    async with database.transaction(caller) as tx:
        # A row version that nobody deleted has xmax 0: it was inserted. This is how PostgreSQL tells upserts apart.
        written: sa.CursorResult[Any] = await tx.execute(
            statement.returning(sa.literal_column("xmax = 0").label("is_new"))
        )
        flags = [bool(row.is_new) for row in written]
    return RegisterBatchAnswer(
        data_set=data_set,
        inserted=sum(flags),
        replaced=len(flags) - sum(flags),
        older_ignored=len(rows) - len(flags),
    )


def _checked_numbers(records: Sequence[RegisterRecord], *, today: date) -> list[str]:
    numbers: list[str] = []
    faults: list[FieldError] = []
    seen: dict[str, int] = {}
    for at, record in enumerate(records):
        where = f"body.records[{at}]"
        try:
            number = parse_identity_number(record.identity_number, today=today).text
        except InvalidIdentityNumber as error:
            faults.append(FieldError(field=f"{where}.identity_number", code=error.code, message=str(error)))
            continue
        numbers.append(number)
        first = seen.setdefault(number, at)
        if first != at:
            message = f"与 records[{first}] 是同一人；一人在一个数据集中只有一条记录"
            faults.append(FieldError(field=f"{where}.identity_number", code="record_twice", message=message))
        if record.valid_to is not None and record.valid_to <= record.valid_from:
            message = "失效日期必须晚于生效日期"
            faults.append(FieldError(field=f"{where}.valid_to", code="period_empty", message=message))
        if record.as_of > today:
            message = f"数据日期不能晚于今天（{today}）"
            faults.append(FieldError(field=f"{where}.as_of", code="as_of_in_future", message=message))
    if faults:
        raise Problem(
            422,
            "records_invalid",
            "部分记录不符合要求，整批未写入",
            f"共有 {len(faults)} 处需要修改",
            way_out="请按 errors 中各项说明修改后重新提交整批",
            errors=faults[:50],
        )
    return numbers
