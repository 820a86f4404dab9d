"""Work that brings an event loop of its own, from code that may stand in one."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_Result = TypeVar("_Result")


def run_apart(work: Callable[[], _Result]) -> _Result:
    """Call `work` in a thread of its own and wait for it, so that it may run an event loop even where one runs."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()


def run_coroutine_apart(work: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
    """Run a coroutine in an event loop of its own and wait for it."""
    return run_apart(lambda: asyncio.run(work()))
