"""A district of 1.2 million persons as departments deliver it: its base registry, the saved comparisons, a snapshot.

Made-up households of three are delivered by file: the household register, who lives together, benefits, cars, wages,
disabilities. Then each comparison runs and a population snapshot is built, each in its job as in production. A job has
55 seconds (`shared.deadlines`), or its step where it says that it goes on; what takes longer never ends. The last line
is one JSON object.
Run: `python -m tests.bench.sharing_district [--persons 1200000]`.
"""

import argparse
import asyncio
import json
import sys
import time
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa
import uvloop
from tests.bench.load import scratch_directory
from tests.bench.sharing_batch import Delivery, identity_numbers, new_data_sharing, new_loader

from data_sharing.handlers.comparing import RUN_JOB, run_comparison
from data_sharing.handlers.snapshots import BUILD_JOB, Snapshots, ask_for_snapshot, build_snapshot
from data_sharing.queries.batches import delivered
from data_sharing.queries.snapshots import snapshots as newest_snapshots
from data_sharing.rules.comparisons import Comparison
from data_sharing.rules.comparisons import load as load_comparisons
from data_sharing.schemas.snapshots import SnapshotView
from data_sharing.tables.comparisons import comparison_run
from doudi.postgres import Postgres
from shared import deadlines
from shared.auth import Principal, Role
from shared.clock import SystemClock
from shared.crypto import FieldCipher
from shared.database import Database
from shared.deadlines import Job, Work, Worker
from shared.identity import WUCHANG_STREETS

PERSONS = 1_200_000
_AS_OF = date(2022, 10, 9)
_SURNAMES = list("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
_GIVEN = list("伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂")
_ELIGIBILITY = Principal(subject="eligibility", client_id="eligibility", roles=frozenset({Role.SERVICE}))


def registers(persons: int) -> list[tuple[str, str, pl.DataFrame]]:
    """Data set, department and rows of everything that is delivered."""
    chance = np.random.default_rng(1)
    at = np.arange(persons)
    people = pl.DataFrame({"at": at, "identity_number": identity_numbers(persons)})
    streets = pl.Series(sorted(WUCHANG_STREETS))

    def some(share: float) -> pl.DataFrame:
        return people.filter(pl.Series(chance.random(persons) < share))

    def words(choices: list[str], most: int) -> pl.Series:
        return pl.Series(choices).gather(chance.integers(0, len(choices), most))

    register = people.select(
        "identity_number",
        pl.Series("name", words(_SURNAMES, persons) + words(_GIVEN, persons) + words(_GIVEN, persons)),
        pl.col("identity_number").str.slice(6, 8).str.to_date("%Y%m%d").cast(pl.String).alias("birth_date"),
        pl.when(pl.col("at") % 2 == 0).then(pl.lit("M")).otherwise(pl.lit("F")).alias("sex"),
        pl.lit("420106:urban").alias("registration"),
        streets.gather(at // 3 % len(streets)).alias("street"),
        pl.concat_str(pl.lit("示例路"), (pl.col("at") // 300).cast(pl.String), pl.lit("号")).alias("address"),
    )
    composition = people.select(
        "identity_number",
        pl.concat_str(pl.lit("H"), (pl.col("at") // 3).cast(pl.String)).alias("household_number"),
        pl.Series(["户主", "妻", "子"]).gather(at % 3).alias("relation_to_head"),
    )
    dibao = json.dumps([{"policy": "dibao", "monthly_amount": "910.00"}])
    cars = json.dumps([{"value": "30000.00"}])
    wages = some(0.5)
    return [
        ("household_register", "public_security", register),
        ("household_composition", "public_security", composition),
        ("benefit_register", "civil_affairs", some(0.03).select("identity_number", pl.lit(dibao).alias("receiving"))),
        ("vehicle_register", "public_security", some(0.2).select("identity_number", pl.lit(cars).alias("vehicles"))),
        (
            "individual_income",
            "tax",
            wages.select("identity_number", pl.concat_str(pl.col("at") % 9000, pl.lit(".50")).alias("wage")),
        ),
        (
            "disability_register",
            "disabled_federation",
            some(0.04).select("identity_number", pl.lit("limb").alias("category"), pl.lit("1").alias("grade")),
        ),
    ]


class District:
    """data-sharing with everything delivered that comparisons and snapshots read."""

    def __init__(self, database: Database, directory: Path, cipher: FieldCipher, persons: int) -> None:
        self.loader = new_loader(directory, cipher, rows=persons)
        self.comparisons = load_comparisons(self.loader.catalogue)
        self._snapshots = Snapshots(directory=directory / "snapshots", days=7, cipher=cipher)
        self._database = database
        self._clock = SystemClock()
        self._delivery = Delivery(database, self.loader)

    async def deliver(self, data_set: str, department: str, rows: pl.DataFrame) -> float:
        """Seconds until it counts, and the base registry has taken it over."""
        content = (await asyncio.to_thread(rows.write_csv)).encode()
        await self._delivery.send(content, rows=len(rows), as_of=_AS_OF, data_set=data_set, by=department)
        seconds = await self._delivery.load()
        async with self._database.transaction() as tx:
            assert data_set in await delivered(tx), f"{data_set} was not loaded"
        return seconds

    async def compare(self, comparison: Comparison) -> tuple[float, int]:
        """Seconds of one run, and how many it found."""

        async def run(work: Work, _: None) -> None:
            await run_comparison(work, self.comparisons, catalogue=self.loader.catalogue)

        seconds = await self._timed(RUN_JOB, comparison.code, run)
        async with self._database.transaction() as tx:
            newest = sa.select(comparison_run).where(comparison_run.c.comparison == comparison.code)
            row = (await tx.execute(newest.order_by(comparison_run.c.started_at.desc()).limit(1))).one()
        assert row.state == "completed", f"{comparison.code}: {row.reason}"
        return seconds, row.found

    async def snapshot(self) -> tuple[float, SnapshotView]:
        """Seconds of one snapshot, and how it stands."""

        async def build(work: Work, _: None) -> None:
            await build_snapshot(work, self._database, self._snapshots)

        async with self._database.transaction() as tx:
            asked = await ask_for_snapshot(tx, _ELIGIBILITY, now=self._clock.now())
        seconds = await self._timed(BUILD_JOB, str(asked.snapshot_id), build)
        async with self._database.transaction() as tx:
            [made] = await newest_snapshots(tx, limit=1)
        return seconds, made

    async def _timed(self, kind: str, subject: str, job: Job[None]) -> float:
        """Seconds of one attempt, as the worker makes it; it is cancelled when its time is over."""
        async with self._database.transaction() as tx:
            await deadlines.schedule(tx, kind=kind, subject=subject, due_at=self._clock.now())
        begun = time.perf_counter()
        await Worker(self._database, self._clock, {kind: job}, None).run_due()
        return time.perf_counter() - begun


async def measure(postgres: Postgres, directory: Path, *, persons: int) -> dict[str, Any]:
    """Everything once, printed as it ends; the figures."""
    database, cipher = await new_data_sharing(postgres, directory, "bench_district")
    district = District(database, directory, cipher, persons)
    figures: dict[str, Any] = {"persons": persons}
    sent = set()
    for data_set, department, rows in await asyncio.to_thread(registers, persons):
        seconds = await district.deliver(data_set, department, rows)
        sent.add(data_set)
        figures[f"{data_set}_s"] = round(seconds, 1)
        print(f"{data_set}, {len(rows)} rows: {seconds:.1f} s", flush=True)
    for comparison in district.comparisons.values():
        if not {path.partition(".")[0] for path in comparison.fields} <= sent:
            continue
        for turn in ("first", "again"):
            seconds, found = await district.compare(comparison)
            print(f"{comparison.code}, {turn}: {seconds:.1f} s, {found} found", flush=True)
            figures["slowest_comparison_s"] = max(round(seconds, 1), figures.get("slowest_comparison_s", 0))
    seconds, made = await district.snapshot()
    assert made.state == "ready", f"the snapshot is {made.state}, {made.reason}"
    print(f"snapshot of {made.persons} persons, {made.size_bytes} bytes: {seconds:.1f} s", flush=True)
    district.loader.preparers.close()
    await database.close()
    return figures | {"snapshot_s": round(seconds, 1), "snapshot_persons": made.persons}


def main() -> int:
    """Start PostgreSQL, measure, print."""
    parser = argparse.ArgumentParser(description="The base registry, comparisons and a snapshot of a whole district.")
    parser.add_argument("--persons", type=int, default=PERSONS)
    options = parser.parse_args()
    with scratch_directory() as directory, ExitStack() as cleanup:
        postgres = Postgres(directory / "postgres")
        cleanup.callback(postgres.discard)
        postgres.start()
        print(json.dumps(uvloop.run(measure(postgres, directory, persons=options.persons))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
