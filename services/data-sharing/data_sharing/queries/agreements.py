"""Agreements as their two sides and those who oversee them see them."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.agreements import AgreementDay, AgreementDetail, AgreementStep, AgreementView
from data_sharing.tables.agreements import agreement, agreement_day, agreement_step
from shared.auth import Principal

_SHOWN_DAYS = 90


async def agreements_of(
    tx: AsyncConnection, caller: Principal, catalogue: Catalogue, *, today: date
) -> list[AgreementView]:
    """Those that the caller of the transaction may see, by provider and consumer."""
    rows = await tx.execute(_seen_by(caller, today).order_by(agreement.c.provider, agreement.c.consumer))
    return [AgreementView(**_shown(row, catalogue)) for row in rows]


async def agreement_detail(
    tx: AsyncConnection, caller: Principal, agreement_id: UUID, catalogue: Catalogue, *, today: date
) -> AgreementDetail | None:
    """One of them, with its days; None where the caller may not see it."""
    found = _seen_by(caller, today).where(agreement.c.agreement_id == agreement_id)
    row = (await tx.execute(found)).one_or_none()
    if row is None:
        return None
    days = sa.select(agreement_day).where(agreement_day.c.agreement_id == agreement_id)
    newest = await tx.execute(days.order_by(agreement_day.c.day.desc()).limit(_SHOWN_DAYS))
    steps = sa.select(agreement_step).where(agreement_step.c.agreement_id == agreement_id)
    taken = await tx.execute(steps.order_by(agreement_step.c.number))
    return AgreementDetail(
        **_shown(row, catalogue),
        answer_on=row.answer_on,
        is_extended=row.is_extended,
        supply_on=row.supply_on,
        steps=[
            AgreementStep(state=one.state, taken_by=one.taken_by, taken_at=one.taken_at, reason=one.reason)
            for one in taken
        ],
        days=[AgreementDay(day=one.day, used=one.used, quota=one.quota) for one in newest],
    )


def _seen_by(caller: Principal, today: date) -> sa.Select[Any]:
    """Row-level security keeps departments apart; a service of the platform sees what it uses itself."""
    found = sa.select(agreement, sa.func.coalesce(agreement_day.c.used, 0).label("used_today")).outerjoin(
        agreement_day,
        sa.and_(agreement_day.c.agreement_id == agreement.c.agreement_id, agreement_day.c.day == today),
    )
    return found.where(agreement.c.consumer == caller.client_id) if caller.row_scope == "service" else found


def _shown(row: sa.Row[Any], catalogue: Catalogue) -> dict[str, Any]:
    titles = {**catalogue.clients, **catalogue.departments}
    return {
        "agreement_id": row.agreement_id,
        "provider": row.provider,
        "provider_title": titles.get(row.provider, row.provider),
        "consumer": row.consumer,
        "consumer_title": titles.get(row.consumer, row.consumer),
        "purpose": row.purpose,
        "fields": row.fields,
        "legal_basis": row.legal_basis,
        "sharing": row.sharing,
        "state": row.state,
        "first_on": row.first_on,
        "last_on": row.last_on,
        "daily_quota": row.daily_quota,
        "used_today": row.used_today,
    }
