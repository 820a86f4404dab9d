"""Running an assessment again from what is on record of it, and saying what came out otherwise. Clause 12.3.3."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from eligibility.rules.assessment import assess_under
from eligibility.rules.engine.archive import read_calendar, read_edition, read_parameters
from eligibility.rules.engine.calendar import ANNOUNCED

_ABSENT = "（无）"
_WORDING = ("text", "says", "label", "changes", "values", "title")
"""Keys of an explanation that carry words made by code, which is not in the archive."""


@dataclass(frozen=True)
class Record:
    """All that an assessment rested on, as it was archived."""

    as_of: date
    facts: Mapping[str, Any]
    edition: Mapping[str, Any]
    parameters: Mapping[str, Any]
    parameters_version: str
    calendar: Mapping[str, Any] | None
    """None from before calendars were archived, when no rule counted working days."""


@dataclass(frozen=True)
class Difference:
    """One place where a replay says something else than the record. Values are JSON, as text."""

    path: str
    recorded: str
    replayed: str

    @property
    def is_of_words(self) -> bool:
        """Whether only the wording of an explanation differs, and neither answer, amount nor state."""
        return any(part.partition("[")[0] in _WORDING for part in self.path.split("."))


def result_text(result: Mapping[str, Any]) -> str:
    """The answer of the toolbook as it is kept: equal answers are equal bytes."""
    return json.dumps(result, ensure_ascii=False, sort_keys=True)


def replay(record: Record) -> str:
    """The answer again, as text. Raises ArchiveUnreadable, ParametersInvalid, BookInvalid, FactsInvalid."""
    parameters = read_parameters(record.parameters, version=record.parameters_version)
    edition = read_edition(record.edition, parameters)
    calendar = ANNOUNCED if record.calendar is None else read_calendar(record.calendar)
    return result_text(assess_under(edition, record.facts, record.as_of, parameters, calendar).as_json())


def differences(recorded: Any, replayed: Any, path: str = "") -> Iterator[Difference]:
    """Every place where two answers differ, in the order of the recorded one."""
    if isinstance(recorded, Mapping) and isinstance(replayed, Mapping):
        for key in [*recorded, *(key for key in replayed if key not in recorded)]:
            below = f"{path}.{key}" if path else key
            yield from differences(recorded.get(key, _ABSENT), replayed.get(key, _ABSENT), below)
    elif isinstance(recorded, list) and isinstance(replayed, list):
        for at in range(max(len(recorded), len(replayed))):
            before, after = (items[at] if at < len(items) else _ABSENT for items in (recorded, replayed))
            yield from differences(before, after, f"{path}[{at}]")
    elif (type(recorded), recorded) != (type(replayed), replayed):
        yield Difference(path, _shown(recorded), _shown(replayed))


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:_SHOWN_AT_MOST]


_SHOWN_AT_MOST = 200
"""Characters: enough to see what differs."""
