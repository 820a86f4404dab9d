"""核对率 (12.3.1)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules.verification import EXEMPT_POLICIES
from data_sharing.schemas.verifications import VerificationRate
from data_sharing.tables.verifications import application, verification


async def verification_rate(tx: AsyncConnection, *, now: datetime) -> VerificationRate:
    """核对率 (12.3.1) over the applications that the caller of the transaction may see."""
    # Valid when it was decided, or, while it is not, now.
    judged_at = sa.func.coalesce(application.c.decided_at, now)
    verified = sa.and_(verification.c.completed_at <= judged_at, verification.c.valid_until > judged_at)
    exempt = sa.and_(
        sa.func.cardinality(application.c.requested) > 0, application.c.requested.contained_by(list(EXEMPT_POLICIES))
    )
    counts = sa.or_(
        application.c.decided_at.is_not(None),
        verification.c.completed_at.is_not(None),
        application.c.verify_by <= now,
    )

    def number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(condition)

    found = (
        await tx.execute(
            sa.select(
                number(sa.and_(~exempt, counts, verified)).label("numerator"),
                number(sa.and_(~exempt, counts)).label("denominator"),
                number(sa.and_(~exempt, ~counts)).label("pending"),
                number(exempt).label("exempt"),
            ).select_from(
                application.outerjoin(verification, verification.c.application_id == application.c.application_id)
            )
        )
    ).one()
    return VerificationRate(
        numerator=found.numerator,
        denominator=found.denominator,
        rate=f"{found.numerator / found.denominator:.4f}" if found.denominator else None,
        pending=found.pending,
        exempt=found.exempt,
        exemptions=[
            "仅申请孤儿保障、事实无人抚养儿童保障的（不核对家庭经济状况）",
            "街道备用金先行救助（先救助、后核对，不经申请程序）",
        ],
        definition="分母：须核对且已决定、已完成核对或已过核对期限的申请；分子：其中决定时（未决定的，目前）核对有效的。",
    )
