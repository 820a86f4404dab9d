"""Calls to others: intake knows whether a household file exists and who is in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.http_client import CallFailed, CallRefused, ServiceClient
from shared.problems import Problem, plain_problem

_NOT_FOUND = 404


@dataclass(frozen=True, kw_only=True)
class Clients:
    """The services that emergency-fund calls."""

    intake: ServiceClient


async def check_household(clients: Clients, household_id: UUID, persons: Iterable[str]) -> None:
    """Raises Problem unless intake has this household's file with these members in it."""
    try:
        document = await clients.intake.get(f"/v1/households/{household_id}")
    except CallRefused as error:
        if error.status != _NOT_FOUND:
            raise plain_problem(503, detail="受理服务拒绝了家庭档案查询") from error
        raise Problem(
            422,
            "household_unknown",
            "没有这户家庭的档案",
            f"未找到家庭档案 {household_id}",
            field="body.household_id",
            value=household_id,
            way_out="请先在受理服务建立家庭档案，再申请支付",
        ) from error
    except CallFailed as error:
        raise plain_problem(503, detail="暂时无法向受理服务核对家庭档案，本次未作任何登记") from error
    members = {member["id"] for member in document["members"]}
    for position, person in enumerate(persons):
        if person not in members:
            raise Problem(
                422,
                "member_unknown",
                "家庭档案中没有此成员",
                f"家庭档案 {household_id} 中没有成员 {person}",
                field=f"body.persons[{position}]",
                value=person,
                way_out="请核对成员编号，或先在受理服务补充家庭成员",
            )
