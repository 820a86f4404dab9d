"""Who may ask emergency-fund for what."""

from fastapi import APIRouter

from emergency_fund.api import emergencies, exports, grants, ledger, reconciliation

router = APIRouter(prefix="/v1")
for part in (grants, emergencies, ledger, exports, reconciliation):
    router.include_router(part.router)
