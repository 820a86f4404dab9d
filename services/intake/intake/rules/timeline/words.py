"""What every line is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from shared.clock import local_date
from shared.events import Event

APPEAL = (
    "如对决定不服，可以自收到决定之日起60日内申请行政复议，"
    "或者自收到决定之日起6个月内向人民法院提起行政诉讼；也可以拨打12345反映，或向街道咨询。"
)
"""行政复议法 art 20, 行政诉讼法 art 46."""


@dataclass(frozen=True)
class Line:
    """What one event says on the time line."""

    kind: str
    text: str


Lines = Mapping[type[Event], Callable[[Any], Line]]
"""The line of each event of a part."""


def day_shown(day: date) -> str:
    """A day as people read it."""
    return f"{day.year}年{day.month}月{day.day}日"


def last_day_shown(instant: datetime) -> str:
    """The last day of a period that ends, half open, at this instant."""
    return day_shown(local_date(instant - timedelta(microseconds=1)))
