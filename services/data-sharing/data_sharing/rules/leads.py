"""Reports of families in trouble: who may send which, who is told, by when they are met, how a lead ends (12.2)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

import yaml

from shared.clock import end_of_day, local_date
from shared.working_days import WorkingCalendar


class LeadState(StrEnum):
    """How a lead stands."""

    OPEN = "open"
    CONTACTED = "contacted"
    CLOSED = "closed"


Outcome = Literal["applied", "helped", "not_eligible", "refused", "unfounded"]
"""How a lead ends. A lead grants nothing: `helped` and `applied` name what others did."""
Contact = Literal["reached", "not_reached"]


@dataclass(frozen=True, kw_only=True)
class Channel:
    """How somebody came to know."""

    title: str
    senders: frozenset[str]
    streets: bool


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is wrong."""

    title: str
    told: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class LeadRules:
    """All of it."""

    channels: Mapping[str, Channel]
    troubles: Mapping[str, Trouble]
    always_told: str
    urgent: timedelta
    contact_working_days: int
    unfounded_days: int

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file that comes with the service. Raises KeyError and TypeError for one that is not sound."""
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(
            channels={
                code: Channel(
                    title=entry["title"],
                    senders=frozenset(entry.get("senders", ())),
                    streets=entry.get("streets", False),
                )
                for code, entry in document["channels"].items()
            },
            troubles={
                code: Trouble(title=entry["title"], told=frozenset(entry.get("tell", ())))
                for code, entry in document["troubles"].items()
            },
            always_told=document["always_told"],
            urgent=timedelta(hours=document["clocks"]["urgent_hours"]),
            contact_working_days=document["clocks"]["contact_working_days"],
            unfounded_days=document["erase"]["unfounded_days"],
        )

    def told(self, troubles: Collection[str]) -> tuple[str, ...]:
        """The departments that learn of a lead, beside its street."""
        others = {department for code in troubles for department in self.troubles[code].told}
        return tuple(sorted({self.always_told, *others}))

    def contact_by(self, reported_at: datetime, *, is_urgent: bool, calendar: WorkingCalendar) -> datetime:
        """The instant by which the family is met: so many hours for an urgent lead, rest days or not; else the end of
        a working day.
        """
        if is_urgent:
            return reported_at + self.urgent
        return end_of_day(calendar.add_working_days(local_date(reported_at), self.contact_working_days))

    def erase_at(self, closed_at: datetime) -> datetime:
        """When nothing personal is left of an unfounded lead that was closed then."""
        return end_of_day(local_date(closed_at) + timedelta(days=self.unfounded_days))


RULES = LeadRules.load(Path(__file__).parents[1] / "leads.yaml")
"""Those that come with the service."""
