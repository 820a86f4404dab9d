"""Calls to others: the declaration of an application, from intake."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from shared.http_client import CallFailed, ServiceClient


@dataclass(frozen=True, kw_only=True)
class DeclaredPerson:
    """Who a member is. Without a number: a child that has none yet."""

    ref: str
    name: str
    identity_number: str | None


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What a household declared and signed. `household` is as it came, with names and numbers in it."""

    application_id: UUID
    household_id: UUID
    street: str
    applicant_subject: str | None
    household: Mapping[str, Any]
    persons: tuple[DeclaredPerson, ...]
    signed_by: frozenset[str]
    signed_on: date
    guardian_name: str | None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From intake's JSON. Raises KeyError, TypeError or ValueError when it is not in the agreed form."""
        household = document["household"]
        letter = document["authorisation"]
        return cls(
            application_id=UUID(document["application_id"]),
            household_id=UUID(document["household_id"]),
            street=document["street"],
            applicant_subject=document.get("applicant_subject"),
            household=household,
            persons=tuple(
                DeclaredPerson(ref=member["id"], name=member["name"], identity_number=member.get("identity_number"))
                for member in household["members"]
            ),
            signed_by=frozenset(letter["signed_by"]),
            signed_on=date.fromisoformat(letter["signed_on"]),
            guardian_name=letter.get("guardian_name"),
        )


@dataclass(frozen=True)
class Intake:
    """intake, as data-sharing sees it."""

    service: ServiceClient

    async def declaration(self, application_id: UUID) -> Declaration:
        """What was declared in an application. Raises CallFailed or CallRefused."""
        document = await self.service.get(f"/v1/applications/{application_id}/declaration")
        try:
            return Declaration.read(document)
        except (KeyError, TypeError, ValueError) as error:
            # Without the error's own text, which may hold personal data.
            raise CallFailed(
                f"the declaration of {application_id} is not in the agreed form: {type(error).__name__}"
            ) from error
