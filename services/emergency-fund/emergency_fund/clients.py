"""Calls to others: intake knows whether the file of a household or of a homeless person exists, and who is in it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from emergency_fund.schemas.grants import Asked
from shared.http_client import CallFailed, CallRefused, ServiceClient
from shared.problems import Problem, plain_problem

_NOT_FOUND = 404


@dataclass(frozen=True, kw_only=True)
class Clients:
    """The services that emergency-fund calls."""

    intake: ServiceClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom intake knows: persons of a household, or a homeless person, who has a household file of one."""

    household_id: UUID
    persons: Sequence[str]
    homeless_person_id: UUID | None = None


async def find_recipient(clients: Clients, asked: Asked) -> Recipient:
    """Who is to be helped. Raises Problem 422 unless intake has the file, and 503 where it cannot say."""
    if asked.homeless_person_id is not None:
        recipient = await _homeless_person(clients, asked.homeless_person_id)
        _require_member(asked.payment.payee_ref, recipient.persons, recipient.household_id, field="payment.payee_ref")
        return recipient
    assert asked.household_id is not None, "one of the two is asked for"
    assert asked.persons is not None, "persons of the household"
    members = await _members(clients, asked.household_id)
    for position, person in enumerate(asked.persons):
        _require_member(person, members, asked.household_id, field=f"persons[{position}]")
    _require_member(asked.payment.payee_ref, members, asked.household_id, field="payment.payee_ref")
    return Recipient(household_id=asked.household_id, persons=asked.persons)


async def _members(clients: Clients, household_id: UUID) -> set[str]:
    unknown = Problem(
        422,
        "household_unknown",
        "没有这户家庭的档案",
        f"未找到家庭档案 {household_id}",
        field="body.household_id",
        value=household_id,
        way_out="请先在受理服务建立家庭档案，再申请支付",
    )
    document = await _read(clients, f"/v1/households/{household_id}", unknown)
    return {member["id"] for member in document["members"]}


def _require_member(person: str, members: Collection[str], household_id: UUID, *, field: str) -> None:
    """Raises Problem 422 `member_unknown`."""
    if person not in members:
        raise Problem(
            422,
            "member_unknown",
            "家庭档案中没有此成员",
            f"家庭档案 {household_id} 中没有成员 {person}",
            field=f"body.{field}",
            value=person,
            way_out="请核对成员编号，或先在受理服务补充家庭成员",
        )


async def _homeless_person(clients: Clients, homeless_person_id: UUID) -> Recipient:
    unknown = Problem(
        422,
        "homeless_person_unknown",
        "没有此人的流浪乞讨人员档案",
        f"未找到流浪乞讨人员档案 {homeless_person_id}",
        field="body.homeless_person_id",
        value=homeless_person_id,
        way_out="请先在受理服务为其建档（没有证件、不知姓名也可以），再申请支付",
    )
    document = await _read(clients, f"/v1/homeless-persons/{homeless_person_id}/household", unknown)
    return Recipient(
        household_id=UUID(document["household_id"]),
        persons=[document["person"]],
        homeless_person_id=homeless_person_id,
    )


async def _read(clients: Clients, path: str, unknown: Problem) -> dict[str, Any]:
    try:
        document: dict[str, Any] = await clients.intake.get(path)
    except CallRefused as error:
        if error.status != _NOT_FOUND:
            raise plain_problem(503, detail="受理服务拒绝了档案查询") from error
        raise unknown from error
    except CallFailed as error:
        raise plain_problem(503, detail="暂时无法向受理服务核对档案，本次未作任何登记") from error
    return document
