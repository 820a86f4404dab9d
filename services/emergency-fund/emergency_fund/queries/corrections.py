"""Corrections of a grant's transfers, and what is left to correct."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.grants import find_grant
from emergency_fund.rules.corrections import CORRECTED, CorrectionKind, Standing
from emergency_fund.rules.ledger import TransferKind
from emergency_fund.schemas.corrections import CorrectableTransfer, CorrectionsView, CorrectionView
from emergency_fund.tables import correction, grant_transfer
from shared.problems import not_found

_CORRECTABLE = frozenset(CORRECTED.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Correctable:
    """A payment or a claim, and what is left of it."""

    row: Any
    amount_fen: int
    left_fen: int
    in_advance: bool
    """Its papers are still missing: its money stands among the advances."""


async def transfers_of_grant(tx: AsyncConnection, grant_id: UUID) -> list[Correctable]:
    """The payments and the claims of a grant, the oldest first."""
    rows = await _rows(tx, grant_id)
    is_settled = any(row.kind == TransferKind.SETTLEMENT for row in rows)
    return [
        Correctable(
            row=row,
            amount_fen=_size(row),
            left_fen=_size(row) - sum(_size(other) for other in rows if other.corrects == row.transfer_id),
            in_advance=row.advances_fen > 0 and not is_settled,
        )
        for row in rows
        if row.kind in _CORRECTABLE
    ]


async def standing_of(tx: AsyncConnection, grant_id: UUID) -> Standing:
    """What became of a grant's money."""
    rows = await _rows(tx, grant_id)

    def moved(kind: TransferKind) -> int:
        return sum(_size(row) for row in rows if row.kind == kind)

    return Standing(
        paid_fen=moved(TransferKind.PAYMENT),
        reversed_fen=moved(TransferKind.REVERSAL),
        claimed_fen=moved(TransferKind.CLAIM),
        recovered_fen=moved(TransferKind.RECOVERY),
        written_off_fen=moved(TransferKind.WRITE_OFF),
    )


async def _rows(tx: AsyncConnection, grant_id: UUID) -> list[Row[Any]]:
    found = await tx.execute(
        select(grant_transfer).where(grant_transfer.c.grant_id == grant_id).order_by(grant_transfer.c.version)
    )
    return list(found.all())


def _size(row: Any) -> int:
    """How much a payment, or what corrects one, is about."""
    return int(max(abs(row.cash_fen), abs(row.recoverable_fen)))


async def find_correction(tx: AsyncConnection, correction_id: UUID) -> Row[Any]:
    """The row of a correction. Raises Problem 404, also for one that the caller may not see."""
    row = (await tx.execute(select(correction).where(correction.c.correction_id == correction_id))).one_or_none()
    if row is None:
        raise not_found("更正", correction_id)
    return row


async def correction_view(tx: AsyncConnection, correction_id: UUID) -> CorrectionView:
    """A correction as callers see it. Raises Problem 404."""
    return _view(await find_correction(tx, correction_id))


async def corrections_view(tx: AsyncConnection, grant_id: UUID) -> CorrectionsView:
    """What can be corrected of a grant, and every correction of it. Raises Problem 404."""
    await find_grant(tx, grant_id)
    rows = await tx.execute(
        select(correction).where(correction.c.grant_id == grant_id).order_by(correction.c.correction_id)
    )
    return CorrectionsView(
        grant_id=grant_id,
        transfers=[
            CorrectableTransfer(
                transfer_id=one.row.transfer_id,
                kind=one.row.kind,
                amount=one.amount_fen,
                left=one.left_fen,
                posted_at=one.row.posted_at,
                corrected_by=[kind for kind in CorrectionKind if CORRECTED[kind] == one.row.kind],
            )
            for one in await transfers_of_grant(tx, grant_id)
        ],
        corrections=[_view(row) for row in rows],
    )


def _view(row: Any) -> CorrectionView:
    return CorrectionView(
        correction_id=row.correction_id,
        grant_id=row.grant_id,
        street=row.street,
        kind=row.kind,
        corrects=row.corrects,
        amount=row.amount_fen,
        reason=row.reason,
        state=row.state,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        transfer_id=row.transfer_id,
    )
