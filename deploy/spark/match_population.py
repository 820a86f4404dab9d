"""The toolbook over a population that one machine does not hold: the same kernel, bucket by bucket of households.

Run on a cluster whose workers have our packages:

    spark-submit deploy/spark/match_population.py SNAPSHOT OUT --as-of 2022-12-01 [--buckets 64]

Writes one row for each household and policy whose answer is not no. A household is in one bucket, so nothing crosses.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import lit, pmod, xxhash64

from eligibility.rules import PARAMETERS, TOOLBOOK
from eligibility.rules.facts.columns import HOUSEHOLD_ID
from eligibility.rules.facts.snapshot import check_snapshot
from eligibility.rules.screening import HOUSEHOLD, POLICY, match

SCHEMA = "household_id string, policy string, eligible boolean, amount_fen bigint"
"""A null in `eligible` hangs on an unknown fact."""
_BUCKET = "bucket"
_ARROW = pa.schema(
    [
        ("household_id", pa.string()),
        ("policy", pa.string()),
        ("eligible", pa.bool_()),
        ("amount_fen", pa.int64()),
    ]
)


def match_population(spark: SparkSession, path: str, *, as_of: date, buckets: int) -> DataFrame:
    """The answers for everybody in a snapshot. Rows that a check would put aside are left out."""
    rows = spark.read.parquet(path).withColumn(_BUCKET, pmod(xxhash64(HOUSEHOLD_ID), lit(buckets)))
    return rows.groupBy(_BUCKET).applyInArrow(_answer(as_of), SCHEMA)


def _answer(as_of: date) -> Callable[[Any], Any]:
    def answer(bucket: Any) -> Any:
        snapshot = check_snapshot(pl.DataFrame(pl.from_arrow(bucket)).drop(_BUCKET), as_of)
        edition = TOOLBOOK.edition(as_of)
        assert edition is not None, "the toolbook has begun"
        found = match(snapshot, edition, PARAMETERS).households
        ids = snapshot.rows.get_column(HOUSEHOLD_ID).gather(found.get_column(HOUSEHOLD))
        named = found.select(ids.alias(HOUSEHOLD_ID), pl.col(POLICY).cast(pl.String), "eligible", "amount_fen")
        return named.to_arrow().cast(_ARROW)

    return answer


def main() -> None:
    """Read the arguments, match, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshot")
    parser.add_argument("out")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--buckets", type=int, default=64)
    given = parser.parse_args()
    spark = SparkSession.builder.appName("doudi-match-population").getOrCreate()
    match_population(spark, given.snapshot, as_of=given.as_of, buckets=given.buckets).write.parquet(given.out)


if __name__ == "__main__":
    main()
