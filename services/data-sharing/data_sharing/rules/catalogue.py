"""The catalogue (12.1.1): which department holds which data set, what its fields verify, who may ask for which purpose.

Read from a packed YAML file and checked as a whole; it knows no data set by name.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, get_args

import yaml

from shared.identity import InvalidIdentityNumber, parse_identity_number
from shared.money import NotAnAmount, parse_yuan

Sensitivity = Literal["ordinary", "sensitive"]
Reached = Literal["service", "rest", "file"]
"""The department's own service hears the question; an upstream interface is asked; the owner delivers files."""
Asked = Literal["always", "on_request"]
"""By every verification, or only when somebody asks for it."""

DECLARATION_FIELD = "declaration"
IDENTITY_FIELDS = ("name", "identity_number")
_OWN_FIELD_TITLES = {
    DECLARATION_FIELD: "申报的家庭情况",
    "name": "姓名",
    "identity_number": "身份证号码",
    "lead.troubles": "困难情形",
    "lead.household": "所在家庭",
    "lead.address": "地址",
    "lead.phone": "电话",
    "lead.words": "情况说明",
}
_MOST_CHARACTERS = 200
_MOST_VEHICLES = 100
_MOST_BENEFITS = 100
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class CatalogueInvalid(ValueError):
    """The file is no catalogue; the message names the place."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a data set. `verifies` is the fact it verifies; None means that it is reported as a finding."""

    data_set: str
    name: str
    title: str
    kind: str
    sensitivity: Sensitivity
    verifies: str | None = None
    unexpected: bool = False
    words: tuple[str, ...] = ()
    least: int = 0
    most: int = 1000

    @property
    def path(self) -> str:
        """What letters and the access ledger call it: `individual_income.wage`."""
        return f"{self.data_set}.{self.name}"

    def fault(self, value: Any, *, today: date) -> str | None:
        """What is expected instead of this value, in Chinese; None when it can be used. Null says: not recorded."""
        return None if value is None else _KINDS[self.kind](self, value, today)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Records that one department holds, one per person."""

    code: str
    department: str
    title: str
    refreshed: str
    fields: Mapping[str, Field]
    reached: Reached = "service"
    asked: Asked = "always"
    open_to: frozenset[str] = frozenset()

    @property
    def is_asked_by_verifications(self) -> bool:
        """Whether each verification asks the department's own service for it."""
        return self.asked == "always" and self.reached == "service"

    @property
    def is_of_facts(self) -> bool:
        """Whether facts of a household rest on it: on all that verifications ask, else on what verifies one."""
        return self.asked == "always" or any(field.verifies is not None for field in self.fields.values())

    def may_be_asked_by(self, department: str) -> bool:
        """Whether the law lets this department ask; a data set that names nobody is closed to none."""
        return not self.open_to or department in self.open_to


@dataclass(frozen=True, kw_only=True)
class FileLayout:
    """What stands in a file of one data set: the key of each row and its columns."""

    code: str
    department: str
    title: str
    key: Literal["identity_number", "credit_code"]
    columns: Mapping[str, Field]
    required: frozenset[str]
    kept: tuple[str, ...]
    """Columns that are kept with the record. The others go to a base registry only."""
    registry: Literal["persons", "legal_entities"] | None


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What personal data may be looked at for."""

    title: str
    clients: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All of it."""

    departments: Mapping[str, str]
    purposes: Mapping[str, Purpose]
    clients: Mapping[str, str]
    letter_purposes: tuple[str, ...]
    letter_months: int
    data_sets: Mapping[str, DataSet]
    files: Mapping[str, FileLayout]
    """Every data set by file, and what is delivered by file only. A verification asks for none of the latter."""
    called: frozenset[str] = frozenset()
    """Data sets that an interface of their department answers about in this deployment, over REST."""

    def of_facts(self, codes: Iterable[str]) -> list[str]:
        """Those of some data sets that facts rest on; the others are asked beside them."""
        return [code for code in codes if self.data_sets[code].is_of_facts]

    @classmethod
    def load(cls, path: Path, *more: Path) -> Self:
        """Read a catalogue; further files add departments and data sets. Raises CatalogueInvalid."""
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        try:
            for other in more:
                _add(document, yaml.safe_load(other.read_text(encoding="utf-8")), file=other.name)
            data_sets = {code: _data_set(code, entry) for code, entry in document["data_sets"].items()}
            catalogue = cls(
                departments=document["departments"],
                purposes={
                    code: Purpose(title=entry["title"], clients=frozenset(entry.get("clients", ())))
                    for code, entry in document["purposes"].items()
                },
                clients=document["clients"],
                letter_purposes=tuple(document["letter"]["purposes"]),
                letter_months=document["letter"]["months"],
                data_sets=data_sets,
                files=_files(data_sets, document.get("files", {})),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise CatalogueInvalid(f"{path.name}: {error!r}") from error
        catalogue._check(path.name)
        return catalogue

    def _check(self, file: str) -> None:
        for data_set in self.data_sets.values():
            if data_set.department not in self.departments:
                raise CatalogueInvalid(f"{file}: {data_set.code} belongs to no department: {data_set.department}")
            if data_set.reached not in get_args(Reached) or data_set.asked not in get_args(Asked):
                raise CatalogueInvalid(f"{file}: {data_set.code} is reached or asked in an unknown way")
            if strangers := data_set.open_to - set(self.departments):
                raise CatalogueInvalid(f"{file}: {data_set.code} is open to unknown departments: {sorted(strangers)}")
            for field in data_set.fields.values():
                if field.kind not in _KINDS or field.sensitivity not in {"ordinary", "sensitive"}:
                    raise CatalogueInvalid(f"{file}: {field.path} has an unknown kind or sensitivity")
                if field.verifies is not None and not _FACT.fullmatch(field.verifies):
                    raise CatalogueInvalid(f"{file}: {field.path} verifies no fact: {field.verifies}")
        for layout in self.files.values():
            self._check_file(layout, file)
        if unknown := set(self.letter_purposes) - set(self.purposes):
            raise CatalogueInvalid(f"{file}: the letter names unknown purposes: {sorted(unknown)}")

    def _check_file(self, layout: FileLayout, file: str) -> None:
        if layout.department not in self.departments:
            raise CatalogueInvalid(f"{file}: the file {layout.code} belongs to no department: {layout.department}")
        if absent := layout.required - set(layout.columns):
            raise CatalogueInvalid(f"{file}: the file {layout.code} requires unknown columns: {sorted(absent)}")
        for field in layout.columns.values():
            if field.kind not in _KINDS:
                raise CatalogueInvalid(f"{file}: {field.path} has an unknown kind")

    @cached_property
    def by_department(self) -> Mapping[str, tuple[str, ...]]:
        """Codes of the data sets by department: whom a verification asks for what."""
        held: dict[str, tuple[str, ...]] = {}
        for data_set in self.data_sets.values():
            if data_set.is_asked_by_verifications:
                held[data_set.department] = (*held.get(data_set.department, ()), data_set.code)
        return held

    @property
    def verified_field_paths(self) -> tuple[str, ...]:
        """Paths of the fields that a verification asks: what the standard letter opens."""
        return self.field_paths([data_set.code for data_set in self.data_sets.values() if data_set.asked == "always"])

    def field_paths(self, data_sets: tuple[str, ...] | list[str] | None = None) -> tuple[str, ...]:
        """Paths of the fields of some data sets, or of all."""
        codes = self.data_sets if data_sets is None else data_sets
        return tuple(field.path for code in codes for field in self.data_sets[code].fields.values())

    def field_title(self, path: str) -> str:
        """The Chinese title of a field path; the path itself for one that is no longer in the catalogue."""
        code, _, name = path.partition(".")
        data_set = self.data_sets.get(code)
        if data_set is None or name not in data_set.fields:
            return _OWN_FIELD_TITLES.get(path, path)
        return data_set.fields[name].title

    def purpose_title(self, purpose: str) -> str:
        """The Chinese title of a purpose; what was said, for one that is not in the catalogue."""
        return self.purposes[purpose].title if purpose in self.purposes else purpose


_FACT = re.compile(
    r"members\.(birth_date|sex|registration)|members\.(employment|disability|school)\.[a-z_]+"
    r"|members\.income\.[a-z_]+|assets\.(vehicles|homes)|rigid_spending_12m\.[a-z_]+|receiving"
)


def _add(document: dict[str, Any], other: Mapping[str, Any], *, file: str) -> None:
    for part in ("departments", "data_sets"):
        if twice := set(document[part]) & set(other[part]):
            raise CatalogueInvalid(f"{file}: {part} are there already: {sorted(twice)}")
        document[part] |= other[part]


def _data_set(code: str, entry: Mapping[str, Any]) -> DataSet:
    fields = {
        name: Field(data_set=code, name=name, **{**content, "words": tuple(content.get("words", ()))})
        for name, content in entry["fields"].items()
    }
    return DataSet(
        code=code,
        department=entry["department"],
        title=entry["title"],
        refreshed=entry["refreshed"],
        fields=fields,
        reached=entry.get("reached", "service"),
        asked=entry.get("asked", "always"),
        open_to=frozenset(entry.get("open_to", ())),
    )


def _files(data_sets: Mapping[str, DataSet], entries: Mapping[str, Any]) -> Mapping[str, FileLayout]:
    return {code: _file(code, data_sets.get(code), entries.get(code, {})) for code in {**data_sets, **entries}}


def _file(code: str, data_set: DataSet | None, entry: Mapping[str, Any]) -> FileLayout:
    own = {
        name: Field(
            data_set=code, name=name, sensitivity="sensitive", **{**content, "words": tuple(content.get("words", ()))}
        )
        for name, content in entry.get("columns", {}).items()
    }
    fields = {} if data_set is None else data_set.fields
    return FileLayout(
        code=code,
        department=entry["department"] if data_set is None else data_set.department,
        title=entry["title"] if data_set is None else data_set.title,
        key=entry.get("key", "identity_number"),
        columns={**fields, **own},
        required=frozenset(entry.get("required", ())),
        kept=tuple(name for name, field in (own if data_set is None else fields).items() if field.kind != "identity"),
        registry=entry.get("registry"),
    )


def _money_fault(_: Field, value: Any, __: date) -> str | None:
    try:
        usable = isinstance(value, str) and parse_yuan(value) >= 0
    except NotAnAmount:
        usable = False
    return None if usable else "应为以元为单位、不小于0、最多两位小数的字符串，如 “2000.00”"


def _date_fault(_: Field, value: Any, today: date) -> str | None:
    try:
        usable = isinstance(value, str) and _ISO_DAY.fullmatch(value) and date.fromisoformat(value) <= today
    except ValueError:
        usable = False
    return None if usable else "应为不晚于今日的 YYYY-MM-DD 日期"


def _word_fault(field: Field, value: Any, _: date) -> str | None:
    return None if isinstance(value, str) and value in field.words else "应为 " + "、".join(field.words) + " 之一"


def _count_fault(field: Field, value: Any, _: date) -> str | None:
    usable = isinstance(value, int) and not isinstance(value, bool) and field.least <= value <= field.most
    return None if usable else f"应为 {field.least} 至 {field.most} 的整数"


def _truth_fault(_: Field, value: Any, __: date) -> str | None:
    return None if isinstance(value, bool) else "应为 true 或 false"


def _registration_fault(_: Field, value: Any, __: date) -> str | None:
    usable = (
        isinstance(value, dict)
        and set(value) == {"region", "kind"}
        and isinstance(value["region"], str)
        and re.fullmatch(r"[0-9]{6}", value["region"])
        and value["kind"] in ("urban", "rural")
    )
    return None if usable else "应为 {region: 6位行政区划代码, kind: urban 或 rural}"


def _vehicles_fault(field: Field, value: Any, today: date) -> str | None:
    usable = (
        isinstance(value, list)
        and len(value) <= _MOST_VEHICLES
        and all(
            isinstance(item, dict)
            and set(item) == {"value"}
            and (item["value"] is None or _money_fault(field, item["value"], today) is None)
            for item in value
        )
    )
    return None if usable else "应为列表，每项为 {value: 以元为单位的字符串或 null}"


def _benefits_fault(field: Field, value: Any, today: date) -> str | None:
    usable = (
        isinstance(value, list)
        and len(value) <= _MOST_BENEFITS
        and all(_is_benefit(field, item, today) for item in value)
    )
    return None if usable else "应为列表，每项为 {policy, monthly_amount, since, shares}"


def _is_benefit(field: Field, item: Any, today: date) -> bool:
    if not isinstance(item, dict) or not set(item) <= {"policy", "monthly_amount", "since", "shares"}:
        return False
    shares = item.get("shares") or {}
    return (
        isinstance(item.get("policy"), str)
        and re.fullmatch(r"[a-z_]{1,50}", item["policy"]) is not None
        and (item.get("monthly_amount") is None or _money_fault(field, item["monthly_amount"], today) is None)
        and (item.get("since") is None or _date_fault(field, item["since"], today) is None)
        and isinstance(shares, dict)
        and all(share is None or _money_fault(field, share, today) is None for share in shares.values())
    )


def _text_fault(field: Field, value: Any, _: date) -> str | None:
    most = min(field.most, _MOST_CHARACTERS)
    usable = isinstance(value, str) and bool(value.strip()) and len(value) <= most and value.isprintable()
    return None if usable else f"应为至多 {most} 个字，不含控制字符"


def _digits_fault(field: Field, value: Any, _: date) -> str | None:
    usable = isinstance(value, str) and len(value) == field.most and value.isascii() and value.isdigit()
    return None if usable else f"应为 {field.most} 位数字"


def _identity_fault(_: Field, value: Any, today: date) -> str | None:
    try:
        usable = isinstance(value, str) and parse_identity_number(value, today=today).text == value
    except InvalidIdentityNumber:
        usable = False
    return None if usable else "应为18位身份证号码"


_KINDS: Mapping[str, Callable[[Field, Any, date], str | None]] = {
    "money": _money_fault,
    "date": _date_fault,
    "word": _word_fault,
    "text": _text_fault,
    "count": _count_fault,
    "truth": _truth_fault,
    "registration": _registration_fault,
    "vehicles": _vehicles_fault,
    "benefits": _benefits_fault,
    "digits": _digits_fault,
    "identity": _identity_fault,
}


def load_packed() -> Catalogue:
    """The catalogue that comes with the service."""
    packed = Path(__file__).parents[1]
    return Catalogue.load(packed / "catalogue.yaml", packed / "holdings.yaml")
