"""From advice to decision, as pure rules: what a proposal grants, what needs a notice, when a benefit starts."""

from datetime import date
from itertools import product

import pytest

from eligibility.rules.benefits import first_of_month_after
from eligibility.rules.decisions import (
    TRANSITIONS,
    DecisionState,
    Override,
    PolicyAnswer,
    ProposalImpossible,
    Step,
    next_state,
    notice_ends_on,
    outcome_of,
    propose,
)
from shared.working_days import WorkingCalendar


def answer(policy: str, /, *, eligible: bool | None = True, **changes: object) -> PolicyAnswer:
    values: dict[str, object] = {
        "policy": policy,
        "title": policy,
        "clause": "2.1.2",
        "department": "civil_affairs",
        "kind": "cash_monthly",
        "eligible": eligible,
        "monthly_amount_fen": 103000 if eligible else None,
        "person_refs": ("p1",),
        "public_notice": True,
        "on_request": False,
        "district_home_visit": False,
        "reason": "因为如此",
        "awaited": () if eligible is not None else ("存款",),
    }
    return PolicyAnswer(**(values | changes))  # type: ignore[arg-type]  # the table above has the right types


def answers(*given: PolicyAnswer) -> dict[str, PolicyAnswer]:
    return {one.policy: one for one in given}


@pytest.mark.clause("1.1")
def test_a_proposal_covers_everything_the_household_is_entitled_to_and_what_it_asked_for() -> None:
    measures = propose(
        answers(
            answer("dibao", eligible=False),
            answer("low_income_margin"),
            answer("orphan", eligible=False),
            answer("tekun", eligible=None),
        ),
        requested=["dibao"],
        overrides=[],
    )
    assert {one.answer.policy: one.granted for one in measures} == {"dibao": False, "low_income_margin": True}
    assert not any(one.differs_from_assessment for one in measures)


def test_a_policy_on_request_is_proposed_only_where_it_is_wanted() -> None:
    given = answers(answer("dibao"), answer("legal_aid", on_request=True))
    assert [one.answer.policy for one in propose(given, requested=["dibao"], overrides=[])] == ["dibao"]
    asked = propose(given, requested=["dibao", "legal_aid"], overrides=[])
    assert [one.answer.policy for one in asked] == ["dibao", "legal_aid"]
    wish = Override(policy="legal_aid", granted=True, monthly_amount_fen=None, reason="家庭有意愿")
    assert len(propose(given, requested=["dibao"], overrides=[wish])) == 2


def test_a_requested_policy_that_waits_for_a_fact_is_not_proposed() -> None:
    with pytest.raises(ProposalImpossible) as raised:
        propose(answers(answer("dibao", eligible=None)), requested=["dibao"], overrides=[])
    assert (raised.value.code, raised.value.policies) == ("facts_awaited", ("dibao",))
    assert "存款" in raised.value.detail


def test_an_officer_may_decide_otherwise_and_that_is_marked() -> None:
    override = Override(policy="dibao", granted=True, monthly_amount_fen=50000, reason="一事一议")
    [measure] = propose(answers(answer("dibao", eligible=None)), requested=["dibao"], overrides=[override])
    assert (measure.granted, measure.monthly_amount_fen, measure.reason) == (True, 50000, "一事一议")
    assert measure.differs_from_assessment


def test_an_override_that_says_what_the_engine_said_does_not_differ() -> None:
    override = Override(policy="dibao", granted=True, monthly_amount_fen=103000, reason="同意")
    [measure] = propose(answers(answer("dibao")), requested=["dibao"], overrides=[override])
    assert not measure.differs_from_assessment


def test_a_policy_that_the_toolbook_does_not_have_is_named() -> None:
    override = Override(policy="free_lunch", granted=True, monthly_amount_fen=None, reason="好意")
    with pytest.raises(ProposalImpossible) as raised:
        propose(answers(answer("dibao")), requested=["dibao"], overrides=[override])
    assert (raised.value.code, raised.value.policies) == ("unknown_policy", ("free_lunch",))


@pytest.mark.parametrize(
    ("changes", "benefit", "referred", "notice"),
    [
        ({}, True, False, True),
        ({"public_notice": False}, True, False, False),
        ({"department": "education", "kind": "cash_once", "public_notice": False}, False, True, False),
        ({"kind": "service", "public_notice": False}, False, True, False),
        ({"kind": "identification", "public_notice": False}, False, False, False),
        ({"policy": "temporary_assistance", "kind": "cash_once", "public_notice": False}, False, False, False),
    ],
    ids=["dibao", "child", "department", "service of civil affairs", "identification", "street reserve pays"],
)
def test_what_becomes_of_a_granted_measure(
    changes: dict[str, object], *, benefit: bool, referred: bool, notice: bool
) -> None:
    given = answer("dibao", **changes)  # type: ignore[arg-type]  # the table above has the right types
    [measure] = propose(answers(given), requested=[given.policy], overrides=[])
    assert (measure.is_monthly_benefit, measure.is_referred, measure.needs_notice) == (benefit, referred, notice)


def test_nothing_becomes_of_a_refused_measure() -> None:
    [measure] = propose(answers(answer("dibao", eligible=False)), requested=["dibao"], overrides=[])
    assert (measure.is_monthly_benefit, measure.is_referred, measure.needs_notice) == (False, False, False)


def test_a_case_is_refused_when_nothing_asked_for_is_granted() -> None:
    measures = propose(
        answers(answer("dibao", eligible=False), answer("low_income_margin")), requested=["dibao"], overrides=[]
    )
    assert outcome_of(measures, requested=["dibao"]) == "refused"
    assert outcome_of(measures, requested=["low_income_margin"]) == "granted"


@pytest.mark.parametrize(("state", "step"), list(product(DecisionState, Step)))
def test_only_the_listed_steps_are_open(state: DecisionState, step: Step) -> None:
    assert next_state(state, step) == TRANSITIONS.get((state, step))


def test_a_decision_in_force_stays_in_force() -> None:
    assert all(next_state(DecisionState.IN_FORCE, step) is None for step in Step)


@pytest.mark.parametrize(
    ("posted", "ends"),
    [
        (date(2022, 10, 10), date(2022, 10, 17)),
        (date(2022, 9, 26), date(2022, 10, 8)),  # ends in the holidays: the next working day, a Saturday
        (date(2026, 2, 10), date(2026, 2, 24)),
    ],
)
def test_a_notice_hangs_seven_days_and_ends_on_a_working_day(posted: date, ends: date) -> None:
    assert notice_ends_on(posted, WorkingCalendar()) == ends


@pytest.mark.parametrize(
    ("in_force", "starts"),
    [
        (date(2022, 10, 17), date(2022, 11, 1)),
        (date(2022, 11, 30), date(2022, 12, 1)),
        (date(2022, 12, 1), date(2023, 1, 1)),
        (date(2024, 2, 29), date(2024, 3, 1)),
    ],
)
@pytest.mark.clause("2.1.2")
def test_a_benefit_starts_in_the_month_after(in_force: date, starts: date) -> None:
    assert first_of_month_after(in_force) == starts
