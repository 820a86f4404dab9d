"""Calls to others: the declaration of an application, from intake; and departments that are reached over REST."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx

from data_sharing.rules.catalogue import DataSet
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


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """One department's own interface. `fields` maps catalogue paths to what the department calls them. `data_sets`:
    those that it answers about; by default all of the department.
    """

    url: str
    data_sets: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load_all(cls, path: Path | None) -> dict[str, "Upstream"]:
        """By department, from JSON: `{"tax": {"url": "…", "fields": {"individual_income.wage": "gzxj"}}}`."""
        if path is None:
            return {}
        document = json.loads(path.read_text(encoding="utf-8"))
        return {department: cls(**entry) for department, entry in document.items()}


@dataclass(frozen=True, kw_only=True)
class Upstreams:
    """The departments that are called: asked for persons and data sets, they answer at once, in our form or theirs."""

    by_department: Mapping[str, Upstream]
    http: httpx.AsyncClient

    def called(self, data_sets: Mapping[str, DataSet]) -> frozenset[str]:
        """Codes of the data sets that an interface answers about."""
        return frozenset(
            data_set.code
            for data_set in data_sets.values()
            for upstream in [self.by_department.get(data_set.department)]
            if upstream is not None and data_set.code in (upstream.data_sets or data_sets)
        )

    async def ask(self, department: str, question: Mapping[str, Any]) -> dict[str, Any]:
        """Outcome and records, with the catalogue's names. Raises CallFailed for anything that is no answer."""
        upstream = self.by_department[department]
        try:
            answer = await self.http.post(upstream.url, json=question)
            document = answer.raise_for_status().json()
            return {
                "outcome": document["outcome"],
                "records": [_translated(record, upstream.fields) for record in document.get("records", [])],
            }
        except httpx.HTTPError as error:
            raise CallFailed(f"{department}: {type(error).__name__}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # Without the error's own text, which may hold personal data.
            raise CallFailed(f"{department}: the answer is not in the agreed form: {type(error).__name__}") from None


def _translated(record: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    data_set = record["data_set"]
    ours = {theirs: path.partition(".")[2] for path, theirs in names.items() if path.startswith(f"{data_set}.")}
    return {**record, "fields": {ours.get(name, name): value for name, value in record["fields"].items()}}
