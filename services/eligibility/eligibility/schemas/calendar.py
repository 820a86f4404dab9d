"""What callers send and see of the calendar of working days."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from eligibility.schemas.body import Body, Text


class CorrectionRequest(Body):
    """Whether the offices are open that day, other than the announced calendar says."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"is_working": False, "reason": "市政府临时放假通知"}]}
    )

    is_working: bool
    reason: Text


class CalendarDay(BaseModel):
    """A corrected day."""

    day: date
    is_working: bool
    reason: str
    recorded_at: datetime


class CalendarView(BaseModel):
    """The corrections."""

    items: list[CalendarDay]
