"""Cases 1, 2 and 4: an application that is granted while one department is down, and one that is refused."""

from datetime import timedelta
from typing import Any

from doudi.demo.cast import Household, household
from doudi.demo.company import Company
from doudi.demo.journal import Journal
from shared.clock import local_date

DOWN = "housing"
"""The department that is down while the first case is verified."""

ASKED_AT_LEAST = {
    "public_security", "human_resources", "tax", "housing", "market_regulation", "civil_affairs",
}  # fmt: skip
# What the officers of each department report when the work is done.
_COMPLETIONS = {
    "medical_assistance": {"result": "delivered", "details": {"group": "key_recipient"}, "note": "已纳入医疗救助名单"},
    "premium_subsidy": {"result": "delivered", "amount": "380.00", "note": "已资助参加居民医保"},
    "education_aid": {
        "result": "delivered",
        "amount": "500.00",
        "details": {"group": "dibao_family"},
        "note": "秋季学期",
    },
    "employment_assistance": {"result": "delivered", "details": {"post": "public_welfare_post"}, "note": "公益性岗位"},
}


def granted_with_a_department_down(journal: Journal, company: Company) -> dict[str, Any]:
    """H01: applied, verified, assessed, decided by two officers, on notice, paid, referred, done."""
    home = household("H01")
    journal.chapter("案例一 周大川一家：一人月薪 2,000 元，三口之家申请低保（同时房管局系统停机）")
    journal.holds("各部门登记簿已有本户记录", company.fill_registers(home) > 0)
    company.stack.stop_process(f"department-{DOWN}")
    resident = company.resident("resident-zhou")
    receipt = resident.post("intake", "/v1/applications", home.submission(signed_on=local_date(journal.now())))
    journal.holds("通过小程序提交“一证两书”，当场受理", receipt["status"] == "submitted", receipt["receipt"])
    application_id, household_id = receipt["application_id"], receipt["household_id"]
    clerk, approver = company.staff(f"clerk-{home.street}-1"), company.staff(f"approver-{home.street}-1")

    def answers() -> dict[str, str]:
        seen = clerk.get("data-sharing", f"/v1/applications/{application_id}/verification")
        return {one["department"]: one["state"] for one in seen["departments"]}

    def all_but_the_one_down() -> dict[str, str] | None:
        try:
            found = answers()
        except AssertionError:
            return None
        waiting = {department for department, state in found.items() if state == "not_answered"}
        return found if waiting == {DOWN} else None

    states = journal.until("其他部门均已答复", all_but_the_one_down)
    journal.holds("向各部门核对，房管局停机，其余均已答复", set(states) >= ASKED_AT_LEAST, _short(states))
    company.stack.start_process(f"department-{DOWN}")
    journal.until("房管局恢复并补答", lambda: "not_answered" not in answers().values())
    journal.holds("房管局恢复后自动补答，核对完成", answers()[DOWN] in {"matched", "no_record"}, _short(answers()))

    assessment = _assessment(journal, company, home, application_id)
    dibao = assessment["result"]["policies"]["dibao"]
    journal.holds("评估：符合低保，月差额 1,030.00 元", dibao["monthly_amount"] == "1030.00", _first_lines(dibao))
    _decide(journal, company, home, assessment)

    decision = approver.get("eligibility", f"/v1/applications/{application_id}/decision")
    journal.holds("公示七天，其间不发放", decision["state"] == "on_notice", f"公示至 {decision['notice_ends_on']}")
    journal.holds("公示期内没有待遇", not _benefits(company, household_id, home), "")
    company.wait_until_day(9)
    journal.until("公示期满，决定生效", lambda: _benefits(company, household_id, home))
    benefit = _benefits(company, household_id, home)[0]
    journal.holds(
        "公示无异议，次月起发放", benefit["monthly_amount"] == "1030.00", f"自 {benefit['starts_on']} 起每月 1030.00 元"
    )
    referred = _work_referrals(journal, company, household_id)
    journal.holds(
        "医保、教育、人力资源三部门均已办结", referred >= {"medical_security", "education", "human_resources"}
    )

    def finished() -> list[dict[str, Any]] | None:
        items = resident.get("intake", f"/v1/applications/{application_id}/timeline", limit=100)["items"]
        done = [item for item in items if item["kind"] == "referral_completed"]
        return items if len(done) == len(_COMPLETIONS) else None

    entries = journal.until("居民看到全部进度", finished)
    journal.holds("居民在小程序看到全过程", entries, f"{len(entries)} 条")
    for entry in entries:
        journal.line(entry["at"], entry["text"])
    accesses = resident.get("data-sharing", "/v1/accesses")["items"]
    journal.holds("居民看到谁查过自己", len(accesses) >= len(ASKED_AT_LEAST), f"{len(accesses)} 次查询，均有事由")
    stranger = company.resident("resident-somebody-else")
    problem = stranger.refused_get("intake", f"/v1/applications/{application_id}")
    journal.holds("他人看不到本案", problem["status"] == 404, problem["title"])
    return {"application_id": application_id, "household_id": household_id}


def refused(journal: Journal, company: Company) -> None:
    """H02: income per member equal to the standard is not below it."""
    home = household("H02", sequence=200)
    journal.chapter("案例二 陈长贵夫妇：人均收入恰为 910 元，等于标准，不低于标准")
    company.fill_registers(home)
    resident = company.resident("resident-chen")
    receipt = resident.post("intake", "/v1/applications", home.submission(signed_on=local_date(journal.now())))
    application_id = receipt["application_id"]
    assessment = _assessment(journal, company, home, application_id)
    clerk = company.staff(f"clerk-{home.street}-1")
    asked = {"paper": "income_certificate", "reason": "核实家庭收入"}
    problem = clerk.refused("data-sharing", f"/v1/applications/{application_id}/paper-requests", asked)
    journal.holds("街道不能要求开收入证明：税务数据能够提供", problem["code"] == "paper_is_held", problem["detail"])
    policies = assessment["result"]["policies"]
    journal.holds("评估：不符合低保", policies["dibao"]["eligible"] is False, _first_lines(policies["dibao"]))
    journal.holds("评估：符合低保边缘家庭", policies["low_income_margin"]["eligible"] is True)
    _decide(journal, company, home, assessment)
    decision = resident.get("eligibility", f"/v1/applications/{application_id}/decision")
    reasons = [one["reason"] for one in decision["measures"] if one["policy"] == "dibao"]
    journal.holds("低保不予确认，理由以中文说明", decision["outcome"] == "refused" and reasons[0], reasons[0])
    journal.holds("告知救济途径", len(decision["appeal_routes"]) >= 2, "；".join(decision["appeal_routes"]))

    def told() -> list[dict[str, Any]] | None:
        items = resident.get("intake", f"/v1/applications/{application_id}/timeline", limit=100)["items"]
        return items if any(item["kind"] == "decision_refused" for item in items) else None

    for entry in journal.until("居民得知结果", told):
        journal.line(entry["at"], entry["text"])


def _assessment(journal: Journal, company: Company, home: Household, application_id: str) -> dict[str, Any]:
    clerk = company.staff(f"clerk-{home.street}-1")

    def look() -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = clerk.get("eligibility", f"/v1/applications/{application_id}/assessment")
        except AssertionError:
            return None
        return found

    return journal.until("评估完成", look)


def _decide(journal: Journal, company: Company, home: Household, assessment: dict[str, Any]) -> None:
    clerk, approver = company.staff(f"clerk-{home.street}-1"), company.staff(f"approver-{home.street}-1")
    path = f"/v1/assessments/{assessment['assessment_id']}/decisions"
    decision = clerk.post("eligibility", path, {"comment": "入户核实，情况属实"})
    granted = [one["title"] for one in decision["measures"] if one["outcome"] == "granted"]
    journal.holds("街道经办人提出综合施策意见", decision["state"] == "proposed", "、".join(granted))
    confirmation = f"/v1/decisions/{decision['decision_id']}/confirmation"
    alone = clerk.refused("eligibility", confirmation, {"comment": "同意"})
    journal.holds("经办人不能复核自己的意见", alone["status"] == 403, alone["title"])
    approver.post("eligibility", confirmation, {"comment": "同意"})
    journal.holds("另一名人员复核同意", condition=True)


def _benefits(company: Company, household_id: str, home: Household) -> list[dict[str, Any]]:
    clerk = company.staff(f"clerk-{home.street}-1")
    items: list[dict[str, Any]] = clerk.get("eligibility", f"/v1/households/{household_id}/benefits")["items"]
    return items


def _work_referrals(journal: Journal, company: Company, household_id: str) -> set[str]:
    """The officers of each department accept and complete what was referred to them."""
    departments = {"medical_security": 2, "education": 1, "human_resources": 1}
    for department, expected in departments.items():
        officer, service = company.officer(department), f"department-{department}"

        def arrived(officer: Any = officer, service: str = service, expected: int = expected) -> Any:
            items = officer.get(service, "/v1/referrals")["items"]
            mine = [one for one in items if one["household_id"] == household_id]
            return mine if len(mine) == expected else None

        for referral in journal.until(f"{department} 收到转办", arrived):
            path = f"/v1/referrals/{referral['referral_id']}"
            officer.post(service, f"{path}/acceptance")
            company.move_to(journal.now() + timedelta(hours=2))
            done = officer.post(service, f"{path}/completion", _COMPLETIONS[referral["policy"]])
            journal.holds(f"{department} 受理并办结 {referral['policy']}", done["state"] == "completed")
    return set(departments)


def _short(states: dict[str, str]) -> str:
    return "，".join(f"{department}: {state}" for department, state in sorted(states.items()))


def _first_lines(answer: dict[str, Any]) -> str:
    return "；".join(answer["explanation"]["text"][:3])
