"""Strict reading of the household contract into facts: every fault found, each with its place; nothing guessed.

An absent key is declared as nothing, a null is unknown. Names of the contract end here; rules see facts only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from eligibility.rules.engine.spans import NOT_NEGATIVE, Number, between
from eligibility.rules.facts.records import NEVER, Finding
from shared.money import NotAnAmount, parse_yuan

_REQUIRED: Final = object()
ID: Final = r"[A-Za-z0-9_.:-]{1,64}"
"""How somebody may be referred to: never a name."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path in the declaration, such as members[0].income[1].monthly, and the list that collects faults."""

    path: str
    findings: list[Finding]

    def key(self, name: str) -> Place:
        """The place of a key below this one."""
        return Place(f"{self.path}.{name}" if self.path else name, self.findings)

    def item(self, at: int) -> Place:
        """The place of an item of the list that stands here."""
        return Place(f"{self.path}[{at}]", self.findings)

    def fault(self, found: Any, expected: str, code: str = "invalid_value") -> None:
        """Record what is wrong here."""
        self.findings.append(Finding.of(self.path, found, expected, code))


class Section:
    """One object of the contract. Tells unknown keys, hands out typed values, and is empty where nothing was declared.

    Where the whole object is null, every value asked of it is unknown.
    """

    def __init__(self, content: Any, place: Place, keys: Sequence[str]) -> None:
        self.place = place
        self.is_unknown = content is None
        self.is_declared = content is not None
        self._content: Mapping[str, Any] = {}
        if content is None:
            return
        if not isinstance(content, Mapping):
            place.fault(content, "an object")
            return
        for key in content:
            # A remark for the reader may stand anywhere; it decides nothing.
            if key not in keys and not str(key).endswith("note"):
                place.key(str(key)).fault(content[key], f"one of the keys {', '.join(sorted(keys))}", "unknown_key")
        self._content = content

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def _get(self, key: str, absent: Any) -> tuple[Any, Place]:
        place = self.place.key(key)
        if self.is_unknown:
            return None, place
        if key in self._content:
            return self._content[key], place
        if absent is _REQUIRED:
            place.fault(None, "a value or null, the key is missing", "missing")
            return None, place
        return absent, place

    def _is_nothing(self, key: str) -> bool:
        return not self.is_unknown and key not in self._content

    def section(self, key: str, keys: Sequence[str]) -> Section:
        """The object under a key: empty when absent, unknown when null."""
        content, place = self._get(key, {})
        section = Section(content, place, keys)
        section.is_declared = section.is_declared and key in self
        return section

    def sections(self, key: str, keys: Sequence[str]) -> list[Section] | None:
        """The objects of a list: none when absent, None when the list is unknown."""
        items = self.items(key)
        return None if items is None else [Section(item, place, keys) for item, place in items]

    def items(self, key: str) -> list[tuple[Any, Place]] | None:
        """The items of a list with their places: none when absent, None when the list is unknown."""
        content, place = self._get(key, [])
        if content is None:
            return None
        if not isinstance(content, list | tuple):
            place.fault(content, "a list")
            return []
        return [(item, place.item(at)) for at, item in enumerate(content)]

    def word(self, key: str, words: Sequence[str] = (), *, absent: Any = _REQUIRED) -> str | None:
        """A word, out of `words` where given."""
        if self._is_nothing(key) and absent is not _REQUIRED:
            return str(absent)
        return read_word(*self._get(key, absent), words)

    def stated(self, key: str, words: Sequence[str]) -> str | None:
        """The word that an object must state where it stands at all; "" where the object is absent."""
        return self.word(key, words) if self.is_declared else self.word(key, words, absent="")

    def name(self) -> str:
        """The id of this object, which can be neither missing nor unknown."""
        value, place = self._get("id", None)
        if isinstance(value, str) and re.fullmatch(ID, value):
            return value
        place.fault(value, "an id of letters, digits, _ . : -")
        return ""

    def truth(self, key: str, *, absent: Any = _REQUIRED) -> bool | None:
        """true or false."""
        value, place = self._get(key, absent)
        if value is None or isinstance(value, bool):
            return value
        place.fault(value, "true, false or null")
        return None

    def fen(self, key: str, *, required: bool = False) -> Number:
        """An amount of yuan, not negative, as fen. Absent is 0 unless required."""
        if self._is_nothing(key) and not required:
            return 0
        value, place = self._get(key, _REQUIRED)
        if value is None:
            return NOT_NEGATIVE
        if isinstance(value, str):
            try:
                amount = parse_yuan(value)
            except NotAnAmount:
                amount = -1
            if amount >= 0:
                return amount
        place.fault(value, 'yuan as a decimal string such as "2000.00", not negative, at most 2 decimals')
        return NOT_NEGATIVE

    def count(self, key: str, least: int = 0, most: int = 10_000) -> Number:
        """A whole number between `least` and `most`. Absent is 0."""
        if self._is_nothing(key):
            return 0
        value, place = self._get(key, _REQUIRED)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        if value is not None:
            place.fault(value, f"a whole number from {least} to {most}, or null")
        # Where the whole object is unknown there may be nothing to count.
        return between(0 if self.is_unknown else least, most)

    def day(self, key: str, as_of: date, *, required: bool = False, born: date | None = None) -> date | None:
        """An ISO date not after the day of the assessment nor before a known birth. Absent is NEVER unless required."""
        if self._is_nothing(key) and not required:
            return NEVER
        value, place = self._get(key, _REQUIRED)
        if value is None:
            return None
        found = read_day(value)
        if found is None:
            place.fault(value, "a date such as 1977-05-12 that exists")
        elif found > as_of:
            place.fault(value, f"a date not after the day of the assessment, {as_of}")
        elif as_of.year - found.year > OLDEST_YEARS:
            place.fault(value, f"a date less than {OLDEST_YEARS} years back")
        elif born is not None and found < born:
            place.fault(value, f"a date not before the birth, {born}")
        return found


OLDEST_YEARS: Final = 130
"""Nobody has been older: an earlier date is a slip of the pen."""


def read_day(value: Any) -> date | None:
    """An ISO date, or None if it is none."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def read_word(value: Any, place: Place, words: Sequence[str] = ()) -> str | None:
    """A word, out of `words` where given; None is unknown."""
    if value is None or (isinstance(value, str) and (value in words if words else True)):
        return value
    place.fault(value, f"one of {', '.join(words)}" if words else "a word in quotes")
    return None


def matching(pattern: str, expected: str) -> Callable[[Section, str], str | None]:
    """A reader of codes, such as a street of nine digits. Absent codes are empty."""
    form = re.compile(pattern)

    def read(section: Section, key: str) -> str | None:
        value = section.word(key, absent="")
        if value and not form.fullmatch(value):
            section.place.key(key).fault(value, expected)
        return value

    return read


def doubled(values: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The places of values that stand there already."""
    seen: set[str] = set()
    for at, value in enumerate(values):
        if value in seen:
            yield at, value
        seen.add(value)
