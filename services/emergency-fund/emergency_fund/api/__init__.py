"""Who may ask emergency-fund for what."""

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

ROUTERS = [
    part.router
    for part in (
        *(grants, stages, follow_ups, corrections, emergencies),
        *(ledger, exports, reconciliation, fiscal_years),
    )
]
