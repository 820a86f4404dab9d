"""Who may ask eligibility for what."""

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

ROUTERS = [
    part.router
    for part in (
        *(assessments, decisions, complaints, resolutions, benefits, changes),
        *(register, calendar, standards, price_linkage, screenings, toolbook),
    )
]
