"""What callers of departments send and see."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue
from pydantic_core import PydanticCustomError

from shared.clock import Day
from shared.money import Fen, NonNegativeFenOfYuan, at_most

_REFERRAL_ID = "01930000-0000-7000-8000-000000000009"
_REPLENISHMENT_ID = "01930000-0000-7000-8000-00000000000a"
_QUERY_ID = "01930000-0000-7000-8000-000000000004"
_RECORD = {
    "identity_number": "420199199003079030",
    "fields": {"wage": "2600.00"},
    "valid_from": "2022-01-01",
    "as_of": "2022-09-30",
}

_FIELDS_BYTES = 4_000

ReferralState = Literal["received", "accepted", "returned", "completed"]
ReplenishmentState = Literal["open", "answered"]
QueryState = Literal["open", "answered", "refused"]
WorkItemKind = Literal["accept_referral", "complete_referral", "answer_replenishment", "meet_family"]
ReasonCode = Literal["not_our_duty", "not_entitled", "cannot_be_reached", "duplicate", "other"]

Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
# Twelve digits of yuan fit PostgreSQL's bigint; no payment of a department comes near this.
Amount = Annotated[NonNegativeFenOfYuan, at_most(10**13)]


def _storable(fields: dict[str, Any]) -> dict[str, Any]:
    """JSON that PostgreSQL takes (no NaN, no character 0, no half of a surrogate pair) and that is no document."""
    try:
        document = json.dumps(fields, allow_nan=False, ensure_ascii=False)
        size = len(document.encode())
    except ValueError as error:
        raise PydanticCustomError("not_storable", "不能包含 NaN、无穷大或无效字符") from error
    if "\\u0000" in document:
        raise PydanticCustomError("not_storable", "不能包含字符 U+0000")
    if size > _FIELDS_BYTES:
        raise PydanticCustomError("too_long", f"一条记录的 fields 不得超过 {_FIELDS_BYTES} 字节")
    return fields


def _examples(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": list(examples)})


_EMPTY_LIST = ConfigDict(json_schema_extra={"examples": [{"items": []}]})


class ReturnRequest(BaseModel):
    """Why the referral goes back to the street."""

    model_config = _examples({"reason_code": "not_our_duty", "text": "该户属区房管局职责，请转区房管局"})

    reason_code: ReasonCode
    text: Text = Field(description="In words; stays in this department and is never published")


class CompletionRequest(BaseModel):
    """What was done. Which amount and details a policy asks for is in the README."""

    model_config = _examples(
        {"result": "delivered", "amount": "500.00", "details": {"group": "dibao_family"}, "note": "2022年秋季学期"},
        {"result": "not_possible", "note": "该生已转学至外市"},
    )

    result: Literal["delivered", "declined_by_resident", "not_possible"]
    amount: Amount | None = Field(default=None, description="Yuan paid, for all persons of the referral together")
    note: Text | None = Field(default=None, description="Stays in this department and is never published")
    details: Annotated[dict[Word, Word], Field(max_length=10)] = Field(
        default={}, description="What the policy's programme asks for, such as the group of the pupil"
    )


class ReferralView(BaseModel):
    """A referral and where it stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "referral_id": _REFERRAL_ID,
                    "household_id": "01930000-0000-7000-8000-000000000001",
                    "application_id": "01930000-0000-7000-8000-000000000002",
                    "policy": "education_aid",
                    "policy_clause": "2.3.1",
                    "street": "420106009",
                    "person_refs": ["p3"],
                    "state": "accepted",
                    "possible_actions": ["return", "completion"],
                    "received_at": "2022-10-18T02:00:00Z",
                    "accept_by": "2022-10-21T16:00:00Z",
                    "complete_by": "2022-11-01T16:00:00Z",
                    "overdue": [],
                    "accepted_at": "2022-10-19T02:00:00Z",
                    "accepted_by": "officer-education-1",
                }
            ]
        }
    )

    referral_id: UUID
    household_id: UUID
    application_id: UUID
    policy: str
    policy_clause: str
    street: str
    person_refs: list[str]
    state: ReferralState
    possible_actions: list[Literal["acceptance", "return", "completion"]]
    received_at: datetime
    accept_by: datetime = Field(description="First instant at which acceptance or return is late")
    complete_by: datetime = Field(description="First instant at which completion is late")
    overdue: list[Literal["acceptance", "completion"]] = Field(description="Clocks that ran out")
    accepted_at: datetime | None = None
    accepted_by: str | None = None
    closed_at: datetime | None = Field(default=None, description="When it was returned or completed")
    closed_by: str | None = None
    reason_code: ReasonCode | None = None
    return_text: str | None = None
    result: Literal["delivered", "declined_by_resident", "not_possible"] | None = None
    amount: Fen | None = None
    details: dict[str, str] | None = None
    note: str | None = None


class ReferralList(BaseModel):
    """One page of referrals, oldest first."""

    model_config = _EMPTY_LIST

    items: list[ReferralView]
    next_cursor: UUID | None = Field(default=None, description="Send as `cursor` for the next page; absent at the end")


class WorkItemView(BaseModel):
    """Something an officer has to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "work_item_id": "01930000-0000-7000-8000-000000000010",
                    "kind": "accept_referral",
                    "subject_id": _REFERRAL_ID,
                    "opened_at": "2022-10-18T02:00:00Z",
                    "due_at": "2022-10-21T16:00:00Z",
                    "overdue": False,
                }
            ]
        }
    )

    work_item_id: UUID
    kind: WorkItemKind
    subject_id: UUID = Field(
        description="The referral, the replenishment, or the lead, which data-sharing shows at `/v1/leads/{id}`"
    )
    opened_at: datetime
    due_at: datetime
    overdue: bool


class WorkItemList(BaseModel):
    """What is to be done, the most urgent first; at most 500."""

    model_config = _EMPTY_LIST

    items: list[WorkItemView]


class RegisterRecord(BaseModel):
    """What a register says of one person: one record in each data set, where several things make a list in a field."""

    model_config = _examples(_RECORD)

    identity_number: Annotated[str, Field(max_length=30)]
    fields: Annotated[dict[Word, JsonValue], Field(min_length=1, max_length=40), AfterValidator(_storable)] = Field(
        description="As the catalogue of data-sharing names them"
    )
    valid_from: Day
    valid_to: Day | None = Field(default=None, description="First day on which the record no longer holds")
    as_of: Day = Field(description="Day of the source; an older one never replaces a newer one")


class RegisterBatch(BaseModel):
    """Records to put into a register. Sending the same batch again changes nothing."""

    model_config = _examples({"records": [_RECORD]})

    records: Annotated[list[RegisterRecord], Field(min_length=1, max_length=1000)]


class RegisterBatchAnswer(BaseModel):
    """What became of a batch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"data_set": "individual_income", "inserted": 1, "replaced": 0, "older_ignored": 0}]
        }
    )

    data_set: str
    inserted: int
    replaced: int
    older_ignored: int = Field(description="Records whose source is older than what the register has")


class RegisterView(BaseModel):
    """How much a register holds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"data_set": "individual_income", "records": 2, "persons": 2, "newest_as_of": "2022-09-30"}]
        }
    )

    data_set: str
    records: int
    persons: int
    newest_as_of: date | None


class RegisterList(BaseModel):
    """The registers of this department."""

    model_config = _EMPTY_LIST

    items: list[RegisterView]


class QueryView(BaseModel):
    """A query of verification and how it was answered. Whose data it asked for is known to data-sharing only."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "query_id": _QUERY_ID,
                    "application_id": "01930000-0000-7000-8000-000000000002",
                    "data_sets": ["individual_income"],
                    "state": "answered",
                    "received_at": "2022-10-10T02:00:00Z",
                    "answer_by": "2022-10-24T16:00:00Z",
                    "closed_at": "2022-10-10T02:00:01Z",
                    "outcome": "matched",
                    "record_count": 1,
                }
            ]
        }
    )

    query_id: UUID
    application_id: UUID
    data_sets: list[str]
    state: QueryState
    received_at: datetime
    answer_by: datetime
    closed_at: datetime | None = None
    outcome: Literal["matched", "no_record", "error"] | None = None
    record_count: int | None = None
    refusal_code: str | None = Field(default=None, description="Why data-sharing would not take the answer")


class QueryList(BaseModel):
    """One page of queries, oldest first."""

    model_config = _EMPTY_LIST

    items: list[QueryView]
    next_cursor: UUID | None = None


class ReplenishmentAnswerRequest(BaseModel):
    """Finance's answer to a street reserve."""

    model_config = _examples(
        {"outcome": "granted"},
        {"outcome": "partly_granted", "amount": "10000.00", "note": "余额下月拨付"},
    )

    outcome: Literal["granted", "partly_granted", "refused"]
    amount: Amount | None = Field(
        default=None, description="Needed when partly granted: more than 0 and less than requested"
    )
    note: Text | None = Field(default=None, description="Stays in this department and is never published")


class ReplenishmentView(BaseModel):
    """A street reserve's request for money."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "replenishment_id": _REPLENISHMENT_ID,
                    "street": "420106006",
                    "amount": "18199.95",
                    "state": "answered",
                    "received_at": "2022-11-20T02:00:00Z",
                    "answer_by": "2022-11-23T16:00:00Z",
                    "outcome": "granted",
                    "granted_amount": "18199.95",
                    "answered_at": "2022-11-21T02:00:00Z",
                    "answered_by": "officer-finance-1",
                }
            ]
        }
    )

    replenishment_id: UUID
    street: str
    amount: Fen = Field(description="What the street asked for")
    state: ReplenishmentState
    received_at: datetime
    answer_by: datetime
    outcome: Literal["granted", "partly_granted", "refused"] | None = None
    granted_amount: Fen | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    note: str | None = None


class ReplenishmentList(BaseModel):
    """One page of replenishments, oldest first."""

    model_config = _EMPTY_LIST

    items: list[ReplenishmentView]
    next_cursor: UUID | None = None
