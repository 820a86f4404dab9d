"""Submissions and time lines of intake per second, against bare FastAPI routes in the same run.

Both sides get the same requests from the same client, over 16 connections, and write to the same durable PostgreSQL.
Each round measures each side once, so that a busy machine slows both alike; the ratios of the rounds are compared.
Intake runs as deployed: tokens checked, rows secured, relay and consumer at work. Every household that applies is new,
and so is the token it comes with; residents who read their time line do so again and again with the same token.

The last line is one JSON object. Run: `python -m tests.bench.api`.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import uvloop
from tests.bench.bare import SCHEMA
from tests.bench.load import (
    Connection,
    Run,
    http_request,
    median_ratio,
    median_run,
    run_load,
    scratch_directory,
)
from tests.bench.servers import Servers, start_servers

from doudi.demo.cast import household
from shared.clock import SystemClock
from shared.ids import new_id
from shared.testing import identity_number

ROUNDS = 5
SUBMISSIONS = 800
READERS = 150
ENTRIES = 15
READS_EACH = 10
# The bare routes are faster: they get more requests, so that a round of theirs is not over in a moment.
BARE_TIMES = 3
WARM_UP = 400
LINE = "区教育局已受理您家的教育救助转办事项（第{}项），将在10个工作日内办结，结果会在这里告诉您。"
# Numbers of one birth date are told apart by three digits, odd for men and even for women.
_HOUSEHOLDS_PER_DAY = 499
_INSERT_LINE = """
insert into timeline_entry (event_id, household_id, application_id, at, kind, text) values ($1, $2, $3, $4, $5, $6)
"""
_INSERT_ENTRY = "insert into entry (entry_id, owner_id, at, kind, text) values ($1, $2, $3, $4, $5)"


class Requests:
    """Makes requests, before they are timed: each submission is of a household that never applied before."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._numbers = count()
        self._facts = household("H01").facts

    def submissions(self, subjects: Iterable[str]) -> list[bytes]:
        """A submission by each of these residents."""
        return [self._submission(subject) for subject in subjects]

    def reads(self, applications: dict[str, UUID]) -> list[bytes]:
        """One reading of its time line by each resident (subject to application)."""
        return [
            http_request(
                "GET",
                f"/v1/applications/{application_id}/timeline",
                headers={"Authorization": f"Bearer {self._servers.resident_token(subject)}"},
            )
            for subject, application_id in applications.items()
        ]

    def _submission(self, subject: str) -> bytes:
        token = self._servers.resident_token(subject)
        today = SystemClock().today().isoformat()
        body = {
            "requested": ["dibao"],
            "household": {**self._facts, "members": self._members(next(self._numbers))},
            "authorisation": {"signed_by": ["p1", "p2"], "signed_on": today},
            "commitment": {"signed_by": "p1", "signed_on": today},
        }
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
        return http_request("POST", "/v1/applications", headers=headers, body=body)

    def _members(self, index: int) -> list[dict[str, Any]]:
        days, order = divmod(index, _HOUSEHOLDS_PER_DAY)
        members = []
        for member, name in zip(self._facts["members"], ("周大川", "林秀", "周小川"), strict=True):
            born_on = date.fromisoformat(member["birth_date"]) + timedelta(days=days)
            number = identity_number(born_on, sequence=2 * order + (member["sex"] == "M"))
            members.append({**member, "name": name, "identity_number": number, "birth_date": born_on.isoformat()})
        return members


async def _make_readers(servers: Servers, requests: Requests) -> list[bytes]:
    """Applications with time lines of ENTRIES lines on both sides; the requests that read each once."""
    subjects = [f"reader-{index}" for index in range(READERS)]
    applications: dict[str, UUID] = {}
    entries: list[tuple[Any, ...]] = []
    connection = await Connection.open(servers.service.url)
    for subject, submission in zip(subjects, requests.submissions(subjects), strict=True):
        receipt = json.loads((await connection.send(submission)).body)
        owner = applications[subject] = UUID(receipt["application_id"])
        household_id, now = UUID(receipt["household_id"]), datetime.now(UTC)
        # Intake has written the first line itself.
        entries += [
            (new_id(), household_id, owner, now, "referral_accepted", LINE.format(number))
            for number in range(1, ENTRIES)
        ]
        entries.append((new_id(), None, owner, now, "application_submitted", receipt["receipt"]))
    connection.close()
    await _insert(
        servers.service_database, _INSERT_LINE, [entry for entry in entries if entry[1] is not None], to_service=True
    )
    await _insert(servers.bare_database, _INSERT_ENTRY, [(entry[0], *entry[2:]) for entry in entries])
    return requests.reads(applications)


async def _insert(address: str, statement: str, rows: Sequence[tuple[Any, ...]], *, to_service: bool = False) -> None:
    connection = await asyncpg.connect(address)
    if to_service:
        await connection.execute("select act_as_service()")
    await connection.executemany(statement, rows)
    await connection.close()


async def _relay_is_done(servers: Servers) -> None:
    """Wait until intake has sent what it recorded, so that its relay takes no time from the other side."""
    connection = await asyncpg.connect(servers.service_database)
    while await connection.fetchval("select exists (select from outbox)"):  # noqa: ASYNC110  # another process empties it
        await asyncio.sleep(0.01)
    await connection.close()


async def measure(servers: Servers) -> dict[str, Any]:
    """All rounds, printed as they end; the figures."""
    requests = Requests(servers)
    connection = await asyncpg.connect(servers.bare_database)
    await connection.execute(SCHEMA)
    await connection.close()
    reads = await _make_readers(servers, requests)
    warm_up = requests.submissions(f"early-{index}" for index in range(WARM_UP))
    runs: dict[str, list[Run]] = {name: [] for name in ("submit", "bare_insert", "timeline", "bare_select")}

    async def round_of(submissions: list[bytes], reads_each: int) -> dict[str, Run]:
        found = {}
        found["submit"] = await run_load(servers.service, submissions, expect=201)
        await _relay_is_done(servers)
        found["bare_insert"] = await run_load(servers.bare, submissions * BARE_TIMES, expect=201)
        found["timeline"] = await run_load(servers.service, reads * reads_each, expect=200)
        found["bare_select"] = await run_load(servers.bare, reads * reads_each * BARE_TIMES, expect=200)
        return found

    await round_of(warm_up, 2)
    print("requests/s    " + "".join(f"{name:>14}" for name in runs))
    for number in range(1, ROUNDS + 1):
        submissions = requests.submissions(f"resident-{number}-{index}" for index in range(SUBMISSIONS))
        for name, run in (await round_of(submissions, READS_EACH)).items():
            runs[name].append(run)
        print(f"round {number}       " + "".join(f"{each[-1].per_second:14.0f}" for each in runs.values()))
    for title, figure in (("median", "per_second"), ("p50 ms", "p50_ms"), ("p99 ms", "p99_ms"), ("cpu ms", "cpu_ms")):
        print(f"{title:14}" + "".join(f"{getattr(median_run(each), figure):14.2f}" for each in runs.values()))
    return _figures(runs)


def _figures(runs: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "ratio_submit": round(median_ratio(runs["submit"], runs["bare_insert"]), 3),
        "ratio_timeline": round(median_ratio(runs["timeline"], runs["bare_select"]), 3),
        "rounds": ROUNDS,
    }
    for name, each in runs.items():
        whole = median_run(each)
        figures[f"{name}_per_second"] = round(whole.per_second, 1)
        figures[f"{name}_p50_ms"] = round(whole.p50_ms, 2)
        figures[f"{name}_p99_ms"] = round(whole.p99_ms, 2)
        figures[f"{name}_cpu_ms"] = round(whole.cpu_ms, 3)
    return figures


def main() -> None:
    """Start the servers, measure, print."""
    with scratch_directory() as directory, ExitStack() as cleanup:
        servers = start_servers("intake", directory, cleanup)
        print(json.dumps(uvloop.run(measure(servers))))


if __name__ == "__main__":
    main()
