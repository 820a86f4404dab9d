"""Who may read the base registries."""

from typing import Annotated

from fastapi import APIRouter, Path

from data_sharing.api.callers import RegistryReader
from data_sharing.queries.registries import legal_entity
from data_sharing.schemas.registries import LegalEntityView
from shared.app import DatabaseDep
from shared.problems import not_found, problem_responses

router = APIRouter(prefix="/v1")


@router.get("/registries/legal-entities/{credit_code}", tags=["registries"], responses=problem_responses(404))
async def read_legal_entity(
    credit_code: Annotated[
        str, Path(min_length=18, max_length=18, pattern=r"^[0-9A-Z]+$", examples=["91420199MA4K000023"])
    ],
    caller: RegistryReader,
    database: DatabaseDep,
) -> LegalEntityView:
    """一个法人或非法人组织的登记信息及其变化。"""
    async with database.transaction(caller) as tx:
        found = await legal_entity(tx, credit_code)
    if found is None:
        raise not_found("统一社会信用代码", credit_code)
    return found
