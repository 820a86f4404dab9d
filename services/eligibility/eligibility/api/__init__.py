"""Who may ask eligibility for what."""

from fastapi import APIRouter

from eligibility.api import assessments, benefits, decisions, screenings, toolbook

router = APIRouter(prefix="/v1")
for part in (assessments, decisions, benefits, screenings, toolbook):
    router.include_router(part.router)
