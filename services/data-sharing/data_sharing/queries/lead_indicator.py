"""Whether families in trouble are met in time, and what their leads led to (12.2)."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.schemas.leads import LeadIndicator
from data_sharing.tables.leads import lead, lead_report
from shared.clock import end_of_day, start_of_day


async def lead_indicator(tx: AsyncConnection, *, first_on: date, last_on: date, now: datetime) -> LeadIndicator:
    """Over the leads opened in a period that the caller of the transaction may see."""
    opened = (lead.c.opened_at >= start_of_day(first_on), lead.c.opened_at < end_of_day(last_on))
    # A duplicate is met under the other lead: it has no contact of its own.
    is_own = lead.c.outcome.is_distinct_from("duplicate")
    is_due = sa.and_(is_own, sa.or_(lead.c.contacted_at.is_not(None), lead.c.contact_by <= now))
    counted = (
        await tx.execute(
            sa.select(
                sa.func.count().label("leads"),
                sa.func.count().filter(is_due).label("due"),
                sa.func.count().filter(is_own, lead.c.contacted_at < lead.c.contact_by).label("in_time"),
            ).where(*opened)
        )
    ).one()
    reports = await tx.execute(
        sa.select(sa.func.count())
        .select_from(lead_report)
        .join(lead, lead.c.lead_id == lead_report.c.lead_id)
        .where(*opened)
    )
    by_match = await tx.execute(sa.select(lead.c.match, sa.func.count()).where(*opened).group_by(lead.c.match))
    by_outcome = await tx.execute(
        sa.select(lead.c.outcome, sa.func.count()).where(*opened, lead.c.outcome.is_not(None)).group_by(lead.c.outcome)
    )
    return LeadIndicator(
        first_on=first_on,
        last_on=last_on,
        leads=counted.leads,
        reports=reports.scalar_one(),
        due=counted.due,
        contacted_in_time=counted.in_time,
        rate=f"{counted.in_time / counted.due:.4f}" if counted.due else None,
        by_match={row[0]: row[1] for row in by_match},
        by_outcome={row[0]: row[1] for row in by_outcome},
        definition="分母：期间内立案、首次联系期限已到或已联系的线索，不含重复的；分子：其中在期限内联系的。",
    )
