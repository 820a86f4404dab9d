"""Submissions and time lines of intake per second, against bare FastAPI routes in the same run.

Both sides get the same requests from the same client, over 16 connections, and write to the same durable PostgreSQL.
Each round measures each side once, so that a busy machine slows both alike; the ratios of the rounds are compared.
Intake runs as deployed: tokens checked, rows secured, relay and consumer at work. Every household that applies is new,
and so is the token it comes with; residents who read their time line do so again and again with the same token.

The last line is one JSON object. Run: `python -m tests.bench.api`.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import uvloop
from joserfc.jwk import RSAKey
from tests.bench.bare import DATABASE_VARIABLE, SCHEMA
from tests.bench.load import (
    Connection,
    Run,
    Server,
    http_request,
    median_ratio,
    median_run,
    run_load,
    scratch_directory,
)

from doudi import keys
from doudi.broker import Broker, new_broker
from doudi.databases import DatabaseUrls, migrate_service
from doudi.demo.cast import household
from doudi.environment import Environment
from doudi.identities import load_identities
from doudi.issuer import RESIDENT_SUBJECT, TOKEN_EXCHANGE, Issuer
from doudi.ports import free_port
from doudi.postgres import Postgres
from doudi.processes import Child
from doudi.repository import REPOSITORY
from doudi.running import MINI_PROGRAM
from shared.clock import SystemClock
from shared.ids import new_id
from shared.seal import SealKey
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
_READY_SECONDS = 90.0
# Numbers of one birth date are told apart by three digits, odd for men and even for women.
_HOUSEHOLDS_PER_DAY = 499
_INSERT_LINE = """
insert into timeline_entry (event_id, household_id, application_id, at, kind, text) values ($1, $2, $3, $4, $5, $6)
"""
_INSERT_ENTRY = "insert into entry (entry_id, owner_id, at, kind, text) values ($1, $2, $3, $4, $5)"


@dataclass(frozen=True, kw_only=True)
class Servers:
    """What runs beside the benchmark."""

    intake: Server
    bare: Server
    intake_database: str
    """As its owner, in asyncpg's form, like the next one."""
    bare_database: str
    issuer: Issuer
    mini_program_secret: str

    def resident_token(self, subject: str) -> str:
        """What the issuer would give to the mini-program for a resident."""
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": subject,
            "subject_token_type": RESIDENT_SUBJECT,
        }
        return str(self.issuer.answer(MINI_PROGRAM, self.mini_program_secret, form)["access_token"])


def start_servers(directory: Path, cleanup: ExitStack) -> Servers:
    """A durable PostgreSQL, the broker, the issuer, intake and the bare routes; `cleanup` ends them."""
    postgres = Postgres(directory / "postgres")
    cleanup.callback(postgres.kill)
    postgres.start()
    postgres.cluster.create_roles("intake")
    intake = postgres.cluster.create_database("intake", service="intake")
    seal_key = keys.make_seal_key()
    migrate_service("intake", intake.owner, SealKey.read(seal_key))
    bare = postgres.cluster.create_database("bare", service="intake")
    broker = new_broker("tansu", directory / "broker")
    cleanup.callback(broker.kill)
    broker.start()
    return _start_processes(directory, cleanup, intake=intake, seal_key=seal_key, bare=bare, broker=broker)


def _start_processes(
    directory: Path, cleanup: ExitStack, *, intake: DatabaseUrls, seal_key: str, bare: DatabaseUrls, broker: Broker
) -> Servers:
    issuer_url, intake_url, bare_url = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
    clients = load_identities().by_id()
    secrets = keys.make_client_secrets(directory / "client-secrets.json", clients)
    environment = Environment(
        urls={"intake": intake_url},
        broker_address=broker.address,
        fetch_wait_milliseconds=broker.fetch_wait_milliseconds,
        issuer_url=issuer_url,
        token_key_file=directory / "token-key.json",
        secrets_file=directory / "client-secrets.json",
        secrets=secrets,
        clock_file=directory / "clock-offset-seconds",
        key_rings=directory,
        log_key_file=directory / "log-key.pem",
        seal_keys={"intake": seal_key},
    )
    keys.make_token_key(environment.token_key_file)
    keys.make_key_ring(environment.key_ring("intake"))
    environment.clock_file.write_text("0.0", encoding="ascii")
    _, intake_server, bare_server = (
        _start_web_process(factory, url, variables, directory, cleanup)
        for factory, url, variables in (
            ("doudi.issuer:create", issuer_url, environment.of_issuer()),
            ("intake.main:create", intake_url, environment.of_service("intake", intake.app)),
            ("tests.bench.bare:create", bare_url, {**os.environ, DATABASE_VARIABLE: _plain(bare.owner)}),
        )
    )
    key = RSAKey.import_key(json.loads(environment.token_key_file.read_text(encoding="utf-8")))
    return Servers(
        intake=intake_server,
        bare=bare_server,
        intake_database=_plain(intake.owner),
        bare_database=_plain(bare.owner),
        issuer=Issuer(url=issuer_url, key=key, clients=clients, secrets=secrets),
        mini_program_secret=secrets[MINI_PROGRAM],
    )


def _start_web_process(
    factory: str, url: str, variables: dict[str, str], directory: Path, cleanup: ExitStack
) -> Server:
    arguments = ["uvicorn", factory, "--factory", "--host", "127.0.0.1", "--port", url.rpartition(":")[2]]
    arguments += ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    name = factory.partition(":")[0]
    child = Child(
        name,
        [sys.executable, "-m", *arguments],
        log=directory / f"{name}.log",
        directory=REPOSITORY,
        environment=variables,
    )
    cleanup.callback(child.kill)
    child.start()
    child.wait_until(lambda: _is_ready(url), timeout_seconds=_READY_SECONDS)
    return Server(url, child.pid)


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://")


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


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
    connection = await Connection.open(servers.intake.url)
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
        servers.intake_database, _INSERT_LINE, [entry for entry in entries if entry[1] is not None], to_service=True
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
    connection = await asyncpg.connect(servers.intake_database)
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
        found["submit"] = await run_load(servers.intake, submissions, expect=201)
        await _relay_is_done(servers)
        found["bare_insert"] = await run_load(servers.bare, submissions * BARE_TIMES, expect=201)
        found["timeline"] = await run_load(servers.intake, reads * reads_each, expect=200)
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
        servers = start_servers(directory, cleanup)
        print(json.dumps(uvloop.run(measure(servers))))


if __name__ == "__main__":
    main()
