"""Events of eligibility: standards."""

from datetime import date
from typing import ClassVar

from shared.events.contract import DistrictEvent


class StandardPublished(DistrictEvent, topic="eligibility", type="eligibility.standard-published.v1", clause="3.2"):
    """A dated parameter got a value. Others keep a copy of the ones they need."""

    example: ClassVar = {
        "parameter": "urban_dibao_standard",
        "value": "910",
        "unit": "yuan/person/month",
        "first_day": "2022-04-01",
        "source": "Wuhan, 2022-04-27",
        "assumed": False,
    }

    parameter: str
    value: str
    unit: str
    first_day: date
    source: str
    assumed: bool
