"""The worked households answer exactly as written, and the same bytes every time."""

import json
from pathlib import Path
from typing import Any

import pytest

from eligibility.rules import assess_case

CASES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in Path(__file__).parent.glob("cases/*.json")}


@pytest.mark.clause("1.1")
@pytest.mark.parametrize("name", sorted(CASES))
def test_worked_household_gets_what_is_expected(name: str) -> None:
    case = CASES[name]
    policies = assess_case(case).as_json()["policies"]
    expected: dict[str, dict[str, Any]] = case["expect"]
    answered = {policy: {key: policies[policy].get(key) for key in keys} for policy, keys in expected.items()}
    assert answered == expected


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_policy_answers_every_household_with_an_explanation(name: str) -> None:
    answer = assess_case(CASES[name]).as_json()
    assert len(answer["policies"]) == 49
    for entry in answer["policies"].values():
        assert entry["title"]
        assert entry["clause"]
        assert entry["explanation"]["text"]
        if entry["eligible"] is None:
            assert entry["explanation"]["awaits"]


@pytest.mark.parametrize("name", sorted(CASES))
def test_same_household_gives_same_bytes(name: str) -> None:
    first, second = (json.dumps(assess_case(CASES[name]).as_json(), ensure_ascii=False) for _ in range(2))
    assert first == second
