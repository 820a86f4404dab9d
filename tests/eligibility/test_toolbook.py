"""The published toolbook: made from the rules that decide, complete, of a day, as data and as a page. Clause 1.4."""

import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.eligibility.conftest import Eligibility

from eligibility.rules import PARAMETERS, TOOLBOOK, publish, toolbook_page, toolbook_version
from eligibility.rules.departments import DEPARTMENTS
from eligibility.rules.laws import LAWS
from shared.auth import Role
from shared.parameters import Parameters

BEFORE_THE_LAW = date(2026, 6, 30)
UNDER_THE_LAW = date(2026, 7, 1)

pytestmark = pytest.mark.clause("1.4")


def published(on: date = date(2023, 1, 10)) -> dict[str, dict[str, Any]]:
    return {entry["policy"]: entry for entry in publish(on)["policies"]}


def every_criterion(criteria: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in criteria:
        yield one
        yield from every_criterion(one["criteria"])


def test_every_policy_is_published_with_everything_that_the_clause_asks_for() -> None:
    entries = published()
    assert entries.keys() == {policy.id for policy in TOOLBOOK.policies}
    for policy, entry in entries.items():
        assert entry["criteria"], policy
        assert entry["clause"], policy
        assert entry["department_name"] == DEPARTMENTS[entry["department"]], policy
        assert entry["benefit"]["kind"], policy
        assert entry["legal_basis"], policy
        assert entry["materials"]["always"] == ["户口簿（身份证）", "家庭经济状况核对授权书", "信息填报真实性承诺书"]
        assert entry["procedure"]["steps"], policy


def test_criteria_are_the_conditions_of_the_rule_nested_as_they_are() -> None:
    dibao = published()["dibao"]
    assert dibao["join"] == "all"
    assert [one["says"] for one in dibao["criteria"]] == [
        "有低保核算人口",
        "人均收入低于低保标准",
        "财产状况符合低保规定",
    ]
    income, assets = dibao["criteria"][1:]
    assert income["sentence"] == "家庭核算月收入低于低保标准乘以人口"
    assert [(one["says"], one["sentence"]) for one in assets["criteria"]] == [
        ("金融资产不超限", "存款不超过低保家庭人均金融资产限额 × 共同生活的家庭成员人数"),
        ("无机动车", "机动车为 0 辆"),
        ("住房不超限", "住房套数不超过低保家庭住房套数上限"),
    ]


def test_formula_of_the_amount_is_made_from_its_rule() -> None:
    entries = published()
    assert entries["dibao"]["benefit"]["amount"] == "低保标准乘以人口 − 家庭核算月收入"
    assert entries["tekun"]["benefit"]["amount"] == "每人：城市特困供养标准"
    assert entries["medical_assistance"]["benefit"]["amount"] == "由区医保局按其规定核定"
    calculated = {one["says"]: one["formula"] for one in entries["dibao"]["calculation"]}
    assert calculated["扣减就业成本后的月工资"] == "月工资性收入 − 必要就业成本扣减额（不低于 0.00 元）"


def test_what_is_named_only_is_defined_elsewhere_in_the_book() -> None:
    book = publish(date(2023, 1, 10))
    defined = {f"policy-{entry['policy']}" for entry in book["policies"]}
    defined |= {f"term-{term['rule']}" for term in book["terms"]}
    shown = [*book["policies"], *book["terms"]]
    named = {one["see"] for entry in shown for one in every_criterion(entry["criteria"]) if one["see"]}
    assert "term-is_aided" in named
    assert named <= defined
    assert {f"term-{term['rule']}" for term in book["terms"]} <= named, "a term that nothing names"


def test_no_english_name_is_shown_to_readers() -> None:
    book = publish(date(2023, 1, 10))
    words = [
        one[key]
        for entry in book["policies"]
        for one in every_criterion(entry["criteria"])
        for key in ("says", "sentence")
    ]
    words += [one["formula"] for entry in book["policies"] for one in entry["calculation"]]
    words += [parameter["label"] + parameter["unit_words"] for parameter in book["parameters"]]
    words += [value["source"] + value["shown"] for parameter in book["parameters"] for value in parameter["values"]]
    assert [text for text in words if re.search("[A-Za-z]", text)] == []


def test_amounts_are_those_of_the_day_with_source_and_mark() -> None:
    on_the_day = {one["parameter"]: one for one in published()["dibao"]["amounts"]}
    assert on_the_day["urban_dibao_standard"]["shown"] == "910.00 元/人·月"
    assert on_the_day["urban_dibao_standard"]["source"] == "武汉市2022年4月27日公布"
    assert on_the_day["employment_deduction"]["assumed"] is True
    assert "employment_deduction" in published()["dibao"]["assumed"]
    a_year_later = {one["parameter"]: one for one in published(date(2024, 1, 10))["dibao"]["amounts"]}
    assert a_year_later["urban_dibao_standard"]["shown"] == "940.00 元/人·月"


def test_only_what_is_in_force_on_the_day_is_a_basis() -> None:
    def titles(on: date) -> list[str]:
        return [one["title"] for one in published(on)["dibao"]["legal_basis"]]

    assert "社会救助暂行办法" in titles(BEFORE_THE_LAW)
    assert "中华人民共和国社会救助法" not in titles(BEFORE_THE_LAW)
    assert "社会救助暂行办法" not in titles(UNDER_THE_LAW)
    assert "中华人民共和国社会救助法" in titles(UNDER_THE_LAW)
    rigid = [one["title"] for one in published(date(2024, 12, 31))["rigid_expenditure"]["legal_basis"]]
    assert "刚性支出困难家庭认定办法" not in rigid
    rigid = [one["title"] for one in published(date(2025, 1, 1))["rigid_expenditure"]["legal_basis"]]
    assert "刚性支出困难家庭认定办法" in rigid


@pytest.mark.parametrize("on", [date(2022, 9, 8), date(2024, 1, 1), BEFORE_THE_LAW, UNDER_THE_LAW, date(2027, 1, 1)])
def test_every_policy_has_a_basis_on_every_day(on: date) -> None:
    assert [policy for policy, entry in published(on).items() if not entry["legal_basis"]] == []


def test_law_cited_nowhere_would_be_noise() -> None:
    cited = {citation.key for policy in TOOLBOOK.policies for citation in policy.basis}
    assert cited == set(LAWS)


@pytest.mark.parametrize(
    ("policy", "step", "days", "working", "assumed"),
    [
        ("dibao", "confirm", 20, True, False),
        ("dibao", "confirm_hard_case", 45, True, False),
        ("dibao", "notice", 7, False, False),
        ("dibao_grace", "hear", 5, True, True),
        ("tekun", "investigate", 15, True, False),
        ("tekun", "confirm", 15, True, False),
        ("orphan", "investigate", 15, True, False),
        ("defacto_unattended_child", "confirm", 15, True, False),
        ("legal_aid", "decide", 7, False, False),
        ("legal_aid", "appoint", 3, False, False),
        ("temporary_assistance", "quick_relief", 3, False, False),
        ("temporary_assistance", "confirm", None, True, False),
        ("low_income_margin", "confirm", 20, True, True),
        ("education_aid", "complete", 10, True, True),
    ],
)
def test_steps_have_their_limits(*, policy: str, step: str, days: int | None, working: bool, assumed: bool) -> None:
    steps = {one["step"]: one for one in published(UNDER_THE_LAW)[policy]["procedure"]["steps"]}
    found = steps[step]
    assert (found["days"], found["working_days"], found["assumed"]) == (days, working, assumed)
    assert found["source"] or found["assumed"] or days is None


def test_step_counts_from_the_day_of_its_source() -> None:
    def steps(on: date) -> set[str]:
        return {one["step"] for one in published(on)["dibao_grace"]["procedure"]["steps"]}

    assert "hear" not in steps(BEFORE_THE_LAW)
    assert "hear" in steps(UNDER_THE_LAW)


@pytest.mark.parametrize("policy", ["orphan", "defacto_unattended_child"])
def test_child_is_never_posted(policy: str) -> None:
    entry = published()[policy]
    assert entry["public_notice"] is False
    assert "notice" not in {step["step"] for step in entry["procedure"]["steps"]}


def test_version_follows_the_rules_in_force() -> None:
    assert toolbook_version(date(2025, 12, 31)) != toolbook_version(date(2026, 1, 1)) == toolbook_version()
    assert publish(date(2026, 1, 1))["toolbook_version"] == toolbook_version()


def test_before_the_first_day_the_book_is_empty_and_says_so() -> None:
    assert publish(date(2022, 9, 7))["policies"] == []
    assert "2022年9月7日尚无施行中的政策" in toolbook_page(date(2022, 9, 7))


class Page(HTMLParser):
    """What a page consists of."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "col"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag == "a":
            self.links.append(given["href"] or "")
        self.outside += [value or "" for name, value in attrs if name in ("src", "srcset", "action")]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


@pytest.fixture(scope="module")
def page() -> str:
    return toolbook_page(date(2023, 1, 10))


def test_page_is_one_whole_file_without_script_or_network(page: str) -> None:
    found = Page(page)
    assert {"script", "link", "img", "iframe"} & set(found.tags) == set()
    assert found.outside == []
    assert "url(" not in page
    assert "@import" not in page
    assert "http" not in page
    assert len(found.ids) == len(set(found.ids))
    assert {link.removeprefix("#") for link in found.links} <= set(found.ids)


def test_page_has_a_section_and_an_entry_in_the_contents_for_every_policy(page: str) -> None:
    found = Page(page)
    for policy in TOOLBOOK.policies:
        assert f"policy-{policy.id}" in found.ids
        assert f"#policy-{policy.id}" in found.links
        assert policy.title in page
    assert {"cover", "contents", "terms", "parameters", "assumed", "laws"} <= set(found.ids)


def test_page_shows_day_version_amounts_and_marks(page: str) -> None:
    assert "2023年1月10日适用" in page
    assert toolbook_version(date(2023, 1, 10)) in page
    assert "910.00 元/人·月 </td>" in page
    assert re.search(r'300\.00 元/就业者·月 <span class="assumed">暂定</span>', page)
    assert "@page" in page
    assert "size: A4" in page


def test_page_escapes_what_an_operator_enters() -> None:
    own = Parameters.loads(
        'margin_multiple: {label: "<b>倍</b>", unit: ratio, values: {2021-07-01: {value: "1.5", source: "<script>"}}}',
        file="own.yaml",
    )
    text = toolbook_page(date(2023, 1, 10), PARAMETERS.replaced_by(own))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


async def test_anyone_with_a_role_reads_the_toolbook_of_a_day(eligibility: Eligibility) -> None:
    answer = await eligibility.get("/v1/toolbook", Role.RESIDENT)
    assert answer.status_code == 200
    assert answer.json()["as_of"] == "2022-10-10", "without a day it is today's"
    assert len(answer.json()["policies"]) == 49
    other = await eligibility.get("/v1/toolbook?on=2026-07-01", Role.AUDITOR)
    assert other.json() == publish(UNDER_THE_LAW)


async def test_service_serves_the_page(eligibility: Eligibility) -> None:
    answer = await eligibility.get("/v1/toolbook/page?on=2023-01-10", Role.RESIDENT)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text == toolbook_page(date(2023, 1, 10))
    refused = await eligibility.get("/v1/toolbook/page?on=yesterday", Role.RESIDENT)
    assert refused.status_code == 422
