"""A benefit is adjusted, suspended, resumed, let go on for a grace period, ended and reviewed; two officers, and the
recipient, have a say.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from eligibility.handlers.benefits import adjust
from shared.auth import Role
from shared.events.eligibility import (
    BenefitAdjusted,
    BenefitEnded,
    BenefitResumed,
    BenefitStarted,
    BenefitSuspended,
    GracePeriodEnded,
    GracePeriodStarted,
    HearingHeld,
    HearingOpened,
    ReferralIssued,
    ReviewDue,
    ReviewOverdue,
)
from shared.testing import problem_code

CASES = Path(__file__).parent / "cases"


def facts(case: str, **changes: Any) -> dict[str, Any]:
    household: dict[str, Any] = json.loads((CASES / f"{case}.json").read_text(encoding="utf-8"))["household"]
    return household | changes


def steps(benefit: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["from_on"], one["amount"]) for one in benefit["amounts"]]


async def proposed(service: Any, benefit_id: str, **body: Any) -> Any:
    body = {"cause": "reassessment", "reason": "情况变化"} | body
    return await service.post(f"/v1/benefits/{benefit_id}/changes", body, Role.STREET_CLERK)


async def tiers(service: Any, household_id: str, on: str) -> list[str]:
    answer = await service.get(f"/v1/register?on={on}&limit=200", Role.AUDITOR)
    return sorted(one["tier"] for one in answer.json()["items"] if one["household_id"] == household_id)


@pytest.mark.clause("12.3.2")
async def test_an_adjustment_counts_from_the_month_after_and_stays_on_record(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="900.00")
    now = await eligibility.benefit(benefit["benefit_id"])
    assert (now["state"], now["monthly_amount"]) == ("running", "900.00")
    assert steps(now) == [("2022-11-01", "1030.00"), ("2022-11-01", "900.00")], "it had not begun yet"
    [event] = await eligibility.recorded(BenefitAdjusted)
    assert (event.old_amount_fen, event.new_amount_fen, event.back_pay_fen) == (103000, 90000, 0)

    await eligibility.at(date(2022, 12, 15))
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="800.00")
    now = await eligibility.benefit(benefit["benefit_id"])
    assert steps(now)[-1] == ("2023-01-01", "800.00")
    assert now["owed_this_month"] == "900.00"


async def test_an_increase_in_the_past_is_paid_after(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2023, 2, 15))
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="1100.00", from_on="2022-12-01")
    [event] = await eligibility.recorded(BenefitAdjusted)
    assert event.back_pay_fen == 3 * 7000, "December, January and February had begun"
    assert (await eligibility.benefit(benefit["benefit_id"]))["amounts"][-1]["back_pay"] == "210.00"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "adjust", "monthly_amount": "900.00", "from_on": "2022-11-01"}, "cut_in_the_past"),
        ({"kind": "end", "from_on": "2022-12-01"}, "cut_in_the_past"),
        ({"kind": "end", "from_on": "2023-01-15"}, "not_first_of_month"),
        ({"kind": "adjust", "monthly_amount": "2000.00", "from_on": "2022-10-01"}, "not_first_of_month"),
        ({"kind": "adjust"}, "amount_needed"),
        ({"kind": "resume"}, "wrong_state"),
        ({"kind": "grace", "until_on": "2023-12-31"}, "grace_reason_needed"),
        ({"kind": "grace", "until_on": "2023-05-15"}, "grace_outside_limits"),
        ({"kind": "grace", "until_on": "2024-01-31", "extension_reason": "x"}, "grace_outside_limits"),
    ],
)
async def test_a_change_that_cannot_be_right_is_refused(eligibility: Any, body: dict[str, Any], code: str) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2022, 12, 15))
    assert problem_code(await proposed(eligibility, benefit["benefit_id"], **body)) == code


@pytest.mark.clause("2.1.4")
async def test_a_back_dated_change_takes_nothing_from_later_months_that_have_begun(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="1300.00", from_on="2023-01-01")
    await eligibility.at(date(2023, 2, 15))
    more_at_first = {"kind": "adjust", "monthly_amount": "1100.00", "from_on": "2022-11-01"}
    answer = await proposed(eligibility, benefit["benefit_id"], **more_at_first)
    assert (answer.status_code, problem_code(answer)) == (422, "cut_in_the_past")
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="1300.00", from_on="2022-11-01")
    [_, event] = await eligibility.recorded(BenefitAdjusted)
    assert event.back_pay_fen == 2 * 27000, "November and December"


@pytest.mark.clause("2.1.4")
async def test_a_grace_period_does_not_end_in_months_that_have_begun(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2023, 2, 15))
    over = {"kind": "grace", "from_on": "2022-11-01", "until_on": "2022-12-31"}
    answer = await proposed(eligibility, benefit["benefit_id"], **over)
    assert (answer.status_code, problem_code(answer)) == (422, "grace_over_already")
    change = (await proposed(eligibility, benefit["benefit_id"], **over | {"until_on": "2023-02-28"})).json()
    await eligibility.at(date(2023, 3, 1))
    path = f"/v1/benefit-changes/{change['change_id']}/confirmation"
    answer = await eligibility.post(path, None, Role.STREET_APPROVER)
    assert (answer.status_code, problem_code(answer)) == (422, "grace_over_already"), "March has begun since"
    assert (await eligibility.benefit(benefit["benefit_id"]))["owed_this_month"] == "1030.00"


async def test_who_would_lose_a_rise_that_was_decided_is_heard(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2026, 11, 2))
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="1500.00", from_on="2027-02-01")
    said = await eligibility.changed(benefit["benefit_id"], "adjust", expect=422, monthly_amount="1400.00")
    assert said["code"] == "hearing_needed"


async def test_a_new_grant_follows_an_end_that_is_yet_to_come(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "end", from_on="2023-03-01", cause="own_wish")
    decision = await eligibility.decided(facts("H01"), whose=benefit["household_id"])
    assert "dibao" in {one["policy"] for one in decision["measures"] if one["outcome"] == "granted"}
    listed = await eligibility.get(f"/v1/households/{benefit['household_id']}/benefits", Role.AUDITOR)
    [again] = [one for one in listed.json()["items"] if one["state"] == "running"]
    assert again["starts_on"] == "2023-03-01", "the months until then are paid already"
    household_id = benefit["household_id"]
    for day in ("2022-10-18", "2023-02-28", "2023-03-01", "2024-03-01"):
        assert await tiers(eligibility, household_id, day) == ["dibao"], day


async def test_a_notice_that_ended_before_the_month_brings_the_month_however_late_the_job(eligibility: Any) -> None:
    decision = await eligibility.agreed(await eligibility.assessed(facts("H01")))
    assert decision["state"] == "on_notice"
    await eligibility.at(date(2022, 12, 2))  # the notice ended on 17 October, and no worker ran since
    [started] = await eligibility.recorded(BenefitStarted)
    assert started.starts_on == date(2022, 11, 1)
    [amount] = (await eligibility.benefit(str(started.benefit_id)))["amounts"]
    assert amount["back_pay"] == "2060.00", "November and December had begun"
    assert await tiers(eligibility, decision["household_id"], "2022-10-18") == ["dibao"]
    [referral, *_] = await eligibility.recorded(ReferralIssued)
    assert referral.accept_by > eligibility.clock.now(), "departments get their days all the same"


async def test_only_dibao_has_a_grace_period(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H09"), policy="tekun")
    answer = await proposed(eligibility, benefit["benefit_id"], kind="grace")
    assert problem_code(answer) == "grace_is_for_dibao"


async def test_a_suspended_benefit_is_resumed_with_what_was_held_back(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "suspend", from_on="2022-12-01")
    assert (await eligibility.benefit(benefit["benefit_id"]))["state"] == "suspended"
    assert len(await eligibility.recorded(BenefitSuspended)) == 1
    await eligibility.at(date(2023, 1, 15))
    assert (await eligibility.benefit(benefit["benefit_id"]))["owed_this_month"] == "0.00"
    await eligibility.changed(benefit["benefit_id"], "resume", from_on="2022-12-01")
    now = await eligibility.benefit(benefit["benefit_id"])
    assert (now["state"], now["owed_this_month"]) == ("running", "1030.00")
    [event] = await eligibility.recorded(BenefitResumed)
    assert event.back_pay_fen == 2 * 103000
    assert await tiers(eligibility, benefit["household_id"], "2023-01-15") == ["dibao"]


@pytest.mark.clause("12.3.2")
async def test_an_end_is_the_last_day_of_a_month_and_the_register_follows(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "end", from_on="2023-01-01", cause="own_wish")
    now = await eligibility.benefit(benefit["benefit_id"])
    assert (now["state"], now["ends_on"]) == ("ended", "2022-12-31")
    [event] = await eligibility.recorded(BenefitEnded)
    assert event.ends_on == date(2022, 12, 31)
    assert await tiers(eligibility, benefit["household_id"], "2022-10-17") == []
    assert await tiers(eligibility, benefit["household_id"], "2022-10-18") == ["dibao"]
    assert await tiers(eligibility, benefit["household_id"], "2022-12-31") == ["dibao"]
    assert await tiers(eligibility, benefit["household_id"], "2023-01-01") == []
    assert problem_code(await proposed(eligibility, benefit["benefit_id"], kind="end")) == "wrong_state"


async def test_what_was_planned_after_an_end_is_not_paid(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="1100.00", from_on="2023-03-01")
    await eligibility.changed(benefit["benefit_id"], "end", from_on="2023-01-01")
    await eligibility.at(date(2023, 4, 1))
    assert (await eligibility.benefit(benefit["benefit_id"]))["owed_this_month"] == "0.00"


@pytest.mark.clause("2.1.4")
async def test_a_grace_period_goes_on_for_six_months_and_ends_by_itself(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2022, 11, 10))
    await eligibility.changed(benefit["benefit_id"], "grace")
    [started] = await eligibility.recorded(GracePeriodStarted)
    assert (started.starts_on, started.ends_on) == (date(2022, 12, 1), date(2023, 5, 31))
    assert await tiers(eligibility, benefit["household_id"], "2022-11-30") == ["dibao"]
    assert await tiers(eligibility, benefit["household_id"], "2022-12-01") == ["dibao_grace"]

    await eligibility.at(date(2023, 5, 31))
    now = await eligibility.benefit(benefit["benefit_id"])
    assert (now["state"], now["owed_this_month"]) == ("in_grace", "1030.00")
    await eligibility.at(date(2023, 6, 1))
    now = await eligibility.benefit(benefit["benefit_id"])
    assert (now["state"], now["ends_on"], now["owed_this_month"]) == ("ended", "2023-05-31", "0.00")
    assert [event.ends_on for event in await eligibility.recorded(GracePeriodEnded)] == [date(2023, 5, 31)]
    assert len(await eligibility.recorded(BenefitEnded)) == 1
    assert await tiers(eligibility, benefit["household_id"], "2023-06-01") == []


@pytest.mark.clause("2.1.4")
async def test_a_grace_period_is_longer_only_with_a_written_reason(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2022, 11, 10))
    await eligibility.changed(
        benefit["benefit_id"], "grace", until_on="2023-11-30", extension_reason="就业不稳定，经社区评议延长"
    )
    [started] = await eligibility.recorded(GracePeriodStarted)
    assert started.ends_on == date(2023, 11, 30)


@pytest.mark.clause("2.1.4")
async def test_a_family_whose_work_ends_comes_back_from_its_grace_period(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2022, 11, 10))
    await eligibility.changed(benefit["benefit_id"], "grace")
    await eligibility.at(date(2023, 2, 10))
    await eligibility.changed(benefit["benefit_id"], "resume", monthly_amount="1200.00")
    await eligibility.at(date(2023, 7, 1))
    now = await eligibility.benefit(benefit["benefit_id"])
    assert (now["state"], now["ends_on"], now["owed_this_month"]) == ("running", None, "1200.00")
    assert await eligibility.recorded(BenefitEnded) == []
    assert await tiers(eligibility, benefit["household_id"], "2023-02-28") == ["dibao_grace"]
    assert await tiers(eligibility, benefit["household_id"], "2023-07-01") == ["dibao"]


async def test_a_change_needs_two_officers_who_have_not_stepped_back(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    change = (await proposed(eligibility, benefit["benefit_id"], kind="end")).json()
    twice = await proposed(eligibility, benefit["benefit_id"], kind="suspend")
    assert (twice.status_code, problem_code(twice)) == (409, "change_already_open")
    path = f"/v1/benefit-changes/{change['change_id']}"
    same = await eligibility.post(f"{path}/confirmation", None, Role.STREET_APPROVER, subject=f"a-{Role.STREET_CLERK}")
    assert (same.status_code, problem_code(same)) == (403, "same_person")
    [decision_id] = [one["document"] for one in (await eligibility.benefit(benefit["benefit_id"]))["amounts"]]
    recusal = f"/v1/decisions/{decision_id}/recusal"
    await eligibility.post(recusal, {"reason": "近亲属"}, Role.STREET_APPROVER)
    assert problem_code(await eligibility.post(f"{path}/confirmation", None, Role.STREET_APPROVER)) == "recused"
    returned = await eligibility.post(f"{path}/return", {"reason": "请补充材料"}, Role.DISTRICT_OFFICER)
    assert returned.json()["state"] == "returned"
    assert problem_code(await eligibility.post(f"{path}/confirmation", None, Role.DISTRICT_OFFICER)) == "change_closed"
    assert (await eligibility.benefit(benefit["benefit_id"]))["state"] == "running"


async def test_nobody_is_heard_before_the_law_asks_for_it_and_everybody_since(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2026, 11, 2))
    change = (await proposed(eligibility, benefit["benefit_id"], kind="end")).json()
    path = f"/v1/benefit-changes/{change['change_id']}"
    answer = await eligibility.post(f"{path}/confirmation", None, Role.STREET_APPROVER)
    assert (answer.status_code, problem_code(answer)) == (422, "hearing_needed")

    early = await eligibility.post(f"{path}/hearing", {"notice_given_on": "2026-10-20"}, Role.STREET_CLERK)
    assert problem_code(early) == "day_outside_period", "nobody was told of what was not proposed yet"
    opened = await eligibility.post(f"{path}/hearing", {"notice_given_on": "2026-11-02"}, Role.STREET_CLERK)
    assert opened.json()["hearing"]["respond_by"] == "2026-11-09"
    [event] = await eligibility.recorded(HearingOpened)
    assert (event.change, event.respond_by) == ("end", date(2026, 11, 9))
    assert problem_code(await eligibility.post(f"{path}/confirmation", None, Role.STREET_APPROVER)) == "hearing_needed"

    said = {"heard_on": "2026-11-02", "statement": "本人称上月已失业"}
    heard = await eligibility.post(f"{path}/hearing/statement", said, Role.STREET_CLERK)
    assert heard.json()["hearing"]["statement"] == "本人称上月已失业"
    assert len(await eligibility.recorded(HearingHeld)) == 1
    again = await eligibility.post(f"{path}/hearing/statement", said, Role.STREET_CLERK)
    assert problem_code(again) == "hearing_not_open"
    answer = await eligibility.post(f"{path}/confirmation", None, Role.STREET_APPROVER)
    assert answer.json()["state"] == "confirmed"


async def test_silence_until_the_day_waives_the_hearing(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2026, 11, 2))
    change = (await proposed(eligibility, benefit["benefit_id"], kind="suspend")).json()
    path = f"/v1/benefit-changes/{change['change_id']}"
    await eligibility.post(f"{path}/hearing", {"notice_given_on": "2026-11-02"}, Role.STREET_CLERK)
    await eligibility.at(date(2026, 11, 9))
    assert problem_code(await eligibility.post(f"{path}/confirmation", None, Role.STREET_APPROVER)) == "hearing_needed"
    await eligibility.at(date(2026, 11, 10))
    answer = await eligibility.post(f"{path}/confirmation", None, Role.STREET_APPROVER)
    assert answer.json()["state"] == "confirmed"


async def test_more_money_and_ones_own_wish_wait_for_no_hearing(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.at(date(2026, 11, 2))
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="1200.00")
    await eligibility.changed(benefit["benefit_id"], "end", cause="own_wish")
    assert (await eligibility.benefit(benefit["benefit_id"]))["state"] == "ended"
    assert await eligibility.recorded(HearingOpened) == []


async def test_what_is_confirmed_after_its_month_has_begun_is_proposed_anew(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    change = (await proposed(eligibility, benefit["benefit_id"], kind="end", from_on="2022-12-01")).json()
    await eligibility.at(date(2022, 12, 1))
    path = f"/v1/benefit-changes/{change['change_id']}/confirmation"
    assert problem_code(await eligibility.post(path, None, Role.STREET_APPROVER)) == "cut_in_the_past"


@pytest.mark.clause("3.2")
async def test_a_recomputation_enters_an_amount_once_and_leaves_later_ones(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="1000.00", from_on="2023-03-01")
    await eligibility.at(date(2023, 4, 10))
    for _ in range(2):
        async with eligibility.database.transaction() as tx:
            done = await adjust(
                tx,
                benefit_id=benefit["benefit_id"],
                new_amount_fen=110000,
                from_on=date(2022, 12, 1),
                cause="standard",
                document="武民政〔2023〕1号",
                recorded_by="eligibility",
                now=eligibility.clock.now(),
            )
        assert (done.old_amount_fen, done.back_pay_fen, done.until) == (103000, 3 * 7000, date(2023, 3, 1))
    now = await eligibility.benefit(benefit["benefit_id"])
    assert sum(one["cause"] == "standard" for one in now["amounts"]) == 1
    assert now["owed_this_month"] == "1000.00"
    assert len(await eligibility.recorded(BenefitAdjusted)) == 2


async def test_a_second_application_starts_no_second_benefit(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    decision = await eligibility.decided(facts("H01"), whose=benefit["household_id"])
    assert decision["outcome"] == "granted"
    assert "dibao" not in {one["policy"] for one in decision["measures"]}
    assert len(await eligibility.recorded(BenefitStarted)) == 1


async def test_a_resident_reads_the_benefit_and_not_who_handled_it(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "suspend")
    path = f"/v1/benefits/{benefit['benefit_id']}"
    seen = (await eligibility.get(path, Role.RESIDENT, subject="resident-1")).json()
    assert [one["proposed_by"] for one in seen["changes"]] == [None]
    assert (await eligibility.get(path, Role.RESIDENT, subject="resident-2")).status_code == 404
    assert (await eligibility.get(path, Role.STREET_CLERK, streets=("420106001",))).status_code == 404


@pytest.mark.clause("12.3.3")
async def test_a_review_opens_a_month_ahead_and_is_done_by_facts_that_say_the_same(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    assert (await eligibility.benefit(benefit["benefit_id"]))["review_due_on"] == "2023-05-01", (
        "one can work: half a year"
    )
    await eligibility.at(date(2023, 3, 31))
    assert await eligibility.recorded(ReviewDue) == []
    eligibility.cases[benefit["application_id"]] |= {"as_of": "2023-04-01", "revision": 2}
    await eligibility.at(date(2023, 4, 1))
    [due] = await eligibility.recorded(ReviewDue)
    assert due.due_on == date(2023, 5, 1)
    now = await eligibility.benefit(benefit["benefit_id"])
    assert now["monthly_amount"] == "1120.00", "the standard of that day was brought to it"
    assert now["review_due_on"] == "2023-10-01", "the facts give the same: done"
    changes = (await eligibility.get(f"/v1/households/{benefit['household_id']}/changes", Role.STREET_CLERK)).json()
    assert changes["suggestions"] == []

    await eligibility.at(date(2023, 8, 31))
    eligibility.cases[benefit["application_id"]] |= {"as_of": "2023-09-01", "revision": 3}
    await eligibility.at(date(2023, 9, 1))
    assert (await eligibility.benefit(benefit["benefit_id"]))["review_due_on"] == "2024-03-01", "nothing changed: done"
    assert await eligibility.recorded(ReviewOverdue) == []


@pytest.mark.clause("12.3.3")
async def test_a_review_on_old_facts_is_none_and_is_told_when_its_day_passes(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H09"), policy="tekun")
    assert (await eligibility.benefit(benefit["benefit_id"]))["review_due_on"] == "2023-11-01", "a stable man of 72"
    await eligibility.at(date(2023, 11, 1))
    assert len(await eligibility.recorded(ReviewDue)) == 1
    assert await eligibility.recorded(ReviewOverdue) == []
    await eligibility.at(date(2023, 11, 2))
    [event] = await eligibility.recorded(ReviewOverdue)
    assert event.due_on == date(2023, 11, 1)
    await eligibility.at(date(2024, 11, 2))
    assert len(await eligibility.recorded(ReviewOverdue)) == 1
