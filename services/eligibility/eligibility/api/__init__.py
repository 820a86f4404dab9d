"""Who may ask eligibility for what."""

from fastapi import APIRouter

from eligibility.api import (
    assessments,
    benefits,
    calendar,
    changes,
    complaints,
    decisions,
    price_linkage,
    register,
    resolutions,
    screenings,
    standards,
    toolbook,
)

router = APIRouter(prefix="/v1")
for part in (
    *(assessments, decisions, complaints, resolutions, benefits, changes),
    *(register, calendar, standards, price_linkage, screenings, toolbook),
):
    router.include_router(part.router)
