"""The district names the account at which a reserve's money lies; from then on it is reconciled daily. Clause 4.3.4."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.reconcile import RECONCILE
from emergency_fund.queries.ledger import float_of
from emergency_fund.schemas.reconciliation import AccountRequest, AccountView
from emergency_fund.tables import reserve_account
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import Clock, local_date, start_of_day
from shared.database import Database
from shared.events.emergency_fund import ReserveAccountRegistered
from shared.idempotency import Claim, once
from shared.problems import Problem


async def register(
    database: Database, clock: Clock, caller: Principal, street: str, key: str, body: AccountRequest
) -> AccountView:
    """Name the account of a street, once. Raises Problem 404, and 409 `account_registered`."""
    # As the service: row-level security lets the district read every street and write none.
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"register_account {street}", body, AccountView),
            lambda: _register(tx, clock.now(), caller, street, body),
        )


async def _register(
    tx: AsyncConnection, now: datetime, caller: Principal, street: str, body: AccountRequest
) -> AccountView:
    await float_of(tx, street)
    row = {
        "street": street,
        "account_number": body.account_number,
        "since": body.since,
        "registered_by": caller.subject,
        "registered_at": now,
    }
    made = await tx.execute(insert(reserve_account).values(row).on_conflict_do_nothing().returning(reserve_account))
    account = made.one_or_none()
    if account is None:
        raise await _taken(tx, street, body)
    tomorrow = start_of_day(local_date(now) + timedelta(days=1))
    await deadlines.schedule(tx, kind=RECONCILE, subject=street, due_at=tomorrow)
    await outbox.record(
        tx, ReserveAccountRegistered(street=street, since=body.since, registered_by=caller.subject), at=now
    )
    return AccountView.model_validate(account, from_attributes=True)


async def _taken(tx: AsyncConnection, street: str, body: AccountRequest) -> Problem:
    held = (
        await tx.execute(
            select(reserve_account).where(
                or_(reserve_account.c.street == street, reserve_account.c.account_number == body.account_number)
            )
        )
    ).first()
    assert held is not None, "what was in the way is there"
    return Problem(
        409,
        "account_registered",
        "该街道已登记账户，或该账户已属于另一街道",
        f"账户 {held.account_number} 已登记为街道 {held.street} 的备用金账户",
        field="body.account_number",
        value=body.account_number,
        way_out="请核对街道与账号",
    )
