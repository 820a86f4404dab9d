"""Population snapshots: asked for, built under agreements, taken away once their days are over (6.1, 12.1.1)."""

import asyncio
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.access_ledger import platform, put_on_ledger
from data_sharing.handlers.quotas import why_closed
from data_sharing.queries.batches import delivered
from data_sharing.queries.snapshots import snapshot_row, snapshot_view, write_persons, write_records
from data_sharing.rules import snapshot as rules
from data_sharing.schemas.snapshots import SnapshotView
from data_sharing.tables.snapshots import population_snapshot
from shared import deadlines
from shared.auth import Principal
from shared.clock import Clock
from shared.crypto import FieldCipher
from shared.database import Database, driver_connection
from shared.deadlines import Work
from shared.ids import new_id
from shared.problems import Problem, not_found

BUILD_JOB = "build_snapshot"
ERASE_JOB = "erase_snapshot"
_PERSON_FIELD = "population_snapshot.person_id"
_HOUSEHOLD_FIELD = "population_snapshot.household_id"
# What `loading` locks while it publishes.
_NO_PUBLICATION = sa.text("select pg_advisory_xact_lock_shared(hashtextextended(:name, 1))")
_GROUP_ROWS = 100_000
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """Where snapshots lie, and for how long. Every replica sees the same directory, and nobody else."""

    directory: Path
    days: int
    cipher: FieldCipher

    def path(self, snapshot_id: UUID) -> Path:
        return self.directory / f"{snapshot_id}.parquet"


@dataclass(frozen=True, kw_only=True)
class _Built:
    persons: int
    households: int
    left_out: int
    size_bytes: int
    sha256: str


async def ask_for_snapshot(tx: AsyncConnection, caller: Principal, *, now: datetime) -> SnapshotView:
    """Have one built; the one that is being built already, where there is one."""
    asked = insert(population_snapshot).values(
        snapshot_id=new_id(), asked_by=caller.client_id, asked_at=now, state="asked"
    )
    await tx.execute(asked.on_conflict_do_nothing())
    waiting = sa.select(population_snapshot).where(population_snapshot.c.state == "asked")
    row = (await tx.execute(waiting)).one()
    await deadlines.ensure(tx, kind=BUILD_JOB, subject=str(row.snapshot_id), due_at=now)
    return snapshot_view(row)


async def build_snapshot(work: Work, database: Database, snapshots: Snapshots) -> None:
    """Build one, step by step: each has the time of a job of its own. Cut off, it is built anew: the file has its name
    only when it is whole.
    """
    snapshot_id = UUID(work.subject)
    async with database.transaction() as tx:
        # Who lives together and who receives what cannot be unknown of everybody.
        needed = {rules.COMPOSITION, rules.BENEFITS, "household_register"}
        reason = await why_closed(
            tx, needed, consumer=rules.CONSUMER, purpose=rules.PURPOSE, fields=rules.FIELDS, now=work.now
        )
        # Committed before the first row is read, as every look.
        looking = platform(f"snapshot:{snapshot_id}", client_id=rules.CONSUMER)
        await put_on_ledger(tx, looking, purpose=rules.PURPOSE, fields=rules.FIELDS, refusal=reason, now=work.now)
    result: Mapping[str, Any] = {"state": "refused", "reason": reason}
    if reason is not None:
        # One that an attempt before this one had built and not yet told of.
        await asyncio.to_thread(snapshots.path(snapshot_id).unlink, missing_ok=True)
    if reason is None:
        built = await _build(work, database, snapshots)
        result = {"state": "ready", "built_at": work.now, **built.__dict__}
    async with work.transaction() as tx:
        await tx.execute(
            sa.update(population_snapshot).where(population_snapshot.c.snapshot_id == snapshot_id).values(**result)
        )
        if reason is None:
            erase_at = work.now + timedelta(days=snapshots.days)
            await deadlines.schedule(tx, kind=ERASE_JOB, subject=work.subject, due_at=erase_at)


async def _build(work: Work, database: Database, snapshots: Snapshots) -> _Built:
    snapshot_id = UUID(work.subject)
    parts = snapshots.directory / f"{snapshot_id}.parts"
    await asyncio.to_thread(_make_room, parts)
    try:
        await _read_registers(work, database, parts)
        persons, rows = await asyncio.to_thread(_assembled, parts)
        await work.prolong()
        rows = await asyncio.to_thread(_without_who, rows, snapshot_id, snapshots.cipher)
        await work.prolong()
        size_bytes, sha256 = await asyncio.to_thread(_write, rows, parts, snapshots.path(snapshot_id))
    finally:
        await asyncio.to_thread(shutil.rmtree, parts, ignore_errors=True)
    return _Built(
        persons=len(rows),
        households=rows["household_id"].n_unique(),
        left_out=persons - len(rows),
        size_bytes=size_bytes,
        sha256=sha256,
    )


async def _read_registers(work: Work, database: Database, parts: Path) -> None:
    async with database.transaction() as tx:
        # One picture of all registers: a delivery is published after it, or before.
        for data_set in sorted({*rules.DATA_SETS, "household_register"}):
            await tx.execute(_NO_PUBLICATION, {"name": data_set})
        known = await delivered(tx)
        driver = await driver_connection(tx)
        await write_persons(driver, parts / "persons.csv")
        await work.prolong()
        for data_set in rules.DATA_SETS:
            if data_set in known:
                fields = [path.partition(".")[2] for path in rules.FIELDS if path.startswith(f"{data_set}.")]
                await write_records(driver, data_set, fields, parts / f"{data_set}.csv")
                await work.prolong()


def _make_room(parts: Path) -> None:
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(mode=0o700, parents=True)


def _assembled(parts: Path) -> tuple[int, pl.DataFrame]:
    """How many persons there are, and the rows of those who are in a household."""
    tables = {path.stem: pl.read_csv(path, infer_schema=False) for path in parts.glob("*.csv")}
    persons = tables.pop("persons").with_columns(pl.col("birth_date").str.to_date())
    return len(persons), rules.assembled(persons, tables)


def _without_who(rows: pl.DataFrame, snapshot_id: UUID, cipher: FieldCipher) -> pl.DataFrame:
    rows = rows.with_columns(
        _pseudonyms(rows["household"], snapshot_id, cipher, field=_HOUSEHOLD_FIELD).alias("household_id"),
        _pseudonyms(rows["id"], snapshot_id, cipher, field=_PERSON_FIELD).alias("person_id"),
    ).drop("household", "id")
    # Sorted by ids of this snapshot alone: the order tells nothing of the registers'.
    return rows.sort("household_id", "person_id").select(
        "household_id", "person_id", pl.exclude("household_id", "person_id")
    )


def _write(rows: pl.DataFrame, parts: Path, path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of the file."""
    unfinished = parts / "snapshot.parquet"
    rows.write_parquet(unfinished, row_group_size=_GROUP_ROWS)
    unfinished.chmod(0o600)
    digest = hashlib.sha256()
    with unfinished.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    size_bytes = unfinished.stat().st_size
    unfinished.replace(path)
    return size_bytes, digest.hexdigest()


def _pseudonyms(values: pl.Series, snapshot_id: UUID, cipher: FieldCipher, *, field: str) -> pl.Series:
    """Ids that stand for somebody in this snapshot and in no other: two cannot be joined."""
    distinct = values.unique()
    indexes = cipher.blind_indexes((f"{snapshot_id} {value}" for value in distinct), field=field)
    digits = pl.Series(indexes, dtype=pl.Binary).bin.encode("hex").str
    groups = [digits.slice(begin, length) for begin, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    ids = pl.select(pl.concat_str(groups, separator="-")).to_series()
    return values.replace_strict(distinct, ids, return_dtype=pl.String)


async def open_snapshot(
    database: Database, caller: Principal, snapshot_id: UUID, *, snapshots: Snapshots, clock: Clock
) -> Path:
    """The file of a snapshot; the look is on the access ledger before it is given. Raises Problem 404 and 409."""
    async with database.transaction() as tx:
        row = await snapshot_row(tx, snapshot_id)
        if row is None:
            raise not_found("人口快照", snapshot_id)
        if row.state != "ready":
            raise Problem(
                409,
                "snapshot_not_ready",
                "人口快照不可下载",
                f"人口快照 {snapshot_id} 的状态为 {row.state}",
                way_out="生成后方可下载；已清除的请重新生成",
            )
        await put_on_ledger(tx, caller, purpose=rules.PURPOSE, fields=rules.FIELDS, refusal=None, now=clock.now())
    return snapshots.path(snapshot_id)


async def erase_snapshot(work: Work, snapshots: Snapshots) -> None:
    """The days of a snapshot are over: the file goes, that it was stays."""
    snapshot_id = UUID(work.subject)
    await asyncio.to_thread(snapshots.path(snapshot_id).unlink, missing_ok=True)
    async with work.transaction() as tx:
        await tx.execute(
            sa.update(population_snapshot)
            .where(population_snapshot.c.snapshot_id == snapshot_id, population_snapshot.c.state == "ready")
            .values(state="erased", erased_at=work.now)
        )
