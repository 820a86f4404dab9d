"""What was in force can be read back and run again: the same bytes, after rules and parameters have moved on."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.eligibility.test_standards import facts, published
from typer.testing import CliRunner, Result

from doudi.apart import run_apart
from doudi.main import app
from eligibility.rules import PARAMETERS, TOOLBOOK, assess, assess_case, read_case
from eligibility.rules.assessment import assess_under
from eligibility.rules.engine.archive import (
    ArchiveUnreadable,
    read_edition,
    read_parameters,
    write_edition,
    write_parameters,
)
from eligibility.rules.engine.calendar import ANNOUNCED
from eligibility.rules.engine.toolbook import Edition, edition_of
from eligibility.rules.replay import Record, differences, replay, result_text
from eligibility.rules.standards import parameters_version
from shared.auth import Role
from shared.ids import new_id
from shared.testing import SEAL_KEY, problem_code

CASES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in Path(__file__).parent.glob("cases/*.json")}
GOLDEN = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in Path(__file__).parent.glob("golden/*.json")
}
DAYS = [date(2022, 9, 8), date(2022, 10, 20), date(2023, 5, 1), date(2026, 7, 1)]


def edition_on(day: date) -> Edition:
    edition = TOOLBOOK.edition(day)
    assert edition is not None
    return edition


def through_json(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(document, ensure_ascii=False))
    return found


@pytest.mark.clause("12.3.3")
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_an_edition_comes_back_from_the_archive_as_it_was(day: date) -> None:
    edition = edition_on(day)
    document = write_edition(edition)
    again = read_edition(through_json(document), PARAMETERS)
    assert write_edition(again) == document
    rebuilt = edition_of(again.rules, again.policies, again.later, since=again.since, parameters=PARAMETERS)
    assert rebuilt.version == edition.version == again.version


@pytest.mark.clause("12.3.3")
@pytest.mark.parametrize("name", sorted(CASES))
def test_an_archived_edition_answers_with_the_same_bytes(name: str) -> None:
    household, as_of = read_case(CASES[name])
    parameters = read_parameters(through_json(write_parameters(PARAMETERS)), version="archived")
    again = read_edition(through_json(write_edition(edition_on(as_of))), parameters)
    expected = result_text(assess_case(CASES[name]).as_json())
    assert result_text(assess_under(again, household, as_of, parameters).as_json()) == expected


@pytest.mark.clause("12.3.3")
def test_an_archived_policy_answers_as_it_was_called_then_though_the_toolbook_dropped_it() -> None:
    household, as_of = read_case(CASES["H01"])
    document = through_json(write_edition(edition_on(as_of)))
    (dibao,) = [policy for policy in document["policies"] if policy["id"] == "dibao"]
    dibao |= {"id": "former_allowance", "title": "旧时补助", "basis": []}
    answers = assess_under(read_edition(document, PARAMETERS), household, as_of, PARAMETERS).as_json()["policies"]
    assert "dibao" not in answers
    former = answers["former_allowance"]
    assert (former["title"], former["legal_basis"], former["eligible"]) == ("旧时补助", [], True)


def test_parameters_come_back_from_the_archive_as_they_were() -> None:
    again = read_parameters(through_json(write_parameters(PARAMETERS)), version="archived")
    assert parameters_version(again) == parameters_version(PARAMETERS)


def test_an_archive_of_another_format_and_of_an_unknown_kind_is_refused() -> None:
    document = write_edition(edition_on(DAYS[0]))
    with pytest.raises(ArchiveUnreadable, match="format 2"):
        read_edition(document | {"format": 2}, PARAMETERS)
    with pytest.raises(ArchiveUnreadable, match="Quotient"):
        read_edition(document | {"rules": [{"is": "Quotient"}]}, PARAMETERS)
    with pytest.raises(ArchiveUnreadable, match="other parts"):
        read_edition(document | {"rules": [{"is": "Rule", "colour": "red"}]}, PARAMETERS)


def conditions_of(found: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for one in found:
        yield one["rule"], one.get("member", ""), one["state"]
        yield from conditions_of(one.get("conditions", []))


def answers_of(result: dict[str, Any], keys: dict[str, set[str]]) -> dict[str, Any]:
    """What must never change: answers, amounts, persons, dates, states of conditions, parameters read."""
    return {
        "parameters": result["parameters"],
        "toolbook_version": result["toolbook_version"],
        "policies": {
            policy: {
                **{key: answer.get(key) for key in sorted(keys[policy])},
                "conditions": sorted(set(conditions_of(answer["explanation"]["conditions"]))),
            }
            for policy, answer in result["policies"].items()
            if policy in keys
        },
    }


@pytest.mark.clause("12.3.3")
@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_a_golden_assessment_replays_for_ever(name: str) -> None:
    """Where this fails after a change on purpose of words, it must not: only answers and states are compared. A new
    golden is added with golden/write.py; an old one is never rewritten.
    """
    one = GOLDEN[name]
    record = Record(
        as_of=date.fromisoformat(one["as_of"]),
        facts=one["facts"],
        edition=one["edition"],
        parameters=one["parameters"],
        parameters_version=one["parameters_version"],
        calendar=one.get("calendar"),
    )
    recorded, replayed = json.loads(one["result"]), json.loads(replay(record))
    keys = {policy: set(answer) - {"explanation"} for policy, answer in recorded["policies"].items()}
    assert answers_of(replayed, keys) == answers_of(recorded, keys)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_differences_are_found_where_and_only_where_there_are_any(left: Any, right: Any) -> None:
    are_equal = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
    assert (list(differences(left, right)) == []) == are_equal


def test_a_difference_says_whether_only_words_differ() -> None:
    recorded = assess_case(CASES["H01"]).as_json()
    reworded, repriced = through_json(recorded), through_json(recorded)
    reworded["policies"]["dibao"]["explanation"]["text"][0] = "符合"
    repriced["policies"]["dibao"]["monthly_amount"] = "1.00"
    [words] = differences(recorded, reworded)
    [amount] = differences(recorded, repriced)
    assert words.is_of_words
    assert (amount.path, amount.is_of_words) == ("policies.dibao.monthly_amount", False)
    assert (amount.recorded, amount.replayed) == ('"1030.00"', '"1.00"')


async def replayed(service: Any, assessment_id: Any) -> Any:
    return await service.post(f"/v1/assessments/{assessment_id}/replay", None, Role.AUDITOR)


@pytest.mark.clause("12.3.3")
async def test_an_assessment_replays_after_the_standards_have_moved_on(eligibility: Any) -> None:
    assessment_id = await eligibility.assessed(facts("H01"))
    await published(eligibility, first_day="2022-10-01")
    moved = assess(facts("H01"), date(2022, 10, 10)).as_json()
    body = {"as_of": "2022-10-10", "household": facts("H01")}
    preview = (await eligibility.post("/v1/assessments/preview", body, Role.STREET_CLERK)).json()
    assert preview["parameters"]["urban_dibao_standard"]["value"] == "950"
    answer = (await replayed(eligibility, assessment_id)).json()
    assert (answer["same_bytes"], answer["differences"]) == (True, [])
    assert answer["toolbook_version"] == moved["toolbook_version"]


async def as_owner(service: Any, statement: str, *values: str) -> None:
    """Change what the service itself may not change."""
    connection = await asyncpg.connect(service.urls.owner.replace("+asyncpg", ""))
    try:
        await connection.execute("select act_as_service()")
        await connection.execute(statement, *values)
    finally:
        await connection.close()


@pytest.mark.clause("12.3.3")
async def test_an_assessment_replays_under_the_toolbook_that_is_archived(eligibility: Any) -> None:
    """The archive says "at most" where today's rule says "below": the answer follows the archive."""
    assessment_id = await eligibility.assessed(facts("H02"))
    below = '"op": "<", "left": {"is": "Reference", "name": "household_income"}'
    at_most = below.replace('"<"', '"<="')
    await as_owner(eligibility, "update toolbook_edition set document = replace(document, $1, $2)", below, at_most)
    answer = (await replayed(eligibility, assessment_id)).json()
    assert not answer["same_bytes"]
    changed = {"path": "policies.dibao.eligible", "recorded": "false", "replayed": "true", "only_words": False}
    assert changed in answer["differences"]


async def test_without_a_readable_archive_there_is_no_replay(eligibility: Any) -> None:
    assessment_id = await eligibility.assessed(facts("H01"))
    await as_owner(eligibility, "update toolbook_edition set document = replace(document, 'Reference', 'Quotient')")
    answer = await replayed(eligibility, assessment_id)
    assert (answer.status_code, problem_code(answer)) == (409, "archive_unreadable")
    await as_owner(eligibility, "update assessment set parameters_version = null")
    answer = await replayed(eligibility, assessment_id)
    assert (answer.status_code, problem_code(answer)) == (409, "not_archived")


def doudi_apart(service: Any, *arguments: str) -> Result:
    environment = {
        "DOUDI_DATABASE_URL": service.urls.app,
        "DOUDI_SEAL_KEY": SEAL_KEY.secret.hex(),
        "DOUDI_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    }
    return run_apart(lambda: CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False))


@pytest.mark.clause("12.3.3")
async def test_the_command_line_prints_the_bytes_on_record_or_says_what_differs(eligibility: Any) -> None:
    assessment_id = await eligibility.assessed(facts("H01"))
    await published(eligibility, first_day="2022-10-01")
    same = doudi_apart(eligibility, "assess", "--replay", str(assessment_id))
    on_record = (await eligibility.get(f"/v1/assessments/{assessment_id}", Role.AUDITOR)).json()["result"]
    assert (same.exit_code, json.loads(same.stdout)) == (0, on_record)
    await as_owner(eligibility, "update parameter_set set document = replace(document, '\"910\"', '\"911\"')")
    other = doudi_apart(eligibility, "assess", "--replay", str(assessment_id))
    assert other.exit_code == 1
    assert 'policies.dibao.monthly_amount: on record "1030.00", now "1033.00"' in other.stderr
    unknown = doudi_apart(eligibility, "assess", "--replay", str(new_id()))
    assert (unknown.exit_code, "未找到" in unknown.stderr) == (1, True)


ALONE = {"id": "p1", "relation": "applicant", "birth_date": "1980-01-01"}


@pytest.mark.clause("12.3.3")
async def test_an_assessment_replays_after_the_calendar_was_corrected(eligibility: Any) -> None:
    sudden = {"incident": {"cause": "accident"}, "requested_amount": "500.00"}
    household = {"street": "420106009", "members": [ALONE], **sudden}

    async def due_on(assessment_id: Any) -> Any:
        found = await eligibility.get(f"/v1/assessments/{assessment_id}", Role.AUDITOR)
        return found.json()["result"]["policies"]["temporary_assistance"]["papers_due_on"]

    before = await eligibility.assessed(household)
    assert await due_on(before) == "2022-10-24"
    closed = {"is_working": False, "reason": "市政府通知临时放假"}
    await eligibility.post("/v1/calendar/2022-10-17", closed, Role.DISTRICT_OFFICER, method="PUT")

    body = {"as_of": "2022-10-10", "household": household}
    preview = (await eligibility.post("/v1/assessments/preview", body, Role.STREET_CLERK)).json()
    assert preview["policies"]["temporary_assistance"]["papers_due_on"] == "2022-10-25"
    after = await eligibility.assessed(household)
    assert await due_on(after) == "2022-10-25"

    replays = [(await replayed(eligibility, one)).json() for one in (before, after)]
    assert [(one["same_bytes"], one["differences"]) for one in replays] == [(True, []), (True, [])]
    first, second = (one["calendar_version"] for one in replays)
    assert (first, first != second) == (ANNOUNCED.version, True)


@pytest.mark.clause("12.3.3")
async def test_an_assessment_from_before_calendars_were_archived_replays(eligibility: Any) -> None:
    assessment_id = await eligibility.assessed({"members": [ALONE]})
    await as_owner(eligibility, "update assessment set calendar_version = null")
    answer = (await replayed(eligibility, assessment_id)).json()
    assert (answer["same_bytes"], answer["calendar_version"]) == (True, None)
