"""The household contract: which keys there are, and how each becomes a fact. `read_facts` is the only way in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from eligibility.rules.engine.spans import NOT_NEGATIVE, Number, Span, add, between, greatest, high
from eligibility.rules.facts.reading import Place, Section, doubled, matching, read_word
from eligibility.rules.facts.records import NEVER, Facts, FactsInvalid, Finding, HouseholdFacts, PersonFacts

RELATIONS: Final = (
    "applicant", "spouse", "child", "grandchild", "father", "mother", "grandparent", "sibling", "other",
)  # fmt: skip
EMPLOYMENT: Final = ("employed", "flexible", "self_employed", "unemployed", "retired", "unable", "student")
INCOME: Final = (
    "wage", "business", "property", "pension", "central_base_pension", "unemployment_benefit", "support_received",
    "assistance", "other",
)  # fmt: skip
DISABILITIES: Final = ("sight", "hearing", "speech", "limb", "intellectual", "mental", "multiple")
ILLNESSES: Final = (
    "malignant_tumour", "kidney_failure", "coronary_surgery", "leukaemia", "organ_transplant", "other",
)  # fmt: skip
SELF_CARE: Final = ("eat", "dress", "bed", "toilet", "walk", "bathe")
STAGES: Final = (
    "kindergarten", "primary", "junior_secondary", "senior_secondary", "secondary_vocational", "undergraduate",
    "postgraduate",
)  # fmt: skip
PARENT: Final = (
    "alive", "dead", "missing", "severely_disabled", "seriously_ill", "imprisoned", "compulsory_rehab", "detained",
    "out_of_contact", "guardianship_revoked", "deported", "disabled",
)  # fmt: skip
SPENDING: Final = ("medical", "education", "rehabilitation", "basic_living", "other")
CAUSES: Final = ("fire", "traffic_accident", "accident", "serious_illness", "epidemic", "public_emergency", "other")

_HOUSEHOLD: Final = (
    "street", "members", "assets", "rigid_spending_12m", "receiving", "incident", "requested_amount",
    "near_relatives_in_office",
)  # fmt: skip
_MEMBER: Final = (
    "id", "relation", "birth_date", "sex", "registration", "living_here_since", "residence_permit", "employment",
    "income", "disability", "diagnoses", "serious_illness", "diagnosed_on", "self_care_failed", "lives_alone", "school",
    "father", "mother", "obligors",
)  # fmt: skip
_DISABILITY: Final = ("category", "grade", "certificate")
MOST_PEOPLE = 50

_region = matching(r"\d{6}", "a region code of 6 digits")
_street = matching(r"\d{9}", "a street code of 9 digits")
_policy = matching(r"[a-z][a-z_]*", "the id of a policy")


def read_facts(household: Any, as_of: date) -> Facts:
    """The facts of a household declared in the contract's form. Raises FactsInvalid with every fault."""
    findings: list[Finding] = []
    root = Section({} if household is None else household, Place("", findings), _HOUSEHOLD)
    members = root.sections("members", _MEMBER) or []
    if not 0 < len(members) <= MOST_PEOPLE:
        root.place.key("members").fault(len(members), f"a list of 1 to {MOST_PEOPLE} members")
    ids = [member.name() for member in members]
    for at, twice in doubled(ids):
        root.place.key("members").item(at).key("id").fault(twice, "a person only once", "duplicate")
    received = _Received(root, ids, as_of)
    people = [_person(member, name, received, as_of) for member, name in zip(members, ids, strict=True)]
    _check_kin(root.place.key("members"), people)
    facts = _household(root, received, as_of)
    if findings:
        raise FactsInvalid(findings)
    return Facts(as_of, facts, tuple(sorted(people, key=lambda person: person.id)))


def _check_kin(place: Place, people: Sequence[PersonFacts]) -> None:
    """Refuse what cannot be: two applicants or spouses, and anybody born before an own parent or grandparent."""
    if sum(person.relation == "applicant" for person in people) > 1:
        place.fault("applicant", "one applicant, the others by their relation to that one")
    if sum(person.relation == "spouse" for person in people) > 1:
        place.fault("spouse", "one spouse at most")
    births = {person.relation: person.birth_date for person in people if person.relation in ("applicant", "spouse")}
    applicant = births.get("applicant")
    for at, person in enumerate(people):
        born, found = person.birth_date, place.item(at).key("birth_date")
        if born is None or applicant is None:
            continue
        if person.relation in ("father", "mother", "grandparent") and born >= applicant:
            found.fault(born, f"a date before {applicant}, the birth of the applicant, whose {person.relation} this is")
        # A child of the spouse may well be older than the applicant.
        elders = [applicant, births.get("spouse", applicant)]
        if person.relation in ("child", "grandchild") and all(elder is not None and born <= elder for elder in elders):
            found.fault(born, f"a date after {applicant}, the birth of the applicant, whose {person.relation} this is")


class _Received:
    """The benefits that are running, each policy once, shared out among the members."""

    def __init__(self, root: Section, ids: Sequence[str], as_of: date) -> None:
        entries = root.sections("receiving", ("policy", "monthly_amount", "since", "shares"))
        self._is_unknown = entries is None
        self._ids = ids
        self._amounts: dict[str, Number] = {}
        self._since: dict[str, date | None] = {}
        self._shares: dict[str, dict[str, Number] | None] = {}
        for entry in entries or []:
            policy = _policy(entry, "policy")
            if not policy:
                entry.place.key("policy").fault(policy, "the id of a policy")
            elif policy in self._amounts:
                entry.place.key("policy").fault(policy, "a policy only once", "duplicate")
            else:
                self._amounts[policy] = entry.fen("monthly_amount")
                self._since[policy] = entry.day("since", as_of)
                shares = entry.section("shares", ids)
                given = {name: shares.fen(name) for name in ids}
                self._shares[policy] = given if shares.is_declared or shares.is_unknown else None

    def runs(self, policy: str) -> bool | None:
        return None if self._is_unknown else policy in self._amounts

    def amount(self, policy: str) -> Number:
        return NOT_NEGATIVE if self._is_unknown else self._amounts.get(policy, 0)

    def since(self, policy: str) -> date | None:
        return None if self._is_unknown else self._since.get(policy, date.max)

    def share(self, policy: str, name: str) -> Number:
        """One member's part: as declared, all of it for a single one, equal parts of dibao and grace, else unknown."""
        amount = self.amount(policy)
        shares = self._shares.get(policy)
        if shares is not None:
            return shares[name]
        if amount == 0 or len(self._ids) == 1:
            return amount
        if policy in ("dibao", "dibao_grace") and isinstance(amount, int):
            return amount // len(self._ids)
        return between(0, high(amount))

    def is_for(self, policy: str, name: str) -> bool | None:
        if not self.runs(policy) or len(self._ids) == 1:
            return self.runs(policy)
        share = self.share(policy, name)
        return None if isinstance(share, Span) else share > 0


def _total_by(
    sections: list[Section] | None, kinds: Sequence[str], amount: str, kind: str = "kind"
) -> dict[str, Number]:
    """Amounts added up by kind. An item of unknown kind may belong to each of them."""
    if sections is None:
        return dict.fromkeys(kinds, NOT_NEGATIVE)
    totals: dict[str, Number] = dict.fromkeys(kinds, 0)
    for section in sections:
        found = section.word(kind, kinds)
        value = section.fen(amount, required=True)
        for name in kinds if found is None else [found]:
            totals[name] = add((totals[name], value if found else between(0, high(value))))
    return totals


def _count_words(section: Section, key: str, words: Sequence[str]) -> Number:
    items = section.items(key)
    if items is None:
        return between(0, len(words))
    found = [read_word(item, place, words) for item, place in items]
    for at, twice in doubled([word for word in found if word]):
        section.place.key(key).item(at).fault(twice, "an item only once", "duplicate")
    known = sum(word is not None for word in found)
    return between(known, len(found))


def _contains(section: Section, key: str, word: str) -> bool | None:
    items = section.items(key)
    if items is None:
        return None
    found = [read_word(item, place) for item, place in items]
    if word in found:
        return True
    return None if None in found else False


def _able(section: Section) -> tuple[bool | None, Number]:
    """Are the people with a duty to support declared at all, and how many of them can?"""
    sections = section.sections("obligors", ("relation", "age", "able"))
    if sections is None:
        return None, NOT_NEGATIVE
    answers = []
    for obligor in sections:
        obligor.word("relation", absent="")
        obligor.count("age", 0, 130)
        answers.append(obligor.truth("able"))
    return "obligors" in section, between(answers.count(True), len(answers) - answers.count(False))


def _parent(member: Section, key: str) -> tuple[str | None, Number, str | None, Number]:
    """Status, months, disability category and grade of a parent. Nothing declared: alive."""
    parent = member.section(key, ("status", "months", "disability"))
    disability = parent.section("disability", _DISABILITY)
    disability.truth("certificate", absent=False)
    return (
        parent.word("status", PARENT, absent="alive"),
        parent.count("months", 0, 1200),
        disability.word("category", DISABILITIES, absent=""),
        disability.count("grade", 1, 4),
    )


def _person(member: Section, name: str, received: _Received, as_of: date) -> PersonFacts:
    registration = member.section("registration", ("region", "kind"))
    born = member.day("birth_date", as_of, required=True)
    permit = member.section("residence_permit", ("issued", "last_endorsed"))
    issued = permit.day("issued", as_of, born=born)
    endorsed = permit.day("last_endorsed", as_of, born=born)
    employment = member.section("employment", ("status", "since"))
    disability = member.section("disability", _DISABILITY)
    school = member.section("school", ("stage", "home_teaching"))
    income = _total_by(member.sections("income", ("kind", "monthly")), INCOME, "monthly")
    father, mother = _parent(member, "father"), _parent(member, "mother")
    obligors_declared, obligors_able = _able(member)
    return PersonFacts(
        id=name,
        relation=member.word("relation", RELATIONS),
        birth_date=born,
        sex=member.word("sex", ("M", "F"), absent=""),
        region=_region(registration, "region"),
        registration_kind=registration.word("kind", ("urban", "rural"), absent=""),
        living_here_since=member.day("living_here_since", as_of, born=born),
        residence_permit=None if permit.is_unknown else permit.is_declared,
        residence_permit_endorsed_on=issued if endorsed == NEVER else endorsed,
        employment=employment.stated("status", EMPLOYMENT),
        employment_since=employment.day("since", as_of, born=born),
        **income,
        disability=disability.stated("category", DISABILITIES),
        disability_grade=disability.count("grade", 1, 4),
        disability_certificate=disability.truth("certificate", absent=False),
        own_assets_within_limits=None,  # declared for the household only: whose they are has to be looked into
        autism=_contains(member, "diagnoses", "autism"),
        serious_illness=member.word("serious_illness", ILLNESSES, absent=""),
        diagnosed_on=member.day("diagnosed_on", as_of, born=born),
        self_care_failed=_count_words(member, "self_care_failed", SELF_CARE),
        lives_alone=member.truth("lives_alone", absent=False),
        school=school.stated("stage", STAGES),
        home_teaching=school.truth("home_teaching", absent=False),
        father=father[0],
        father_months=father[1],
        father_disability=father[2],
        father_grade=father[3],
        mother=mother[0],
        mother_months=mother[1],
        mother_disability=mother[2],
        mother_grade=mother[3],
        obligors_declared=obligors_declared,
        obligors_able=obligors_able,
        receives_tekun=received.is_for("tekun", name),
        dibao_share=add((received.share("dibao", name), received.share("dibao_grace", name))),
        tekun_share=received.share("tekun", name),
        living_allowance_share=received.share("disability_living_allowance", name),
    )


def _household(root: Section, received: _Received, as_of: date) -> HouseholdFacts:
    street = _street(root, "street")
    assets = root.section("assets", ("financial", "vehicles", "homes"))
    vehicles = assets.sections("vehicles", ("value",))
    values = None if vehicles is None else [vehicle.fen("value", required=True) for vehicle in vehicles]
    rigid = _total_by(root.sections("rigid_spending_12m", ("kind", "amount")), SPENDING, "amount")
    incident = root.section("incident", ("cause", "on", "street"))
    _street(incident, "street")
    relatives = root.sections("near_relatives_in_office", ("role", "relation"))
    for relative in relatives or []:
        relative.word("role", absent="")
        relative.word("relation", absent="")
    return HouseholdFacts(
        street=street,
        financial=assets.fen("financial"),
        vehicles=NOT_NEGATIVE if values is None else len(values),
        dearest_vehicle=NOT_NEGATIVE if values is None else greatest([0, *values]),
        homes=assets.count("homes"),
        rigid_medical=rigid["medical"],
        rigid_education=rigid["education"],
        rigid_total=add(rigid.values()),
        receives_dibao=received.runs("dibao"),
        dibao_monthly=received.amount("dibao"),
        receives_grace=received.runs("dibao_grace"),
        grace_monthly=received.amount("dibao_grace"),
        grace_since=received.since("dibao_grace"),
        incident=None if incident.is_unknown else incident.is_declared,
        incident_cause=incident.word("cause", CAUSES, absent=""),
        incident_on=incident.day("on", as_of),
        requested="requested_amount" in root,
        requested_amount=root.fen("requested_amount"),
        near_relatives=NOT_NEGATIVE if relatives is None else len(relatives),
        # Only the health department's register says so; the contract of a household has no place for it.
        special_family=None,
        lost_only_child=None,
    )
