"""What a department is asked, and what it answers."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from data_sharing.schemas.values import Code, Outcome, Ref, seen, sent
from shared.clock import Day

_QUERY = "01930000-0000-7000-8000-000000000004"
_GRANT = "01930000-0000-7000-8000-000000000006"
_VERIFICATION = "01930000-0000-7000-8000-000000000003"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_ACCESS = "01930000-0000-7000-8000-000000000005"
_AT = "2022-10-11T01:30:00Z"
_MOST_LEVELS = 8
"""More than any value of the catalogue has: a list of benefits with the shares of persons has three."""
_RECORD = {
    "person_ref": "p1",
    "data_set": "individual_income",
    "fields": {"wage": "2600.00"},
    "as_of": "2022-09-30",
}


def _of_few_levels(fields: dict[str, Any]) -> dict[str, Any]:
    within = list(fields.values())
    for _ in range(_MOST_LEVELS):
        within = [
            inner
            for value in within
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    if within:
        raise ValueError(f"values of at most {_MOST_LEVELS} levels are expected")
    return fields


class QueryPerson(BaseModel):
    """A person to be looked up. No number: a child that has none yet."""

    model_config = seen(ref="p1", name="张三", identity_number="420199199003079030")

    ref: str
    name: str
    identity_number: str | None


class GrantView(BaseModel):
    """查询凭证: what the letters allow a department to answer with, for some minutes."""

    model_config = seen(grant_id=_GRANT, expires_at="2022-10-11T01:45:00Z")

    grant_id: UUID
    expires_at: datetime


class QueryView(BaseModel):
    """What one department is asked."""

    model_config = seen(
        query_id=_QUERY,
        verification_id=_VERIFICATION,
        application_id=_APPLICATION,
        household_id=_HOUSEHOLD,
        department="tax",
        purpose="verification",
        data_sets=["individual_income"],
        answer_by="2022-10-24T16:00:00Z",
        persons=[{"ref": "p1", "name": "张三", "identity_number": "420199199003079030"}],
        grant={"grant_id": _GRANT, "expires_at": "2022-10-11T01:45:00Z"},
    )

    query_id: UUID
    verification_id: UUID
    application_id: UUID
    household_id: UUID
    department: str
    purpose: str
    data_sets: list[str]
    answer_by: datetime
    persons: list[QueryPerson]
    grant: GrantView


class AnswerRecord(BaseModel):
    """What one data set holds on one person. A field that is absent or null: nothing is recorded."""

    model_config = sent(**_RECORD)

    person_ref: Ref
    data_set: Code
    fields: Annotated[dict[Code, Any], Field(max_length=50), AfterValidator(_of_few_levels)]
    as_of: Day = Field(description="数据日期")


class AnswerRequest(BaseModel):
    """A department's answer. matched: found; no_record: looked and found nothing; error: could not look."""

    model_config = sent(grant_id=_GRANT, outcome="matched", records=[_RECORD])

    grant_id: UUID = Field(description="查看核对请求时取得的查询凭证")
    outcome: Outcome
    records: Annotated[list[AnswerRecord], Field(max_length=200)] = Field(default_factory=list)


class AnswerReceipt(BaseModel):
    """The answer as it is kept."""

    model_config = seen(query_id=_QUERY, version=1, outcome="matched", answered_at=_AT)

    query_id: UUID
    version: int
    outcome: Outcome
    answered_at: datetime
