"""Calls to others: the verified facts of a case, from data-sharing."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.http_client import CallFailed, ServiceClient

QUOTA_SPENT = "quota_spent"
"""Why data-sharing refuses a look: those that the agreements allow in a day are used up."""
VERIFICATION_EXPIRED = "verification_expired"
"""The same: what was verified holds no longer, and has to be verified anew."""


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """A household as verified, in the form of the facts contract. Not answered facts are null, not absent."""

    verification_id: UUID
    revision: int
    """Counts from 1; a late answer completes the same verification again."""
    applicant_subject: str | None
    as_of: date
    household: dict[str, Any]


@dataclass(frozen=True)
class DataSharing:
    """data-sharing, as eligibility sees it. Every look is on its access ledger."""

    service: ServiceClient

    async def facts(self, application_id: UUID) -> CaseFacts:
        """The facts of a case for its assessment. Raises CallFailed or CallRefused."""
        answer = await self.service.get(f"/v1/applications/{application_id}/facts", params={"purpose": "assessment"})
        try:
            return CaseFacts(
                verification_id=UUID(answer["verification_id"]),
                revision=int(answer["revision"]),
                applicant_subject=answer.get("applicant_subject"),
                as_of=date.fromisoformat(answer["as_of"]),
                household=answer["household"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CallFailed(f"the facts of {application_id} are not in the agreed form: {error!r}") from error


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Everything that jobs call."""

    data_sharing: DataSharing
