"""A write that is sent twice is done once.

The caller makes the key and keeps it. The first answer is stored in the transaction of the write, so a client
that lost the connection gets the same answer again, and the same key with another body is refused.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Header
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import driver_connection
from shared.problems import Problem

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=100,
        pattern=r"^[\x21-\x7e]+$",
        description="Made by the caller, new for each thing to be done, kept for its retries",
        examples=["6f1c2f0e-6a5d-4b55-9d61-2f4b9f1f9f5a"],
    ),
]

Answer = TypeVar("Answer", bound=BaseModel)

_CLAIM = "select body_digest, answer from claim_key($1, $2)"
_KEEP = "insert into idempotency (owner, key, body_digest, answer) values ($1, $2, $3, $4)"


async def once(
    tx: AsyncConnection,
    *,
    owner: str,
    key: str,
    operation: str,
    body: BaseModel | str,
    answer_type: type[Answer],
    write: Callable[[], Awaitable[Answer]],
) -> Answer:
    """The answer of `write`, run at most once per owner and key.

    owner: the caller whose keys these are (client and subject). operation: what the key was used for, so that one
    key cannot stand for two things. Raises Problem 409 `idempotency_key_reused` when the body differs.
    """
    kept = await answered(tx, owner=owner, key=key, operation=operation, body=body, answer_type=answer_type)
    if kept is not None:
        return kept
    answer = await write()
    driver = await driver_connection(tx)
    await driver.execute(_KEEP, owner, key, _digest(operation, body), answer.model_dump_json())
    return answer


async def answered(
    tx: AsyncConnection, *, owner: str, key: str, operation: str, body: BaseModel | str, answer_type: type[Answer]
) -> Answer | None:
    """What a key was answered before; None where it was not. The key is held until `tx` ends.

    For who must ask another service before the write: a retry then gets its answer though that service is down.
    Raises Problem 409 `idempotency_key_reused` when the body differs.
    """
    driver = await driver_connection(tx)
    kept = await driver.fetchrow(_CLAIM, owner, key)
    if kept is None:
        return None
    if kept["body_digest"] != _digest(operation, body):
        raise Problem(
            409,
            "idempotency_key_reused",
            "同一幂等键不能用于不同的内容",
            f"幂等键 {key} 已用于另一内容",
            field="header.Idempotency-Key",
            value=key,
            way_out="新的办理请使用新的幂等键；重试请原样提交",
        )
    return answer_type.model_validate_json(kept["answer"])


def _digest(operation: str, body: BaseModel | str) -> str:
    sent = body if isinstance(body, str) else body.model_dump_json()
    return hashlib.sha256(f"{operation}\n{sent}".encode()).hexdigest()


def key_owner(client_id: str, subject: str | UUID) -> str:
    """The namespace of a caller's keys."""
    return f"{client_id}/{subject}"
