"""The roles that callers need, and what handlers are given."""

from typing import Annotated

from fastapi import Depends, Request

from emergency_fund.clients import Clients
from emergency_fund.handlers.payments import Payments
from shared.auth import OVERSEERS, STAFF, Principal, Role, require
from shared.problems import plain_problem

Reader = Annotated[Principal, Depends(require(*STAFF, *OVERSEERS))]
Clerk = Annotated[Principal, Depends(require(Role.STREET_CLERK))]
Approver = Annotated[Principal, Depends(require(Role.STREET_APPROVER))]
Officer = Annotated[Principal, Depends(require(Role.STREET_CLERK, Role.STREET_APPROVER))]
DistrictOfficer = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER))]
District = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER, *OVERSEERS))]


async def _clients(request: Request) -> Clients:
    clients: Clients = request.app.state.clients
    return clients


ClientsDep = Annotated[Clients, Depends(_clients)]


async def _payments(request: Request) -> Payments:
    payments: Payments = request.app.state.payments
    return payments


PaymentsDep = Annotated[Payments, Depends(_payments)]


def only_own_street(caller: Principal, street: str) -> None:
    """Another role may let a clerk see more streets; only the clerk's own ones are handled. Raises Problem 403."""
    if street not in caller.streets:
        raise plain_problem(403, detail=f"无权办理街道 {street} 的事项")
