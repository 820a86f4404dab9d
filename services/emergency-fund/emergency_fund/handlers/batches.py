"""Writes that many ask for at once go in one transaction: while one batch is being written, the next one gathers.

Nobody waits for a batch to fill: the first to come is written at once, and whoever comes meanwhile is next. Under load
the batches grow by themselves, and the cost of a transaction is shared.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(eq=False, slots=True)
class _Waiting(Generic[Item, Answer]):
    item: Item
    answer: asyncio.Future[Answer]


class Batches(Generic[Item, Answer]):
    """One queue of one process. Any number of processes may have one for the same rows: the database sees to them.

    write: writes a batch in one transaction and tells of each item its answer, or the exception that it alone is to
    get. What it raises is everybody's. most: items in one batch. apart: what an item must not share with another one of
    its batch, such as the row that both change.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]],
        *,
        most: int,
        apart: Callable[[Item], Iterable[Hashable]],
    ) -> None:
        self._write = write
        self._most = most
        self._apart = apart
        self._queue: deque[_Waiting[Item, Answer]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Answer:
        """The answer for an item, after the commit. Raises what was told for it.

        Who is cancelled while waiting does not take the item back: it is written, or was.
        """
        waiting: _Waiting[Item, Answer] = _Waiting(item, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._writer is None:
            # Not in the context of the first who asked: its trace and its log lines are not the others'.
            self._writer = asyncio.create_task(self._write_all(), context=contextvars.Context())
        return await waiting.answer

    async def _write_all(self) -> None:
        try:
            while self._queue:
                await self._answer(self._next())
        finally:
            self._writer = None

    def _next(self) -> list[_Waiting[Item, Answer]]:
        """The longest waiting first; who must stay apart from one of them keeps the place in the queue."""
        batch: list[_Waiting[Item, Answer]] = []
        left: list[_Waiting[Item, Answer]] = []
        taken: set[Hashable] = set()
        while self._queue and len(batch) < self._most:
            waiting = self._queue.popleft()
            keys = set(self._apart(waiting.item))
            (batch if taken.isdisjoint(keys) else left).append(waiting)
            # Also of one that is left: those after it must not overtake it.
            taken |= keys
        self._queue.extendleft(reversed(left))
        return batch

    async def _answer(self, batch: Sequence[_Waiting[Item, Answer]]) -> None:
        try:
            answers = await self._write([waiting.item for waiting in batch])
        except Exception as error:
            if len(batch) > 1 and _is_of_one_item(error):
                for waiting in batch:
                    await self._answer([waiting])
                return
            answers = [error] * len(batch)
        except BaseException:
            for waiting in batch:
                waiting.answer.cancel()
            raise
        for waiting, answer in zip(batch, answers, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)


def _is_of_one_item(error: Exception) -> bool:
    """Whether the database refused what was written, which one of the items may have brought about: the others must not
    suffer from it. When it could not be reached at all, to ask again for each would only make all wait longer.
    """
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else error
    return isinstance(cause, asyncpg.PostgresError) and not isinstance(
        cause, asyncpg.PostgresConnectionError | asyncpg.OperatorInterventionError | asyncpg.InsufficientResourcesError
    )
