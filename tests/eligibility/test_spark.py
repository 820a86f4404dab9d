"""The kernel by bucket of households on Spark answers as it does on one machine. `make test-spark` installs Spark."""

import importlib.util
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from doudi.population import make_population
from eligibility.rules import PARAMETERS, TOOLBOOK
from eligibility.rules.facts.snapshot import read_snapshot
from eligibility.rules.screening import match

SCRIPT = Path(__file__).parents[2] / "deploy/spark/match_population.py"
TODAY = date(2022, 12, 1)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.spark,
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="Spark is not there: make test-spark"),
]


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> Any:
    from pyspark.sql import SparkSession  # noqa: PLC0415  # only where it is installed

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    session: Any = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.clause("6.1")
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")
def test_buckets_of_households_are_answered_as_one_population(spark: Any, tmp_path: Path) -> None:
    specification = importlib.util.spec_from_file_location("match_population", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    path = tmp_path / "snapshot.parquet"
    make_population(persons=3_000, seed=5, on=TODAY).write_parquet(path)
    rows = script.match_population(spark, str(path), as_of=TODAY, buckets=5).collect()
    snapshot = read_snapshot(path, TODAY)
    edition = TOOLBOOK.edition(TODAY)
    assert edition is not None
    found = match(snapshot, edition, PARAMETERS).households
    ids = snapshot.rows.get_column("household_id").to_list()
    expected = {(ids[household], policy, eligible, amount) for household, policy, eligible, amount in found.rows()}
    assert {tuple(row) for row in rows} == expected
    assert len(expected) > 1_000
