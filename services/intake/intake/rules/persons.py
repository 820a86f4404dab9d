"""Who the members of a household are: identity documents, ages, and which household file is theirs.

Format strictly, region softly, existence never (GB 11643-1999; clauses 1.5, 8.4, 8.6).
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from shared.identity import InvalidIdentityNumber, parse_identity_number

ADULT_AGE = 18
"""Civil Code art 17."""
CARD_AGE = 16
"""From this age everybody must have an identity card: 居民身份证法 art 2."""
_OLDEST_AGE = 130
LETTER_YEARS = 1
"""How long a letter opens registers: data-sharing's catalogue, letter.months."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """One member as far as identity goes."""

    ref: str
    id_type: str
    identity_number: str | None
    relation: str
    birth_date: date | None
    sex: str | None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that must be put right. `field` is a path inside the household."""

    field: str
    code: str
    message: str


def age_on(birth_date: date, day: date) -> int:
    """Full years. Who was born on 29 February turns on 1 March in common years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def identified(persons: Sequence[Person], *, today: date) -> tuple[list[Person], list[Finding]]:
    """The persons with number, birth date and sex made whole, and everything wrong with them."""
    whole: list[Person] = []
    findings: list[Finding] = []
    seen: dict[str, str] = {}
    refs: set[str] = set()
    for index, person in enumerate(persons):
        found, wrong = _identify(person, today=today)
        if person.ref in refs:
            wrong.append(("id", "member_id_duplicate", f"成员编号 {person.ref} 重复"))
        refs.add(person.ref)
        number = found.identity_number
        if number is not None and number in seen:
            wrong.append(("identity_number", "identity_number_duplicate", f"与成员 {seen[number]} 的证件号码相同"))
        elif number is not None:
            seen[number] = person.ref
        whole.append(found)
        findings += [
            Finding(field=f"members[{index}].{field}", code=code, message=message) for field, code, message in wrong
        ]
    return whole, findings


def _identify(person: Person, *, today: date) -> tuple[Person, list[tuple[str, str, str]]]:
    if person.id_type != "identity_card":
        return person, _without_number(person, today=today)
    if person.identity_number is None:
        message = "请填写身份证号码；尚无号码的未成年人请将 id_type 填为 household_book（户口簿）"
        return person, [("identity_number", "identity_number_missing", message)]
    try:
        number = parse_identity_number(person.identity_number, today=today)
    except InvalidIdentityNumber as error:
        return replace(person, identity_number=None), [("identity_number", error.code, str(error))]
    wrong = []
    if person.birth_date not in (None, number.birth_date):
        wrong.append(("birth_date", "birth_date_differs", "出生日期与身份证号码不一致，请核对"))
    if person.sex not in (None, number.sex):
        wrong.append(("sex", "sex_differs", "性别与身份证号码不一致，请核对"))
    return replace(person, identity_number=number.text, birth_date=number.birth_date, sex=number.sex), wrong


def _without_number(person: Person, *, today: date) -> list[tuple[str, str, str]]:
    wrong = []
    if person.identity_number is not None:
        wrong.append(("identity_number", "identity_number_unexpected", "已选择无身份证号码的证件类型，请勿填写号码"))
    if person.birth_date is not None and not 0 <= age_on(person.birth_date, today) <= _OLDEST_AGE:
        wrong.append(("birth_date", "birth_date_impossible", "出生日期在未来或早于130年前"))
    if person.id_type != "household_book":
        return wrong
    if person.birth_date is None:
        wrong.append(("birth_date", "birth_date_missing", "使用户口簿的成员须填写出生日期"))
    elif age_on(person.birth_date, today) >= CARD_AGE:
        message = f"年满{CARD_AGE}周岁应使用身份证号码；号码见户口簿或身份证"
        wrong.append(("id_type", "household_book_not_for_adults", message))
    if person.sex is None:
        wrong.append(("sex", "sex_missing", "使用户口簿的成员须填写性别"))
    return wrong


def adults(persons: Iterable[Person], *, on: date) -> list[str]:
    """References of the members who are of age that day."""
    return [
        person.ref for person in persons if person.birth_date is not None and age_on(person.birth_date, on) >= ADULT_AGE
    ]


@dataclass(frozen=True, kw_only=True)
class KnownHousehold:
    """A file that somebody of the household is in now."""

    household_id: UUID
    registered_at: datetime
    members: AbstractSet[bytes]


def file_of(members: AbstractSet[bytes], known: Iterable[KnownHousehold]) -> UUID | None:
    """The file that these members continue, or None when they open one (一户一档).

    A household stays the same while it grows (everybody on file is still there) or while at least half of the larger
    side stays: births, deaths and moves do not open a second file, and a grown child who moves out gets one.
    """

    def continues(household: KnownHousehold) -> bool:
        shared = len(household.members & members)
        return household.members <= members or 2 * shared >= max(len(household.members), len(members))

    def best_first(household: KnownHousehold) -> tuple[int, datetime, UUID]:
        return -len(household.members & members), household.registered_at, household.household_id

    same = sorted((household for household in known if continues(household)), key=best_first)
    return same[0].household_id if same else None


def households_of(rows: Iterable[tuple[UUID, datetime, bytes]]) -> list[KnownHousehold]:
    """Rows of (household, registered at, member) as households."""
    members: dict[tuple[UUID, datetime], set[bytes]] = {}
    for household_id, registered_at, member in rows:
        members.setdefault((household_id, registered_at), set()).add(member)
    return [
        KnownHousehold(household_id=household_id, registered_at=registered_at, members=found)
        for (household_id, registered_at), found in members.items()
    ]


def unknown_refs(refs: Mapping[str, str], persons: Iterable[Person]) -> list[Finding]:
    """Findings for references (path to reference) that name no member."""
    present = {person.ref for person in persons}
    return [
        Finding(field=field, code="member_unknown", message=f"成员编号 {ref} 不在家庭成员中")
        for field, ref in refs.items()
        if ref not in present
    ]
