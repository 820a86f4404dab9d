"""The company of the story: everybody who acts in it, and the clock that only this deployment has."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from doudi.demo.actors import Actor
from doudi.demo.cast import Household, register_records
from doudi.stack import Stack
from shared.clock import DISTRICT_TIMEZONE, start_of_day

# Tokens last five minutes; a story may take longer.
_TOKEN_SECONDS = 120.0


@dataclass
class Company:
    """Actors on a running stack."""

    stack: Stack
    http: httpx.Client
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict)

    def staff(self, client_id: str) -> Actor:
        """A member of staff, such as `clerk-420106009-1`."""
        return self._actor(client_id, lambda: self.stack.token(client_id))

    def resident(self, subject: str) -> Actor:
        """A resident, for whom the mini-program's back end acts."""
        return self._actor(f"resident {subject}", lambda: self.stack.resident_token(subject))

    def officer(self, department: str) -> Actor:
        """An officer of a department."""
        return self.staff(f"officer-{department}")

    def wait_until_day(self, days: int) -> None:
        """Let business time pass, to nine in the morning of the day that many days later."""
        today = self.stack.now().astimezone(DISTRICT_TIMEZONE).date()
        self.move_to(start_of_day(today + timedelta(days=days)) + timedelta(hours=9))

    def move_to(self, instant: datetime) -> None:
        """Let business time pass up to an instant."""
        self.stack.advance_clock(to=instant)

    def fill_registers(self, *homes: Household) -> int:
        """Put what the departments know of these households into their registers. How many records."""
        count = 0
        for home in homes:
            for (department, data_set), records in register_records(home).items():
                self.officer(department).put(
                    f"department-{department}", f"/v1/registers/{data_set}/records", {"records": records}
                )
                count += len(records)
        return count

    def _actor(self, name: str, fetch: Callable[[], str]) -> Actor:
        def token() -> str:
            made_at, held = self._tokens.get(name, (float("-inf"), ""))
            if time.monotonic() - made_at > _TOKEN_SECONDS:
                held = fetch()
                self._tokens[name] = (time.monotonic(), held)
            return held

        return Actor(name, token, self.stack.running.urls, self.http)
