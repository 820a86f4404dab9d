"""What the story says while it goes on, and what held."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from rich.console import Console

from shared.clock import DISTRICT_TIMEZONE

Found = TypeVar("Found")

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0


class StoryBroken(Exception):
    """A step of the story did not hold; the message says which and what was seen instead."""


@dataclass
class Journal:
    """Prints each step as it happens and keeps it."""

    console: Console
    now: Callable[[], datetime]
    steps: list[dict[str, Any]] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)
    _chapter: str = ""

    def chapter(self, title: str) -> None:
        """A new case begins."""
        self._chapter = title
        self.console.print(f"\n[bold]{title}[/bold]")

    def holds(self, what: str, condition: object, seen: object = "") -> None:
        """One step. Raises StoryBroken where the condition does not hold."""
        self.steps.append({"chapter": self._chapter, "step": what, "held": bool(condition), "seen": str(seen)})
        at = self.now().astimezone(DISTRICT_TIMEZONE)
        mark = "[green]✓[/green]" if condition else "[red]✗[/red]"
        self.console.print(f"  {at:%Y-%m-%d %H:%M} {mark} {what}", highlight=False)
        if seen:
            self.console.print(
                f"                       {seen}", style="dim", highlight=False, markup=False, soft_wrap=True
            )
        if not condition:
            raise StoryBroken(f"{self._chapter}: {what}: {seen}")

    def line(self, at: str, text: str) -> None:
        """One line of a case's time line, as the resident reads it."""
        when = datetime.fromisoformat(at).astimezone(DISTRICT_TIMEZONE)
        self.console.print(f"      │ {when:%m-%d %H:%M}  {text}", highlight=False, markup=False, soft_wrap=True)

    def until(
        self, what: str, look: Callable[[], Found | None], *, patience_seconds: float = _PATIENCE_SECONDS
    ) -> Found:
        """Look again until there is something. Raises StoryBroken when it takes too long."""
        ends_at = time.monotonic() + patience_seconds
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > ends_at:
                self.holds(what, condition=False, seen=f"not within {patience_seconds:.0f} s")
            time.sleep(_POLL_SECONDS)

    @property
    def held(self) -> bool:
        """Whether every step held."""
        return bool(self.steps) and all(step["held"] for step in self.steps)
