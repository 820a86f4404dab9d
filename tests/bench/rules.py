"""The rules over a population and for one household, against OpenFisca-Core, in the same run.

Interleaved rounds; each side gets the same made-up Wuchang of 1.2 million persons, and both must give the same answers.
What is timed of the batch is the calculation alone: OpenFisca with its inputs set, ours with the snapshot laid out. The
complete toolbook is timed from a checked snapshot to all answers. Peak memory is that of a process that does one of
them and nothing else.

The last line is one JSON object; the exit code is 1 where the engines differ. Run: `make bench-rules`, or
`python -m tests.bench.rules [--persons 1200000] [--rounds 5]`.
"""

import argparse
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from tests.bench.load import scratch_directory
from tests.bench.openfisca import ours, theirs

from doudi.population import make_population
from eligibility.rules import PARAMETERS, TOOLBOOK, assess_case
from eligibility.rules.assessment import assess_facts
from eligibility.rules.engine import vectors
from eligibility.rules.engine.explanation import Explainer, Plans
from eligibility.rules.engine.kernel import Kernel
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.trace import Outlines, Trace
from eligibility.rules.facts.contract import read_facts
from eligibility.rules.facts.population import Population
from eligibility.rules.facts.records import Facts
from eligibility.rules.facts.snapshot import Snapshot, check_snapshot, read_snapshot
from eligibility.rules.screening import match

ON = date(2022, 12, 1)
HOUSEHOLD = Path(__file__).parents[1] / "eligibility/cases/H07.json"
EXPLAINED_TIMES = 300
_KIB = 1024
SNAPSHOT = "snapshot.parquet"
ARRAYS = "arrays.npz"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Inputs:
    """One population, as both engines take it."""

    snapshot: Snapshot
    household_of: Any
    theirs: Mapping[str, Any]


def prepare(persons: int, seed: int) -> Inputs:
    """Make the population: nothing unknown, no sum beyond 32 bits, since OpenFisca has neither."""
    table = make_population(persons=persons, seed=seed, on=ON).with_columns(
        pl.col("financial").fill_null(0).clip(0, theirs.MAX_FEN), pl.col("wage", "disability_grade").fill_null(0)
    )
    snapshot = check_snapshot(table, ON)
    assert snapshot.rejected.is_empty()
    rows = snapshot.rows
    starts = snapshot.first_rows
    inputs = {name: rows.get_column(name).to_numpy() for name in theirs.PERSON_INPUTS}
    inputs |= {name: theirs.words(name, rows.get_column(name).cast(pl.String)) for name in theirs.WORDS}
    inputs |= {name: rows.get_column(name).gather(starts).to_numpy() for name in theirs.HOUSEHOLD_INPUTS}
    household_of = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, rows.height)))
    return Inputs(snapshot, household_of, inputs)


def batch_of_ours(population: Population, kernel: Kernel) -> dict[str, Any]:
    """Every output for everybody, in the order of the layout."""
    found: dict[str, list[Any]] = {name: [] for name in ours.OUTPUTS}
    for batch in population.batches:
        for name, value in kernel.values(ours.OUTPUTS, batch, ours.PARAMETERS, ON):
            found[name].append(np.ravel(vectors.low(value)))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def batch_of_theirs(simulation: Any) -> dict[str, Any]:
    """Every output for everybody."""
    period = theirs.month(ON)
    return {name: simulation.calculate(name, period) for name in ours.OUTPUTS}


def differences(population: Population, household_of: Any, left: Mapping[str, Any], right: Mapping[str, Any]) -> int:
    """How many values the two engines do not agree on."""
    households = household_of[population.household_rows]
    count = 0
    for name in ours.OUTPUTS:
        order = population.person_rows if len(right[name]) == population.persons else households
        count += int(np.sum(left[name] != right[name][order]))
    return count


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """How many seconds it takes, with the collector out of the way, and what it gives."""
    gc.collect()
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def trace_ours() -> Callable[[], Any]:
    """The same 27 rules for one household: every policy with the conditions that decide it, down to the facts."""
    edition, facts = ours_of_one()
    outlines = Outlines(edition)

    def trace() -> Any:
        found = Trace(outlines, edition.frame(facts, ours.PARAMETERS))
        return [found.policy(policy.eligible) for policy in edition.policies]

    return trace


def tell_ours() -> Callable[[], list[str]]:
    """The same in words."""
    edition, facts = ours_of_one()
    plans = Plans(edition)

    def tell() -> list[str]:
        explainer = Explainer(plans, edition.frame(facts, ours.PARAMETERS))
        return [line for policy in edition.policies for line in explainer.policy(policy).lines]

    return tell


def ours_of_one() -> tuple[Edition, Facts]:
    """The 27 rules and the household to which they are put."""
    edition = ours.TOOLBOOK.edition(ON)
    assert edition is not None
    return edition, read_facts(json.loads(HOUSEHOLD.read_text(encoding="utf-8"))["household"], date(2023, 1, 10))


def of_theirs(system: theirs.System, *, in_words: bool) -> Callable[[], Any]:
    """OpenFisca's trace of every output, as its tree or as the lines of its log. Setting the inputs is not timed."""
    inputs = {
        "birth_date": np.array(["1977-05-12", "1979-08-03", "2010-03-21"], dtype="datetime64[D]"),
        "wage": np.array([200_000, 200_000, 0]),
        "employment": theirs.words("employment", ["employed", "employed", ""]),
        "school": theirs.words("school", ["", "", "primary"]),
    }
    waiting = [theirs.simulation(system, inputs, [0, 0, 0], on=ON, trace=True) for _ in range(EXPLAINED_TIMES)]

    def explain() -> Any:
        simulation = waiting.pop()
        batch_of_theirs(simulation)
        return simulation.tracer.computation_log.lines() if in_words else simulation.tracer.trees

    return explain


def milliseconds(explain: Callable[[], Any], times: int) -> float:
    """Milliseconds of one household, on average. Nothing is kept: what is must be gone through by the collector."""

    def repeat() -> None:
        for _ in range(times):
            explain()

    return timed(repeat)[0] / times * 1000


def fastest_ms(facts: Facts) -> float:
    """Milliseconds of one household, answered and traced, when nothing else had the processor."""

    def once() -> float:
        began = time.perf_counter()
        assess_facts(facts).traced()
        return (time.perf_counter() - began) * 1000

    return min(once() for _ in range(EXPLAINED_TIMES))


def worked_cases() -> list[Facts]:
    """Every worked household of the tests."""
    cases = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(HOUSEHOLD.parent.glob("*.json"))]
    return [read_facts(case["household"], date.fromisoformat(case["as_of"])) for case in cases]


def peak_mib(what: str, directory: Path) -> float:
    """Peak memory of a process that does only this, on inputs from files."""
    command = [sys.executable, "-m", "tests.bench.rules", "--alone", what, "--inputs", str(directory)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def alone(what: str, directory: Path) -> float:
    """Do one of them in this process, and read its peak memory in MiB."""
    edition = ours.TOOLBOOK.edition(ON)
    assert edition is not None
    if what == "ours":
        batch_of_ours(Population(read_snapshot(directory / SNAPSHOT, ON)), Kernel(edition))
    elif what == "theirs":
        inputs = dict(np.load(directory / ARRAYS))
        household_of = inputs.pop("household_of")
        inputs |= {name: theirs.coded(name, inputs[name]) for name in theirs.WORDS}
        batch_of_theirs(theirs.simulation(theirs.System(), inputs, household_of, on=ON))
    else:
        match_all(read_snapshot(directory / SNAPSHOT, ON))
    # Of this program alone: what getrusage tells began with the parent's memory.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / _KIB


def write_inputs(inputs: Inputs, directory: Path) -> None:
    """The files that `alone` reads."""
    inputs.snapshot.rows.write_parquet(directory / SNAPSHOT)
    arrays: dict[str, Any] = {name: np.asarray(values).view(np.ndarray) for name, values in inputs.theirs.items()}
    np.savez(directory / ARRAYS, household_of=inputs.household_of, **arrays)


def match_all(snapshot: Snapshot) -> Any:
    """The complete toolbook, for everybody."""
    edition = TOOLBOOK.edition(ON)
    assert edition is not None
    return match(snapshot, edition, PARAMETERS)


def measure(*, persons: int, seed: int, rounds: int) -> dict[str, Any]:
    """All rounds, printed as they end; the figures."""
    inputs = prepare(persons, seed)
    edition = ours.TOOLBOOK.edition(ON)
    assert edition is not None
    kernel, population, system = Kernel(edition), Population(inputs.snapshot), theirs.System()
    whole = json.loads(HOUSEHOLD.read_text(encoding="utf-8"))
    facts = read_facts(whole["household"], date.fromisoformat(whole["as_of"]))
    one_household: dict[str, Callable[[], Callable[[], Any]]] = {
        "traced": lambda: traced,
        "traced_theirs": partial(of_theirs, system, in_words=False),
        "told": lambda: told,
        "told_theirs": partial(of_theirs, system, in_words=True),
        "toolbook_answered": lambda: lambda: assess_facts(facts),
        "toolbook_traced": lambda: lambda: assess_facts(facts).traced(),
        "toolbook_told": lambda: lambda: assess_facts(facts).as_json(),
    }
    traced, told = trace_ours(), tell_ours()
    assess_case(whole).as_json()
    # What is kept in memory must not weigh on the collector while one household is explained.
    gc.freeze()
    times: dict[str, list[float]] = {}
    differ = 0
    print(
        "population, seconds: ours, openfisca, the whole toolbook; one household, ms: same rules traced and told, ours"
    )
    print("and openfisca's; the whole toolbook answered, traced, told")
    for number in range(rounds + 1):
        simulation = theirs.simulation(system, inputs.theirs, inputs.household_of, on=ON)
        figures: dict[str, float] = {}
        figures["ours"], left = timed(partial(batch_of_ours, population, kernel))
        figures["theirs"], right = timed(partial(batch_of_theirs, simulation))
        differ += differences(population, inputs.household_of, left, right)
        figures["toolbook"], _ = timed(partial(match_all, inputs.snapshot))
        figures |= {name: milliseconds(make(), EXPLAINED_TIMES) for name, make in one_household.items()}
        if number == 0:
            continue  # everything is compiled and warm now
        for name, value in figures.items():
            times.setdefault(name, []).append(value)
        print(f"round {number}  " + "  ".join(f"{name} {value:.3f}" for name, value in figures.items()))

    def ratio(upper: str, lower: str) -> float:
        return round(statistics.median(a / b for a, b in zip(times[upper], times[lower], strict=True)), 3)

    def median(name: str) -> float:
        return round(statistics.median(times[name]), 4)

    with scratch_directory() as directory:
        write_inputs(inputs, directory)
        peaks = {what: round(peak_mib(what, directory), 1) for what in ("ours", "theirs", "toolbook")}
    return {
        "ratio_to_openfisca_batch": ratio("ours", "theirs"),
        "ratio_to_openfisca_explained": ratio("traced", "traced_theirs"),
        "ratio_to_openfisca_in_words": ratio("told", "told_theirs"),
        "toolbook_population_seconds": median("toolbook"),
        "toolbook_peak_mib": peaks["toolbook"],
        "explained_ms": median("toolbook_traced"),
        "explained_fastest_ms": round(fastest_ms(facts), 4),
        "explained_cases_fastest_ms": round(statistics.median(map(fastest_ms, worked_cases())), 4),
        "explained_in_words_ms": median("toolbook_told"),
        "answered_ms": median("toolbook_answered"),
        "batch_seconds": median("ours"),
        "openfisca_batch_seconds": median("theirs"),
        "batch_peak_mib": peaks["ours"],
        "openfisca_peak_mib": peaks["theirs"],
        "same_rules_explained_ms": median("traced"),
        "openfisca_explained_ms": median("traced_theirs"),
        "same_rules_in_words_ms": median("told"),
        "openfisca_in_words_ms": median("told_theirs"),
        "rules": len(edition.rules),
        "toolbook_policies": len(TOOLBOOK.policies),
        "persons": inputs.snapshot.rows.height,
        "differences": differ,
        "rounds": rounds,
    }


def main() -> None:
    """Measure, print, and fail where the engines differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=1_200_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--alone", choices=["ours", "theirs", "toolbook"], help=argparse.SUPPRESS)
    parser.add_argument("--inputs", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        print(alone(given.alone, given.inputs))
        return
    result = measure(persons=given.persons, seed=given.seed, rounds=given.rounds)
    print(json.dumps(result))
    sys.exit(1 if result["differences"] else 0)


if __name__ == "__main__":
    main()
