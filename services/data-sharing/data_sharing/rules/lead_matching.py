"""Who a report is about, when it names nobody's number: the chances that a person of the registry is the one (12.2).

Fellegi and Sunter (1969): each thing that is compared says, in bits, how much likelier it is of the same person than of
another one. Their sum, from the odds that anybody at all is meant, is the odds of this person.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Generic, Literal, TypeVar

from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import partial_ratio

KeyT = TypeVar("KeyT")
Verdict = Literal["matched", "unclear", "unknown"]

SURE: Final = 0.98
"""From this chance on a person is taken for the one, unless another comes near."""
WORTH_A_LOOK: Final = 0.05
"""From this chance on a person is shown to the officer, who decides."""
_APART_BITS: Final = 4.0
"""How far the likeliest must stand before the next."""
MOST_CANDIDATES: Final = 5

# Chances that the same person and that another one would agree so far. Ours, from the errors that callers make (a name
# by ear, an age by sight, an address without its end); `make bench-leads` prints what they are worth.
_NAME_SAME = 0.88
_NAME_SOUND, _OTHER_SOUND = 0.07, 3e-4
_NAME_NEAR, _OTHER_NEAR = 0.04, 5e-3
_NAME_ELSE, _OTHER_ELSE = 0.01, 0.99
_BORN: Final[Mapping[str, tuple[float, float]]] = {
    "same": (0.90, 3.4e-5),
    "year": (0.05, 1.3e-2),
    "near": (0.03, 5e-2),
    "else": (0.02, 0.93),
}
_AGED: Final[Mapping[int, tuple[float, float]]] = {0: (0.55, 1.3e-2), 1: (0.25, 2.6e-2), 2: (0.12, 2.6e-2)}
_AGED_NEAR, _AGED_ELSE = (0.06, 8e-2), (0.02, 0.85)
_SEX: Final[Mapping[bool, tuple[float, float]]] = {True: (0.99, 0.5), False: (0.01, 0.5)}
_ADDRESS: Final[Mapping[str, tuple[float, float]]] = {
    "same": (0.60, 2e-3),
    "near": (0.25, 3e-2),
    "else": (0.15, 0.97),
}
_STREET: Final[Mapping[bool, tuple[float, float]]] = {True: (0.95, 0.08), False: (0.05, 0.92)}

_PLACES = re.compile(r"湖北省|武汉市|武昌区|[一-鿿]{2,4}街道(办事处)?")
_DIGITS = re.compile(r"\d+")
_NOT_WORDS = re.compile(r"[^0-9A-Za-z一-鿿]")


@dataclass(frozen=True, kw_only=True)
class Described:
    """What a report says of somebody. `birth_date` or `age` on `on`, or neither."""

    name: str
    on: date
    sex: str | None = None
    birth_date: date | None = None
    age: int | None = None
    street: str | None = None
    address: str | None = None


@dataclass(frozen=True, kw_only=True)
class Known(Generic[KeyT]):
    """What the registry says of a person. `namesakes`: how many it holds of that name, this one among them."""

    key: KeyT
    name: str
    birth_date: date
    sex: str
    street: str | None
    address: str | None
    namesakes: int


@dataclass(frozen=True, kw_only=True)
class Candidate(Generic[KeyT]):
    """A person who may be the one, and the chance of it."""

    key: KeyT
    chance: float


@dataclass(frozen=True, kw_only=True)
class Finding(Generic[KeyT]):
    """Who is meant. `candidates`: the likeliest first, none when `unknown`."""

    verdict: Verdict
    candidates: tuple[Candidate[KeyT], ...]


def match(described: Described, known: Iterable[Known[KeyT]], *, population: int) -> Finding[KeyT]:
    """Compare a description with the persons who come into question. `population`: how many the registry holds."""
    said = _Said.of(described)
    weighed = sorted(((_bits(said, one, population), one.key) for one in known), key=lambda pair: pair[0], reverse=True)
    likely = tuple(
        Candidate(key=key, chance=round(chance, 4))
        for bits, key in weighed[:MOST_CANDIDATES]
        for chance in [_chance(bits)]
        if chance >= WORTH_A_LOOK
    )
    if not likely:
        return Finding(verdict="unknown", candidates=())
    is_alone = len(weighed) == 1 or weighed[0][0] - weighed[1][0] >= _APART_BITS
    return Finding(verdict="matched" if likely[0].chance >= SURE and is_alone else "unclear", candidates=likely)


def are_alike(name: str, other: str) -> bool:
    """Whether two names can be one, heard or written wrongly."""
    return _sound(name) == _sound(other) or Levenshtein.distance(name, other) <= 1 < max(len(name), len(other))


def plain_address(address: str) -> str:
    """An address without what all of the district share, and without signs: two that are equal are one home."""
    return _NOT_WORDS.sub("", _PLACES.sub("", unicodedata.normalize("NFKC", address)))


@dataclass(frozen=True)
class _Said:
    """A description, with what is computed of it once."""

    described: Described
    sound: list[str]
    address: str | None

    @classmethod
    def of(cls, described: Described) -> "_Said":
        address = None if described.address is None else plain_address(described.address)
        return cls(described, _sound(described.name), address or None)


def _bits(said: _Said, known: Known[KeyT], population: int) -> float:
    described = said.described
    bits = -math.log2(max(population, 1)) + _name_bits(said, known, population)
    if described.birth_date is not None:
        bits += _weight(_BORN[_born(described.birth_date, known.birth_date)])
    elif described.age is not None:
        apart = abs(_age_on(described.on, known.birth_date) - described.age)
        bits += _weight(_AGED.get(apart, _AGED_NEAR if apart <= 5 else _AGED_ELSE))
    if described.sex is not None:
        bits += _weight(_SEX[described.sex == known.sex])
    if described.street is not None and known.street is not None:
        bits += _weight(_STREET[described.street == known.street])
    if said.address is not None and known.address is not None:
        bits += _weight(_ADDRESS[_addresses(said.address, plain_address(known.address))])
    return bits


def _name_bits(said: _Said, known: Known[KeyT], population: int) -> float:
    """The rarer a name, the more it says that it is the same."""
    name = said.described.name
    if name == known.name:
        return _weight((_NAME_SAME, known.namesakes / max(population, known.namesakes)))
    if len(name) == len(known.name) and said.sound == _sound(known.name):
        return _weight((_NAME_SOUND, _OTHER_SOUND))
    if max(len(name), len(known.name)) > 2 and Levenshtein.distance(name, known.name) == 1:
        return _weight((_NAME_NEAR, _OTHER_NEAR))
    return _weight((_NAME_ELSE, _OTHER_ELSE))


def _born(said: date, known: date) -> str:
    if said == known:
        return "same"
    years = abs(said.year - known.year)
    return "year" if years == 0 else "near" if years <= 2 else "else"


def _age_on(day: date, born: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _addresses(said: str, known: str) -> str:
    """Whether two addresses are of one home. A number that differs is another door, however alike the words are."""
    numbers, known_numbers = _DIGITS.findall(said), _DIGITS.findall(known)
    words = partial_ratio(_DIGITS.sub("", said), _DIGITS.sub("", known))
    in_order = iter(known_numbers)
    has_numbers = all(number in in_order for number in numbers)
    if numbers and has_numbers and words >= 80:
        return "same"
    return "near" if has_numbers and words >= 60 else "else"


def _sound(name: str) -> list[str]:
    return lazy_pinyin(name)


def _weight(chances: tuple[float, float]) -> float:
    same, other = chances
    return math.log2(same / other)


def _chance(bits: float) -> float:
    return 1 / (1 + 2**-bits) if bits > -60 else 0.0
