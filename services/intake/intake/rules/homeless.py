"""The way of a homeless person to the rescue station and home. Clause 4.5.2.

Nobody is taken anywhere against their will: who does not want to go to the station is given food, clothing and bedding
all the same (clause 4.5.1). Only who wants to go home is escorted, by the city's rescue station.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

PERSON = "p1"
"""What a homeless person is called in the household file of their own."""
UNNAMED = "无名氏"
"""What stands for a name in that file while nobody knows it."""


class HomelessState(StrEnum):
    """Where a homeless person is."""

    ON_STREET = "on_street"
    AT_STATION = "at_station"
    AWAITING_ESCORT = "awaiting_escort"
    """Wants to go home; the city's rescue station arranges it."""
    ESCORTED_HOME = "escorted_home"


class HomelessStep(StrEnum):
    """What may happen on the way."""

    STATION_DECLINED = "station_declined"
    """Told of the rescue station, and does not want to go."""
    STATION_ENTERED = "station_entered"
    """Guided to the rescue station, and taken in."""
    WISHES_TO_GO_HOME = "wishes_to_go_home"
    ESCORTED_HOME = "escorted_home"
    ON_STREET_AGAIN = "on_street_again"
    """Left the station, gave up the journey, or came back."""


TRANSITIONS: Mapping[tuple[HomelessState, HomelessStep], HomelessState] = MappingProxyType(
    {
        (HomelessState.ON_STREET, HomelessStep.STATION_DECLINED): HomelessState.ON_STREET,
        (HomelessState.ON_STREET, HomelessStep.STATION_ENTERED): HomelessState.AT_STATION,
        (HomelessState.ON_STREET, HomelessStep.WISHES_TO_GO_HOME): HomelessState.AWAITING_ESCORT,
        (HomelessState.AT_STATION, HomelessStep.WISHES_TO_GO_HOME): HomelessState.AWAITING_ESCORT,
        (HomelessState.AT_STATION, HomelessStep.ON_STREET_AGAIN): HomelessState.ON_STREET,
        (HomelessState.AWAITING_ESCORT, HomelessStep.STATION_ENTERED): HomelessState.AWAITING_ESCORT,
        (HomelessState.AWAITING_ESCORT, HomelessStep.ESCORTED_HOME): HomelessState.ESCORTED_HOME,
        (HomelessState.AWAITING_ESCORT, HomelessStep.ON_STREET_AGAIN): HomelessState.ON_STREET,
        (HomelessState.ESCORTED_HOME, HomelessStep.ON_STREET_AGAIN): HomelessState.ON_STREET,
    }
)
"""All that can happen."""


class StepNotPossible(ValueError):
    """The step does not fit where the person is."""

    def __init__(self, state: HomelessState, step: HomelessStep) -> None:
        super().__init__(f"{step} is not possible for a homeless person who is {state}")
        self.state = state
        self.step = step


def state_after(state: HomelessState, step: HomelessStep) -> HomelessState:
    """Where the person is after a step. Raises StepNotPossible."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise StepNotPossible(state, step) from None


FILED_LINE = "街道已建立流浪乞讨人员档案，不论有无证件、姓名是否清楚，先行帮扶。"
IDENTIFIED_LINE = "身份已查明。"
AID_WORDS: Mapping[str, str] = MappingProxyType({"food": "食物", "clothing": "衣物", "bedding": "被子"})
STEP_LINES: Mapping[HomelessStep, str] = MappingProxyType(
    {
        HomelessStep.STATION_DECLINED: "已告知可到救助站求助，本人不愿前往；街道继续提供食物、衣物和被子。",
        HomelessStep.STATION_ENTERED: "已引导到救助站，救助站已接收。",
        HomelessStep.WISHES_TO_GO_HOME: "本人愿意返乡，由市救助站统一安排护送。",
        HomelessStep.ESCORTED_HOME: "已护送返乡。",
        HomelessStep.ON_STREET_AGAIN: "再次在街面发现，街道继续帮扶。",
    }
)
"""What the time line says of each step."""


def aid_line(kinds: list[str]) -> str:
    """What the time line says of what was given."""
    return f"街道已提供{'、'.join(AID_WORDS[kind] for kind in kinds)}。"
