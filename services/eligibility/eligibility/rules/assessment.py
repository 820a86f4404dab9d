"""The single entry to the rules: one household on one day, every policy of the toolbook, with the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from eligibility.rules.engine.book import Policy
from eligibility.rules.engine.calendar import ANNOUNCED, Calendar
from eligibility.rules.engine.explanation import Explainer, Number, Plans
from eligibility.rules.engine.interpreter import HOUSEHOLD, Frame
from eligibility.rules.engine.spans import Number as Quantity
from eligibility.rules.engine.spans import Span, add
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.trace import Condition
from eligibility.rules.engine.wording import ANSWERS, day_of, yuan
from eligibility.rules.facts.contract import read_facts
from eligibility.rules.facts.reading import read_day
from eligibility.rules.facts.records import Facts, FactsInvalid, Finding
from eligibility.rules.further import further_keys, further_lines, further_questions
from eligibility.rules.policies import PARAMETERS, TOOLBOOK
from eligibility.rules.profile import profile
from shared.money import format_yuan
from shared.parameters import Parameters

_CASE_KEYS = ("id", "title", "as_of", "household", "expect")


class PolicyResult(NamedTuple):
    """The answer of one policy. `eligible` is None where it hangs on an unknown fact; amounts are fen.

    `amount_fen` is None where the policy has no amount, is not granted, or its amount hangs on an unknown fact.
    """

    policy: Policy
    eligible: bool | None
    amount_fen: int | None
    persons: tuple[str, ...]
    persons_awaiting: tuple[str, ...]
    extras: Mapping[str, Any]


class Assessment:
    """All answers for one household on one day."""

    def __init__(self, as_of: date, edition: Edition | None, frame: Frame | None) -> None:
        self.as_of = as_of
        self.toolbook_version = edition.version if edition else TOOLBOOK.version(as_of)
        self._edition = edition
        self._frame = frame
        self._explainer = Explainer(_plans(edition), frame) if edition and frame else None
        self.results: dict[str, PolicyResult] = {}
        if edition and frame:
            self.results = {policy.id: _result(edition, policy, frame) for policy in edition.policies}

    @property
    def entitled(self) -> tuple[str, ...]:
        """Policies that the household or a member is entitled to, by id."""
        return tuple(name for name, result in sorted(self.results.items()) if result.eligible)

    @property
    def undecided(self) -> tuple[str, ...]:
        """Policies that hang on unknown facts, by id."""
        return tuple(name for name, result in sorted(self.results.items()) if result.eligible is None)

    def traced(self) -> dict[str, list[Condition]]:
        """The conditions that decide each policy, of each member where it is for persons; not yet in words."""
        if self._explainer is None:
            return {}
        trace = self._explainer.trace
        return {name: trace.policy(result.policy.eligible) for name, result in self.results.items()}

    def as_json(self) -> dict[str, Any]:
        """Every policy with its answer and explanation. Equal facts, day and parameters give equal bytes."""
        headings = _headings(self._edition, self.as_of)
        policies = {name: self._policy_as_json(name, heading) for name, heading in headings.items()}
        hardship = self.profile()
        read = self._frame.read if self._frame else {}
        return {
            "as_of": self.as_of.isoformat(),
            "toolbook_version": self.toolbook_version,
            "parameters": {name: read[name].as_json() for name in sorted(read)},
            "policies": policies,
            "profile": hardship,
        }

    def profile(self) -> dict[str, Any] | None:
        """Hardship index, needs and matched measures (clause 7.1); None before the first rule is in force."""
        if self._edition is None or self._frame is None or self._explainer is None:
            return None
        answers = {name: result.eligible for name, result in self.results.items()}
        return profile(self._edition, self._frame, self._explainer, answers)

    def explanation(self, policy_id: str) -> dict[str, Any]:
        """Conditions, amount, text and awaited facts of one policy."""
        result = self.results.get(policy_id)
        if result is None or self._edition is None or self._frame is None or self._explainer is None:
            policy, first_day = next(one for one in _later(self._edition) if one[0].id == policy_id)
            text = f"不符合：{policy.title}（自{day_of(first_day)}起施行）"
            return {"text": [text], "conditions": [], "awaits": []}
        reasons = self._explainer.policy(result.policy)
        awaits = _awaits(self._explainer, self._edition, result, self._frame)
        amounts = _amounts(self._edition, result, self._frame)
        derived, worked = self._explainer.derived(amounts, reasons.numbers)
        used = self._explainer.used(reasons, result.policy.outputs[1:] if result.eligible else ())
        return {
            "text": [
                *_headlines(result, self._edition, awaits, self._explainer.members, self._frame),
                *reasons.lines,
                *worked,
                *used.lines,
            ],
            "conditions": reasons.conditions,
            "derived": derived,
            "awaits": awaits,
            "assumed": used.assumed,
        }

    def _policy_as_json(self, policy_id: str, heading: Mapping[str, Any]) -> dict[str, Any]:
        result = self.results.get(policy_id)
        entry = {**heading, "eligible": result.eligible if result else False}
        if result:
            if result.eligible and result.policy.amount:
                entry["monthly_amount"] = None if result.amount_fen is None else format_yuan(result.amount_fen)
            if result.persons:
                entry["persons"] = list(result.persons)
            if result.persons_awaiting:
                entry["persons_awaiting"] = list(result.persons_awaiting)
            entry |= result.extras
        explanation = self.explanation(policy_id)
        entry["assumed"] = explanation.pop("assumed", [])
        entry["explanation"] = explanation
        return entry


def assess(
    household: Mapping[str, Any], as_of: date, parameters: Parameters | None = None, calendar: Calendar = ANNOUNCED
) -> Assessment:
    """Apply the toolbook of that day to a household in the contract's form.

    Raises FactsInvalid with every fault of the declaration, and ParameterMissing where a needed parameter has no value
    on the day. `parameters` are used in place of the packaged ones, of which they must hold every name;
    `calendar` in place of what is announced.
    """
    return assess_facts(read_facts(household, as_of), parameters, calendar)


def assess_facts(facts: Facts, parameters: Parameters | None = None, calendar: Calendar = ANNOUNCED) -> Assessment:
    """The same for facts that were read already. Raises ParameterMissing."""
    edition = TOOLBOOK.edition(facts.as_of)
    frame = edition.frame(facts, parameters or PARAMETERS, calendar) if edition else None
    return Assessment(facts.as_of, edition, frame)


def assess_under(
    edition: Edition, household: Mapping[str, Any], as_of: date, parameters: Parameters, calendar: Calendar = ANNOUNCED
) -> Assessment:
    """Apply an edition of another day, or one that is read from the archive. Raises as `assess` does."""
    return Assessment(as_of, edition, edition.frame(read_facts(household, as_of), parameters, calendar))


def read_case(content: Any) -> tuple[Mapping[str, Any], date]:
    """Household and day of a whole case, `{"as_of", "household", ...}`. Raises FactsInvalid."""
    if not isinstance(content, Mapping):
        raise FactsInvalid([Finding.of("", content, "an object with as_of and household")])
    findings = [
        Finding.of(str(key), content[key], f"one of the keys {', '.join(_CASE_KEYS)}")
        for key in content
        if key not in _CASE_KEYS and not str(key).endswith("note")
    ]
    as_of = read_day(content.get("as_of"))
    if as_of is None:
        findings.append(Finding.of("as_of", content.get("as_of"), "a date such as 2022-10-10"))
    household = content.get("household")
    if not isinstance(household, Mapping):
        findings.append(Finding.of("household", household, "an object"))
    if findings or as_of is None or not isinstance(household, Mapping):
        raise FactsInvalid(findings)
    return household, as_of


def assess_case(content: Any, parameters: Parameters | None = None) -> Assessment:
    """Assess a whole case, as it stands in a file."""
    household, as_of = read_case(content)
    return assess(household, as_of, parameters)


def toolbook_version(on: date | None = None) -> str:
    """The hash of the rules and policies in force on a day, or of the newest."""
    return TOOLBOOK.version(on)


def _named(edition: Edition | None) -> list[Policy]:
    """Every policy that an answer names, those that begin later too, by id."""
    in_force = edition.policies if edition else ()
    return sorted((*in_force, *(policy for policy, _ in _later(edition))), key=lambda policy: policy.id)


def _later(edition: Edition | None) -> Iterable[tuple[Policy, date]]:
    if edition:
        return edition.later
    return [(policy, TOOLBOOK.first_day(policy)) for policy in TOOLBOOK.policies]


@lru_cache(maxsize=16)
def _plans(edition: Edition) -> Plans:
    return Plans(edition)


def _result(edition: Edition, policy: Policy, frame: Frame) -> PolicyResult:
    eligible, persons, awaiting = _granted(edition, policy, frame)
    amount: Quantity | None = None
    if eligible and policy.amount:
        step = edition.values[policy.amount]
        of_person = edition.scopes[policy.eligible] == "person"
        # While it is not known whether a member counts, neither is the total.
        amount = add([step(frame, who) for who in persons]) if of_person else step(frame, HOUSEHOLD)
    whom = tuple([frame.people[who].id for who in persons])
    return PolicyResult(
        policy=policy,
        eligible=eligible,
        amount_fen=None if isinstance(amount, Span) or awaiting else amount,
        persons=whom,
        persons_awaiting=tuple([frame.people[who].id for who in awaiting]),
        extras=further_keys(edition, policy, frame, whom, eligible=eligible),
    )


def _granted(edition: Edition, policy: Policy, frame: Frame) -> tuple[bool | None, list[int], list[int]]:
    """Whether a policy is granted, the members that it is for, and those of whom that is not known yet."""
    of_person = edition.scopes[policy.eligible] == "person"
    eligible: bool | None = None
    if not of_person:
        eligible = edition.values[policy.eligible](frame, HOUSEHOLD)
        if not eligible or not policy.persons:
            return eligible, [], []
    chosen = edition.values[policy.eligible if of_person else str(policy.persons)]
    truths: list[bool | None] = [chosen(frame, who) for who in range(len(frame.people))]
    if of_person:
        eligible = True if True in truths else None if None in truths else False
    persons = [who for who, truth in enumerate(truths) if truth]
    awaiting = [who for who, truth in enumerate(truths) if truth is None]
    return eligible, persons, awaiting


def _awaits(explainer: Explainer, edition: Edition, result: PolicyResult, frame: Frame) -> list[dict[str, str]]:
    """The facts that an undecided answer, an undecided member or an undecided amount waits for."""
    policy = result.policy
    is_decided = result.eligible is not None and not result.persons_awaiting
    if is_decided and (not result.eligible or not (policy.amount or policy.when_eligible)):
        return []
    found: dict[str, dict[str, str]] = {}
    is_of_person = edition.scopes[policy.eligible] == "person"
    who_waits = [at for at, person in enumerate(frame.people) if person.id in result.persons_awaiting]
    questions = []
    if is_of_person:
        questions += [(policy.eligible, at) for at in who_waits]
    elif result.eligible is None:
        questions.append((policy.eligible, HOUSEHOLD))
    elif policy.persons:
        questions += [(policy.persons, at) for at in who_waits]
    if result.eligible and policy.amount and result.amount_fen is None:
        paid = [at for at, person in enumerate(frame.people) if person.id in result.persons]
        questions += [(policy.amount, at) for at in (paid if is_of_person else [HOUSEHOLD])]
    if result.eligible:
        questions += further_questions(edition, policy, frame, result.persons)
    for name, at in questions:
        for entry in explainer.awaiting.facts(name, at):
            found[entry["path"] + entry["fact"]] = entry
    return [found[key] for key in sorted(found)]


def _headlines(
    result: PolicyResult, edition: Edition, awaits: list[dict[str, str]], members: list[str], frame: Frame
) -> Iterator[str]:
    """The answer in one sentence, what it waits for from whom, and what else it says, such as its first day."""
    text = f"{ANSWERS[result.eligible]}：{result.policy.title}"
    if result.amount_fen is not None:
        text += f"，每月 {yuan(result.amount_fen)} 元"
    if result.persons:
        text += f"（{'、'.join(members[at] for at, person in enumerate(frame.people) if person.id in result.persons)}）"
    yield text
    for holder in dict.fromkeys(one["holder"] for one in awaits):
        facts = [f"{one.get('member_name', '')} {one['label']}".strip() for one in awaits if one["holder"] == holder]
        yield f"等待{holder}：{'、'.join(dict.fromkeys(facts))}"
    if result.eligible:
        sentences = _plans(edition).sentences
        yield from further_lines(edition, result.policy, frame, result.persons, sentences, members)


def _amounts(edition: Edition, result: PolicyResult, frame: Frame) -> list[Number]:
    """The rule of the amount, of the household or of each person who gets it."""
    name = result.policy.amount
    if not result.eligible or name is None:
        return []
    if edition.scopes[name] == "household":
        return [(name, HOUSEHOLD)]
    return [(name, at) for at, person in enumerate(frame.people) if person.id in result.persons]


@lru_cache(maxsize=64)
def _headings(edition: Edition | None, on: date) -> dict[str, dict[str, Any]]:
    """What an answer says of each policy itself, whoever asks: as the edition has it, which may be an archived one."""
    return {
        policy.id: {
            "title": policy.title,
            "clause": policy.clause,
            "department": policy.department,
            "kind": policy.kind.value,
            "legal_basis": [citation.text for citation in policy.basis_on(on)],
            "public_notice": policy.public_notice,
            "on_request": policy.on_request,
        }
        for policy in _named(edition)
    }
