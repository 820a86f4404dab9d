"""What a department reacts to. Every instance hears all referrals and queries, and takes its own."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from departments.handlers.referrals import on_referral_issued
from departments.handlers.replenishments import on_replenishment_requested
from departments.handlers.verification import on_verification_requested
from departments.rules.offices import Office
from shared.events import Event
from shared.events.data_sharing import VerificationRequested
from shared.events.eligibility import ReferralIssued
from shared.events.emergency_fund import ReplenishmentRequested
from shared.inbox import Delivery, Subscriptions

OfficeHandler = Callable[[Office, AsyncConnection, Delivery[Any]], Awaitable[None]]

SUBSCRIPTIONS: Mapping[type[Event], OfficeHandler] = {
    VerificationRequested: on_verification_requested,
    ReferralIssued: on_referral_issued,
    ReplenishmentRequested: on_replenishment_requested,
}


def subscriptions_of(office: Office) -> Subscriptions:
    """The subscriptions of one department's instance."""
    return {event: partial(handler, office) for event, handler in SUBSCRIPTIONS.items()}
