"""The rules of `ours`, written for OpenFisca-Core as its users write them. Amounts are whole fen of 32 bits there."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from openfisca_core import periods
from openfisca_core.entities import build_entity
from openfisca_core.indexed_enums import Enum, EnumArray
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import MONTH
from openfisca_core.simulations import Simulation, SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable
from tests.bench.openfisca.ours import PARAMETERS

from shared.money import FEN_PER_YUAN

Person = build_entity(key="person", plural="persons", label="", is_person=True)
Household = build_entity(
    key="household", plural="households", label="", roles=[{"key": "member", "plural": "members", "label": ""}]
)
MAX_FEN = 2_000_000_000
"""What 32 bits hold."""


class Employment(Enum):
    none = ""
    employed = "employed"
    flexible = "flexible"
    self_employed = "self_employed"
    unemployed = "unemployed"
    retired = "retired"
    unable = "unable"
    student = "student"


class Disability(Enum):
    none = ""
    sight = "sight"
    hearing = "hearing"
    speech = "speech"
    limb = "limb"
    intellectual = "intellectual"
    mental = "mental"
    multiple = "multiple"


class Illness(Enum):
    none = ""
    malignant_tumour = "malignant_tumour"
    kidney_failure = "kidney_failure"
    coronary_surgery = "coronary_surgery"
    leukaemia = "leukaemia"
    organ_transplant = "organ_transplant"
    other = "other"


class School(Enum):
    none = ""
    kindergarten = "kindergarten"
    primary = "primary"
    junior_secondary = "junior_secondary"
    senior_secondary = "senior_secondary"
    secondary_vocational = "secondary_vocational"
    undergraduate = "undergraduate"
    postgraduate = "postgraduate"


WORDS: Mapping[str, type[Enum]] = {
    "employment": Employment, "disability": Disability, "serious_illness": Illness, "school": School,
}  # fmt: skip
PERSON_INPUTS: Mapping[str, type] = {
    **dict.fromkeys(
        ("wage", "business", "property", "pension", "unemployment_benefit", "support_received", "other"), int
    ),
    "central_base_pension": int,
    "disability_grade": int,
    "birth_date": date,
}
HOUSEHOLD_INPUTS = ("financial", "vehicles", "homes")


def _input(name: str, entity: Any, value_type: type) -> type[Variable]:
    definition = {"value_type": value_type, "entity": entity, "definition_period": MONTH, "label": name}
    return type(name, (Variable,), definition)


def _word_input(name: str, words: type[Enum]) -> type[Variable]:
    definition = {
        "value_type": Enum,
        "possible_values": words,
        "default_value": words.none,  # type: ignore[attr-defined]  # each of them has it
        "entity": Person,
        "definition_period": MONTH,
        "label": name,
    }
    return type(name, (Variable,), definition)


RULES: list[type[Variable]] = []


def _rule(entity: Any, value_type: type = bool) -> Callable[[Any], Any]:
    """Enter a formula as a variable. OpenFisca reads its definition from a class of its own for each."""

    def enter(formula: Any) -> Any:
        definition = {"value_type": value_type, "entity": entity, "definition_period": MONTH}
        RULES.append(type(formula.__name__, (Variable,), {**definition, "label": formula.__name__, "formula": formula}))
        return formula

    return enter


@_rule(Person, int)
def years(person, period, parameters):
    birth = person("birth_date", period)
    day = np.datetime64(period.start)
    months = birth.astype("datetime64[M]").astype(int)
    turned = (birth - birth.astype("datetime64[M]")) <= (day - day.astype("datetime64[M]"))
    elapsed = day.astype("datetime64[M]").astype(int) - months - ~turned
    return elapsed // 12


@_rule(Person)
def is_elder(person, period, parameters):
    return person("years", period) >= 60


@_rule(Person, int)
def net_wage(person, period, parameters):
    return np.maximum(person("wage", period) - parameters(period).employment_deduction, 0)


@_rule(Person, int)
def unearned_income(person, period, parameters):
    kinds = ("property", "pension", "unemployment_benefit", "support_received", "other")
    return sum(person(kind, period) for kind in kinds)


@_rule(Person, int)
def own_income(person, period, parameters):
    return person("net_wage", period) + person("business", period) + person("unearned_income", period)


@_rule(Person, int)
def net_income(person, period, parameters):
    counted = parameters(period).central_base_pension_counted == 1
    return person("own_income", period) + np.where(counted, person("central_base_pension", period), 0)


@_rule(Person)
def is_working(person, period, parameters):
    status = person("employment", period)
    return (status == Employment.employed) + (status == Employment.flexible) + (status == Employment.self_employed)


@_rule(Person)
def is_severely_disabled(person, period, parameters):
    grade = person("disability_grade", period)
    return (grade >= 1) * (grade <= 2)


@_rule(Person)
def has_mental_grade_3(person, period, parameters):
    kind = person("disability", period)
    is_mental = (kind == Disability.intellectual) + (kind == Disability.mental)
    return is_mental * (person("disability_grade", period) == 3)


@_rule(Person)
def is_in_special_hardship(person, period, parameters):
    is_ill = person("serious_illness", period) != Illness.none
    return person("is_severely_disabled", period) + person("has_mental_grade_3", period) + is_ill


@_rule(Household, int)
def household_income(household, period, parameters):
    return household.sum(household.members("net_income", period))


@_rule(Household, int)
def household_standard(household, period, parameters):
    return parameters(period).urban_dibao_standard * household.nb_persons()


@_rule(Household)
def income_below_standard(household, period, parameters):
    return household("household_income", period) < household("household_standard", period)


@_rule(Household)
def financial_assets_within_limit(household, period, parameters):
    limit = parameters(period).dibao_financial_assets_per_person * household.nb_persons()
    return household("financial", period) <= limit


@_rule(Household)
def has_no_vehicle(household, period, parameters):
    return household("vehicles", period) == 0


@_rule(Household)
def homes_within_limit(household, period, parameters):
    return household("homes", period) <= parameters(period).dibao_homes_at_most


@_rule(Household)
def assets_within_limits(household, period, parameters):
    return (
        household("financial_assets_within_limit", period)
        * household("has_no_vehicle", period)
        * household("homes_within_limit", period)
    )


@_rule(Household)
def dibao(household, period, parameters):
    return household("income_below_standard", period) * household("assets_within_limits", period)


@_rule(Household, int)
def dibao_amount(household, period, parameters):
    gap = household("household_standard", period) - household("household_income", period)
    return np.where(household("dibao", period), gap, 0)


@_rule(Household)
def low_income_margin(household, period, parameters):
    limit = household("household_standard", period) * parameters(period).margin_multiple
    below = household("household_income", period) < limit
    return np.logical_not(household("dibao", period)) * below * household("assets_within_limits", period)


@_rule(Person)
def own_income_below_standard(person, period, parameters):
    return person("net_income", period) < parameters(period).urban_dibao_standard


@_rule(Person)
def is_single_dibao(person, period, parameters):
    return (
        person.household("low_income_margin", period)
        * person("is_in_special_hardship", period)
        * person("own_income_below_standard", period)
    )


@_rule(Person, int)
def single_dibao_amount(person, period, parameters):
    gap = parameters(period).urban_dibao_standard - person("net_income", period)
    return np.where(person("is_single_dibao", period), gap, 0)


@_rule(Person)
def is_aided(person, period, parameters):
    return (
        person.household("dibao", period)
        + person.household("low_income_margin", period)
        + person("is_single_dibao", period)
    )


@_rule(Person)
def gets_education_aid(person, period, parameters):
    is_disabled = person("disability", period) != Disability.none
    return (person("school", period) != School.none) * (person("is_aided", period) + is_disabled)


@_rule(Household, int)
def aided_members(household, period, parameters):
    return household.sum(household.members("is_aided", period))


@_rule(Household)
def has_aided_elder(household, period, parameters):
    return household.any(household.members("is_aided", period) * household.members("is_elder", period))


_IN_YUAN = (
    "employment_deduction", "urban_dibao_standard", "dibao_financial_assets_per_person",
)  # fmt: skip
_PLAIN = ("central_base_pension_counted", "dibao_homes_at_most", "margin_multiple")


class System(TaxBenefitSystem):
    """Entities, parameters and rules."""

    def __init__(self) -> None:
        super().__init__([Person, Household])
        for name, kind in PERSON_INPUTS.items():
            self.add_variable(_input(name, Person, kind))
        for name in HOUSEHOLD_INPUTS:
            self.add_variable(_input(name, Household, int))
        for name, words in WORDS.items():
            self.add_variable(_word_input(name, words))
        self.add_variables(*RULES)
        scales = {**dict.fromkeys(_IN_YUAN, FEN_PER_YUAN), **dict.fromkeys(_PLAIN, 1)}
        self.parameters = ParameterNode(
            "", data={name: {"values": _values(name, scale)} for name, scale in scales.items()}
        )


def _values(name: str, scale: int) -> dict[str, Any]:
    found = {}
    for one in PARAMETERS.parameter(name).values:
        value = one.value * scale
        found[one.first_day.isoformat()] = {"value": int(value) if value == int(value) else float(value)}
    return found


def simulation(
    system: System,
    inputs: Mapping[str, Any],
    household_of: Sequence[int],
    *,
    on: date,
    trace: bool = False,
) -> Simulation:
    """A simulation with everything that was declared, ready to calculate. `household_of`: a number for each person."""
    builder = SimulationBuilder()
    builder.create_entities(system)
    count = int(max(household_of)) + 1
    builder.declare_person_entity("person", np.arange(len(household_of)))
    household = builder.declare_entity("household", np.arange(count))
    builder.join_with_persons(household, np.asarray(household_of), np.full(len(household_of), "member"))
    found = builder.build(system)
    found.trace = trace
    for name, values in inputs.items():
        found.set_input(name, month(on), values)
    return found


def month(on: date) -> Any:
    """OpenFisca's period of a day: its rules are of months, so the day is the first of one."""
    return periods.period(f"{on:%Y-%m}")


def words(name: str, values: Any) -> Any:
    """Words as the engine's own arrays."""
    return WORDS[name].encode(np.asarray([word or "none" for word in values]))


def coded(name: str, codes: Any) -> Any:
    """The engine's own array of words, from the numbers that it stands on."""
    return EnumArray(codes, WORDS[name])
