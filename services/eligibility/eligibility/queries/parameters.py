"""Dated parameters as they stand, the published standards included, and as callers see them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.rules import PARAMETERS
from eligibility.rules.standards import Standard, StandardState, parameters_version, standing
from eligibility.schemas.toolbook import ParameterView
from eligibility.tables import standard
from shared.parameters import Parameters


@dataclass(frozen=True)
class StandingParameters:
    """The packaged parameters with every published standard beside them, and the hash of them all."""

    parameters: Parameters
    version: str


async def current_parameters(tx: AsyncConnection) -> StandingParameters:
    """The parameters that every assessment uses now."""
    return standing_parameters(await published_standards(tx))


async def limit(tx: AsyncConnection, name: str, *, on: date) -> int:
    """How many days or months a period has that begins on a day. Raises ParameterMissing where nothing says so yet."""
    current = await current_parameters(tx)
    return int(current.parameters.value(name, on=on).value)


async def published_standards(tx: AsyncConnection) -> tuple[Standard, ...]:
    """Every published standard, in the order in which they were confirmed."""
    rows = await tx.execute(
        sa.select(standard)
        .where(standard.c.state == StandardState.PUBLISHED)
        .order_by(standard.c.confirmed_at, standard.c.standard_id)
    )
    return tuple(standard_of(row) for row in rows)


def standard_of(row: sa.Row[Any]) -> Standard:
    """The standard that a row keeps."""
    return Standard(row.parameter, Decimal(row.value), row.first_day, row.document_number, row.issued_on)


@lru_cache(maxsize=8)
def standing_parameters(standards: tuple[Standard, ...]) -> StandingParameters:
    """What stands with these standards published. Put together once; equal standards give equal parameters."""
    parameters = standing(PARAMETERS, standards)
    return StandingParameters(parameters, parameters_version(parameters))


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
