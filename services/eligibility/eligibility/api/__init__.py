"""Who may ask eligibility for what."""

from fastapi import APIRouter

from eligibility.api import assessments, benefits, decisions, price_linkage, standards, toolbook

router = APIRouter(prefix="/v1")
for part in (assessments, decisions, benefits, standards, price_linkage, toolbook):
    router.include_router(part.router)
