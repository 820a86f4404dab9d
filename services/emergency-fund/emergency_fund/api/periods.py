"""The instants and days about which callers ask, as they stand in a query."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from emergency_fund.rules.periods import FIRST_DAY, LAST_DAY
from emergency_fund.schemas.values import Instant
from shared.clock import Day

_LedgerDay = Annotated[Day, Field(ge=FIRST_DAY, le=LAST_DAY)]
_FIRST = Query(alias="from", description="首日，以北京时间计", examples=["2022-12-01"])
_LAST = Query(alias="to", description="末日，包括在内", examples=["2022-12-31"])

At = Annotated[
    Instant | None,
    Query(
        description="过去的时点，须带时区（+ 在网址中写作 %2B）；恰在该时点记账的计入。不带则为此刻",
        examples=["2022-12-05T10:00:00+08:00"],
    ),
]
On = Annotated[_LedgerDay | None, Query(description="一天，以北京时间计", examples=["2022-12-05"])]
First = Annotated[_LedgerDay, _FIRST]
Last = Annotated[_LedgerDay, _LAST]
FirstIfAny = Annotated[_LedgerDay | None, _FIRST]
LastIfAny = Annotated[_LedgerDay | None, _LAST]
