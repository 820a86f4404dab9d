"""What agreements allow, as rules: periods, fields, quotas, states, and random histories of one agreement."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from data_sharing.rules.agreements import TRANSITIONS, Agreement, State, refusal

DAY = date(2022, 10, 10)
WAGE, PENSION = "individual_income.wage", "pension_register.pension"


def agreement(number: int = 1, **changes: Any) -> Agreement:
    values: dict[str, Any] = {
        "provider": "tax",
        "consumer": "eligibility",
        "purpose": "assessment",
        "fields": frozenset({WAGE}),
        "state": "granted",
        "first_on": DAY,
        "last_on": DAY,
        "daily_quota": 2,
    }
    return Agreement(agreement_id=UUID(int=number), **{**values, **changes})


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize(
    ("standing", "fields", "used", "expected"),
    [
        ([agreement()], [WAGE], 0, None),
        ([agreement()], [WAGE], 1, None),
        ([agreement()], [WAGE], 2, "quota_spent"),
        ([], [WAGE], 0, "agreement_missing"),
        ([agreement(consumer="oversight")], [WAGE], 0, "agreement_missing"),
        ([agreement(purpose="oversight")], [WAGE], 0, "agreement_missing"),
        ([agreement()], [WAGE, PENSION], 0, "field_not_in_agreement"),
        ([agreement(), agreement(2, fields=frozenset({PENSION}))], [WAGE, PENSION], 0, None),
        ([agreement(first_on=DAY + timedelta(days=1), last_on=None)], [WAGE], 0, "agreement_not_in_force"),
        ([agreement(first_on=date(2022, 1, 1), last_on=DAY - timedelta(days=1))], [WAGE], 0, "agreement_not_in_force"),
        ([agreement(last_on=None)], [WAGE], 0, None),
        ([agreement(state="suspended"), agreement(2)], [WAGE], 0, None),
    ],
)
def test_what_agreements_open(standing: list[Agreement], fields: list[str], used: int, expected: str | None) -> None:
    found = refusal(
        standing, consumer="eligibility", purpose="assessment", fields=fields, used_today={UUID(int=1): used}, at=DAY
    )
    assert (found and found.reason) == expected


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize("state", sorted(set(get_args(State)) - {"granted"}))
def test_only_a_granted_agreement_opens(state: State) -> None:
    found = refusal(
        [agreement(state=state)], consumer="eligibility", purpose="assessment", fields=[WAGE], used_today={}, at=DAY
    )
    assert found is not None
    assert (found.reason, found.agreement_id) == ("agreement_not_in_force", UUID(int=1))


@pytest.mark.clause("12.1.2")
def test_what_is_over_stays_over() -> None:
    assert set(TRANSITIONS) == set(get_args(State))
    assert TRANSITIONS["ended"] == TRANSITIONS["refused"] == frozenset()
    assert all("asked" not in following for following in TRANSITIONS.values())


class History(RuleBasedStateMachine):
    """One agreement through its states and days, looked under all the while."""

    def __init__(self) -> None:
        super().__init__()
        self.standing = agreement(state="asked", last_on=DAY + timedelta(days=3))
        self.day = DAY - timedelta(days=1)
        self.answered: dict[date, int] = {}
        self.opened_wrongly = False

    @precondition(lambda self: bool(TRANSITIONS[self.standing.state]))
    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        following = data.draw(st.sampled_from(sorted(TRANSITIONS[self.standing.state])))
        self.standing = replace(self.standing, state=following)

    @rule()
    def pass_a_day(self) -> None:
        self.day += timedelta(days=1)

    @rule()
    def look(self) -> None:
        used = self.answered.get(self.day, 0)
        refused = refusal(
            [self.standing],
            consumer="eligibility",
            purpose="assessment",
            fields=[WAGE],
            used_today={self.standing.agreement_id: used},
            at=self.day,
        )
        if refused is None:
            self.answered[self.day] = used + 1
            in_period = DAY <= self.day <= DAY + timedelta(days=3)
            self.opened_wrongly |= self.standing.state != "granted" or not in_period

    @invariant()
    def holds(self) -> None:
        assert not self.opened_wrongly
        assert all(count <= self.standing.daily_quota for count in self.answered.values())


TestHistory = pytest.mark.clause("12.1.2")(History.TestCase)
