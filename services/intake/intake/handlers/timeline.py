"""Events become lines on the time line, and the state of their application follows."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.rules.application import DECIDED, GRANTED, STATUS_KINDS, status_after
from intake.rules.timeline import line_of
from shared.inbox import Delivery

_ADD_ENTRIES = sa.text("""
insert into timeline_entry (event_id, household_id, application_id, at, kind, text)
select * from unnest(
    cast(:event_ids as uuid[]), cast(:household_ids as uuid[]), cast(:application_ids as uuid[]),
    cast(:at as timestamptz[]), cast(:kinds as text[]), cast(:texts as text[])
)
on conflict do nothing
""")
# Locked before the entries are read: of two replicas that add entries to one application, the later sees both.
_LOCK_APPLICATIONS = sa.text("""
select application_id from application where application_id = any (cast(:application_ids as uuid[]))
order by application_id for no key update
""")
_READ_KINDS = sa.text("""
select application_id, kind from timeline_entry
where application_id = any (cast(:application_ids as uuid[])) and kind = any (cast(:kinds as text[]))
order by application_id, at, event_id
""")
_MOVE_APPLICATIONS = sa.text("""
with moved as (
    update application set status = new.status
    from unnest(cast(:application_ids as uuid[]), cast(:statuses as text[])) as new (application_id, status)
    where application.application_id = new.application_id and application.status <> new.status
), opened_file as (
    update household set applicant_subject = application.applicant_subject
    from application
    where application.application_id = any (cast(:granted as uuid[])) and application.status <> :granted_status
        and household.household_id = application.household_id and application.applicant_subject is not null
)
delete from open_membership where application_id = any (cast(:decided as uuid[]))
""")


async def add_to_timeline(tx: AsyncConnection, deliveries: Sequence[Delivery[Any]]) -> None:
    """Add a line for each event. An entry may come before its application or household is known: it waits for it."""
    lines = [line_of(delivery.event) for delivery in deliveries]
    application_ids = [getattr(delivery.event, "application_id", None) for delivery in deliveries]
    await tx.execute(
        _ADD_ENTRIES,
        {
            "event_ids": [delivery.event_id for delivery in deliveries],
            "household_ids": [delivery.event.household_id for delivery in deliveries],
            "application_ids": application_ids,
            "at": [delivery.time for delivery in deliveries],
            "kinds": [line.kind for line in lines],
            "texts": [line.text for line in lines],
        },
    )
    concerned = {
        application_id
        for application_id, line in zip(application_ids, lines, strict=True)
        if application_id is not None and line.kind in STATUS_KINDS
    }
    if not concerned:
        return
    locked = await tx.execute(_LOCK_APPLICATIONS, {"application_ids": sorted(concerned)})
    known = [row.application_id for row in locked]
    if not known:
        return
    rows = await tx.execute(_READ_KINDS, {"application_ids": known, "kinds": sorted(STATUS_KINDS)})
    statuses = {
        application_id: status_after(row.kind for row in kinds)
        for application_id, kinds in groupby(rows, key=lambda row: row.application_id)
    }
    await tx.execute(
        _MOVE_APPLICATIONS,
        {
            "application_ids": list(statuses),
            "statuses": list(statuses.values()),
            "granted_status": GRANTED,
            "granted": [application_id for application_id, status in statuses.items() if status == GRANTED],
            "decided": [application_id for application_id, status in statuses.items() if status in DECIDED],
        },
    )
