"""The access ledger, as those who ask may see it."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.accesses import AccessPage, AccessView
from data_sharing.tables.accesses import access
from data_sharing.tables.persons import resident
from data_sharing.tables.verifications import application
from shared.auth import Principal
from shared.clock import DISTRICT_TIMEZONE
from shared.identity import WUCHANG_STREETS


async def access_page(
    tx: AsyncConnection,
    catalogue: Catalogue,
    caller: Principal,
    *,
    household_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> AccessPage:
    """Looks that the caller may read, the newest first: all of one household, or those at the resident
    and their household."""
    found = sa.select(access).order_by(access.c.access_id.desc()).limit(limit + 1)
    is_resident = caller.row_scope == "resident"
    if is_resident:
        own = sa.select(application.c.household_id).where(
            application.c.applicant_subject == caller.subject, application.c.applicant_is_known
        )
        themselves = sa.select(resident.c.person_id).where(resident.c.subject == caller.subject)
        found = found.where(
            sa.or_(
                access.c.household_id.in_(own),
                access.c.person_ids.overlap(sa.func.array(themselves.scalar_subquery())),
            )
        )
    if household_id is not None:
        found = found.where(access.c.household_id == household_id)
    if before is not None:
        found = found.where(access.c.access_id < before)
    rows = (await tx.execute(found)).all()
    return AccessPage(
        items=[_access_view(row, catalogue, with_subject=not is_resident) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].access_id) if len(rows) > limit else None,
    )


def _access_view(row: sa.Row[Any], catalogue: Catalogue, *, with_subject: bool) -> AccessView:
    who = _who(row, catalogue)
    purpose = catalogue.purpose_title(row.purpose)
    fields = [catalogue.field_title(path) for path in row.fields]
    at = row.accessed_at.astimezone(DISTRICT_TIMEZONE)
    verdict = "已提供" if row.outcome == "answered" else "已拒绝"
    return AccessView(
        access_id=row.access_id,
        at=row.accessed_at,
        who=who,
        subject=row.subject if with_subject else None,
        purpose=purpose,
        fields=fields,
        outcome=row.outcome,
        reason=row.reason,
        application_id=row.application_id,
        text=f"{at:%Y年%m月%d日 %H:%M}，{who}为“{purpose}”查询您家的{'、'.join(fields)}：{verdict}。",
    )


def _who(row: sa.Row[Any], catalogue: Catalogue) -> str:
    """The office or system that looked, never the name of an official."""
    if row.department is not None:
        return catalogue.departments.get(row.department, row.department)
    if row.caller_scope == "streets":
        return "、".join(WUCHANG_STREETS.get(street, street) for street in row.caller_streets) + "工作人员"
    if row.caller_scope == "district":
        return "审计监察人员" if row.purpose == "oversight" else "区级救助工作人员"
    if row.caller_scope == "resident":
        return "其他居民账号"
    return catalogue.clients.get(row.client_id, row.client_id)
