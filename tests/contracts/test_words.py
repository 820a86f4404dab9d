"""One word per thing, also where two services keep a copy: names of policies and departments, and who holds what."""

from pathlib import Path

import yaml

from eligibility.rules import TOOLBOOK
from intake.rules.labels import DEPARTMENTS, POLICIES

ROOT = Path(__file__).parents[2]


def departments() -> dict[str, dict[str, object]]:
    configuration = yaml.safe_load(
        (ROOT / "services/departments/departments/departments.yaml").read_text(encoding="utf-8")
    )
    return {entry["code"]: entry for entry in configuration["departments"]}


def test_the_time_line_calls_policies_as_the_toolbook_does() -> None:
    assert {policy.id: policy.title for policy in TOOLBOOK.policies} == dict(POLICIES)


def test_the_time_line_calls_departments_as_the_departments_do() -> None:
    assert {code: entry["name"] for code, entry in departments().items()}.items() <= DEPARTMENTS.items()


def test_every_policy_belongs_to_a_department_that_handles_it() -> None:
    configured = departments()
    for policy in TOOLBOOK.policies:
        handled = configured[policy.department]["policies"]
        assert isinstance(handled, list)
        assert policy.id in handled or policy.department == "civil_affairs", policy.id
