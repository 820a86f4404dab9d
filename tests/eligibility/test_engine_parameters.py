"""Dated parameters: found by day, and a file that cannot be trusted is refused by file, parameter and field."""

from datetime import date
from decimal import Decimal

import pytest

from eligibility.rules import PARAMETERS
from shared.parameters import ParameterMissing, Parameters, ParametersInvalid


def load(text: str) -> Parameters:
    return Parameters.loads(text, file="amounts.yaml")


def test_value_of_a_day_comes_with_first_day_source_and_mark() -> None:
    found = PARAMETERS.value("urban_dibao_standard", on=date(2023, 3, 31))
    assert (found.value, found.first_day, found.assumed) == (Decimal(910), date(2022, 4, 1), False)
    assert (found.label, found.source) == ("城市低保标准", "武汉市2022年4月27日公布")
    assert found.unit == "yuan/person/month"
    assert PARAMETERS.value("urban_dibao_standard", on=date(2023, 4, 1)).assumed is True


def test_day_before_the_first_value_is_an_error() -> None:
    with pytest.raises(ParameterMissing, match="'margin_multiple' has no value on 2021-06-30"):
        PARAMETERS.value("margin_multiple", on=date(2021, 6, 30))
    with pytest.raises(ParameterMissing, match="there is no parameter 'gold'"):
        PARAMETERS.value("gold", on=date(2021, 6, 30))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a: {unit: yuan, values: {2020-01-01: {value: 1.5, source: "x"}}}', "amounts.yaml: a.values.2020-01-01.value"),
        ('a: {unit: yuan, values: {2020-01-01: {value: "ten", source: "x"}}}', "expected a finite decimal"),
        ('a: {unit: yuan, values: {2020-01-01: {value: "1", origin: "x"}}}', "a.values.2020-01-01.origin: unknown key"),
        ('a: {unit: yuan, price: 1, values: {2020-01-01: {value: "1", source: "x"}}}', "a.price: unknown key"),
        ('a: {values: {2020-01-01: {value: "1", source: "x"}}}', "a.unit: expected words"),
        ('a: {label: 3, unit: yuan, values: {2020-01-01: {value: "1", source: "x"}}}', "a.label: expected words"),
        ("a: {unit: yuan, values: {}}", "a.values: expected at least one first day"),
        ('a: {unit: yuan, values: {2020: {value: "1", source: "x"}}}', "a.values.2020: expected a first day"),
        ('a: {unit: yuan, values: {2020-01-01: {value: "1"}}}', "must say where it is from"),
        ('a: {unit: yuan, values: {2020-01-01: {value: "1", assumed: perhaps}}}', "assumed: expected true or false"),
        (
            'a: {unit: yuan, values: {2021-01-01: {value: "1", source: "x"}, 2020-01-01: {value: "1", source: "x"}}}',
            "a.values.2020-01-01: days must rise",
        ),
        (
            'a: {unit: yuan, values: {2020-01-01: {value: "1", source: "x"}, 2020-01-01: {value: "2", source: "x"}}}',
            "stands twice",
        ),
        ("- 1", "expected a mapping"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_faulty_file_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(ParametersInvalid) as error:
        load(text)
    assert any(message in problem for problem in error.value.problems), error.value.problems


def test_operator_replaces_a_parameter_with_all_its_values() -> None:
    own = load('employment_deduction: {unit: yuan, values: {2022-01-01: {value: "350", source: "city"}}}')
    both = PARAMETERS.replaced_by(own)
    assert both.value("employment_deduction", on=date(2022, 10, 10)).value == 350
    assert both.value("urban_dibao_standard", on=date(2022, 10, 10)).value == 910
