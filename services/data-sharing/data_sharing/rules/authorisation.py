"""The authorisation letter (核对授权书) as a key (12.1.2): who signed, for which purposes and fields, how long.

Social Assistance Law art 41; Personal Information Protection Law arts 13, 15, 29 and 31. Every adult signs; where no
member is of age, the guardian signs for each. Somebody outside the household with a duty to support signs for himself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

ADULT_AGE_YEARS = 18
"""Civil Code art 17."""
GRANT_LIFE = timedelta(minutes=15)
"""How long a department may take from its look at a query to its answer: ours, a program needs seconds."""
ASKING_PURPOSE = "verification"
"""The purpose of asking departments anew, as against reading what they have answered."""

EndReason = Literal["withdrawn", "replaced", "benefit_ended", "household_changed"]
Capacity = Literal["member", "obligor"]
Refusal = Literal[
    "not_addressed",
    "not_permitted",
    "not_open_to_asker",
    "out_of_scope",
    "unmask_not_permitted",
    "authorisation_missing",
    "authorisation_not_in_force",
    "authorisation_withdrawn",
    "authorisation_ended",
    "purpose_not_authorised",
    "field_not_authorised",
    "consent_missing",
    "grant_unknown",
    "grant_expired",
    "not_completed",
    "verification_expired",
    "agreement_missing",
    "agreement_not_in_force",
    "field_not_in_agreement",
    "quota_spent",
]
"""Why a look was refused, as it stands on the access ledger."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One signed letter. The period is half open; `ended_at` may lie ahead."""

    person_id: UUID
    purposes: frozenset[str]
    fields: frozenset[str]
    valid_from: datetime
    valid_until: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None


def is_adult(birth_date: date, on: date) -> bool:
    """Of age from the eighteenth birthday on."""
    years = on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))
    return years >= ADULT_AGE_YEARS


def who_must_sign(adults: Mapping[str, bool]) -> frozenset[str]:
    """Refs of the members whose letter is needed, from whether each is an adult."""
    signers = frozenset(ref for ref, adult in adults.items() if adult)
    return signers or frozenset(adults)


def refusal(
    needed: Collection[UUID], letters: Sequence[Letter], *, purpose: str, fields: Collection[str], at: datetime
) -> Refusal | None:
    """Why the letters do not open these fields for this purpose now, or None.

    needed: who must have signed. letters: the newest of each person.
    """
    in_hand = {letter.person_id: letter for letter in letters}
    if not needed or not set(needed) <= set(in_hand):
        return "authorisation_missing"
    used = [in_hand[person] for person in needed]
    for letter in used:
        if (ended := _ended(letter, purpose=purpose, at=at)) is not None:
            return ended
    if not all(letter.valid_from <= at < letter.valid_until for letter in used):
        return "authorisation_not_in_force"
    if not all(purpose in letter.purposes for letter in used):
        return "purpose_not_authorised"
    if not all(set(fields) <= letter.fields for letter in used):
        return "field_not_authorised"
    return None


def _ended(letter: Letter, *, purpose: str, at: datetime) -> Refusal | None:
    if letter.ended_at is None or at < letter.ended_at:
        return None
    if letter.end_reason == "withdrawn":
        return "authorisation_withdrawn"
    # A family that changed is not asked about anew under its old letters. What was answered before may still be
    # judged: the change itself is assessed on it (12.3.2).
    if letter.end_reason == "household_changed" and purpose != ASKING_PURPOSE:
        return None
    return "authorisation_ended"


def letters_end_on(running: Collection[date | None], *, has_undecided: bool) -> date | None:
    """The last day of a household's letters, from the last days of its benefits (None: open); None: they stand on.

    They stand while a benefit runs without an end or an application is undecided.
    """
    if has_undecided or not running or any(last_day is None for last_day in running):
        return None
    return max(last_day for last_day in running if last_day is not None)
