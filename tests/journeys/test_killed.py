"""Every process that a case passes through is killed once while it has the case in hand; the case ends as if nothing
had happened, and nothing is there twice.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from rich.console import Console

from doudi.demo.application import DOWN
from doudi.demo.cast import household
from doudi.demo.company import Company
from doudi.demo.journal import Journal
from doudi.stack import Stack
from shared.clock import local_date

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def restart(stack: Stack, *names: str) -> None:
    """Kill processes as a power failure would, and start them again."""
    for name in names:
        stack.kill_process(name)
    stack.start_process(*names)


@pytest.mark.clause("8.1")
@pytest.mark.clause("12.3.1")
def test_a_case_survives_the_death_of_every_process(stack: Stack) -> None:
    journal = Journal(Console(quiet=True), stack.now)
    with httpx.Client(timeout=30) as http:
        company = Company(stack, http)
        home = household("H01", names={"p1": "罗平", "p2": "谢安", "p3": "罗小平"}, sequence=700)
        clerk, approver = company.staff(f"clerk-{home.street}-2"), company.staff(f"approver-{home.street}-2")
        auditor, resident = company.staff("auditor-1"), company.resident("resident-luo")
        company.fill_registers(home)

        submission = home.submission(signed_on=local_date(stack.now()))
        receipt = resident.post("intake", "/v1/applications", submission, key="killed-case-1")
        restart(stack, "intake")
        again = resident.post("intake", "/v1/applications", submission, key="killed-case-1")
        assert again == receipt, "the retry of a client that lost its connection is the same application"
        application_id, household_id = receipt["application_id"], receipt["household_id"]

        def found(service: str, path: str) -> Callable[[], Any]:
            def look() -> Any:
                try:
                    return clerk.get(service, path)
                except AssertionError:
                    return None

            return look

        journal.until("verification", found("data-sharing", f"/v1/applications/{application_id}/verification"))
        restart(stack, "data-sharing", "eligibility", "departments", f"department-{DOWN}")
        assessment = journal.until("assessment", found("eligibility", f"/v1/applications/{application_id}/assessment"))

        path = f"/v1/assessments/{assessment['assessment_id']}/decisions"
        decision = clerk.post("eligibility", path, {"comment": "情况属实"}, key="killed-case-2")
        assert clerk.post("eligibility", path, {"comment": "情况属实"}, key="killed-case-2") == decision
        approver.post("eligibility", f"/v1/decisions/{decision['decision_id']}/confirmation", {"comment": "同意"})
        for name in ("eligibility", "departments", "oversight"):
            stack.kill_process(name)
        company.wait_until_day(9)
        stack.start_process("eligibility", "departments", "oversight")

        def in_force() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = clerk.get("eligibility", f"/v1/households/{household_id}/benefits")["items"]
            return items

        benefits = journal.until("benefit", in_force)
        assert [benefit["monthly_amount"] for benefit in benefits] == ["1030.00"]
        expected = {"medical_assistance", "premium_subsidy", "education_aid", "employment_assistance"}

        def line() -> list[dict[str, Any]] | None:
            items = resident.get("intake", f"/v1/applications/{application_id}/timeline", limit=100)["items"]
            kinds = Counter(item["kind"] for item in items)
            return items if kinds["referral_issued"] >= len(expected) else None

        kinds = Counter(item["kind"] for item in journal.until("time line", line))
        once = ("application_submitted", "verification_completed", "assessment_completed", "benefit_started")
        assert {kind: kinds[kind] for kind in once} == dict.fromkeys(once, 1)

        def logged() -> list[dict[str, Any]] | None:
            entries = auditor.get("oversight", "/v1/log/entries", key=household_id, limit=200)["items"]
            types = Counter(entry["type"] for entry in entries)
            return entries if types["eligibility.referral-issued.v1"] >= len(expected) else None

        entries = journal.until("log", logged)
        types = Counter(entry["type"] for entry in entries)
        assert len({entry["event_id"] for entry in entries}) == len(entries)
        assert types["eligibility.decision-confirmed.v1"] == types["eligibility.benefit-started.v1"] == 1
