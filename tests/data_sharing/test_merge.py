"""Merging what was declared with what was found, as a table of cases."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_sharing.rules.catalogue import Catalogue, load_packed
from data_sharing.rules.merge import Answer, Merged, Record, merge
from data_sharing.rules.targets import HOUSEHOLD_KEYS, MEMBER_KEYS, facts_only

CATALOGUE = load_packed()
DEPARTMENT_OF = {code: data_set.department for code, data_set in CATALOGUE.data_sets.items()}


def household(**facts: Any) -> dict[str, Any]:
    """Two people; `p1` and `p2` give facts of members, everything else is the household's."""
    members = [{"id": ref, **facts.pop(ref, {})} for ref in ("p1", "p2")]
    return {"street": "420106009", "members": members, **facts}


def said(data_set: str, state: Any, **fields_by_person: dict[str, Any]) -> Answer:
    records = [
        Record(person_ref=ref, data_set=data_set, fields=fields, as_of=f"2022-09-{20 + int(ref[1:])}")
        for ref, fields in fields_by_person.items()
    ]
    return Answer(department=DEPARTMENT_OF[data_set], data_sets=[data_set], state=state, records=records)


def merged_with(declared: dict[str, Any], *answers: Answer) -> Merged:
    return merge(declared, answers, CATALOGUE)


@pytest.mark.clause("1.2")
@pytest.mark.parametrize(
    ("declared", "answer", "expected", "differences"),
    [
        pytest.param(
            household(p1={"income": [{"kind": "wage", "monthly": "2000"}]}),
            said("individual_income", "matched", p1={"wage": "2000.00"}),
            household(p1={"income": [{"kind": "wage", "monthly": "2000.00"}]}),
            0,
            id="the same amount is no difference",
        ),
        pytest.param(
            household(p1={"income": [{"kind": "wage", "monthly": "1000"}, {"kind": "other", "monthly": "5"}]}),
            said("individual_income", "matched", p1={"wage": "2600.00"}),
            household(p1={"income": [{"kind": "other", "monthly": "5"}, {"kind": "wage", "monthly": "2600.00"}]}),
            1,
            id="found income wins over declared, other kinds stay",
        ),
        pytest.param(
            household(),
            said("individual_income", "matched", p1={"wage": "0.00"}),
            household(),
            0,
            id="found nothing where nothing was declared",
        ),
        pytest.param(
            household(),
            said("individual_income", "error"),
            household(
                p1={"income": [{"kind": "wage", "monthly": None}]}, p2={"income": [{"kind": "wage", "monthly": None}]}
            ),
            0,
            id="unknown income is null, not zero",
        ),
        pytest.param(
            household(p1={"income": None}, p2={"income": []}),
            said("individual_income", "matched", p1={"wage": "10.00"}),
            household(
                p1={
                    "income": [
                        {"kind": "business", "monthly": None},
                        {"kind": "property", "monthly": None},
                        {"kind": "pension", "monthly": None},
                        {"kind": "central_base_pension", "monthly": None},
                        {"kind": "unemployment_benefit", "monthly": None},
                        {"kind": "support_received", "monthly": None},
                        {"kind": "assistance", "monthly": None},
                        {"kind": "other", "monthly": None},
                        {"kind": "wage", "monthly": "10.00"},
                    ]
                },
                p2={"income": []},
            ),
            0,
            id="a found kind does not make the other unknown kinds known",
        ),
        pytest.param(
            household(p1={"employment": {"status": "unemployed", "since": "2020-01-01"}}),
            said("employment_register", "matched", p1={"status": "employed"}),
            household(p1={"employment": {"status": "employed", "since": "2020-01-01"}}),
            1,
            id="one part found, the other stands",
        ),
        pytest.param(
            household(p1={"employment": {"status": "unemployed"}}),
            said("employment_register", "matched", p1={"status": "unemployed", "since": "2021-05-01"}),
            household(p1={"employment": {"status": "unemployed", "since": "2021-05-01"}}),
            0,
            id="a part that was not declared is supplemented",
        ),
        pytest.param(
            household(),
            said("disability_register", "matched", p2={"category": "limb", "grade": 2, "certificate": True}),
            household(p2={"disability": {"category": "limb", "grade": 2, "certificate": True}}),
            1,
            id="a disability that was not declared",
        ),
        pytest.param(
            household(p1={"disability": None}),
            said("disability_register", "matched", p1={"category": "limb", "grade": 2}),
            household(p1={"disability": {"category": "limb", "grade": 2}}),
            0,
            id="declared as unknown, then found",
        ),
        pytest.param(
            household(p1={"disability": {"category": "limb"}}),
            said("disability_register", "not_answered"),
            household(p1={"disability": None}, p2={"disability": None}),
            0,
            id="not answered makes it unknown for everybody",
        ),
        pytest.param(
            household(assets={"financial": "9.00", "vehicles": [{"value": "100"}]}),
            said(
                "vehicle_register",
                "matched",
                p1={"vehicles": [{"value": "100.00"}]},
                p2={"vehicles": [{"value": None}]},
            ),
            household(assets={"financial": "9.00", "vehicles": [{"value": "100.00"}, {"value": None}]}),
            1,
            id="vehicles of all persons together",
        ),
        pytest.param(
            household(),
            said("real_estate", "matched", p1={"homes": 1}, p2={"homes": 1}),
            household(assets={"homes": 2}),
            1,
            id="homes of all persons add up",
        ),
        pytest.param(
            household(assets=None),
            said("real_estate", "error"),
            household(assets={"financial": None, "vehicles": None, "homes": None}),
            0,
            id="unknown assets stay unknown",
        ),
        pytest.param(
            household(rigid_spending_12m=[{"kind": "medical", "amount": "1"}, {"kind": "education", "amount": "7"}]),
            said(
                "medical_costs",
                "matched",
                p1={"rigid_spending_medical": "10.50"},
                p2={"rigid_spending_medical": "0.50"},
            ),
            household(
                rigid_spending_12m=[{"kind": "education", "amount": "7"}, {"kind": "medical", "amount": "11.00"}]
            ),
            1,
            id="medical costs add up, other spending stays",
        ),
        pytest.param(
            household(receiving=[{"policy": "dibao", "monthly_amount": "900", "shares": {"p1": "900"}}]),
            said("benefit_register", "matched", p1={"receiving": [{"policy": "dibao", "monthly_amount": "900.00"}]}),
            household(receiving=[{"policy": "dibao", "monthly_amount": "900.00", "shares": {"p1": "900"}}]),
            0,
            id="a register that knows no shares leaves those declared",
        ),
        pytest.param(
            household(receiving=[{"policy": "dibao", "monthly_amount": "900"}]),
            said("benefit_register", "not_answered"),
            household(receiving=None),
            0,
            id="benefits unknown",
        ),
        pytest.param(
            household(p1={"sex": "M"}),
            said("household_register", "matched", p1={"sex": "M", "death": None}),
            household(p1={"sex": "M"}),
            0,
            id="a null in a register says that nothing is recorded",
        ),
    ],
)
def test_merge(declared: dict[str, Any], answer: Answer, expected: dict[str, Any], differences: int) -> None:
    before = deepcopy(declared)
    merged = merged_with(declared, answer)
    assert merged.household == expected
    assert merged.difference_count == differences
    assert declared == before, "the declaration is left as it is"


def test_a_person_without_a_record_in_a_matched_answer_keeps_what_was_declared() -> None:
    declared = household(p2={"income": [{"kind": "wage", "monthly": "50.00"}]})
    merged = merged_with(declared, said("individual_income", "matched", p1={"wage": "10.00"}))
    assert merged.household["members"][1] == declared["members"][1]
    assert merged.provenance["members.p1.income.wage"].source == "found"
    assert merged.provenance["members.p2.income.wage"].source == "declared"
    assert merged.provenance["members.p2.income.wage"].state == "no_record"


def test_several_records_are_as_old_as_the_oldest() -> None:
    merged = merged_with(household(), said("real_estate", "matched", p1={"homes": 1}, p2={"homes": 0}))
    assert merged.provenance["assets.homes"].as_of == "2022-09-21"


def test_a_finding_has_no_place_in_the_facts() -> None:
    answer = said("household_register", "matched", p1={"death": "2021-01-02", "sex": "M"})
    merged = merged_with(household(p1={"sex": "M"}), answer)
    (finding,) = merged.findings
    assert (finding.person_ref, finding.field, finding.unexpected) == ("p1", "death", True)
    assert merged.household == household(p1={"sex": "M"})
    married = merged_with(household(), said("marriage_register", "matched", p1={"marital_status": "married"}))
    assert ([finding.unexpected for finding in married.findings], married.difference_count) == ([False], 0)


def test_only_facts_of_the_contract_are_kept() -> None:
    declared = {
        "street": "420106009",
        "phone": "13800000000",
        "members": [{"id": "p1", "name": "张测试", "identity_number": "x", "relation_note": "之子", "sex": "M"}],
    }
    assert facts_only(declared) == {"street": "420106009", "members": [{"id": "p1", "sex": "M"}]}


amounts = st.integers(0, 10**6).map(lambda yuan: f"{yuan}.00")
incomes = st.fixed_dictionaries({"kind": st.sampled_from(["wage", "pension"]), "monthly": amounts})
members = st.fixed_dictionaries(
    {},
    optional={
        "sex": st.sampled_from(["M", "F"]),
        "employment": st.none() | st.just({"status": "employed"}),
        "income": st.none()
        | st.lists(
            st.fixed_dictionaries({"kind": st.sampled_from(["wage", "pension"]), "monthly": amounts}), max_size=3
        ),
    },
)
households = st.builds(
    lambda p1, p2, rest: household(p1=p1, p2=p2, **rest),
    members,
    members,
    st.fixed_dictionaries(
        {}, optional={"assets": st.none() | st.just({"homes": 1}), "receiving": st.none() | st.just([])}
    ),
)


@pytest.mark.clause("1.2")
@given(declared=households)
def test_where_no_department_has_a_record_the_declaration_stands(declared: dict[str, Any]) -> None:
    answers = [said(code, "no_record") for code in CATALOGUE.data_sets]
    merged = merged_with(declared, *answers)
    assert merged.household == declared
    assert {entry.source for entry in merged.provenance.values()} == {"declared"}
    assert merged.difference_count == 0


@pytest.mark.clause("1.2")
@given(declared=households, state=st.sampled_from(["error", "not_answered"]))
def test_where_no_department_answers_nothing_verified_is_known(declared: dict[str, Any], state: str) -> None:
    answers = [said(code, state) for code in CATALOGUE.data_sets]
    merged = merged_with(declared, *answers)
    for member in merged.household["members"]:
        assert [member[key] for key in ("birth_date", "sex", "registration", "employment", "school")] == [None] * 5
        amounts_of = {entry["kind"]: entry["monthly"] for entry in member["income"]}
        assert amounts_of["wage"] is amounts_of["pension"] is amounts_of["business"] is None
        assert set(member) <= MEMBER_KEYS
    assert merged.household["assets"]["homes"] is merged.household["assets"]["vehicles"] is None
    assert merged.household["receiving"] is None
    assert set(merged.household) <= HOUSEHOLD_KEYS
    # Asking in vain twice is the same as once.
    assert merged_with(merged.household, *answers).household == merged.household


def test_the_packed_catalogue_is_sound(catalogue: Catalogue) -> None:
    assert set(catalogue.by_department) <= set(catalogue.departments)
    assert "individual_income.wage" in catalogue.field_paths()
    assert catalogue.field_title("individual_income.wage") == "月工资薪金"
