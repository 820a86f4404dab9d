"""Who comes while a batch is written is in the next one; what is wrong with one is that one's."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from emergency_fund.handlers.batches import Batches


class Writer:
    """Writes when it is let; an item that is `refused` is refused by the database, with all that come with it."""

    def __init__(self, *, refused: str = "") -> None:
        self.written: list[list[str]] = []
        self.may_write = asyncio.Event()
        self._refused = refused

    async def __call__(self, items: Sequence[str]) -> list[str | Exception]:
        await self.may_write.wait()
        self.written.append(list(items))
        if self._refused in items:
            raise asyncpg.CheckViolationError("no")
        return [ValueError(item) if item.startswith("bad") else item.upper() for item in items]


def batches(writer: Writer, *, most: int = 100) -> Batches[str, str]:
    return Batches(writer, most=most, apart=lambda item: [item.partition("-")[0]] if "-" in item else [])


async def submit(queue: Batches[str, str], items: Sequence[str], writer: Writer) -> list[str | BaseException]:
    """Submit the first alone, and all others while it is being written."""
    calls = []
    for item in items:
        calls.append(asyncio.create_task(queue.submit(item)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    writer.may_write.set()
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_who_comes_meanwhile_goes_together_in_order() -> None:
    writer = Writer()
    assert await submit(batches(writer), ["a", "b", "c", "d"], writer) == ["A", "B", "C", "D"]
    assert writer.written == [["a"], ["b", "c", "d"]]


async def test_a_batch_takes_no_more_than_it_may() -> None:
    writer = Writer()
    await submit(batches(writer, most=2), ["a", "b", "c", "d"], writer)
    assert writer.written == [["a"], ["b", "c"], ["d"]]


async def test_what_must_stay_apart_is_written_one_after_another_in_order() -> None:
    writer = Writer()
    await submit(batches(writer), ["a", "x-1", "x-2", "y-1", "x-3"], writer)
    assert writer.written == [["a"], ["x-1", "y-1"], ["x-2"], ["x-3"]]


async def test_a_problem_of_one_is_told_to_that_one() -> None:
    writer = Writer()
    first, second, third = await submit(batches(writer), ["a", "bad", "c"], writer)
    assert (first, third) == ("A", "C")
    assert isinstance(second, ValueError)


async def test_what_the_database_refuses_does_not_take_the_others_with_it() -> None:
    writer = Writer(refused="poison")
    first, second, refused, last = await submit(batches(writer), ["a", "b", "poison", "c"], writer)
    assert (first, second, last) == ("A", "B", "C")
    assert isinstance(refused, asyncpg.CheckViolationError)
    assert writer.written == [["a"], ["b", "poison", "c"], ["b"], ["poison"], ["c"]]


@pytest.mark.parametrize("error", [ConnectionRefusedError(), asyncpg.ConnectionDoesNotExistError("gone")])
async def test_a_database_that_is_away_is_not_asked_again_for_each(error: Exception) -> None:
    asked: list[int] = []

    async def write(items: Sequence[str]) -> list[str | Exception]:
        await asyncio.sleep(0)
        asked.append(len(items))
        raise error

    queue: Batches[str, str] = Batches(write, most=100, apart=lambda _: [])
    answers = await asyncio.gather(*(queue.submit(item) for item in "abcd"), return_exceptions=True)
    assert answers == [error] * 4
    assert asked == [4]


async def test_who_gives_up_waiting_leaves_the_others_their_answers() -> None:
    writer = Writer()
    queue = batches(writer)
    calls = [asyncio.create_task(queue.submit(item)) for item in ("a", "b", "c")]
    await asyncio.sleep(0)
    calls[1].cancel()
    await asyncio.sleep(0)
    writer.may_write.set()
    assert await calls[0] == "A"
    assert await calls[2] == "C"
    with pytest.raises(asyncio.CancelledError):
        await calls[1]
    assert [item for batch in writer.written for item in batch] == ["a", "b", "c"]


async def test_the_queue_goes_on_after_an_error() -> None:
    writer = Writer(refused="poison")
    queue = batches(writer)
    await submit(queue, ["poison"], writer)
    assert await queue.submit("a") == "A"
