"""What request bodies share: unknown keys are refused, texts and amounts are bounded."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.money import PositiveFenOfYuan, at_most

Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
# PostgreSQL keeps money as bigint; twelve digits of yuan fit, and no benefit comes near.
Amount = Annotated[PositiveFenOfYuan, at_most(10**9)]


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid")
