"""Sharing of data: one verification from the application to its completion, and reads of verified facts per second.

A household H01 at a time applies in the whole embedded deployment: intake, data-sharing, nine departments as services
of their own that hear what they are asked, look it up and answer over REST, and the bus between. The latency is read
from the instants of the services themselves, which share one clock. Then eligibility's client reads facts over 16
connections: each read checks letters, writes the access ledger, records its event and reads the merged household. Last,
a delivered file of a million rows is loaded (`tests.bench.sharing_batch`).

The last line is one JSON object. Run: `python -m tests.bench.sharing [--cases 60]`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import httpx
import uvloop
from tests.bench import sharing_batch
from tests.bench.cases import MOST_CASES, Case, Desk, check_verification, fill_registers
from tests.bench.load import Server, http_request, median_run, percentile, run_load, scratch_directory

from doudi.demo.cast import household
from doudi.demo.story import BEGINS_AT
from doudi.postgres import Postgres
from doudi.stack import Stack
from shared.clock import local_date

ROUNDS = 3
READS = 1_500
WARM_UP = 5


async def verify(desk: Desk, case: Case, *, signed_at: datetime) -> float:
    """One household applies and is verified by every department; milliseconds from one to the other."""
    submission = case.home.submission(signed_on=local_date(signed_at))
    receipt = await desk.ask("POST", "intake", "/v1/applications", case.token, json=submission)
    case.application_id = receipt["application_id"]
    # Assessed, so that the next household has the machine to itself.
    await desk.status(case, "assessed")
    await check_verification(desk, case)
    path = f"/v1/applications/{case.application_id}/timeline"
    at = {line["kind"]: datetime.fromisoformat(line["at"]) for line in await desk.all_of("intake", path, case.token)}
    return (at["verification_completed"] - at["application_submitted"]).total_seconds() * 1000


async def measure(stack: Stack, cases: Sequence[Case]) -> dict[str, Any]:
    """Verifications one after the other, then the reads; printed as they end."""
    async with httpx.AsyncClient(timeout=30) as http:
        desk = Desk(stack, http, at_once=1)
        await fill_registers(desk, [case.home for case in cases])
        signed_at = stack.now()
        async with desk.watching():
            spent = [await verify(desk, case, signed_at=signed_at) for case in cases]
    spent = spent[WARM_UP:]
    p50, p99 = (percentile(spent, percent) for percent in (50, 99))
    print(f"one verification, {len(spent)} of them: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    token = stack.token("eligibility")
    reads = [
        http_request(
            "GET",
            f"/v1/applications/{cases[at % len(cases)].application_id}/facts?purpose=assessment",
            headers={"Authorization": f"Bearer {token}"},
        )
        for at in range(READS)
    ]
    server = Server(stack.url("data-sharing"), stack.process_id("data-sharing"))
    await run_load(server, reads[:200], expect=200)
    runs = []
    for number in range(1, ROUNDS + 1):
        runs.append(await run_load(server, reads, expect=200))
        print(f"facts, round {number}: {runs[-1].per_second:.0f} a second, p99 {runs[-1].p99_ms:.1f} ms")
    whole = median_run(runs)
    return {
        "verification_p50_ms": round(p50, 1),
        "verification_p99_ms": round(p99, 1),
        "verifications": len(spent),
        "facts_per_second": round(whole.per_second, 1),
        "facts_p99_ms": round(whole.p99_ms, 2),
        "facts_cpu_ms": round(whole.cpu_ms, 3),
    }


def main() -> int:
    """Start everything, measure, print."""
    parser = argparse.ArgumentParser(description="Verifications, facts and files of data-sharing.")
    parser.add_argument("--cases", type=int, default=60, choices=range(WARM_UP + 1, MOST_CASES + 1), metavar="N")
    options = parser.parse_args()
    with scratch_directory() as directory, Stack(directory / "stack", clock_starts_at=BEGINS_AT) as stack:
        subjects = [f"resident-{number}" for number in range(options.cases)]
        cases = [
            Case(household("H01", sequence=2 * number), subject, stack.resident_token(subject))
            for number, subject in enumerate(subjects)
        ]
        figures = uvloop.run(measure(stack, cases))
    with scratch_directory() as directory, ExitStack() as cleanup:
        postgres = Postgres(directory / "postgres")
        cleanup.callback(postgres.discard)
        postgres.start()
        figures |= uvloop.run(sharing_batch.measure(postgres, directory))
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
