"""What an entitlement comes with, for whoever carries it out: who goes first for legal aid and a lawyer at trial, hours
of care and who answers a call.
"""

import json
from datetime import date
from typing import Any

import pytest
from tests.eligibility.conftest import NOTICE_AND_A_DAY

from eligibility.rules import assess, publish, toolbook_page
from eligibility.rules.engine.archive import read_edition, write_edition
from eligibility.rules.policies import PARAMETERS, TOOLBOOK
from shared.auth import Role
from shared.events.eligibility import ReferralIssued

TODAY = date(2022, 12, 1)
CERTIFIED = {"disability": {"category": "limb", "grade": 4, "certificate": True}}
LEVELS = ["family", "service_firm", "community_grid", "district_platform"]


def applicant(birth_date: str | None = "1985-05-05", **facts: Any) -> dict[str, Any]:
    return {"id": "p1", "relation": "applicant", "birth_date": birth_date, **facts}


def answer(policy: str, *members: dict[str, Any], on: date = TODAY, **household: Any) -> dict[str, Any]:
    given = {"street": "420106009", "members": list(members), **household}
    found: dict[str, Any] = assess(given, on).as_json()["policies"][policy]
    return found


def published(policy: str, on: date = TODAY) -> dict[str, Any]:
    [entry] = [one for one in publish(on)["policies"] if one["policy"] == policy]
    return dict(entry)


@pytest.mark.clause("2.6.2")
@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        pytest.param({"birth_date": "1962-12-01"}, ["年满60周岁"], id="sixty today"),
        pytest.param({"birth_date": "1962-12-02"}, None, id="sixty tomorrow"),
        pytest.param({"birth_date": "2004-12-02"}, ["未满18周岁"], id="eighteen tomorrow"),
        pytest.param({"birth_date": "2004-12-01"}, None, id="eighteen today"),
        pytest.param(CERTIFIED, ["持证残疾人"], id="a certificate, whatever the grade"),
        pytest.param({"disability": {"category": "limb", "grade": 4, "certificate": False}}, None, id="no certificate"),
        pytest.param({**CERTIFIED, "birth_date": "1950-01-01"}, ["年满60周岁", "持证残疾人"], id="for two reasons"),
        pytest.param({**CERTIFIED, "birth_date": None}, ["持证残疾人"], id="whenever born"),
    ],
)
def test_the_elderly_the_disabled_and_minors_go_first_for_legal_aid(facts: Any, reasons: list[str] | None) -> None:
    found = answer("legal_aid", {**applicant(), **facts})
    assert found["persons"] == ["p1"]
    assert found["goes_first"] == ([{"member": "p1", "reasons": reasons}] if reasons else [])
    assert "goes_first_awaiting" not in found
    words = f"申请人 p1（{'、'.join(reasons)}）" if reasons else "无"
    assert f"绿色通道优先办理：{words}" in found["explanation"]["text"]


@pytest.mark.clause("2.6.2")
@pytest.mark.parametrize(
    ("facts", "awaited"),
    [
        ({"birth_date": None}, ["birth_date"]),
        ({"disability": {"category": "limb", "grade": 4, "certificate": None}}, ["disability_certificate"]),
        ({"disability": None, "birth_date": None}, ["birth_date", "disability_certificate"]),
    ],
)
def test_who_goes_first_is_awaited_not_denied(facts: Any, awaited: list[str]) -> None:
    child = {"id": "p2", "relation": "child", "birth_date": "2015-01-01"}
    found = answer("legal_aid", {**applicant(), **facts}, child)
    assert (found["eligible"], found["persons"]) == (True, ["p1", "p2"])
    assert found["goes_first"] == [{"member": "p2", "reasons": ["未满18周岁"]}]
    assert found["goes_first_awaiting"] == ["p1"]
    assert sorted(one["fact"] for one in found["explanation"]["awaits"]) == awaited
    assert {one["member"] for one in found["explanation"]["awaits"]} == {"p1"}
    assert "绿色通道优先办理：申请人 p1（待核）、子女 p2（未满18周岁）" in found["explanation"]["text"]


@pytest.mark.clause("2.6.2")
def test_who_is_not_entitled_goes_nowhere_first() -> None:
    pension = {"income": [{"kind": "pension", "monthly": "9000.00"}]}
    found = answer("legal_aid", applicant("1950-01-01", **pension))
    assert found["eligible"] is False
    assert "goes_first" not in found


@pytest.mark.clause("2.6.2", "1.4")
def test_who_goes_first_is_published_from_the_rule_that_says_it() -> None:
    [condition] = published("legal_aid")["further"]
    assert (condition["says"], condition["clause"], condition["join"]) == ("绿色通道优先办理", "2.6.2", "any")
    assert [one["says"] for one in condition["criteria"]] == ["年满60周岁", "持证残疾人", "未满18周岁"]
    assert "绿色通道优先办理" in toolbook_page(TODAY)


@pytest.mark.clause("2.6.3", "1.4")
def test_a_lawyer_at_trial_is_published_with_who_needs_no_means_check() -> None:
    entry = published("legal_aid")
    steps = {one["step"]: one for one in entry["procedure"]["steps"]}
    at_trial = steps["assign_at_trial"]
    assert at_trial["title"].startswith("审判阶段因经济困难没有委托辩护人的被告人，救助对象免予核查经济困难状况")
    assert (at_trial["days"], at_trial["working_days"], at_trial["assumed"]) == (3, False, False)
    assert at_trial["source"] == "《中华人民共和国法律援助法》第三十六条"
    assert "免予核查经济困难状况" in entry["procedure"]["title"]
    assert at_trial["title"] in toolbook_page(TODAY)


@pytest.mark.clause("2.6.3", "8.1")
async def test_the_justice_department_gets_the_persons_who_need_no_means_check_and_the_steps(eligibility: Any) -> None:
    """A defendant whom the court names to the legal-aid desk is found among them, and needs no papers on means."""
    child = {**applicant("2015-01-01"), "id": "p2", "relation": "child"}
    household = {"street": "420106009", "members": [applicant(), child]}
    assessment_id = await eligibility.assessed(household)
    wish = {"policy": "legal_aid", "outcome": "granted", "reason": "法院通知为被告人指派律师"}
    body = {"comment": "情况属实", "overrides": [wish]}
    path = f"/v1/assessments/{assessment_id}/decisions"
    decision = (await eligibility.post(path, body, Role.STREET_CLERK)).json()
    path = f"/v1/decisions/{decision['decision_id']}/confirmation"
    await eligibility.post(path, {"comment": "同意"}, Role.STREET_APPROVER)
    eligibility.clock.advance(NOTICE_AND_A_DAY)
    await eligibility.run_due()
    [event] = [one for one in await eligibility.recorded(ReferralIssued) if one.policy == "legal_aid"]
    assert (event.department, event.person_refs) == ("justice", ("p1", "p2"))
    book = (await eligibility.get("/v1/toolbook?on=2022-10-10", Role.STREET_CLERK)).json()
    [entry] = [one for one in book["policies"] if one["policy"] == event.policy]
    assert "assign_at_trial" in [one["step"] for one in entry["procedure"]["steps"]]
    on_record = (await eligibility.get(f"/v1/assessments/{assessment_id}", Role.AUDITOR)).json()["result"]
    assert on_record["policies"]["legal_aid"]["goes_first"] == [{"member": "p2", "reasons": ["未满18周岁"]}]


@pytest.mark.clause("2.8.4", "2.8.5")
@pytest.mark.parametrize(
    ("birth_date", "facts", "eligible"),
    [
        pytest.param("1962-12-01", {}, True, id="sixty today, alone"),
        pytest.param("1962-12-02", {}, False, id="sixty tomorrow"),
        pytest.param(None, {}, None, id="not known when born"),
        pytest.param("1950-01-01", {"income": [{"kind": "pension", "monthly": "9000.00"}]}, False, id="not in need"),
        pytest.param("1950-01-01", {"income": [{"kind": "pension", "monthly": None}]}, None, id="need not known"),
    ],
)
def test_who_gets_home_services_is_promised_hours_of_care_and_an_answer_to_every_call(
    *, birth_date: str | None, facts: Any, eligible: bool | None
) -> None:
    found = answer("elderly_home_services", applicant(birth_date, **facts))
    assert found["eligible"] is eligible
    if not eligible:
        assert not {"care_hours_per_month", "response"} & found.keys()
        return
    assert found["care_hours_per_month"] == 30
    assert found["response"]["around_the_clock"] is True
    levels = found["response"]["levels"]
    assert [(one["level"], one["responder"]) for one in levels] == list(enumerate(LEVELS, start=1))
    text = found["explanation"]["text"]
    assert "每名老人每月专业护理不少于：30 小时" in text
    assert "四级响应（全天候）：老人家属 → 服务企业 → 社区网格 → 区级平台" in text


@pytest.mark.clause("2.8.5")
def test_hours_are_promised_to_each_elder_entitled_by_the_parameter_of_the_day() -> None:
    couple = applicant("1940-01-01"), {**applicant("1941-01-01"), "id": "p2", "relation": "spouse"}
    son = {**applicant("1985-01-01"), "id": "p3", "relation": "child"}
    found = answer("elderly_home_services", *couple, son)
    assert (found["persons"], found["care_hours_per_month"]) == (["p1", "p2"], 30)
    entry = published("elderly_home_services")
    assert [(one["parameter"], one["shown"], one["assumed"]) for one in entry["amounts"]] == [
        ("care_hours_per_month", "30 小时/人·月", False)
    ]


@pytest.mark.clause("2.8.4", "1.4")
def test_the_four_levels_are_published_in_their_order() -> None:
    response = published("elderly_home_services")["response"]
    assert (response["title"], response["around_the_clock"]) == ("四级响应", True)
    assert [one["title"] for one in response["levels"]] == ["老人家属", "服务企业", "社区网格", "区级平台"]
    assert [one["policy"] for one in publish(TODAY)["policies"] if one["response"]] == ["elderly_home_services"]
    page = toolbook_page(TODAY)
    places = [page.index(f"<li>{one['title']}</li>") for one in response["levels"]]
    assert places == sorted(places)


@pytest.mark.clause("2.8.4", "12.3.3")
def test_the_response_comes_back_from_the_archive_and_older_archives_have_none() -> None:
    edition = TOOLBOOK.edition(TODAY)
    assert edition is not None
    document = json.loads(json.dumps(write_edition(edition), ensure_ascii=False))
    again = {policy.id: policy for policy in read_edition(document, PARAMETERS).policies}
    assert again["elderly_home_services"] == TOOLBOOK.policy("elderly_home_services")
    for policy in document["policies"]:
        del policy["response"]
    older = {policy.id: policy for policy in read_edition(document, PARAMETERS).policies}
    assert older["elderly_home_services"].response is None
