"""A delivered file of a million rows, checked and loaded, against plain COPY of the same rows in the same run.

Ours: the job that loads a received file, whole: every row checked, indexed blindly, told from its repetitions, copied;
the part indexed and published. Plain COPY: the finished rows into a table with the same columns and no index, from
memory. Each round measures both, so that a busy machine slows both. The last line is one JSON object.
Run: `python -m tests.bench.sharing_batch`.
"""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import polars as pl
import uvloop
from cryptography.hazmat.primitives import hashes
from tests.bench.load import scratch_directory

from data_sharing.handlers.batch_files import BatchFiles
from data_sharing.handlers.delivering import announce_batch, receive_file
from data_sharing.handlers.loading import LOAD_JOB, Loader, load_batch
from data_sharing.handlers.persons import INDEX_FIELD
from data_sharing.handlers.preparing import Preparers, copy_lines
from data_sharing.rules.catalogue import load_packed
from data_sharing.schemas.batches import Manifest
from doudi import keys
from doudi.databases import migrate_service
from doudi.postgres import Postgres
from shared.auth import Principal, Role
from shared.clock import SystemClock
from shared.crypto import FieldCipher, KeyRing
from shared.database import Database
from shared.deadlines import Jobs, Work, Worker
from shared.ids import new_id
from shared.seal import SealKey

ROUNDS = 3
ROWS = 1_000_000
_AS_OF = date(2022, 1, 1)
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECK_DIGITS = np.array(list("10X98765432"))
_BATCH_TABLE = """
create table plain_record (
    batch_id uuid not null default '01930000-0000-7000-8000-000000000006',
    row_number integer not null,
    identity_index bytea not null,
    fields jsonb not null
)
"""


def identity_numbers(count: int) -> pl.Series:
    """Of made-up persons of the region that is nobody's, born between 1930 and 2011."""
    days = pl.date_range(date(1930, 1, 1), date(2011, 12, 31), eager=True).dt.strftime("%Y%m%d")
    at = np.arange(count)
    sequence = pl.Series(at // len(days) + 1).cast(pl.String).str.zfill(3)
    begun = pl.select(pl.concat_str(pl.lit("420199"), days.gather(at % len(days)), sequence)).to_series()
    digits = np.frombuffer("".join(begun.to_list()).encode(), dtype=np.uint8).reshape(-1, 17) - ord("0")
    return begun + pl.Series(_CHECK_DIGITS[(digits @ _WEIGHTS) % 11])


def synthetic_rows(count: int, *, seed: int) -> pl.DataFrame:
    """Made-up persons, each with a wage."""
    fen = np.random.default_rng(seed).integers(0, 2_000_000, count)
    wages = pl.Series(fen // 100).cast(pl.String) + "." + pl.Series(fen % 100).cast(pl.String).str.zfill(2)
    return pl.DataFrame({"identity_number": identity_numbers(count), "wage": wages})


def finished_rows(rows: pl.DataFrame, cipher: FieldCipher) -> bytes:
    """The same rows as they stand in the database in the end, as lines for COPY."""
    indexes = cipher.blind_indexes(rows["identity_number"].to_list(), field=INDEX_FIELD)
    numbered = rows.select(
        pl.int_range(1, len(rows) + 1).alias("row_number"),
        pl.concat_str(pl.lit('{"wage":"'), "wage", pl.lit('"}')).alias("fields"),
    )
    return copy_lines(numbered, indexes)


async def plain_copy(owner: Any, lines: bytes) -> float:
    """Seconds that plain COPY takes."""
    await owner.execute("truncate plain_record")
    await owner.execute("checkpoint")

    async def source() -> AsyncIterator[bytes]:
        for at in range(0, len(lines), 1 << 20):
            yield lines[at : at + (1 << 20)]

    began_at = time.perf_counter()
    await owner.copy_to_table(
        "plain_record", source=source(), columns=("row_number", "identity_index", "fields"), format="csv"
    )
    return time.perf_counter() - began_at


class Delivery:
    """One file on its way through our path."""

    def __init__(self, database: Database, loader: Loader) -> None:
        self._database = database
        self._loader = loader
        self._clock = SystemClock()

    async def send(
        self, content: bytes, *, rows: int, as_of: date, data_set: str = "individual_income", by: str = "tax"
    ) -> float:
        """Announce and upload; the seconds of it."""
        client_id = f"department-{by}"
        sender = Principal(subject=client_id, client_id=client_id, roles=frozenset({Role.SERVICE}), department=by)
        digest = hashes.Hash(hashes.SM3())
        digest.update(content)
        manifest = Manifest(
            data_set=data_set,
            as_of=as_of,
            format="csv",
            rows=rows,
            size_bytes=len(content),
            checksum=digest.finalize().hex(),
        )

        async def body() -> AsyncIterator[bytes]:
            for at in range(0, len(content), 1 << 16):
                yield content[at : at + (1 << 16)]

        files, began_at = self._loader.files, time.perf_counter()
        announced = await announce_batch(
            self._database,
            sender,
            manifest,
            str(new_id()),
            catalogue=self._loader.catalogue,
            files=files,
            clock=self._clock,
        )
        await receive_file(
            self._database, sender, announced.batch_id, body(), "text/csv", files=files, clock=self._clock
        )
        return time.perf_counter() - began_at

    async def load(self) -> float:
        """All steps of the job, as the worker runs them; the seconds of it."""

        async def load(work: Work, loader: Loader) -> None:
            async with work.transaction() as tx:
                await load_batch(tx, UUID(work.subject), loader, now=work.now)

        jobs: Jobs[Loader] = {LOAD_JOB: load}
        worker = Worker(self._database, self._clock, jobs, self._loader)
        began_at = time.perf_counter()
        while await worker.run_due():
            pass
        return time.perf_counter() - began_at


async def new_data_sharing(postgres: Postgres, directory: Path, name: str) -> tuple[Database, FieldCipher]:
    """A migrated database of data-sharing, and a cipher with new keys."""
    postgres.cluster.create_roles("data_sharing")
    urls = postgres.cluster.create_database(name, service="data_sharing")
    seal_key = SealKey.read(keys.make_seal_key())
    await asyncio.to_thread(migrate_service, "data_sharing", urls.owner, seal_key)
    keys.make_key_ring(directory / "key-ring.json")
    return Database(urls.app, seal_key=seal_key), FieldCipher(KeyRing.load(directory / "key-ring.json"))


def new_loader(directory: Path, cipher: FieldCipher, *, rows: int) -> Loader:
    """What loads files of so many rows. Its processes are for the caller to end."""
    files = BatchFiles(directory=directory / "batches", limit_bytes=1 << 30, limit_rows=rows)
    preparers = Preparers(cipher=cipher, processes=2)
    return Loader(files=files, catalogue=load_packed(), cipher=cipher, preparers=preparers, superseded_days=30)


async def measure(postgres: Postgres, directory: Path, *, rows: int = ROWS, rounds: int = ROUNDS) -> dict[str, Any]:
    """All rounds, printed as they end; the figures."""
    database, cipher = await new_data_sharing(postgres, directory, "bench_batches")
    superuser = await asyncpg.connect(postgres.cluster.url("postgres", "bench_batches").replace("+asyncpg", ""))
    await superuser.execute(_BATCH_TABLE)
    loader = new_loader(directory, cipher, rows=rows)
    delivery = Delivery(database, loader)
    copied, loaded, sent = [], [], []
    for number in range(-1, rounds):
        # The first one warms up.
        count = rows if number >= 0 else rows // 10
        made = await asyncio.to_thread(synthetic_rows, count, seed=number + 1)
        content = (await asyncio.to_thread(made.write_csv)).encode()
        lines = await asyncio.to_thread(finished_rows, made, cipher)
        copied.append(await plain_copy(superuser, lines))
        sent.append(await delivery.send(content, rows=count, as_of=_AS_OF + timedelta(days=number + 1)))
        await superuser.execute("checkpoint")
        loaded.append(await delivery.load())
        counted = await superuser.fetchval("select count(*) from current_record where data_set = 'individual_income'")
        assert counted == count, f"{counted} of {count} rows count"
        print(
            f"round {number + 1}, {count} rows: plain COPY {copied[-1]:.2f} s,"
            f" ours {loaded[-1]:.2f} s, upload {sent[-1]:.2f} s",
            flush=True,
        )
    del copied[0], loaded[0], sent[0]
    loader.preparers.close()
    await superuser.close()
    await database.close()
    ratios = [plain / ours for plain, ours in zip(copied, loaded, strict=True)]
    return {
        "batch_rows_per_second": round(rows / statistics.median(loaded)),
        "copy_rows_per_second": round(rows / statistics.median(copied)),
        "ratio_to_copy": round(statistics.median(ratios), 3),
        "ratio_to_copy_with_upload": round(
            statistics.median(
                plain / (ours + upload) for plain, ours, upload in zip(copied, loaded, sent, strict=True)
            ),
            3,
        ),
        "rows": rows,
        "rounds": rounds,
    }


def main() -> None:
    """Start PostgreSQL, measure, print."""
    with scratch_directory() as directory, ExitStack() as cleanup:
        postgres = Postgres(directory / "postgres")
        cleanup.callback(postgres.discard)
        postgres.start()
        print(json.dumps(uvloop.run(measure(postgres, directory))))


if __name__ == "__main__":
    main()
