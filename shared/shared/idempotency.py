"""A write that is sent twice is done once.

The caller makes the key and keeps it. The first answer is stored in the transaction of the write, so a client
that lost the connection gets the same answer again, and the same key with another body is refused.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypeVar

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

_CLAIM = "select place, body_digest, answer from claim_keys($1::text[], $2::text[])"
_KEEP = (
    "insert into idempotency (owner, key, body_digest, answer)"
    " select * from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[])"
)


class Caller(Protocol):
    """Whose keys they are: a key of one client's caller is nobody else's."""

    @property
    def client_id(self) -> str: ...

    @property
    def subject(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Claim(Generic[Answer]):
    """A key, whose it is, and what it is used for.

    operation: what the key was used for, so that one key cannot stand for two things.
    """

    caller: Caller
    key: str
    operation: str
    body: BaseModel | str
    answer_type: type[Answer]

    @property
    def owner(self) -> str:
        """The namespace of the caller's keys."""
        return f"{self.caller.client_id}/{self.caller.subject}"

    @property
    def digest(self) -> str:
        """Of all that must be the same when the key comes again."""
        sent = self.body if isinstance(self.body, str) else self.body.model_dump_json()
        return hashlib.sha256(f"{self.operation}\n{sent}".encode()).hexdigest()


async def once(tx: AsyncConnection, claim: Claim[Answer], write: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of `write`, run at most once for a caller's key. Raises Problem 409 `idempotency_key_reused` when the
    body or the operation differs.
    """
    kept = await answered(tx, claim)
    if kept is not None:
        return kept
    answer = await write()
    await keep_all(tx, [(claim, answer)])
    return answer


async def answered(tx: AsyncConnection, claim: Claim[Answer]) -> Answer | None:
    """What a key was answered before; None where it was not. The key is held until `tx` ends.

    For who must ask another service before the write: a retry then gets its answer though that service is down.
    Raises Problem 409 `idempotency_key_reused` when the body differs.
    """
    [kept] = await answered_all(tx, [claim])
    if isinstance(kept, Problem):
        raise kept
    return kept


async def answered_all(tx: AsyncConnection, claims: Sequence[Claim[Answer]]) -> list[Answer | Problem | None]:
    """The same for many keys, each of them once: the problem is told and not raised."""
    driver = await driver_connection(tx)
    rows = await driver.fetch(_CLAIM, [claim.owner for claim in claims], [claim.key for claim in claims])
    found: list[Answer | Problem | None] = [None] * len(claims)
    for row in rows:
        claim = claims[row["place"] - 1]
        found[row["place"] - 1] = (
            claim.answer_type.model_validate_json(row["answer"])
            if row["body_digest"] == claim.digest
            else _reused(claim.key)
        )
    return found


async def keep_all(tx: AsyncConnection, answers: Sequence[tuple[Claim[Answer], Answer]]) -> None:
    """Keep the answers of claims that `answered_all` had none for, in the transaction of what they tell."""
    if not answers:
        return
    driver = await driver_connection(tx)
    await driver.execute(
        _KEEP,
        [claim.owner for claim, _ in answers],
        [claim.key for claim, _ in answers],
        [claim.digest for claim, _ in answers],
        [answer.model_dump_json() for _, answer in answers],
    )


def _reused(key: str) -> Problem:
    return Problem(
        409,
        "idempotency_key_reused",
        "同一幂等键不能用于不同的内容",
        f"幂等键 {key} 已用于另一内容",
        field="header.Idempotency-Key",
        value=key,
        way_out="新的办理请使用新的幂等键；重试请原样提交",
    )
