"""Identity numbers, ages and household files as tables of cases (domain brief, sections 5.1, 5.2, 5.7)."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.rules.persons import KnownHousehold, Person, age_on, file_of, identified

TODAY = date(2022, 10, 10)


def _person(number: str | None, **changes: object) -> Person:
    values: dict[str, object] = {
        "ref": "p1",
        "id_type": "identity_card",
        "identity_number": number,
        "relation": "applicant",
        "birth_date": None,
        "sex": None,
    }
    return Person(**{**values, **changes})  # type: ignore[arg-type]  # a table of cases


@pytest.mark.parametrize(
    ("number", "born", "sex"),
    [
        ("420199199003079030", date(1990, 3, 7), "M"),
        ("420199198002299010", date(1980, 2, 29), "M"),
        ("42019919770512049x", date(1977, 5, 12), "M"),
        (" 420199199003079030 ", date(1990, 3, 7), "M"),
        ("810000199001019013", date(1990, 1, 1), "M"),
        ("820000199001019015", date(1990, 1, 1), "M"),
        ("830000199001019025", date(1990, 1, 1), "F"),
    ],
)
def test_a_number_tells_birth_date_and_sex(number: str, born: date, sex: str) -> None:
    [person], findings = identified([_person(number)], today=TODAY)
    assert findings == []
    assert (person.identity_number, person.birth_date, person.sex) == (number.strip().upper(), born, sex)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("420199199003079031", "identity_number_check_digit"),
        ("420199198002309012", "identity_number_date"),
        ("４２０199199003079030", "identity_number_form"),
        ("", "identity_number_form"),
        ("000000000000000000", "identity_number_region"),
    ],
)
def test_a_wrong_number_is_told_apart(number: str, code: str) -> None:
    _, findings = identified([_person(number)], today=TODAY)
    assert [finding.code for finding in findings] == [code]


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2004, 10, 10), TODAY, 18),
        (date(2004, 10, 11), TODAY, 17),
        (date(2004, 2, 29), date(2022, 2, 28), 17),
        (date(2004, 2, 29), date(2022, 3, 1), 18),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
        (date(2022, 10, 10), TODAY, 0),
    ],
)
def test_age_counts_from_the_birthday_and_leap_days_turn_on_the_first_of_march(born: date, on: date, age: int) -> None:
    assert age_on(born, on) == age


def _known(members: str, number: int = 1) -> KnownHousehold:
    registered_at = datetime(2022, 1, number, tzinfo=UTC)
    return KnownHousehold(household_id=UUID(int=number), registered_at=registered_at, members=_indexes(members))


def _indexes(members: str) -> frozenset[bytes]:
    return frozenset(member.encode() for member in members)


@pytest.mark.clause("1.5")
@pytest.mark.parametrize(
    ("members", "known", "file"),
    [
        ("abc", [], None),
        ("abc", ["abc"], 1),
        ("abcd", ["abc"], 1),
        ("ab", ["abc"], 1),
        ("abcde", ["a"], 1),
        ("c", ["abc"], None),
        ("cde", ["abc"], None),
        ("ab", ["a", "b"], 1),
        ("abc", ["a", "bc"], 2),
        ("a", ["ab"], 1),
    ],
    ids=[
        "unknown people",
        "the same people",
        "a birth",
        "a death",
        "registered in part",
        "a grown child moves out",
        "a grown child founds a family",
        "two files marry: the older goes on",
        "the larger share goes on",
        "one of a couple is left",
    ],
)
def test_a_household_keeps_its_file(members: str, known: list[str], file: int | None) -> None:
    files = [_known(one, number) for number, one in enumerate(known, 1)]
    assert file_of(_indexes(members), files) == (None if file is None else UUID(int=file))


@given(members=st.frozensets(st.binary(min_size=1, max_size=2), min_size=1))
def test_the_same_people_always_have_the_same_file(members: frozenset[bytes]) -> None:
    own = KnownHousehold(household_id=UUID(int=1), registered_at=datetime(2022, 1, 1, tzinfo=UTC), members=members)
    assert file_of(members, [own]) == own.household_id


@given(born=st.dates(date(1900, 1, 1), TODAY), day=st.dates(date(1900, 1, 1), TODAY))
def test_age_grows_by_one_at_most_each_day(born: date, day: date) -> None:
    assert age_on(born, date.fromordinal(day.toordinal() + 1)) - age_on(born, day) in (0, 1)
