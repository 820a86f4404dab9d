"""A clerk asks for a payment from the street reserve. Clauses 4.2.1 and 4.3.3."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.clients import Clients, Recipient, find_recipient
from emergency_fund.handlers.held_papers import refuse_held_papers
from emergency_fund.handlers.plan import keep_plan, require_plan
from emergency_fund.handlers.recusals import refuse_recused
from emergency_fund.queries.grants import grant_view, limit_on
from emergency_fund.queries.ledger import float_of
from emergency_fund.rules import parameters
from emergency_fund.rules.grant import GrantState, Limit
from emergency_fund.schemas.grants import Asked, GrantRequest, GrantView, QuickRelief
from emergency_fund.tables import emergency_grant
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.events.emergency_fund import GrantRefused, GrantRequested
from shared.idempotency import Claim, answered, once
from shared.ids import new_id
from shared.money import format_yuan
from shared.problems import Problem

_COUNT = text("select granted_for_incident(:household_id, :cause, :occurred_on, :asked_on, :within_days, :is_separate)")
_ROUTE: Final = "district"


class _Refused(BaseModel):
    """What a refusal by rule says. It is kept with the idempotency key, so that a retry is told the same."""

    amount_text: str
    detail: str


class _Outcome(BaseModel):
    grant: GrantView
    refused: _Refused | None


async def request_grant(
    database: Database, clock: Clock, clients: Clients, caller: Principal, street: str, key: str, request: GrantRequest
) -> GrantView:
    """Record the request. One that is not below the limit is recorded as refused, and told so by Problem 422."""
    claim = Claim(caller, key, f"request_grant {street}", request, _Outcome)
    # A retry is answered before intake is asked again: it may be down, and the grant was recorded.
    async with database.transaction(caller) as tx:
        outcome = await answered(tx, claim)
    if outcome is None:
        check_day(request.incident.on, today=clock.today())
        require_plan(request, today=clock.today())
        recipient = await find_recipient(clients, request)
        async with database.transaction(caller) as tx:
            outcome = await once(tx, claim, lambda: _request(tx, clock, caller, street, request, recipient))
    # After the commit: the refusal is on record although the answer is an error.
    if outcome.refused is not None:
        raise Problem(
            422,
            "not_below_limit",
            "金额未低于街道备用金限额",
            outcome.refused.detail,
            field="body.amount",
            value=outcome.refused.amount_text,
            way_out=f"请按区级临时救助途径办理（route={_ROUTE}）；本次拒绝已登记，编号 {outcome.grant.grant_id}",
        )
    return outcome.grant


def check_day(occurred_on: date, *, today: date) -> None:
    """Raises Problem 422 for an incident that has not happened."""
    if occurred_on > today:
        raise Problem(
            422,
            "incident_in_future",
            "事件发生日期不能晚于今天",
            f"今天是 {today}，填写的发生日期是 {occurred_on}",
            field="body.incident.on",
            value=occurred_on,
            way_out="请核对事件发生日期",
        )


async def _request(
    tx: AsyncConnection, clock: Clock, caller: Principal, street: str, request: GrantRequest, recipient: Recipient
) -> _Outcome:
    grant_id = new_id()
    await refuse_held_papers(tx, request)
    is_separate = request.incident.separate_because is not None
    held = await hold_against_limit(tx, clock, caller, street, request, recipient, is_separate=is_separate)
    refused = None
    if not held.limit.is_below(request.amount, counted_fen=held.counted_fen):
        refused = _refused(request.amount, held.counted_fen, held.limit)
    await record_grant(tx, clock, caller, street, request, recipient, grant_id, held, **_first_state(refused, clock))
    await keep_plan(tx, grant_id, street, request)
    await outbox.record(tx, _event(grant_id, street, request, recipient, caller, refused=refused), at=clock.now())
    return _Outcome(grant=await grant_view(tx, grant_id), refused=refused)


@dataclass(frozen=True, slots=True)
class Held:
    """What a request is held against."""

    limit: Limit
    emergency_id: UUID | None
    counted_fen: int


async def hold_against_limit(
    tx: AsyncConnection,
    clock: Clock,
    caller: Principal,
    street: str,
    request: Asked,
    recipient: Recipient,
    *,
    is_separate: bool,
) -> Held:
    """The limit of today, and what the household already has, as a homeless person and as a member of a household:
    by the day of the incident and by the day of asking, for a date that was typed is no way round. Of another incident
    (`is_separate`) less counts.

    Other requests for the household wait until `tx` ends. Raises Problem 404, 409 for an officer who stepped back from
    the household, 503 without a standard.
    """
    await float_of(tx, street)
    await refuse_recused(tx, caller, recipient.household_id)
    limit, emergency_id = await limit_on(tx, clock.today(), street=street)
    counted_fen: int = (
        await tx.execute(
            _COUNT,
            {
                "household_id": recipient.household_id,
                "cause": request.incident.cause,
                "occurred_on": request.incident.on,
                "asked_on": clock.today(),
                "within_days": parameters.same_incident_days(on=clock.today()),
                "is_separate": is_separate,
            },
        )
    ).scalar_one()
    return Held(limit, emergency_id, counted_fen)


async def record_grant(
    tx: AsyncConnection,
    clock: Clock,
    caller: Principal,
    street: str,
    request: GrantRequest | QuickRelief,
    recipient: Recipient,
    grant_id: UUID,
    held: Held,
    **facts: Any,
) -> None:
    """Write what was asked for; `facts` are those of its first state."""
    await tx.execute(
        insert(emergency_grant).values(
            grant_id=grant_id,
            street=street,
            household_id=recipient.household_id,
            homeless_person_id=recipient.homeless_person_id,
            cause=request.incident.cause,
            occurred_on=request.incident.on,
            place=request.incident.place,
            separate_because=request.incident.separate_because,
            amount_fen=request.amount,
            member_refs=recipient.persons,
            payment_method=request.payment.method,
            payee_ref=request.payment.payee_ref,
            papers_present=request.papers_present,
            papers_missing=[missing.model_dump() for missing in request.papers_missing],
            standard_fen=held.limit.standard_fen,
            limit_fen=held.limit.amount_fen,
            counted_fen=held.counted_fen,
            emergency_id=held.emergency_id,
            requested_by=caller.subject,
            requested_at=clock.now(),
            **facts,
        )
    )


def _refused(amount_fen: int, counted_fen: int, limit: Limit) -> _Refused:
    total = format_yuan(amount_fen + counted_fen)
    return _Refused(
        amount_text=format_yuan(amount_fen),
        detail=f"本次 {format_yuan(amount_fen)} 元，同户同一事件已计 {format_yuan(counted_fen)} 元，合计 {total} 元；"
        f"须低于城市低保标准 {format_yuan(limit.standard_fen)} 元的 {limit.multiple} 倍，"
        f"即低于 {format_yuan(limit.amount_fen)} 元",
    )


def _first_state(refused: _Refused | None, clock: Clock) -> dict[str, Any]:
    if refused is None:
        return {"state": GrantState.REQUESTED}
    return {
        "state": GrantState.REFUSED,
        "refused_at": clock.now(),
        "refusal_code": "not_below_limit",
        "refusal_reason": refused.detail,
        "refusal_route": _ROUTE,
    }


def _event(
    grant_id: UUID,
    street: str,
    request: GrantRequest,
    recipient: Recipient,
    caller: Principal,
    *,
    refused: _Refused | None,
) -> GrantRequested | GrantRefused:
    if refused is None:
        return GrantRequested(
            household_id=recipient.household_id,
            grant_id=grant_id,
            street=street,
            cause=request.incident.cause,
            amount_fen=request.amount,
            requested_by=caller.subject,
        )
    return GrantRefused(
        household_id=recipient.household_id,
        grant_id=grant_id,
        street=street,
        cause=request.incident.cause,
        amount_fen=request.amount,
        reason_code="not_below_limit",
        route=_ROUTE,
    )
