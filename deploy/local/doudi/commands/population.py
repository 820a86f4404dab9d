"""`doudi population`: a made-up Wuchang, for demonstrations and benchmarks."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from doudi.population import make_population
from shared.clock import SystemClock

FILE = "snapshot.parquet"


def population(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write it; made if it is not there.")],
    persons: Annotated[int, typer.Option(min=1, max=5_000_000, help="How many persons.")] = 1_200_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed and day make the same population.")] = 7,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which it is as it is. Default: today.")
    ] = None,
) -> None:
    """Write a made-up population of Wuchang as a snapshot that can be screened: DIR/snapshot.parquet.

    Streets by size, families, ages, wages, illnesses, disabilities and running benefits; some facts are unknown.
    Nobody in it exists. About 2 KiB of memory for each person while it is made.
    """
    day = on.date() if on else SystemClock().today()
    out.mkdir(parents=True, exist_ok=True)
    table = make_population(persons=persons, seed=seed, on=day)
    table.write_parquet(out / FILE)
    households = table.get_column("household_id").n_unique()
    typer.echo(f"{out / FILE}: {table.height:,} persons in {households:,} households, as of {day}")
