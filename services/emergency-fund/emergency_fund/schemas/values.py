"""Values that several requests share, and the two kinds of models: what is sent and what is seen."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from shared.money import FenOfYuan


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("only printable characters are accepted")
    return text


Amount = Annotated[FenOfYuan, Field(gt=0, description="元，十进制字符串，至多两位小数", examples=["3639.99"])]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_printable)
]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:.-]{1,60}$")]
PaperCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,49}$")]


class Strict(BaseModel):
    """Refuses fields that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Seen(BaseModel):
    """What the service shows."""

    model_config = ConfigDict(frozen=True)
