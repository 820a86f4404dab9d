"""Files of homeless persons (流浪乞讨人员): opened with what is seen, filled with what is given and found out."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from intake.rules.homeless import HomelessState, HomelessStep
from intake.schemas.application import IdentityText
from intake.schemas.facts import LongWords, PersonName, Strict
from shared.clock import Day
from shared.identity import StreetCode

_FILE = "01930000-0000-7000-8000-000000000031"
_HOUSEHOLD = "01930000-0000-7000-8000-000000000032"
_KNOWN_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_FIRST_DAY = date(2000, 1, 1)

AidKind = Literal["food", "clothing", "bedding"]
FoundOn = Annotated[Day, Field(ge=_FIRST_DAY)]


class HomelessPersonFound(Strict):
    """What a clerk knows of somebody who lives on the street: nothing but what can be seen is needed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "street": "420106006",
                    "found_on": "2022-10-09",
                    "place": "中华路地下通道东口",
                    "description": "男，约六十岁，灰色棉衣，左手缺一指",
                    "condition": "神志清楚，脚部冻伤",
                }
            ]
        },
    )

    street: StreetCode = Field(description="发现地街道", examples=["420106006"])
    found_on: FoundOn = Field(description="发现日期", examples=["2022-10-09"])
    place: LongWords = Field(description="发现地点", examples=["中华路地下通道东口"])
    description: LongWords = Field(description="外貌特征", examples=["男，约六十岁，灰色棉衣，左手缺一指"])
    condition: LongWords = Field(description="身体和精神状况", examples=["神志清楚，脚部冻伤"])
    name: PersonName | None = Field(default=None, description="自报或已知的姓名；不知道则不填", examples=["李四"])
    identity_number: IdentityText | None = Field(
        default=None, description="已知的身份证号码；不知道则不填，不影响救助", examples=["420199199003079030"]
    )

    @model_validator(mode="after")
    def _number_with_name(self) -> Self:
        if self.identity_number is not None and self.name is None:
            raise PydanticCustomError("name_missing", "填写身份证号码时须同时填写姓名")
        return self


class HomelessPersonFiled(Strict):
    """The file, new or found."""

    homeless_person_id: UUID = Field(examples=[_FILE])
    household_id: UUID = Field(description="同时建立的一人家庭档案", examples=[_HOUSEHOLD])
    is_new: bool = Field(description="false：此人在本街道已有档案，沿用原编号", examples=[True])


class Given(Strict):
    """One thing that is given."""

    kind: AidKind = Field(description="食物、衣物、被子", examples=["food"])
    quantity: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(default=1, examples=[2])


class AidGiven(Strict):
    """What was given to a homeless person on a day."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"given_on": "2022-10-09", "given": [{"kind": "food", "quantity": 2}, {"kind": "bedding"}]},
            ]
        },
    )

    given_on: FoundOn = Field(description="提供日期", examples=["2022-10-09"])
    given: Annotated[list[Given], Field(min_length=1, max_length=3)]

    @model_validator(mode="after")
    def _each_kind_once(self) -> Self:
        if len({one.kind for one in self.given}) < len(self.given):
            raise PydanticCustomError("given_twice", "同一类物资合并为一项，用 quantity 写数量")
        return self


class AidRecorded(Strict):
    """What was written down, in the order in which it was told."""

    aid_ids: list[UUID]


class StepTaken(Strict):
    """A step on the way to the rescue station or home."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"step": "station_entered", "taken_on": "2022-10-09"}]},
    )

    step: HomelessStep = Field(examples=["station_entered"])
    taken_on: FoundOn = Field(examples=["2022-10-09"])
    destination: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = Field(
        default=None, description="护送返乡的目的地，六位行政区划代码；仅 escorted_home 填写", examples=[None]
    )

    @model_validator(mode="after")
    def _destination_of_the_way_home(self) -> Self:
        if (self.step is HomelessStep.ESCORTED_HOME) != (self.destination is not None):
            raise PydanticCustomError("destination_unfit", "护送返乡须填写目的地，其他情形不填")
        return self


class StepRecorded(Strict):
    """Where the person is now."""

    step_id: UUID
    state: HomelessState = Field(examples=["at_station"])


class IdentityFound(Strict):
    """Who a homeless person is, once it is found out."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"name": "李四", "identity_number": "420199199003079030"}]},
    )

    name: PersonName = Field(examples=["李四"])
    identity_number: IdentityText = Field(examples=["420199199003079030"])


class HomelessPersonIdentified(Strict):
    """The household in which the person is known."""

    homeless_person_id: UUID = Field(examples=[_FILE])
    identified_household_id: UUID = Field(
        description="此人所在的家庭档案；此前没有的，即一人家庭档案", examples=[_KNOWN_HOUSEHOLD]
    )


class AidEntry(Strict):
    """One thing that was given."""

    aid_id: UUID
    kind: AidKind
    quantity: int
    given_on: date
    given_by: str = Field(examples=["clerk-420106006-1"])


class StepEntry(Strict):
    """One step that was taken."""

    step_id: UUID
    step: HomelessStep
    state: HomelessState = Field(description="此步之后")
    taken_on: date
    destination: str | None
    recorded_by: str = Field(examples=["clerk-420106006-1"])


class HomelessPersonSummary(Strict):
    """One line of the list of files."""

    homeless_person_id: UUID = Field(examples=[_FILE])
    street: str = Field(examples=["420106006"])
    household_id: UUID = Field(examples=[_HOUSEHOLD])
    state: HomelessState = Field(examples=["on_street"])
    found_on: date = Field(examples=["2022-10-09"])
    identified_household_id: UUID | None = Field(description="空：身份尚未查明", examples=[None])
    opened_at: datetime


class HomelessPersonPage(Strict):
    """Files, the newest first."""

    items: list[HomelessPersonSummary]
    next_cursor: str | None = Field(description="下一页；没有更多时为 null", examples=[None])


class HomelessPersonFile(HomelessPersonSummary):
    """One file as staff see it: name and number masked."""

    place: str
    description: str
    condition: str
    name: str | None = Field(description="空：姓名不详", examples=["李*"])
    identity_number: str | None = Field(description="空：不详", examples=["420199********9030"])
    opened_by: str = Field(examples=["clerk-420106006-1"])
    identified_by: str | None
    identified_at: datetime | None
    aid: list[AidEntry] = Field(description="最早的在前")
    steps: list[StepEntry] = Field(description="最早的在前")


class HomelessPersonHousehold(Strict):
    """All that another service needs to know to help the person."""

    homeless_person_id: UUID = Field(examples=[_FILE])
    street: str = Field(examples=["420106006"])
    household_id: UUID = Field(examples=[_HOUSEHOLD])
    person: str = Field(description="此人在一人家庭档案中的成员编号", examples=["p1"])
