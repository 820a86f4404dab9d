"""Complete cases per minute through all services: household H01, from its submission to the last line of its time line.

First all cases go as far as public notice, a few at a time, each with its two officers; then the embedded clock passes
the notice, and the officers of four departments accept and complete five referrals for each case. Latency from
submission to assessment is read from the time line, whose instants are the services' own.

The last line is one JSON object; the exit code is 1 if any case did not end as expected.
Run: `python -m tests.bench.cases [--cases 60] [--at-once 8]`.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx
import uvloop
from tests.bench.load import percentile, scratch_directory

from doudi.demo.cast import Household, household, register_records
from doudi.demo.story import BEGINS_AT
from doudi.stack import Stack
from shared.clock import local_date, start_of_day
from shared.ids import new_id

# Sequence numbers of the identity numbers have three digits, and each case takes two of them.
MOST_CASES = 490
PATIENCE_SECONDS = 60.0
MONTHLY_AMOUNT = "1030.00"
DECISION_DAYS = 9
# One list of all cases is read that often, whatever their number: waiting costs the services next to nothing.
_LOOK_SECONDS = 0.1
_PAGE = 100
_RECORDS_PER_BATCH = 1_000

COMPLETIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "medical_assistance": ("medical_security", {"result": "delivered", "details": {"group": "key_recipient"}}),
    "premium_subsidy": ("medical_security", {"result": "delivered", "amount": "380.00"}),
    "education_aid": (
        "education",
        {"result": "delivered", "amount": "500.00", "details": {"group": "dibao_family"}},
    ),
    "employment_assistance": (
        "human_resources",
        {"result": "delivered", "details": {"post": "public_welfare_post"}},
    ),
    "family_doctor": ("health", {"result": "delivered"}),
}
"""One referral of each of these policies for each case: to whom, and what the officers report."""
OFFICES = sorted({office for office, _ in COMPLETIONS.values()})
ASKED = 9
"""Departments that are asked about such a household."""
EXPECTED_LINES = Counter(
    {
        "application_submitted": 1,
        "verification_requested": ASKED,
        "verification_answered": ASKED,
        "verification_completed": 1,
        "assessment_completed": 1,
        "decision_proposed": 1,
        "public_notice_started": 1,
        "decision_granted": 1,
        "benefit_started": 1,
        "referral_issued": len(COMPLETIONS),
        "referral_accepted": len(COMPLETIONS),
        "referral_completed": len(COMPLETIONS),
    }
)

Item = TypeVar("Item")


class CaseFailed(Exception):
    """A case did not go as expected."""


@dataclass
class Case:
    """One household on its way, and how long each stage took it."""

    home: Household
    subject: str
    token: str
    application_id: str = ""
    household_id: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    completed: set[str] = field(default_factory=set)
    """Policies of the referrals that are."""
    assessed_after_seconds: float = 0.0
    failure: str | None = None
    _stage_began_at: float = 0.0

    def begin(self) -> None:
        """The clock of its first stage starts."""
        self._stage_began_at = time.perf_counter()

    def reached(self, stage: str) -> None:
        """A stage is over and the next one begins."""
        now = time.perf_counter()
        self.seconds[stage] = now - self._stage_began_at
        self._stage_began_at = now


class Desk:
    """Everybody who acts on the cases, over REST."""

    def __init__(self, stack: Stack, http: httpx.AsyncClient, *, at_once: int) -> None:
        self._urls = stack.running.urls
        self._http = http
        self._at_once = at_once
        street = household("H01").street
        self.clerk = stack.token(f"clerk-{street}-1")
        self.approver = stack.token(f"approver-{street}-1")
        departments = [name.removeprefix("department-") for name in self._urls if name.startswith("department-")]
        self.officers = {department: stack.token(f"officer-{department}") for department in departments}
        self._statuses: dict[str, str] = {}
        self._watcher: asyncio.Task[None] | None = None

    async def ask(self, method: str, service: str, path: str, token: str, **options: Any) -> Any:
        """The JSON of a request that must succeed. Raises CaseFailed."""
        headers = {"Authorization": f"Bearer {token}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(new_id())
        answer = await self._http.request(method, self._urls[service] + path, headers=headers, **options)
        if not answer.is_success:
            raise CaseFailed(f"{method} {path} gave {answer.status_code}: {answer.text}")
        return answer.json()

    async def all_of(self, service: str, path: str, token: str, **params: Any) -> list[dict[str, Any]]:
        """Every item of a list, page after page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self.ask(
                "GET", service, path, token, params={**params, "limit": _PAGE, **({"cursor": cursor} if cursor else {})}
            )
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def each(self, items: Sequence[Item], work: Callable[[Item], Awaitable[None]]) -> None:
        """Work on all items, a few at a time."""
        waiting = iter(items)

        async def worker() -> None:
            for item in waiting:
                await work(item)

        await asyncio.gather(*(worker() for _ in range(self._at_once)))

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Keep reading where the applications stand while the block runs, for `status`."""
        self._watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)

    async def status(self, case: Case, wanted: str) -> None:
        """Return when the application has this status. Raises CaseFailed when it takes too long."""
        assert self._watcher is not None, "statuses are watched"
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while self._statuses.get(case.application_id) != wanted:
            if self._watcher.done() or time.monotonic() > ends_at:
                raise CaseFailed(f"not {wanted} but {self._statuses.get(case.application_id)}")
            await asyncio.sleep(_LOOK_SECONDS / 5)

    async def _watch(self) -> None:
        while True:
            for row in await self.all_of("intake", "/v1/applications", self.clerk):
                self._statuses[row["application_id"]] = row["status"]
            await asyncio.sleep(_LOOK_SECONDS)


async def fill_registers(desk: Desk, homes: Sequence[Household]) -> None:
    """What the departments know of all households, in as few batches as they take."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for home in homes:
        for place, records in register_records(home).items():
            found.setdefault(place, []).extend(records)
    for (department, data_set), records in found.items():
        for start in range(0, len(records), _RECORDS_PER_BATCH):
            await desk.ask(
                "PUT",
                f"department-{department}",
                f"/v1/registers/{data_set}/records",
                desk.officers[department],
                json={"records": records[start : start + _RECORDS_PER_BATCH]},
            )


async def as_far_as_notice(desk: Desk, case: Case, *, signed_at: datetime) -> None:
    """Submission, verification by every department, assessment, proposal, confirmation, public notice."""
    case.begin()
    submission = case.home.submission(signed_on=local_date(signed_at))
    receipt = await desk.ask("POST", "intake", "/v1/applications", case.token, json=submission)
    case.application_id, case.household_id = receipt["application_id"], receipt["household_id"]
    case.reached("submission")
    await desk.status(case, "assessed")
    case.reached("verification and assessment")
    await check_verification(desk, case)
    assessment = await desk.ask("GET", "eligibility", f"/v1/applications/{case.application_id}/assessment", desk.clerk)
    dibao = assessment["result"]["policies"]["dibao"]
    if not dibao["eligible"] or dibao["monthly_amount"] != MONTHLY_AMOUNT:
        raise CaseFailed(f"assessed otherwise: {dibao}")
    path = f"/v1/assessments/{assessment['assessment_id']}/decisions"
    decision = await desk.ask("POST", "eligibility", path, desk.clerk, json={"comment": "入户核实，情况属实"})
    path = f"/v1/decisions/{decision['decision_id']}/confirmation"
    await desk.ask("POST", "eligibility", path, desk.approver, json={"comment": "同意"})
    case.reached("proposal and confirmation")
    await desk.status(case, "on_notice")
    case.reached("public notice")


async def check_verification(desk: Desk, case: Case) -> None:
    """Every department that was asked has answered."""
    seen = await desk.ask("GET", "data-sharing", f"/v1/applications/{case.application_id}/verification", desk.clerk)
    states = {one["department"]: one["state"] for one in seen["departments"]}
    if seen["state"] != "completed" or seen["is_partial"] or len(states) != ASKED:
        raise CaseFailed(f"verified otherwise: {seen['state']}, {states}")


async def work_referrals(desk: Desk, department: str, cases: Mapping[str, Case]) -> None:
    """One department's officers take every referral as it comes, and complete it. Cases go by household."""
    service, token = f"department-{department}", desk.officers[department]
    waiting = len(cases) * sum(office == department for office, _ in COMPLETIONS.values())

    async def complete(referral: dict[str, Any]) -> None:
        case = cases[referral["household_id"]]
        if "end of notice to first referral" not in case.seconds:
            case.reached("end of notice to first referral")
        path = f"/v1/referrals/{referral['referral_id']}"
        await desk.ask("POST", service, f"{path}/acceptance", token)
        _, report = COMPLETIONS[referral["policy"]]
        await desk.ask("POST", service, f"{path}/completion", token, json=report)
        case.completed.add(referral["policy"])
        if case.completed == COMPLETIONS.keys():
            case.reached("referrals accepted and completed")

    moved_at = time.monotonic()
    while waiting > 0 and time.monotonic() < moved_at + PATIENCE_SECONDS:
        arrived = await desk.all_of(service, "/v1/referrals", token, state="received")
        await desk.each(arrived, lambda referral: noting_failure(cases[referral["household_id"]], complete(referral)))
        waiting -= len(arrived)
        if arrived:
            moved_at = time.monotonic()
        await asyncio.sleep(_LOOK_SECONDS)


async def to_the_last_line(desk: Desk, case: Case) -> None:
    """The benefit runs, and the resident reads everything that happened. Raises CaseFailed."""
    missing = COMPLETIONS.keys() - case.completed
    if missing:
        raise CaseFailed(f"not completed: {', '.join(sorted(missing))}")
    path = f"/v1/households/{case.household_id}/benefits"
    benefits = (await desk.ask("GET", "eligibility", path, desk.clerk))["items"]
    if [benefit["monthly_amount"] for benefit in benefits] != [MONTHLY_AMOUNT]:
        raise CaseFailed(f"benefits: {benefits}")
    path = f"/v1/applications/{case.application_id}/timeline"
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        lines = await desk.all_of("intake", path, case.token)
        kinds = Counter(line["kind"] for line in lines)
        if kinds == EXPECTED_LINES:
            break
        if time.monotonic() > ends_at:
            raise CaseFailed(f"the time line differs: {kinds}")
        await asyncio.sleep(_LOOK_SECONDS)
    case.reached("last line of the time line")
    at = {line["kind"]: datetime.fromisoformat(line["at"]) for line in lines}
    case.assessed_after_seconds = (at["assessment_completed"] - at["application_submitted"]).total_seconds()


async def noting_failure(case: Case, work: Awaitable[None]) -> None:
    """A case that fails does not end the others."""
    try:
        await work
    except (CaseFailed, httpx.HTTPError) as error:
        # The first thing that went wrong says most.
        case.failure = case.failure or f"{type(error).__name__}: {error}"


async def run_cases(stack: Stack, cases: Sequence[Case], *, at_once: int) -> float:
    """All cases, from first to last; the seconds that they took together."""
    limits = httpx.Limits(max_connections=4 * at_once, max_keepalive_connections=4 * at_once)
    async with httpx.AsyncClient(timeout=30, limits=limits) as http:
        desk = Desk(stack, http, at_once=at_once)
        await fill_registers(desk, [case.home for case in cases])
        signed_at = stack.now()
        began_at = time.perf_counter()
        async with desk.watching():
            await desk.each(cases, lambda case: noting_failure(case, as_far_as_notice(desk, case, signed_at=signed_at)))
        going = {case.household_id: case for case in cases if case.failure is None}
        day = local_date(signed_at) + timedelta(days=DECISION_DAYS)
        stack.advance_clock(to=start_of_day(day) + timedelta(hours=9))
        for case in going.values():
            case.begin()
        await asyncio.gather(*(work_referrals(desk, department, going) for department in OFFICES))
        await desk.each(list(going.values()), lambda case: noting_failure(case, to_the_last_line(desk, case)))
        return time.perf_counter() - began_at


def report(cases: Sequence[Case], *, seconds: float) -> dict[str, Any]:
    """Print the times of the stages; the figures."""
    done = [case for case in cases if case.failure is None]
    print(f"{'seconds of a case in each stage':40}{'p50':>8}{'p99':>8}")
    for stage in dict.fromkeys(stage for case in done for stage in case.seconds):
        spent = [case.seconds[stage] for case in done]
        print(f"{stage:40}{percentile(spent, 50):8.2f}{percentile(spent, 99):8.2f}")
    for case in cases:
        if case.failure is not None:
            print(f"{case.subject} failed: {case.failure}")
    assessed = [case.assessed_after_seconds * 1000 for case in done]
    return {
        "cases_per_minute": round(len(done) / seconds * 60, 1),
        "submitted_to_assessed_p50_ms": round(percentile(assessed, 50), 1) if assessed else None,
        "submitted_to_assessed_p99_ms": round(percentile(assessed, 99), 1) if assessed else None,
        "cases": len(cases),
        "failed": len(cases) - len(done),
        "seconds": round(seconds, 2),
    }


def main() -> int:
    """Start everything, run the cases, print. The exit code."""
    parser = argparse.ArgumentParser(description="Complete cases per minute through all services.")
    parser.add_argument("--cases", type=int, default=60, choices=range(1, MOST_CASES + 1), metavar="N")
    parser.add_argument("--at-once", type=int, default=8, metavar="N", help="cases that are on their way together")
    options = parser.parse_args()
    with scratch_directory() as directory, Stack(directory / "stack", clock_starts_at=BEGINS_AT) as stack:
        subjects = [f"resident-{number}" for number in range(options.cases)]
        cases = [
            Case(household("H01", sequence=2 * number), subject, stack.resident_token(subject))
            for number, subject in enumerate(subjects)
        ]
        seconds = uvloop.run(run_cases(stack, cases, at_once=options.at_once))
    figures = report(cases, seconds=seconds)
    print(json.dumps(figures))
    return 1 if figures["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
