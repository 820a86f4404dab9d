"""核对率 (12.3.1)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules.verification import EXEMPT_POLICIES
from data_sharing.schemas.verifications import VerificationRate
from data_sharing.tables.verifications import application, report, verification


async def verification_rate(tx: AsyncConnection, *, now: datetime) -> VerificationRate:
    """核对率 (12.3.1) over the applications that the caller of the transaction may see."""
    # Valid when it was decided, or, while it is not, now. A later verification of the household does not count for it.
    judged_at = sa.func.coalesce(application.c.decided_at, now)
    of_application = report.c.application_id == application.c.application_id
    verified = sa.exists().where(
        of_application,
        report.c.completed_at <= judged_at,
        verification.c.verification_id == report.c.verification_id,
        verification.c.valid_until > judged_at,
    )
    exempt = sa.and_(
        sa.func.cardinality(application.c.requested) > 0, application.c.requested.contained_by(list(EXEMPT_POLICIES))
    )
    counts = sa.or_(
        application.c.decided_at.is_not(None), sa.exists().where(of_application), application.c.verify_by <= now
    )
    judged = sa.select(exempt.label("exempt"), counts.label("counts"), verified.label("verified")).subquery()

    def number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(condition)

    found = (
        await tx.execute(
            sa.select(
                number(sa.and_(~judged.c.exempt, judged.c.counts, judged.c.verified)).label("numerator"),
                number(sa.and_(~judged.c.exempt, judged.c.counts)).label("denominator"),
                number(sa.and_(~judged.c.exempt, ~judged.c.counts)).label("pending"),
                number(judged.c.exempt).label("exempt"),
            ).select_from(judged)
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
