"""Working days in the language of the rules: the nodes, and how rules write them. Which are worked, `calendar` says."""

from __future__ import annotations

from dataclasses import dataclass

from eligibility.rules.engine.expressions import AssessmentDay, Node, Operand, lift


@dataclass(frozen=True, eq=False, slots=True)
class WorkingDaysLater(Node):
    """The last day of a period of so many working days; its first day does not count."""

    day: Node
    days: Node


@dataclass(frozen=True, eq=False, slots=True)
class WorkingDaysBetween(Node):
    """How many working days have passed: those after the first day, up to the second and with it.

    Where the second day is the earlier one, the number is below zero.
    """

    since: Node
    until: Node


def working_days_later(day: Node, days: Operand) -> Node:
    """The last day of a period of so many working days (`number` of a parameter, or a whole number).

    The first day does not count. None is the day itself, below zero is counted back, and NEVER stays NEVER.
    """
    return WorkingDaysLater(day, lift(days))


def working_days_between(since: Node, until: Node) -> Node:
    """How many working days have passed from one date to another: the first day does not count, the last one does.

    `working_days_between(day, working_days_later(day, n)) == n`. From a later date to an earlier one: below zero.
    """
    return WorkingDaysBetween(since, until)


def working_days_since(start: Node) -> Node:
    """How many working days have passed from a date to the day of the assessment."""
    return WorkingDaysBetween(start, AssessmentDay())
