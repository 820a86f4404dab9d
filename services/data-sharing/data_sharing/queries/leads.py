"""Leads as those who are told see them, and reports as their senders do."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.schemas.leads import (
    LeadPage,
    LeadReportView,
    LeadView,
)
from data_sharing.tables.leads import lead, lead_report


async def report_view(tx: AsyncConnection, report_id: UUID) -> LeadReportView:
    """One report that the caller may see. Raises LookupError where there is none."""
    earlier = lead_report.alias("earlier")
    is_later = sa.exists().where(
        earlier.c.lead_id == lead_report.c.lead_id, earlier.c.report_id < lead_report.c.report_id
    )
    found = await tx.execute(
        sa.select(lead_report.c.reference, is_later.label("joined"), lead)
        .join(lead, lead.c.lead_id == lead_report.c.lead_id)
        .where(lead_report.c.report_id == report_id)
    )
    row = found.one_or_none()
    if row is None:
        raise LookupError(report_id)
    return LeadReportView(
        report_id=report_id,
        lead_id=row.lead_id,
        reference=row.reference,
        joined=row.joined,
        state=row.state,
        contact_by=row.contact_by,
        contacted_at=row.contacted_at,
        outcome=row.outcome,
        closed_at=row.closed_at,
    )


async def lead_page(
    tx: AsyncConnection, *, state: str | None, street: str | None, before: UUID | None, limit: int, now: datetime
) -> LeadPage:
    """Leads that the caller of the transaction may see, the newest first."""
    found = sa.select(lead, reports_of(lead)).order_by(lead.c.lead_id.desc()).limit(limit + 1)
    if state is not None:
        found = found.where(lead.c.state == state)
    if street is not None:
        found = found.where(lead.c.street == street)
    if before is not None:
        found = found.where(lead.c.lead_id < before)
    rows = (await tx.execute(found)).all()
    return LeadPage(
        items=[LeadView(**lead_said(row, now)) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].lead_id) if len(rows) > limit else None,
    )


async def lead_view(tx: AsyncConnection, lead_id: UUID, *, now: datetime) -> LeadView:
    """One that is there."""
    row = (await tx.execute(sa.select(lead, reports_of(lead)).where(lead.c.lead_id == lead_id))).one()
    return LeadView(**lead_said(row, now))


def reports_of(of_lead: sa.Table) -> sa.Label[int]:
    """How many reports each lead has, as a column."""
    counted = sa.select(sa.func.count()).where(lead_report.c.lead_id == of_lead.c.lead_id)
    return counted.correlate(of_lead).scalar_subquery().label("reports")


def lead_said(row: sa.Row[Any], now: datetime) -> dict[str, Any]:
    """The fields of a LeadView, of a row with `reports`."""
    names = ("lead_id", "street", "troubles", "told", "is_urgent", "state", "match", "reports", "opened_at")
    later = ("contact_by", "contacted_at", "outcome", "closed_at")
    is_overdue = row.state == "open" and row.contact_by <= now
    return {name: getattr(row, name) for name in (*names, *later)} | {"is_overdue": is_overdue}
