"""What must hold for every household, found by generated ones."""

import copy
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eligibility.rules import PolicyResult, assess
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
            "residence_permit": _record({}, {"issued": _past(as_of), "last_endorsed": _past(as_of)}),
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


def _make_possible(members: list[dict[str, Any]]) -> None:
    """Nobody does anything before being born, has two spouses, or is older than an own parent."""
    spouses = [member for member in members if member["relation"] == "spouse"]
    for second in spouses[1:]:
        second["relation"] = "sibling"
    applicant = members[0]["birth_date"]
    eldest = min([applicant, *(spouse["birth_date"] for spouse in spouses[:1])])
    for member in members:
        born = member["birth_date"]
        is_too_old = member["relation"] in ("child", "grandchild") and born <= eldest
        if is_too_old or (member["relation"] in ("father", "mother") and born >= applicant):
            member["relation"] = "other"
        for key, below in (("living_here_since", None), ("diagnosed_on", None), ("employment", "since")):
            holder, name = (member, key) if below is None else (member.get(key, {}), below)
            if name in holder:
                holder[name] = max(holder[name], born)
        for key, day in member.get("residence_permit", {}).items():
            member["residence_permit"][key] = max(day, born)


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], date]:
    as_of = draw(DAYS)
    members = draw(st.lists(_member(as_of), min_size=1, max_size=4))
    for at, member in enumerate(members):
        member["id"] = f"p{at}"
    members[0]["relation"] = "applicant"
    _make_possible(members)
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
    whole, partial = assess(household, as_of), assess(hidden(household, chosen), as_of)
    index, interval = whole.as_json()["profile"]["index"], partial.as_json()["profile"]["index"]
    assert interval["low"] <= index["low"] <= index["high"] <= interval["high"]
    known = whole.results
    for policy, result in partial.results.items():
        if result.eligible is not None:
            assert result.eligible == known[policy].eligible, policy
        if result.amount_fen is not None:
            assert result.amount_fen == known[policy].amount_fen, policy
        assert set(result.persons) <= set(known[policy].persons), policy
        if result.eligible:
            assert set(known[policy].persons) <= {*result.persons, *result.persons_awaiting}, policy
        for key, value in result.extras.items():
            if isinstance(value, list):
                _check_named(key, result, known[policy])
            else:
                assert value in (None, known[policy].extras.get(key)), (policy, key)


def _check_named(key: str, partial: PolicyResult, known: PolicyResult) -> None:
    """Who is named stays named, for those reasons and perhaps more; nobody else is named but who was awaited."""
    if key.endswith("_awaiting"):
        assert key not in known.extras
    else:
        before, after = ({one["member"]: one["reasons"] for one in each.extras[key]} for each in (partial, known))
        assert all(set(reasons) <= set(after[member]) for member, reasons in before.items()), (key, before, after)
        assert after.keys() <= {*before, *partial.extras.get(f"{key}_awaiting", ()), *partial.persons_awaiting}, (
            key,
            after,
        )


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
        assert before["dibao"].eligible or not after["dibao"].eligible


@SLOW
@given(cases())
def test_amounts_are_never_negative(case: tuple[dict[str, Any], date]) -> None:
    household, as_of = case
    for policy, result in assess(household, as_of).results.items():
        assert result.amount_fen is None or result.amount_fen >= 0, policy


BASIC_SUPPORT = ("tekun", "dibao", "single_person_dibao", "dibao_grace", "orphan", "defacto_unattended_child")


@pytest.mark.clause("2.1.1")
@pytest.mark.clause("2.1.6")
@SLOW
@given(cases())
def test_nobody_is_supported_twice(case: tuple[dict[str, Any], date]) -> None:
    household, as_of = case
    results = assess(household, as_of).results
    # A child on the rate keeps what is paid already: the rate is only topped up to, so such a child may stand twice.
    paid_already = {
        name
        for entry in household.get("receiving", [])
        for name in entry.get("shares", {member["id"]: "1" for member in household["members"]})
        if entry["policy"] in ("dibao", "dibao_grace", "tekun")
    }
    found = [person for policy in BASIC_SUPPORT for person in results[policy].persons if person not in paid_already]
    assert len(found) == len(set(found))
    for policy, result in results.items():
        assert len(result.persons) == len(set(result.persons)), policy
    children = {*results["orphan"].persons, *results["defacto_unattended_child"].persons}
    assert not {*results["orphan"].persons} & {*results["defacto_unattended_child"].persons}
    assert not {*results["tekun"].persons} & {
        person
        for policy in ("dibao", "single_person_dibao", "dibao_grace", "disability_living_allowance",
                       "severe_disability_nursing_allowance")
        for person in results[policy].persons
    }  # fmt: skip
    assert not {*results["single_person_dibao"].persons} & {*results["dibao_grace"].persons, *children}
    assert sum(results[tier].eligible is True for tier in ("dibao", "low_income_margin", "rigid_expenditure")) <= 1


@pytest.mark.clause("2.1.5")
@pytest.mark.clause("2.1.6")
@SLOW
@given(cases())
def test_rate_of_children_and_what_is_paid_already_never_exceed_the_full_rate(
    case: tuple[dict[str, Any], date],
) -> None:
    household, as_of = case
    results = assess(household, as_of).results
    full_rate = 188000 if as_of >= date(2023, 4, 1) else 182000
    for policy in ("orphan", "defacto_unattended_child"):
        result = results[policy]
        if result.amount_fen is not None:
            assert 0 <= result.amount_fen <= full_rate * len(result.persons)


@pytest.mark.clause("2.1.2")
@SLOW
@given(cases())
def test_dibao_pays_exactly_up_to_the_standard_of_those_it_is_for(case: tuple[dict[str, Any], date]) -> None:
    household, as_of = case
    results = assess(household, as_of).results
    standard = 94000 if as_of >= date(2023, 4, 1) else 91000
    dibao, single = results["dibao"], results["single_person_dibao"]
    assert (dibao.amount_fen or 0) <= standard * len(dibao.persons)
    assert (single.amount_fen or 0) <= standard * len(single.persons)
    if dibao.eligible:
        assert dibao.amount_fen is None or dibao.amount_fen > 0


def _reordered(content: Any, random: Any) -> Any:
    """The same content, its keys in another order and remarks beside them."""
    if isinstance(content, list):
        return [_reordered(item, random) for item in content]
    if not isinstance(content, dict):
        return content
    keys = list(content)
    random.shuffle(keys)
    return {key: _reordered(content[key], random) for key in keys}


@pytest.mark.clause("1.1")
@SLOW
@given(cases(), st.randoms(use_true_random=False))
def test_order_of_members_and_keys_and_unrelated_facts_change_nothing(
    case: tuple[dict[str, Any], date], random: Any
) -> None:
    household, as_of = case
    shuffled = _reordered(household, random)
    random.shuffle(shuffled["members"])
    for member in shuffled["members"]:
        member |= {"sex": "F", "relation_note": "of the third floor"}
    assert json.dumps(assess(shuffled, as_of).as_json()) == json.dumps(assess(household, as_of).as_json())


@pytest.mark.clause("2.1.4")
@SLOW
@given(as_of=DAYS, wage=YUAN, days=st.integers(0, 500), running=st.booleans())
def test_grace_never_lasts_beyond_the_cap(*, as_of: date, wage: str, days: int, running: bool) -> None:
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
