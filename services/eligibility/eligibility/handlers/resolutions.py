"""Resolutions of the coordination group: without one, nothing goes above the ordinary standard (clause 4.2.4)."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.queries.applications import application_row
from eligibility.queries.parameters import current_parameters
from eligibility.queries.resolutions import resolution_rows
from eligibility.rules.decisions import Measure
from eligibility.tables import resolution
from shared.auth import Principal
from shared.clock import Clock
from shared.ids import new_id
from shared.money import FEN_PER_YUAN, format_yuan
from shared.problems import Problem


async def record_resolution(
    tx: AsyncConnection,
    *,
    number: str,
    held_on: date,
    application_id: UUID,
    amount_fen: int,
    members_present: Sequence[str],
    caller: Principal,
    clock: Clock,
) -> sa.Row[Any]:
    """Put a resolution on record. Raises Problem 404 for no such case, 409 for a number that exists, 422 for a day
    that is yet to come.
    """
    if held_on > clock.today():
        raise Problem(
            422,
            "day_in_future",
            "会议日期不能晚于今天",
            f"会议日期 {held_on} 晚于今天 {clock.today()}",
            field="body.held_on",
            value=held_on,
            way_out="请在会议作出决议后登记",
        )
    case = await application_row(tx, application_id, caller=caller)
    created = await tx.execute(
        insert(resolution)
        .values(
            resolution_id=new_id(),
            number=number,
            held_on=held_on,
            application_id=application_id,
            household_id=case.household_id,
            street=case.street,
            amount_fen=amount_fen,
            members_present=list(members_present),
            recorded_by=caller.subject,
            recorded_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(resolution)
    )
    row: sa.Row[Any] | None = created.one_or_none()
    if row is None:
        raise Problem(
            409,
            "resolution_number_taken",
            "该决议文号已登记",
            f"文号 {number} 已登记",
            field="body.number",
            value=number,
            way_out="请核对文号；同一决议不重复登记",
        )
    return row


async def resolution_number(
    tx: AsyncConnection, *, application_id: UUID, measures: Sequence[Measure], on: date
) -> str | None:
    """The number that a decision must carry, None where nothing exceeds the ordinary standard. Raises Problem 422."""
    cap_fen = await _cap_fen(tx, on)
    exceeding = [one for one in measures if one.exceeds_ordinary_standard(cap_fen)]
    if not exceeding:
        return None
    granted_fen = max(one.monthly_amount_fen or 0 for one in exceeding)
    for row in await resolution_rows(tx, application_id):
        if row.amount_fen >= granted_fen:
            number: str = row.number
            return number
    raise Problem(
        422,
        "resolution_needed",
        "超过临时救助封顶线的，须有协调小组“一事一议”决议",
        f"封顶线为 {format_yuan(cap_fen)} 元；该申请没有金额足够的决议",
        field="path.decision_id",
        way_out="请先由区级登记协调小组决议（POST /v1/resolutions），再复核",
    )


async def _cap_fen(tx: AsyncConnection, on: date) -> int:
    parameters = (await current_parameters(tx)).parameters
    multiple = parameters.value("temporary_assistance_cap_multiple", on=on).value
    return int(parameters.value("urban_dibao_standard", on=on).value * multiple * FEN_PER_YUAN)
