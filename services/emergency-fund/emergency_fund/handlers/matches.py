"""An officer says which postings a line is, or takes a match back. Both with a reason, both on record. Clause 4.3.4."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.reconcile import lock_bank_of, resolve
from emergency_fund.queries.reconciliation import match_views
from emergency_fund.rules.reconciliation import may_match
from emergency_fund.schemas.reconciliation import LineMatch, MatchEnd, MatchView
from emergency_fund.tables import bank_line, bank_match, bank_match_transfer, transfer
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.events.emergency_fund import LineMatchedByHand, MatchTakenBack
from shared.idempotency import Claim, once
from shared.ids import new_id
from shared.money import format_yuan
from shared.problems import Problem, not_found


async def match_by_hand(
    database: Database, clock: Clock, caller: Principal, line_id: UUID, key: str, body: LineMatch
) -> MatchView:
    """Match a line to postings that come to it to the fen. Raises Problem 403 `same_person`, 404, 409 and 422."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"match_line {line_id}", body, MatchView),
            lambda: _match(tx, clock, caller, line_id, body),
        )


async def _match(tx: AsyncConnection, clock: Clock, caller: Principal, line_id: UUID, body: LineMatch) -> MatchView:
    line = (await tx.execute(select(bank_line).where(bank_line.c.line_id == line_id))).one_or_none()
    # Who also holds a role that reads the district handles the own streets only.
    if line is None or line.street not in caller.streets:
        raise not_found("对账单明细", line_id)
    await lock_bank_of(tx, line.street)
    if (taken := await _live_match(tx, bank_match.c.line_id == line_id)) is not None:
        raise _already_matched("该明细已对上", f"明细 {line_id} 已在对应 {taken} 中", "path.line_id", line_id)
    postings = await _postings(tx, line.street, body.transfer_ids)
    if not may_match(caller.subject, posted_by=[posting.actor for posting in postings]):
        raise Problem(
            403,
            "same_person",
            "经手支付的人不能为自己的支付对账",
            f"所选入账中有 {caller.subject} 本人办理的",
            way_out="请由本街道另一名人员办理",
        )
    came_to_fen = sum(posting.cash_fen for posting in postings)
    if came_to_fen != line.amount_fen:
        raise Problem(
            422,
            "match_does_not_add_up",
            "所选入账与银行明细金额不符",
            f"明细 {format_yuan(line.amount_fen)} 元，所选入账合计 {format_yuan(came_to_fen)} 元",
            field="body.transfer_ids",
            value=format_yuan(came_to_fen),
            way_out="请选择合计金额与明细相同的入账",
        )
    now, match_id = clock.now(), new_id()
    made = {"line_id": line_id, "basis": "officer", "made_by": caller.subject, "reason": body.reason, "made_at": now}
    await tx.execute(insert(bank_match).values(match_id=match_id, street=line.street, **made))
    ids = tuple(body.transfer_ids)
    await tx.execute(
        insert(bank_match_transfer),
        [{"match_id": match_id, "transfer_id": transfer_id, "street": line.street} for transfer_id in ids],
    )
    matched = LineMatchedByHand(
        street=line.street,
        match_id=match_id,
        line_id=line_id,
        transfer_ids=ids,
        amount_fen=line.amount_fen,
        matched_by=caller.subject,
    )
    resolved = await resolve(tx, line.street, dict.fromkeys((line_id, *ids), match_id), now=now)
    await outbox.record(tx, matched, *resolved, at=now)
    return await _view(tx, match_id)


async def _postings(tx: AsyncConnection, street: str, transfer_ids: Sequence[UUID]) -> list[Any]:
    """Movements of the street's cash that have no line yet, as many as named."""
    rows = await tx.execute(
        select(transfer).where(
            transfer.c.street == street, transfer.c.cash_fen != 0, transfer.c.transfer_id.in_(transfer_ids)
        )
    )
    found = {row.transfer_id: row for row in rows}
    for position, transfer_id in enumerate(transfer_ids):
        field = f"body.transfer_ids[{position}]"
        if transfer_id not in found:
            raise Problem(
                422,
                "transfer_unknown",
                "该街道没有这笔现金入账",
                f"街道 {street} 的现金账户没有入账 {transfer_id}",
                field=field,
                value=transfer_id,
                way_out="请从对账结果的未对上入账中选择",
            )
        if (taken := await _live_match(tx, bank_match_transfer.c.transfer_id == transfer_id)) is not None:
            raise _already_matched("该入账已对上", f"入账 {transfer_id} 已在对应 {taken} 中", field, transfer_id)
    return list(found.values())


async def _live_match(tx: AsyncConnection, condition: Any) -> UUID | None:
    found: UUID | None = await tx.scalar(
        select(bank_match.c.match_id)
        .join(bank_match_transfer, bank_match.c.match_id == bank_match_transfer.c.match_id)
        .where(condition, bank_match.c.ended_at.is_(None))
        .limit(1)
    )
    return found


def _already_matched(title: str, detail: str, field: str, value: object) -> Problem:
    return Problem(
        409, "already_matched", title, detail, field=field, value=value, way_out="如原对应有误，请先说明理由撤销原对应"
    )


async def take_back(
    database: Database, clock: Clock, caller: Principal, match_id: UUID, key: str, body: MatchEnd
) -> MatchView:
    """End a match, by rule or by hand: it stays on record, and no rule makes it again. Raises Problem 404 and 409."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"take_back_match {match_id}", body, MatchView),
            lambda: _take_back(tx, clock, caller, match_id, body),
        )


async def _take_back(tx: AsyncConnection, clock: Clock, caller: Principal, match_id: UUID, body: MatchEnd) -> MatchView:
    street = await tx.scalar(select(bank_match.c.street).where(bank_match.c.match_id == match_id))
    if street is None or street not in caller.streets:
        raise not_found("对应", match_id)
    await lock_bank_of(tx, street)
    before = await _view(tx, match_id)
    if before.ended_at is not None:
        raise Problem(
            409,
            "match_ended",
            "该对应已撤销",
            f"对应 {match_id} 已由 {before.ended_by} 撤销",
            field="path.match_id",
            value=match_id,
            way_out="请查看对账结果",
        )
    now = clock.now()
    await tx.execute(
        update(bank_match)
        .where(bank_match.c.match_id == match_id)
        .values(ended_by=caller.subject, ended_reason=body.reason, ended_at=now)
    )
    taken_back = MatchTakenBack(
        street=street,
        match_id=match_id,
        line_id=before.line.line_id,
        amount_fen=before.line.amount,
        taken_back_by=caller.subject,
    )
    await outbox.record(tx, taken_back, at=now)
    return await _view(tx, match_id)


async def _view(tx: AsyncConnection, match_id: UUID) -> MatchView:
    (found,) = await match_views(tx, bank_match.c.match_id == match_id)
    return found
