"""Snapshots, and what they are made of: current records and the base registry, read as whole columns."""

from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.schemas.snapshots import SnapshotView
from data_sharing.tables.snapshots import population_snapshot

_PERSONS = """
select encode(person.identity_index, 'hex') as id, version.birth_date, version.sex,
    version.registration_region as region, version.registration_kind, version.street
from person_version as version join person using (person_id)
where version.valid_until is null and version.died_on is null
"""
_RECORDS = """
select encode(identity_index, 'hex') as id, {columns} from current_record
where data_set = '{data_set}' order by identity_index, row_number
"""


async def snapshots(tx: AsyncConnection, *, limit: int) -> list[SnapshotView]:
    """The newest first."""
    found = sa.select(population_snapshot).order_by(population_snapshot.c.snapshot_id.desc()).limit(limit)
    return [snapshot_view(row) for row in await tx.execute(found)]


async def snapshot_row(tx: AsyncConnection, snapshot_id: UUID) -> sa.Row[Any] | None:
    """One snapshot; None where there is none."""
    found = sa.select(population_snapshot).where(population_snapshot.c.snapshot_id == snapshot_id)
    return (await tx.execute(found)).one_or_none()


def snapshot_view(row: sa.Row[Any]) -> SnapshotView:
    """A row as it is shown."""
    return SnapshotView(**{name: getattr(row, name) for name in SnapshotView.model_fields})


async def write_persons(driver: Any, path: Path) -> None:
    """The living of the base registry, as CSV."""
    await driver.copy_from_query(_PERSONS, output=str(path), format="csv", header=True)


async def write_records(driver: Any, data_set: str, fields: list[str], path: Path) -> None:
    """The current records of a data set, as CSV. Names are of the catalogue."""
    columns = ", ".join(f"fields->>'{field}' as {field}" for field in fields)
    query = _RECORDS.format(columns=columns, data_set=data_set)
    await driver.copy_from_query(query, output=str(path), format="csv", header=True)
