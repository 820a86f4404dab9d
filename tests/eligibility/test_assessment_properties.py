"""What must hold for every household, found by generated ones."""

import copy
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eligibility.rules import assess
from eligibility.rules.facts.contract import (
    CAUSES,
    DISABILITIES,
    EMPLOYMENT,
    ILLNESSES,
    INCOME,
    PARENT,
    SELF_CARE,
    SPENDING,
    STAGES,
)

YUAN = st.integers(0, 600000).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")
DAYS = st.dates(date(2022, 9, 8), date(2026, 11, 1))
SLOW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _record(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def _birth_dates(as_of: date) -> st.SearchStrategy[str]:
    return st.integers(0, 95 * 365).map(lambda days: (as_of - timedelta(days=days)).isoformat())


def _past(as_of: date) -> st.SearchStrategy[str]:
    return st.integers(0, 1000).map(lambda days: (as_of - timedelta(days=days)).isoformat())


DISABILITY = _record(
    {"category": st.sampled_from(DISABILITIES), "grade": st.integers(1, 4)}, {"certificate": st.booleans()}
)
PARENTS = _record({"status": st.sampled_from(PARENT)}, {"months": st.integers(0, 24), "disability": DISABILITY})


def _member(as_of: date) -> st.SearchStrategy[dict[str, Any]]:
    return _record(
        {
            "relation": st.sampled_from(["spouse", "child", "grandchild", "father", "mother", "sibling", "other"]),
            "birth_date": _birth_dates(as_of),
        },
        {
            "registration": st.fixed_dictionaries(
                {"region": st.sampled_from(["420106", "420199"]), "kind": st.sampled_from(["urban", "rural"])}
            ),
            "living_here_since": _past(as_of),
            "employment": _record({"status": st.sampled_from(EMPLOYMENT)}, {"since": _past(as_of)}),
            "income": st.lists(st.fixed_dictionaries({"kind": st.sampled_from(INCOME), "monthly": YUAN}), max_size=3),
            "disability": DISABILITY,
            "diagnoses": st.lists(st.sampled_from(["autism", "diabetes"]), max_size=2, unique=True),
            "serious_illness": st.sampled_from(ILLNESSES),
            "diagnosed_on": _past(as_of),
            "self_care_failed": st.lists(st.sampled_from(SELF_CARE), max_size=6, unique=True),
            "lives_alone": st.booleans(),
            "school": _record({"stage": st.sampled_from(STAGES)}, {"home_teaching": st.booleans()}),
            "father": PARENTS,
            "mother": PARENTS,
            "obligors": st.lists(_record({"able": st.booleans()}, {}), max_size=2),
        },
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], date]:
    as_of = draw(DAYS)
    members = draw(st.lists(_member(as_of), min_size=1, max_size=4))
    for at, member in enumerate(members):
        member["id"] = f"p{at}"
    members[0]["relation"] = "applicant"
    receiving = st.lists(
        _record(
            {
                "policy": st.sampled_from(["dibao", "dibao_grace", "tekun", "disability_living_allowance"]),
                "monthly_amount": YUAN,
                "since": _past(as_of),
            },
            {"shares": st.dictionaries(st.sampled_from([member["id"] for member in members]), YUAN, max_size=4)},
        ),
        max_size=2,
        unique_by=lambda entry: entry["policy"],
    )
    spending = st.fixed_dictionaries({"kind": st.sampled_from(SPENDING), "amount": YUAN})
    household = draw(
        _record(
            {"street": st.just("420106009"), "members": st.just(members)},
            {
                "assets": _record(
                    {},
                    {
                        "financial": st.integers(0, 200000).map(str),
                        "vehicles": st.lists(st.fixed_dictionaries({"value": YUAN}), max_size=2),
                        "homes": st.integers(0, 3),
                    },
                ),
                "rigid_spending_12m": st.lists(spending, max_size=3),
                "receiving": receiving,
                "incident": st.fixed_dictionaries({"cause": st.sampled_from(CAUSES)}),
                "requested_amount": st.integers(0, 1500000).map(lambda fen: f"{fen / 100:.2f}"),
                "near_relatives_in_office": st.lists(st.just({"role": "committee", "relation": "sibling"}), max_size=1),
            },
        )
    )
    return household, as_of


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a declaration that may be unknown."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, below in items:
        here = (*path, key)
        may_be_null = key not in ("members", "id", "policy") and path != ("members",) and "shares" not in here[-2:]
        if may_be_null and not (path and path[-1] == "receiving"):
            yield here
        yield from places(below, here)


def hidden(household: dict[str, Any], chosen: list[tuple[Any, ...]]) -> dict[str, Any]:
    masked = copy.deepcopy(household)
    for place in chosen:
        below: Any = masked
        for key in place[:-1]:
            if below is None:
                break
            below = below[key]
        if below is not None:
            below[place[-1]] = None
    return masked


@SLOW
@given(cases(), st.data())
def test_answer_decided_with_unknown_facts_stays_whatever_they_turn_out_to_be(
    case: tuple[dict[str, Any], date], data: st.DataObject
) -> None:
    household, as_of = case
    chosen = data.draw(st.lists(st.sampled_from(list(places(household))), min_size=1, max_size=6))
    known = assess(household, as_of).results
    for policy, result in assess(hidden(household, chosen), as_of).results.items():
        if result.eligible is not None:
            assert result.eligible == known[policy].eligible, policy
        if result.amount_fen is not None:
            assert result.amount_fen == known[policy].amount_fen, policy
        assert set(result.persons) <= set(known[policy].persons), policy


@SLOW
@given(cases())
def test_every_undecided_answer_names_what_it_waits_for(case: tuple[dict[str, Any], date]) -> None:
    household, as_of = case
    household["assets"] = None
    household["members"][0]["income"] = None
    answer = assess(household, as_of).as_json()
    for policy, entry in answer["policies"].items():
        if entry["eligible"] is None:
            assert entry["explanation"]["awaits"], policy


@pytest.mark.clause("2.1.2")
@SLOW
@given(cases(), st.data())
def test_rise_in_income_never_raises_dibao(case: tuple[dict[str, Any], date], data: st.DataObject) -> None:
    household, as_of = case
    richer = copy.deepcopy(household)
    member = data.draw(st.sampled_from(richer["members"]))
    rise = {"kind": data.draw(st.sampled_from(INCOME)), "monthly": data.draw(YUAN)}
    member["income"] = [*member.get("income", []), rise]
    before, after = assess(household, as_of).results, assess(richer, as_of).results

    def paid(results: Any, *policies: str) -> int:
        return sum(results[policy].amount_fen or 0 for policy in policies)

    assert paid(after, "dibao", "tekun") <= paid(before, "dibao", "tekun")
    # Who leaves tekun joins the household's dibao: compared alone only where nobody does.
    if before["tekun"].persons == after["tekun"].persons:
        assert paid(after, "dibao") <= paid(before, "dibao")


@SLOW
@given(cases())
def test_amounts_are_never_negative(case: tuple[dict[str, Any], date]) -> None:
    household, as_of = case
    for policy, result in assess(household, as_of).results.items():
        assert result.amount_fen is None or result.amount_fen >= 0, policy


@SLOW
@given(cases(), st.randoms(use_true_random=False))
def test_order_of_members_changes_nothing(case: tuple[dict[str, Any], date], random: Any) -> None:
    household, as_of = case
    shuffled = copy.deepcopy(household)
    random.shuffle(shuffled["members"])
    assert json.dumps(assess(shuffled, as_of).as_json()) == json.dumps(assess(household, as_of).as_json())


@pytest.mark.clause("2.1.4")
@SLOW
@given(as_of=DAYS, wage=YUAN, days=st.integers(0, 500), running=st.booleans())
def test_grace_never_lasts_beyond_a_year(*, as_of: date, wage: str, days: int, running: bool) -> None:
    member = {
        "id": "p",
        "relation": "applicant",
        "birth_date": "1980-01-01",
        "employment": {"status": "employed"},
        "income": [{"kind": "wage", "monthly": wage}],
    }
    since = (as_of - timedelta(days=days)).isoformat()
    policy = "dibao_grace" if running else "dibao"
    receiving = [{"policy": policy, "monthly_amount": "500.00", "since": since}]
    result = assess({"members": [member], "receiving": receiving}, as_of).results["dibao_grace"]
    if result.eligible:
        starts, ends, cap = (
            date.fromisoformat(result.extras[key]) for key in ("starts_on", "ends_on", "ends_on_at_most")
        )
        assert as_of <= ends <= cap
        assert cap + timedelta(days=1) <= starts + timedelta(days=366)
