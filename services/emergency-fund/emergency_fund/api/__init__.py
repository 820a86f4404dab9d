"""Who may ask emergency-fund for what."""

from fastapi import APIRouter

from emergency_fund.api import (
    corrections,
    emergencies,
    exports,
    fiscal_years,
    follow_ups,
    grants,
    ledger,
    reconciliation,
    stages,
)

router = APIRouter(prefix="/v1")
for part in (
    grants,
    stages,
    follow_ups,
    corrections,
    emergencies,
    ledger,
    exports,
    reconciliation,
    fiscal_years,
):
    router.include_router(part.router)
