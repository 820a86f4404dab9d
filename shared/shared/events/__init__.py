"""Event contracts, one module per publisher. Importing this package declares all of them."""

from shared.events import data_sharing, departments, eligibility, emergency_fund, intake, oversight
from shared.events.contract import Envelope, Event, UnknownEventType, contract_of, contracts

TOPICS = ("intake", "data-sharing", "eligibility", "emergency-fund", "departments", "oversight", "referrals")
"""One topic per publishing service, and one for referrals, which every department hears."""

DEAD_LETTER_SUFFIX = "-dlq"

__all__ = [
    "DEAD_LETTER_SUFFIX",
    "TOPICS",
    "Envelope",
    "Event",
    "UnknownEventType",
    "contract_of",
    "contracts",
    "data_sharing",
    "departments",
    "eligibility",
    "emergency_fund",
    "intake",
    "oversight",
]
