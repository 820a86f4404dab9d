"""Causes of an incident, and the ids and the grant that examples tell of."""

from typing import Literal

HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
GRANT = "01930000-0000-7000-8000-00000000000b"
GRANT_FIELDS = {
    "household_id": HOUSEHOLD,
    "grant_id": GRANT,
    "street": "420106006",
    "cause": "fire",
    "amount_fen": 363999,
}
IncidentCause = Literal[
    "fire", "traffic_accident", "accident", "serious_illness", "epidemic", "public_emergency", "other"
]
