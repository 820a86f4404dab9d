"""Payments of the street reserve per second, on one hot street and on all fourteen, against limits of the same run.

The limits: TPC-B-like transactions of pgbench (which do less: four small rows, no order between them but one balance);
a loop over asyncpg that writes the rows of one payment in one transaction, with every constraint and trigger; the
same rows in batches and nothing else, neither checks nor code, which no payment can be faster than; a bare FastAPI
route that gives back its body. Each round measures both sides of a ratio once, so that a busy machine slows both.

What is measured is `Payments.pay`, whole: key, grant, recusal, reserve, transfer, follow-up with its deadline, events,
answer; by callers in this process and over HTTP with tokens, each asking again when it has its answer (closed) or at
half the rate that this reached (open). The last line is one JSON object. Run: `python -m tests.bench.fund`.
"""

import asyncio
import gc
import json
import re
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any

import asyncpg
import uvloop
from tests.bench.load import Run, http_request, median_ratio, median_run, run_load, run_open_load, scratch_directory
from tests.bench.raw_payment import RowsAlone, pay_raw
from tests.bench.servers import Servers, start_servers
from tests.emergency_fund.approved import Approved, insert_approved

from emergency_fund.handlers.payments import Payments
from shared.auth import Principal, Role
from shared.clock import SystemClock
from shared.database import Database
from shared.ids import new_id
from shared.seal import SealKey

ROUNDS = 3
CALLERS = 64
PAYMENTS = 3000
SINGLE = 500
OPEN_SHARE = 0.5
"""The open loop asks at this share of what the closed one reached."""
WARM_UP = 200
SECONDS = 5
"""Of pgbench, and of the open loop."""
_TPCB_CLIENTS = 16
Pay = Callable[[Approved], Awaitable[object]]


async def approved(database: Database, owner: Any, streets: Sequence[str], count: int) -> list[Approved]:
    """Grants of one fen each, asked for and approved, spread over the streets."""
    grants = [Approved(street=street, amount_fen=1) for street in islice(cycle(streets), count)]
    async with database.transaction() as tx:
        await insert_approved(tx, grants, at=datetime.now(UTC))
    # As in a database that has been at work: the planner would take a new one's tables for empty.
    await owner.execute("analyze emergency_grant, transfer, follow_up, idempotency, deadline, grant_stage, paper_debt")
    return grants


async def closed_loop(pay: Pay, grants: Sequence[Approved], *, callers: int) -> Run:
    """So many callers, each asking for the next one when it has its answer."""
    waiting = iter(grants)
    latencies: list[float] = []

    async def call() -> None:
        for grant in waiting:
            asked_at = time.perf_counter()
            await pay(grant)
            latencies.append((time.perf_counter() - asked_at) * 1000)

    cpu_before, began_at = time.process_time(), time.perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    seconds = time.perf_counter() - began_at
    return Run(
        per_second=len(latencies) / seconds,
        cpu_ms=(time.process_time() - cpu_before) / len(latencies) * 1000,
        latencies_ms=latencies,
    )


async def open_loop(pay: Pay, grants: Sequence[Approved], *, per_second: float) -> Run:
    """One is asked for at each tick, whether or not those before are answered. A latency begins at its tick."""
    latencies: list[float] = []
    began_at = time.perf_counter()
    cpu_before = time.process_time()

    async def call(grant: Approved, tick: float) -> None:
        await pay(grant)
        latencies.append((time.perf_counter() - tick) * 1000)

    async with asyncio.TaskGroup() as calls:
        for index, grant in enumerate(grants):
            tick = began_at + index / per_second
            await asyncio.sleep(max(0.0, tick - time.perf_counter()))
            calls.create_task(call(grant, tick))
    seconds = time.perf_counter() - began_at
    return Run(
        per_second=len(latencies) / seconds,
        cpu_ms=(time.process_time() - cpu_before) / len(latencies) * 1000,
        latencies_ms=latencies,
    )


@dataclass
class Bench:
    """What the rounds are made of."""

    servers: Servers
    database: Database
    owner: Any
    payments: Payments
    streets: Sequence[str]
    runs: dict[str, list[Run]] = field(default_factory=dict)

    async def round(self, *, payments: int, seconds: int) -> None:
        """Each side once."""
        for name, streets in (("hot", self.streets[:1]), ("all14", self.streets)):
            await self._tpcb(f"tpcb_{name}", scale=len(streets), seconds=seconds)
            await self._closed(name, streets, payments)
            await self._open(name, streets, seconds=seconds)
            await self._http(name, streets, payments, seconds=seconds)
        await self._rows_alone(payments)
        await self._single(min(payments, SINGLE))

    async def _tpcb(self, name: str, *, scale: int, seconds: int) -> None:
        """Without pgbench there are no such figures, and no ratios to them."""
        rate = await asyncio.to_thread(tpcb, self.servers, scale=scale, seconds=seconds)
        if rate is not None:
            self._keep(name, Run(per_second=rate, cpu_ms=0.0, latencies_ms=[]))

    async def _closed(self, name: str, streets: Sequence[str], payments: int) -> None:
        grants = await self._approved(streets, payments)
        self._keep(name, await closed_loop(self._pay, grants, callers=CALLERS))
        await self._relay_is_done()

    async def _open(self, name: str, streets: Sequence[str], *, seconds: int) -> None:
        rate = self.runs[name][-1].per_second * OPEN_SHARE
        grants = await self._approved(streets, int(rate * seconds))
        self._keep(f"{name}_open", await open_loop(self._pay, grants, per_second=rate))
        await self._relay_is_done()

    async def _http(self, name: str, streets: Sequence[str], payments: int, *, seconds: int) -> None:
        requests = self._requests(await self._approved(streets, payments))
        run = await run_load(self.servers.service, requests, expect=200, over=CALLERS)
        self._keep(f"{name}_http", run)
        await self._relay_is_done()
        rate = run.per_second * OPEN_SHARE
        requests = self._requests(await self._approved(streets, int(rate * seconds)))
        run = await run_open_load(self.servers.service, requests, expect=200, per_second=rate, over=CALLERS)
        self._keep(f"{name}_http_open", run)
        await self._relay_is_done()
        echo = http_request("POST", "/v1/echo", headers={}, body={"grant_id": str(new_id())})
        self._keep(f"{name}_echo", await run_load(self.servers.bare, [echo] * payments, expect=200, over=CALLERS))

    async def _rows_alone(self, payments: int) -> None:
        """In batches as large as so many callers gather."""
        street = self.streets[0]
        grant_ids = [grant.grant_id for grant in await self._approved([street], payments)]
        rows = RowsAlone(self.owner)
        await rows.prepare(grant_ids)
        cpu_before, began_at = time.process_time(), time.perf_counter()
        for first in range(0, payments, CALLERS):
            await rows.pay(grant_ids[first : first + CALLERS], street)
        per_second = payments / (time.perf_counter() - began_at)
        cpu_ms = (time.process_time() - cpu_before) / payments * 1000
        self._keep("rows_alone", Run(per_second=per_second, cpu_ms=cpu_ms, latencies_ms=[]))

    async def _single(self, payments: int) -> None:
        """One caller, who asks again when the answer is there: nothing is shared."""
        hot = self.streets[:1]
        self._keep("single", await closed_loop(self._pay, await self._approved(hot, payments), callers=1))
        await self._relay_is_done()

        async def raw(grant: Approved) -> None:
            await pay_raw(self.owner, grant.grant_id, grant.street)

        self._keep("raw_single", await closed_loop(raw, await self._approved(hot, payments), callers=1))
        await self._relay_is_done()

    def _requests(self, grants: Sequence[Approved]) -> list[bytes]:
        tokens = {street: self.servers.officer_token(f"clerk-{street}-1") for street in self.streets}
        return [
            http_request(
                "POST",
                f"/v1/grants/{grant.grant_id}/payment",
                headers={
                    "Authorization": f"Bearer {tokens[grant.street]}",
                    "Idempotency-Key": str(grant.grant_id),
                    "Content-Length": "0",
                },
            )
            for grant in grants
        ]

    async def _approved(self, streets: Sequence[str], count: int) -> list[Approved]:
        return await approved(self.database, self.owner, streets, count)

    async def _pay(self, grant: Approved) -> None:
        clerk = Principal(
            subject=f"clerk-{grant.street}-1",
            client_id="bench",
            roles=frozenset({Role.STREET_CLERK}),
            streets=frozenset({grant.street}),
        )
        await self.payments.pay(clerk, grant.grant_id, str(grant.grant_id))

    async def _relay_is_done(self) -> None:
        """Wait until the service has sent what was recorded, so that its relay takes no time from the next side."""
        while await self.owner.fetchval("select exists (select from outbox)"):  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)

    def _keep(self, name: str, run: Run) -> None:
        self.runs.setdefault(name, []).append(run)


def tpcb(servers: Servers, *, scale: int, seconds: int) -> float | None:
    """Transactions per second of pgbench's TPC-B-like script in the same cluster; None where the binary is not."""
    pgbench = servers.postgres.program("pgbench")
    if not pgbench.exists():
        return None
    database = servers.bare_database
    subprocess.run(  # a program of the same installation as the server
        [pgbench, "-i", "-q", "-s", str(scale), database], check=True, capture_output=True
    )
    arguments = ["-n", "-b", "tpcb-like", "-c", str(_TPCB_CLIENTS), "-j", "1", "-T", str(seconds), database]
    printed = subprocess.run([pgbench, *arguments], check=True, capture_output=True, text=True).stdout
    found = re.search(r"tps = ([0-9.]+)", printed)
    assert found is not None, printed
    return float(found[1])


def figures(runs: dict[str, list[Run]]) -> dict[str, Any]:
    """What the last line says."""
    told: dict[str, Any] = {}
    for name, ours, limit in (
        ("ratio_to_tpcb_hot", "hot", "tpcb_hot"),
        ("ratio_to_tpcb_14", "all14", "tpcb_all14"),
        ("ratio_to_raw_single", "single", "raw_single"),
        ("ratio_hot_to_raw_single", "hot", "raw_single"),
        ("ratio_hot_to_rows_alone", "hot", "rows_alone"),
        ("ratio_rows_alone_to_tpcb_hot", "rows_alone", "tpcb_hot"),
        ("ratio_rows_alone_to_tpcb_14", "rows_alone", "tpcb_all14"),
        ("ratio_http_to_echo", "all14_http", "all14_echo"),
    ):
        told[name] = round(median_ratio(runs[ours], runs[limit]), 3) if limit in runs else None
    told["p99_ms_hot"] = round(median_run(runs["hot_open"]).p99_ms, 2)
    for name, each in runs.items():
        told[f"{name}_per_second"] = round(statistics.median(run.per_second for run in each), 1)
        whole = median_run(each)
        if whole.latencies_ms:  # pgbench and rows alone tell none
            told[f"{name}_p50_ms"], told[f"{name}_p99_ms"] = round(whole.p50_ms, 2), round(whole.p99_ms, 2)
    return {**told, "rounds": ROUNDS, "callers": CALLERS}


async def measure(servers: Servers) -> dict[str, Any]:
    """All rounds, printed as they end; the figures."""
    database = Database(servers.databases.app, seal_key=SealKey.read(servers.seal_key))
    owner = await asyncpg.connect(servers.service_database)
    await owner.execute("select act_as_service()")
    streets = [row["street"] for row in await owner.fetch("select street from reserve order by street")]
    bench = Bench(servers, database, owner, Payments(database, SystemClock()), streets)
    await bench.round(payments=WARM_UP, seconds=1)
    bench.runs.clear()
    # As a service does when it has started.
    gc.collect()
    gc.freeze()
    for number in range(1, ROUNDS + 1):
        await bench.round(payments=PAYMENTS, seconds=SECONDS)
        rates = "  ".join(f"{name} {each[-1].per_second:.0f}" for name, each in bench.runs.items())
        print(f"round {number}, per second:  {rates}", flush=True)
    await owner.close()
    await database.close()
    return figures(bench.runs)


def main() -> None:
    """Start the servers, measure, print."""
    with scratch_directory() as directory, ExitStack() as cleanup:
        servers = start_servers("emergency-fund", directory, cleanup)
        print(json.dumps(uvloop.run(measure(servers))))


if __name__ == "__main__":
    main()
