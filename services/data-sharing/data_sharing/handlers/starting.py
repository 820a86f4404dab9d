"""What a service does once when it starts, before it calls itself ready."""

import asyncio
from collections.abc import Awaitable, Callable


class AtStart:
    """Steps that may be repeated without harm: every replica takes them, again after each failure."""

    def __init__(self, *steps: Callable[[], Awaitable[None]]) -> None:
        self._steps = steps
        self._is_done = False

    async def run(self) -> None:
        """Take the steps, then wait for the end of the service."""
        for step in self._steps:
            await step()
        self._is_done = True
        await asyncio.Event().wait()

    def healthy(self) -> bool:
        """Whether all steps are taken."""
        return self._is_done
