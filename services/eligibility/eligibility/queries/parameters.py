"""Dated parameters as callers see them."""

from datetime import date

from eligibility.schemas.toolbook import ParameterView
from shared.parameters import Parameters


def parameter_views(parameters: Parameters, *, on: date | None) -> list[ParameterView]:
    """Every value of every parameter, or the one in force on a day."""
    views = []
    for name in sorted(parameters.names()):
        parameter = parameters.parameter(name)
        values = parameter.values if on is None else [value for value in [parameter.on(on)] if value is not None]
        views += [
            ParameterView(
                parameter=name,
                label=value.label,
                value=str(value.value),
                unit=value.unit,
                first_day=value.first_day,
                source=value.source,
                assumed=value.assumed,
            )
            for value in values
        ]
    return views
