"""Families in trouble of whom this department was told: its officers go there, or learn that somebody did (12.2).

What is known of a family stays in data-sharing, which shows the lead to those who are told and keeps who looked.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from departments.handlers.work_items import close_work_items, open_work_item
from departments.rules.offices import Office
from shared.clock import end_of_day, local_date
from shared.events.data_sharing import LeadClosed, LeadContacted, LeadReported
from shared.inbox import Delivery
from shared.working_days import WorkingCalendar

_CALENDAR = WorkingCalendar()
_DISTRICT = "district"


async def on_lead_reported(office: Office, tx: AsyncConnection, delivery: Delivery[LeadReported]) -> None:
    """Put the family on the list, until the day by which it is to be met. Where a later report brings this department
    in after that day, it has as long as for taking on a referral.
    """
    event = delivery.event
    if not any(office.takes(code, on=local_date(delivery.time)) for code in event.told):
        return
    due_at = event.contact_by
    if event.joined and due_at <= delivery.now:
        due_at = end_of_day(_CALENDAR.add_working_days(local_date(delivery.now), office.clocks.accept_working_days))
    await open_work_item(
        tx, department=office.code, kind="meet_family", subject_id=event.lead_id, now=delivery.now, due_at=due_at
    )


async def on_lead_contacted(office: Office, tx: AsyncConnection, delivery: Delivery[LeadContacted]) -> None:
    """Take it off the list when somebody met the family first, and when our own officer did."""
    event = delivery.event
    is_ours = event.department is not None and office.takes(event.department, on=local_date(delivery.time))
    if event.is_first or is_ours:
        by = event.department or event.street or _DISTRICT
        await close_work_items(tx, subject_id=event.lead_id, now=delivery.now, closed_by=by)


async def on_lead_closed(_: Office, tx: AsyncConnection, delivery: Delivery[LeadClosed]) -> None:
    """It is known what became of the family: nothing is left to do."""
    event = delivery.event
    await close_work_items(tx, subject_id=event.lead_id, now=delivery.now, closed_by=event.street or _DISTRICT)
