"""Corrections as tests make them: one person proposes, another decides."""

from typing import Any

import httpx

from .conftest import APPROVER, CLERK, DISTRICT_OFFICER, Fund, ok

ACCOUNTS = ("cash", "advances", "documented", "due_from_finance", "recoverable")


async def propose(
    fund: Fund,
    grant: dict[str, Any],
    kind: str,
    amount: str,
    *,
    corrects: str | None = None,
    by: str = CLERK,
    key: str | None = None,
) -> httpx.Response:
    """Propose a correction of a grant's payment, or of another transfer of it."""
    body = {"kind": kind, "amount": amount, "corrects": corrects or grant["transfer_id"], "reason": "余款退回"}
    return await fund.act(grant["grant_id"], "corrections", body, by=by, key=key)


async def decide(
    fund: Fund,
    correction: dict[str, Any],
    outcome: str = "confirmed",
    *,
    by: str | None = None,
    key: str | None = None,
) -> httpx.Response:
    """Decide on it: an officer of the district on a write-off, else an approver."""
    is_write_off = correction["kind"] == "write_off"
    path = "district-decision" if is_write_off else "decision"
    return await fund.http.post(
        f"/v1/corrections/{correction['correction_id']}/{path}",
        json={"outcome": outcome, "reason": "已核实"},
        headers=fund.as_(by or (DISTRICT_OFFICER if is_write_off else APPROVER), key),
    )


async def corrected(
    fund: Fund, grant: dict[str, Any], kind: str, amount: str, *, corrects: str | None = None
) -> dict[str, Any]:
    """A correction that is posted."""
    return ok(await decide(fund, ok(await propose(fund, grant, kind, amount, corrects=corrects))))


async def balances(fund: Fund) -> dict[str, str]:
    """The accounts of the street that hold something."""
    reserve = await fund.reserve()
    return {account: reserve[account] for account in ACCOUNTS if reserve[account] != "0.00"}


async def grant_now(fund: Fund, grant: dict[str, Any]) -> dict[str, Any]:
    """The grant as it is now."""
    return await fund.read(f"/v1/grants/{grant['grant_id']}")
