"""What callers send and see of screenings and of what they found."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from eligibility.schemas.body import Body, Text
from shared.clock import Day

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MOST_PARTS = 400
PART_BYTES = 512 * 1024
"""A part, in base64, stays below the limit of a request's body."""


class ScreeningRequest(Body):
    """A population snapshot that will be sent in parts: one Parquet file, see the columns in the service's README."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"as_of": "2022-12-01", "snapshot_sha256": _SHA256, "parts": 3}]},
    )

    as_of: Day = Field(description="Day for which everybody is assessed")
    snapshot_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Of the whole file, in hexadecimal")]
    parts: Annotated[int, Field(ge=1, le=MOST_PARTS)]


class PartRequest(Body):
    """One part of the file, in order of its number."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"content": "UEFSMQ=="}]})

    content: Annotated[Base64Bytes, Field(min_length=1, description="Base64; a request's body has at most 1 MiB")]


class ScreeningView(BaseModel):
    """A screening and how far it is."""

    screening_id: UUID
    as_of: date
    snapshot_sha256: str
    state: Literal["receiving", "queued", "matched", "completed", "refused"]
    parts: int
    parts_received: int | None = Field(description="While parts are received")
    requested_at: datetime
    percent: float = Field(ge=0, le=100, description="How much of the work is done")
    persons: int = Field(description="Persons who were screened")
    households: int
    rejected_rows: int = Field(description="Rows put aside: bad ones, and others of their households")
    undecided_households: int = Field(description="Households with a policy that hangs on an unknown fact")
    unknown_columns: list[str] = Field(description="Facts that the snapshot does not have: unknown of everybody")
    leads: int = Field(description="New ones, each a policy of a household")
    reviews: int
    problems: list[str] = Field(description="Why the snapshot was refused as a whole")
    completed_at: datetime | None


class ScreeningList(BaseModel):
    """The newest screenings."""

    items: list[ScreeningView]


class RejectionView(BaseModel):
    """Something wrong in one row of a snapshot."""

    row: int = Field(description="Counted from 0")
    household_id: str | None
    person_id: str | None
    column: str
    found: str | None
    expected: str


class RejectionPage(BaseModel):
    """What was put aside, in the order of the rows."""

    items: list[RejectionView]
    next_line: int | None = Field(description="Where the next page begins; null when there is none")


class FindingView(BaseModel):
    """An entitlement that nobody receives (lead), or a benefit whose ground may be gone (review)."""

    finding_id: UUID
    household_id: UUID
    street: str
    kind: Literal["lead", "review"]
    policy: str
    title: str
    clause: str
    persons: list[str] = Field(description="Persons of the snapshot; none: the household as a whole")
    reason: str = Field(description="In plain Chinese")
    found_at: datetime
    screening_id: UUID
    state: Literal["open", "closed"]
    outcome: str | None
    note: str | None
    closed_at: datetime | None


class FindingPage(BaseModel):
    """Findings, the oldest first."""

    items: list[FindingView]
    next_after: UUID | None = Field(description="The last one of this page where there are more")


class OutcomeRequest(Body):
    """What came of a finding."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"outcome": "applied", "note": "已上门告知，家庭已提出申请"}]}
    )

    outcome: Literal["applied", "declined", "not_entitled", "confirmed", "not_found"]
    note: Text
