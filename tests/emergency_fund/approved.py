"""Grants that were asked for and approved, written in bulk: for tests that are about what comes after."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.tables import emergency_grant
from shared.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A grant to a household of its own that may be paid."""

    street: str
    amount_fen: int
    papers_missing: bool = False
    grant_id: UUID = field(default_factory=new_id)


async def insert_approved(tx: AsyncConnection, grants: Sequence[Approved], *, at: datetime) -> None:
    """Write grants that one person asked for and another approved."""
    missing = [{"paper": "fire_certificate", "kind": "relief_before_approval"}]
    asked = [
        {
            "grant_id": grant.grant_id,
            "street": grant.street,
            "household_id": new_id(),
            "cause": "fire",
            "occurred_on": at.date(),
            "place": "候补街社区",
            "amount_fen": grant.amount_fen,
            "member_refs": ["p1"],
            "payment_method": "cash",
            "payee_ref": "p1",
            "papers_present": [],
            "papers_missing": missing if grant.papers_missing else [],
            "standard_fen": 91_000,
            "limit_fen": 364_000,
            "counted_fen": 0,
            "state": "requested",
            "requested_by": "one",
            "requested_at": at,
        }
        for grant in grants
    ]
    await tx.execute(insert(emergency_grant), asked)
    await tx.execute(
        update(emergency_grant)
        .where(emergency_grant.c.grant_id.in_([grant.grant_id for grant in grants]))
        .values(state="approved", approved_by="another", approved_at=at)
    )
