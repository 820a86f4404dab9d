"""Who a report is about: made-up people of whom it is known, and cases one by one (12.2)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data_sharing.labelled_leads import matched_all, population, reports, score

from data_sharing.rules.lead_matching import Described, Known, are_alike, match, plain_address

pytestmark = pytest.mark.clause("12.2")

ON = date(2022, 10, 10)
STREET = "420106009"
ZHANG = Known(
    key=1,
    name="张建玮",
    birth_date=date(1977, 5, 12),
    sex="M",
    street=STREET,
    address="湖北省武汉市武昌区白沙洲街道白沙洲大道12号3栋2单元501",
    namesakes=3,
)
DISTRICT = 1_100_000


def test_of_a_thousand_reports_about_made_up_people_no_family_is_taken_for_another() -> None:
    persons = population(20_000, seed=7)
    labelled = reports(persons, 1_000, seed=11)
    found = score(labelled, matched_all(persons, labelled))
    assert found.precision >= 0.995, found
    assert found.recall >= 0.80, found
    assert found.recall_with_candidates >= 0.95, found


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"name": "张建玮", "age": 45, "street": STREET, "address": "白沙洲大道12号3栋"}, "matched"),
        ({"name": "张建伟", "age": 45, "sex": "M", "street": STREET, "address": "白沙洲大道12号3栋"}, "matched"),
        ({"name": "张建玮", "birth_date": date(1977, 5, 12)}, "matched"),
        ({"name": "张建玮", "age": 45}, "unclear"),
        ({"name": "张建玮"}, "unclear"),
        ({"name": "张建伟", "age": 45, "street": STREET}, "unclear"),
        ({"name": "张建玮", "age": 12, "sex": "F", "street": "420106001"}, "unknown"),
        ({"name": "李芳", "age": 45, "street": STREET}, "unknown"),
    ],
    ids=[
        "all_fits",
        "by_ear",
        "born_that_day",
        "age_only",
        "name_only",
        "by_ear_and_age",
        "a_child",
        "another",
    ],
)
def test_the_more_fits_the_surer_it_is(said: dict[str, object], verdict: str) -> None:
    described = Described(on=ON, **said)  # type: ignore[arg-type]  # the cases above are its fields
    assert match(described, [ZHANG], population=DISTRICT).verdict == verdict


def test_two_who_fit_alike_are_left_to_the_officer() -> None:
    twin = Known(**{**ZHANG.__dict__, "key": 2})
    described = Described(name="张建玮", on=ON, birth_date=date(1977, 5, 12), street=STREET)
    finding = match(described, [ZHANG, twin], population=DISTRICT)
    assert finding.verdict == "unclear"
    assert {one.key for one in finding.candidates} == {1, 2}


def test_a_rare_name_says_more_than_a_common_one() -> None:
    common = Known(**{**ZHANG.__dict__, "namesakes": 900})
    described = Described(name="张建玮", on=ON, age=45, sex="M", street=STREET)
    (rarely,) = match(described, [ZHANG], population=DISTRICT).candidates
    often = match(described, [common], population=DISTRICT).candidates
    assert not often or often[0].chance < rarely.chance


def test_another_door_is_another_home() -> None:
    near = Described(name="张建玮", on=ON, age=45, street=STREET, address="白沙洲大道12号3栋")
    other = Described(name="张建玮", on=ON, age=45, street=STREET, address="白沙洲大道112号3栋")
    right, wrong = (match(said, [ZHANG], population=DISTRICT).candidates for said in (near, other))
    assert right[0].chance > (wrong[0].chance if wrong else 0)


def test_names_that_are_one_by_ear_or_by_a_letter() -> None:
    assert are_alike("张玮", "张伟")
    assert are_alike("欧阳建国", "欧阳国建") is False
    assert are_alike("欧阳建国", "欧阳建")
    assert not are_alike("张", "李")
    assert are_alike("张", "章")


def test_an_address_is_the_same_in_wide_letters_and_with_the_city_before_it() -> None:
    assert plain_address("湖北省武汉市武昌区白沙洲街道白沙洲大道１２号－３栋") == plain_address("白沙洲大道12号 3栋")


@given(
    name=st.text(alphabet="张王李建国伟芳欧阳", min_size=1, max_size=5),
    age=st.one_of(st.none(), st.integers(0, 130)),
    sex=st.sampled_from([None, "M", "F"]),
    address=st.one_of(st.none(), st.text(max_size=40)),
    persons=st.integers(1, 2_000_000),
)
def test_chances_are_chances_and_the_likeliest_comes_first(
    name: str, age: int | None, sex: str | None, address: str | None, persons: int
) -> None:
    described = Described(name=name, on=ON, age=age, sex=sex, address=address)
    known = [ZHANG, Known(**{**ZHANG.__dict__, "key": 2, "name": "王芳", "sex": "F"})]
    finding = match(described, known, population=persons)
    chances = [one.chance for one in finding.candidates]
    assert all(0 < chance <= 1 for chance in chances)
    assert chances == sorted(chances, reverse=True)
    assert (finding.verdict == "unknown") is (not chances)
