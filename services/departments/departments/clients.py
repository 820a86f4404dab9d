"""Calls to others: queries of verification, read from and answered to data-sharing. Its forms become ours here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, JsonValue, ValidationError

from shared.events.data_sharing import AnswerOutcome
from shared.http_client import CallFailed, ServiceClient


class AskedPerson(BaseModel):
    """A person whose records are asked for. Without an identity number nobody can be found."""

    ref: str
    identity_number: str | None = None


class Grant(BaseModel):
    """What the household's letters allow us to answer with, for some minutes."""

    grant_id: UUID


class Query(BaseModel):
    """What data-sharing asks this department, under the household's authorisation."""

    query_id: UUID
    data_sets: tuple[str, ...]
    persons: tuple[AskedPerson, ...]
    grant: Grant


@dataclass(frozen=True, kw_only=True)
class FoundRecord:
    """What a register says of one person of a query."""

    person_ref: str
    data_set: str
    fields: dict[str, JsonValue]
    as_of: date

    def to_json(self) -> dict[str, Any]:
        """As data-sharing takes it."""
        return {
            "person_ref": self.person_ref,
            "data_set": self.data_set,
            "fields": self.fields,
            "as_of": self.as_of.isoformat(),
        }


@dataclass(frozen=True)
class DataSharing:
    """data-sharing, as a department sees it. Every look at a query is in its access ledger."""

    service: ServiceClient

    async def query(self, query_id: UUID) -> Query:
        """The persons and data sets of a query. Raises CallFailed or CallRefused."""
        document = await self.service.get(f"/v1/queries/{query_id}")
        try:
            return Query.model_validate(document)
        except ValidationError as error:
            # The library's error would carry the persons into a log.
            fields = ", ".join(sorted({".".join(map(str, fault["loc"])) for fault in error.errors()}))
            raise CallFailed(f"query {query_id} has not the agreed form: {fields}") from None

    async def answer(self, query: Query, *, outcome: AnswerOutcome, records: Sequence[FoundRecord]) -> None:
        """Put the answer; the same answer may be put again. Raises CallFailed or CallRefused."""
        await self.service.put(
            f"/v1/queries/{query.query_id}/answer",
            json={
                "grant_id": str(query.grant.grant_id),
                "outcome": outcome,
                "records": [record.to_json() for record in records],
            },
        )
