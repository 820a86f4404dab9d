"""Identity numbers, streets and how both are shown. Format strictly, region softly, existence never.

GB 11643-1999 for identity numbers; the 14 streets of Wuchang by their statistical codes of 2023.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError
from stdnum.cn.ric import calc_check_digit

WUCHANG_STREETS = {
    "420106001": "积玉桥街道",
    "420106002": "杨园街道",
    "420106003": "徐家棚街道",
    "420106005": "粮道街道",
    "420106006": "中华路街道",
    "420106007": "黄鹤楼街道",
    "420106008": "紫阳街道",
    "420106009": "白沙洲街道",
    "420106010": "首义路街道",
    "420106011": "中南路街道",
    "420106012": "水果湖街道",
    "420106013": "珞珈山街道",
    "420106014": "石洞街道",
    "420106015": "南湖街道",
}
"""Code 004 is vacant; 420106490 is run by the East Lake scenic area and is no street of Wuchang."""

_PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83, 91]
)
OLDEST_YEARS = 130
"""Nobody is older: a birth date before is a mistake."""


class InvalidIdentityNumber(ValueError):
    """The text is no identity number; `code` says what is wrong with it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class IdentityNumber:
    """A checked identity number of 18 characters. Its region is the one at issue and says nothing of today."""

    text: str

    @property
    def birth_date(self) -> date:
        return _birth_date(self.text)

    @property
    def sex(self) -> str:
        """`M` or `F`: an odd sequence number is a man's."""
        return "M" if int(self.text[16]) % 2 else "F"


def parse_identity_number(text: str, *, today: date) -> IdentityNumber:
    """Check an identity number. A lower-case x is accepted. Raises InvalidIdentityNumber."""
    number = text.strip().upper()
    if len(number) != 18 or not number[:17].isascii() or not number[:17].isdigit():
        raise InvalidIdentityNumber("identity_number_form", "身份证号码应为18位，前17位为数字")
    if int(number[:2]) not in _PROVINCES:
        raise InvalidIdentityNumber("identity_number_region", "身份证号码前两位不是省级行政区划代码")
    if calc_check_digit(number) != number[17]:
        raise InvalidIdentityNumber("identity_number_check_digit", "身份证号码校验位不正确，请核对是否抄写有误")
    try:
        birth_date = _birth_date(number)
    except ValueError as error:
        raise InvalidIdentityNumber("identity_number_date", "身份证号码中的出生日期不存在") from error
    if birth_date > today or today.year - birth_date.year > OLDEST_YEARS:
        raise InvalidIdentityNumber("identity_number_date", "身份证号码中的出生日期在未来或早于130年前")
    return IdentityNumber(number)


def _birth_date(number: str) -> date:
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def mask_identity_number(number: str) -> str:
    """`420199********9030`: first six and last four."""
    return number[:6] + "*" * (len(number) - 10) + number[-4:]


def mask_name(name: str) -> str:
    """`张*`, `张*三`; a name of one character shows as `*`."""
    if len(name) <= 1:
        return "*"
    return name[0] + "*" * max(1, len(name) - 2) + (name[-1] if len(name) > 2 else "")


def _known_street(code: str) -> str:
    if code not in WUCHANG_STREETS:
        raise PydanticCustomError(
            "unknown_street",
            "不是武昌区的街道代码；应为 420106 开头的9位代码，如 420106009（白沙洲街道）",
            {"title": "没有这个街道", "way_out": "请填写武昌区14个街道之一的9位代码"},
        )
    return code


StreetCode = Annotated[str, StringConstraints(max_length=20), AfterValidator(_known_street)]
"""A nine-digit code of one of the 14 streets."""
