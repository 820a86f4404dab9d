"""The authorisation letter (核对授权书) as a key (12.1.2): who signed, for which purposes and fields, how long.

Social Assistance Law art 41; Personal Information Protection Law arts 13, 29 and 31. Every adult signs; where no member
is of age, the guardian signs for each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

ADULT_AGE_YEARS = 18
"""Civil Code art 17."""

Refusal = Literal[
    "not_addressed",
    "not_permitted",
    "out_of_scope",
    "authorisation_missing",
    "authorisation_not_in_force",
    "purpose_not_authorised",
    "field_not_authorised",
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
    """One signed letter. The period is half open."""

    person_id: UUID
    purposes: frozenset[str]
    fields: frozenset[str]
    valid_from: datetime
    valid_until: datetime


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
    """Why the letters do not open these fields for this purpose now, or None. `needed`: who must have signed."""
    in_hand = {letter.person_id: letter for letter in letters}
    if not needed or not set(needed) <= set(in_hand):
        return "authorisation_missing"
    used = [in_hand[person] for person in needed]
    if not all(letter.valid_from <= at < letter.valid_until for letter in used):
        return "authorisation_not_in_force"
    if not all(purpose in letter.purposes for letter in used):
        return "purpose_not_authorised"
    if not all(set(fields) <= letter.fields for letter in used):
        return "field_not_authorised"
    return None
