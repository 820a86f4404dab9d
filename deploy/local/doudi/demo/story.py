"""The whole story: start, tell, measure, stay up or end."""

import json
import sys
import time
from contextlib import ExitStack
from datetime import datetime

import httpx
from rich.console import Console

from doudi.broker import BrokerKind
from doudi.commands.up import ends_on_signals, show, stay_up
from doudi.demo import application, fire, leads, proofs
from doudi.demo.company import Company
from doudi.demo.journal import Journal, StoryBroken
from doudi.kafka import KafkaUnavailable
from doudi.processes import StartFailed
from doudi.running import run_directory
from doudi.stack import Stack
from shared.clock import DISTRICT_TIMEZONE

BEGINS_AT = datetime(2022, 10, 10, 9, 0, tzinfo=DISTRICT_TIMEZONE)
"""The first business day of the worked cases."""


def tell(stack: Stack, journal: Journal) -> None:
    """Every case, in the order of its days. Raises StoryBroken at the first step that does not hold."""
    with httpx.Client(timeout=30) as http:
        company = Company(stack, http)
        started = time.monotonic()
        application.granted_with_a_department_down(journal, company)
        journal.measured["first_case_seconds"] = round(time.monotonic() - started, 2)
        application.refused(journal, company)
        burnt = fire.paid_at_once(journal, company)
        fire.forgotten_debt(journal, company, burnt)
        leads.met_in_time(journal, company)
        proofs.proved(journal, company, burnt)
        journal.measured["story_seconds"] = round(time.monotonic() - started, 2)
        journal.measured["steps"] = len(journal.steps)


def run(*, broker: BrokerKind, once: bool, as_json: bool) -> int:
    """Start everything and tell the story; stay up after it unless `once`. The exit code."""
    console = Console(stderr=as_json)
    with ends_on_signals(), run_directory() as directory, ExitStack() as cleanup:
        stack = Stack(directory, broker=broker, apart=[application.DOWN], clock_starts_at=BEGINS_AT)
        journal = Journal(console, stack.now)
        started = time.monotonic()
        try:
            with console.status("Starting PostgreSQL, the broker and the services"):
                cleanup.enter_context(stack)
            journal.measured["start_seconds"] = round(time.monotonic() - started, 2)
            cleanup.enter_context(stack.running.described())
            tell(stack, journal)
        except (StartFailed, KafkaUnavailable, StoryBroken, AssertionError) as error:
            console.print(f"\n{error}", style="red", markup=False)
            console.print(f"Logs were in {stack.logs}; run `doudi up` to look around", style="red", markup=False)
            return _end(journal, as_json=as_json, code=1)
        except KeyboardInterrupt:
            return 130
        if once:
            return _end(journal, as_json=as_json, code=0 if journal.held else 1)
        show(stack, console)
        stay_up(stack, console)
        console.print("Stopping")
        return 0


def _end(journal: Journal, *, as_json: bool, code: int) -> int:
    if as_json:
        document = {"held": code == 0, "steps": journal.steps, "measured": journal.measured}
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        journal.console.print(
            f"\n{len(journal.steps)} steps held; {journal.measured}" if code == 0 else "", markup=False
        )
    return code
