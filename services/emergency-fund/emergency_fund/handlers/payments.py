"""Who asks for approved grants to be paid, and is told what came of it. Clauses 4.2.1, 4.3.2 and 4.3.3.

Payments that come while others are being written go together in the next transaction, of whichever street and clerk
they are: one lock for each reserve, one statement for each table. Each is still decided alone, in the order in which
they came, and what is wrong with one is told to its caller only (decision 23).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.batches import Batches
from emergency_fund.handlers.pay import Due, pay_out
from emergency_fund.handlers.recusals import recused
from emergency_fund.handlers.steps import state_after
from emergency_fund.queries.emergencies import recusals_among
from emergency_fund.queries.grants import find_grants
from emergency_fund.rules.grant import GrantAction
from emergency_fund.schemas.grants import GrantView
from shared import bus
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.idempotency import Claim, answered_all, keep_all
from shared.problems import Problem, not_found

_MOST_AT_ONCE = 256

Outcome = GrantView | Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Somebody asks for a grant to be paid."""

    caller: Principal
    grant_id: UUID
    key: str
    cause: bus.Cause = field(default_factory=bus.current_cause)

    @property
    def claim(self) -> Claim[GrantView]:
        return Claim(self.caller, self.key, f"pay_grant {self.grant_id}", "", GrantView)


class Payments:
    """The queue of this process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._batches: Batches[_Asked, GrantView] = Batches(
            self._write, most=_MOST_AT_ONCE, apart=_only_once_in_a_batch
        )

    async def pay(self, caller: Principal, grant_id: UUID, key: str) -> GrantView:
        """Pay an approved grant, once. Raises Problem 409 `reserve_insufficient` when the cash is not there."""
        return await self._batches.submit(_Asked(caller=caller, grant_id=grant_id, key=key))

    async def _write(self, asked: Sequence[_Asked]) -> list[Outcome]:
        # As the service, because a batch is of many callers: `_due` holds each of them to the own streets.
        async with self._database.transaction() as tx:
            claims = [one.claim for one in asked]
            before = await answered_all(tx, claims)
            new = [at for at, answer in enumerate(before) if answer is None]
            outcomes = await _pay(tx, [asked[at] for at in new], now=self._clock.now())
            told = [(claims[at], outcome) for at, outcome in zip(new, outcomes, strict=True)]
            await keep_all(tx, [(claim, outcome) for claim, outcome in told if not isinstance(outcome, Problem)])
        paid = iter(outcomes)
        return [next(paid) if answer is None else answer for answer in before]


def _only_once_in_a_batch(asked: _Asked) -> tuple[object, ...]:
    return asked.grant_id, (asked.caller.client_id, asked.caller.subject, asked.key)


async def _pay(tx: AsyncConnection, asked: Sequence[_Asked], *, now: datetime) -> list[Outcome]:
    if not asked:
        return []
    grants = await find_grants(tx, [one.grant_id for one in asked], for_update=True)
    pairs = [(grants[one.grant_id].household_id, one.caller.subject) for one in asked if one.grant_id in grants]
    stepped_back = await recusals_among(tx, pairs)
    decided: list[Due | Problem] = []
    for one in asked:
        try:
            decided.append(_due(one, grants.get(one.grant_id), stepped_back))
        except Problem as problem:
            decided.append(problem)
    paid = iter(await pay_out(tx, [one for one in decided if isinstance(one, Due)], now=now))
    return [one if isinstance(one, Problem) else next(paid) for one in decided]


def _due(asked: _Asked, grant: Any | None, stepped_back: set[tuple[UUID, str]]) -> Due:
    """Raises Problem when the caller does not handle the grant, or when it is not paid in this way now."""
    if grant is None or grant.street not in asked.caller.streets:
        raise not_found("支付单", asked.grant_id)
    if (grant.household_id, asked.caller.subject) in stepped_back:
        raise recused(asked.caller, grant.household_id)
    if grant.has_plan:
        raise Problem(
            409,
            "paid_in_stages",
            "该支付单按计划分阶段支付",
            f"支付单 {grant.grant_id} 已审批分阶段支付的计划，不能一次付清",
            way_out="请按计划逐阶段支付，或重新申请",
        )
    action = GrantAction.PAY_BEFORE_PAPERS if grant.papers_missing else GrantAction.PAY_WITH_PAPERS
    return Due(grant=grant, state=state_after(grant, action), caller=asked.caller, cause=asked.cause)
