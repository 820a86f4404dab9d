"""What a screening tells people: by household, the policies nobody receives (leads) and those in doubt (reviews)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from eligibility.rules.assessment import Assessment, assess_facts
from eligibility.rules.engine.calendar import Calendar
from eligibility.rules.facts.columns import HOUSEHOLD_ID
from eligibility.rules.facts.rows import households_of
from eligibility.rules.facts.snapshot import Snapshot, SnapshotInvalid
from eligibility.rules.screening import Screening
from shared.parameters import Parameters


class FindingKind(StrEnum):
    """What is to be followed: an entitlement nobody receives, or a benefit whose ground may be gone."""

    LEAD = "lead"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Found:
    """One policy of one household."""

    kind: FindingKind
    policy: str
    persons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundHousehold:
    """A household of the snapshot of which something was found."""

    household_id: UUID
    street: str
    """Empty where it is not known: then the district follows."""
    found: tuple[Found, ...]


def check_households(snapshot: Snapshot) -> None:
    """Leads go to household files, so every household must be named by one. Raises SnapshotInvalid."""
    for household_id in snapshot.rows.get_column(HOUSEHOLD_ID).unique():
        try:
            UUID(household_id)
        except ValueError:
            raise SnapshotInvalid([f"{HOUSEHOLD_ID}: found {household_id}, expected a UUID"]) from None


def by_household(snapshot: Snapshot, screening: Screening) -> list[FoundHousehold]:
    """What was found of each household, in the order of the snapshot: the same every time."""
    households = snapshot.rows.select(HOUSEHOLD_ID, "street").gather(snapshot.first_rows)
    found: dict[str, list[Found]] = {}
    for kind, table in ((FindingKind.LEAD, screening.leads), (FindingKind.REVIEW, screening.reviews)):
        for household_id, policy, persons in table.iter_rows():
            found.setdefault(household_id, []).append(Found(kind, policy, tuple(persons)))
    return [
        FoundHousehold(UUID(household_id), street or "", tuple(found[household_id]))
        for household_id, street in households.iter_rows()
        if household_id in found
    ]


def assessments_of(snapshot: Snapshot, parameters: Parameters, calendar: Calendar) -> Mapping[str, Assessment]:
    """Every household of a snapshot once more by the interpreter, which says why; by its id."""
    return {household_id: assess_facts(facts, parameters, calendar) for household_id, facts in households_of(snapshot)}
