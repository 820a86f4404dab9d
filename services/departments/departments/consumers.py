"""What a department reacts to. Every instance hears all referrals, queries and leads, and takes its own."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from departments.handlers.leads import on_lead_closed, on_lead_contacted, on_lead_reported
from departments.handlers.referrals import on_referral_issued
from departments.handlers.replenishments import on_replenishment_requested
from departments.handlers.verification import on_verification_requested
from departments.rules.offices import Office
from shared.events import Event
from shared.events.data_sharing import LeadClosed, LeadContacted, LeadReported, VerificationRequested
from shared.events.eligibility import ReferralIssued
from shared.events.emergency_fund import ReplenishmentRequested
from shared.inbox import Delivery, Subscriptions

OfficeHandler = Callable[[Office, AsyncConnection, Delivery[Any]], Awaitable[None]]

SUBSCRIPTIONS: Mapping[type[Event], OfficeHandler] = {
    VerificationRequested: on_verification_requested,
    ReferralIssued: on_referral_issued,
    ReplenishmentRequested: on_replenishment_requested,
    LeadReported: on_lead_reported,
    LeadContacted: on_lead_contacted,
    LeadClosed: on_lead_closed,
}


def subscriptions_of(office: Office) -> Subscriptions:
    """The subscriptions of one department's instance."""
    return {event: partial(handler, office) for event, handler in SUBSCRIPTIONS.items()}
