"""What a new standard would do to one household: who enters, who leaves, what it costs. Clause 3.2. Nothing is changed.

A benefit in payment costs what is paid, plus what the standard changes in the engine's answer: an amount that an
officer decided otherwise stays apart from the engine's by as much as before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_UP, Decimal

from eligibility.rules.assessment import PolicyResult
from eligibility.rules.standards import Standard, decimals_of
from shared.parameters import Parameters

NEAR_SHARE = "shadow_run_near_share"


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What changes in one policy, as counts of households and fen a month. Effects of several households add up."""

    running: int = 0
    """Households that receive it now."""
    entering: int = 0
    leaving: int = 0
    changing: int = 0
    """Households that stay entitled, to another amount."""
    undecided: int = 0
    """Hang on a fact that is not known."""
    just_over: int = 0
    """Not entitled, but would be if the new value were a little higher."""
    cost_before_fen: int = 0
    cost_after_fen: int = 0

    def __add__(self, other: "Effect") -> "Effect":
        return Effect(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})


def a_little_higher(new: Standard, parameters: Parameters) -> Standard:
    """The standard with its value raised by the share within which somebody counts as just over."""
    share = parameters.value(NEAR_SHARE, on=new.first_day).value
    unit = parameters.parameter(new.parameter).unit
    value = (new.value * (1 + share)).quantize(Decimal(1).scaleb(-decimals_of(unit)), ROUND_UP)
    return Standard(new.parameter, value, new.first_day, new.document_number, new.issued_on)


def effects(
    before: Mapping[str, PolicyResult],
    after: Mapping[str, PolicyResult],
    higher: Mapping[str, PolicyResult],
    *,
    paid_fen: Mapping[str, int],
) -> dict[str, Effect]:
    """By policy, what the standard changes for a household. `paid_fen`: its running benefits and their amounts."""
    found = {
        policy: _effect(before[policy], after[policy], higher[policy], paid_fen=paid_fen.get(policy))
        for policy in after
    }
    return {policy: effect for policy, effect in found.items() if effect != Effect()}


def _effect(before: PolicyResult, after: PolicyResult, higher: PolicyResult, *, paid_fen: int | None) -> Effect:
    is_leaving = before.eligible is True and after.eligible is False
    is_entering = before.eligible is False and after.eligible is True
    is_undecided = after.eligible is None or before.eligible is None or _hangs(after)
    change_fen = 0
    if before.amount_fen is not None and after.amount_fen is not None:
        change_fen = after.amount_fen - before.amount_fen
    cost_after_fen = 0
    if paid_fen is not None:
        cost_after_fen = 0 if is_leaving else paid_fen + change_fen
    elif is_entering:
        cost_after_fen = after.amount_fen or 0
    return Effect(
        running=int(paid_fen is not None),
        entering=int(is_entering),
        leaving=int(is_leaving),
        changing=int(change_fen != 0),
        undecided=int(is_undecided),
        just_over=int(after.eligible is False and higher.eligible is True),
        cost_before_fen=paid_fen or 0,
        cost_after_fen=cost_after_fen,
    )


def _hangs(result: PolicyResult) -> bool:
    return bool(result.eligible and result.policy.amount and result.amount_fen is None)
