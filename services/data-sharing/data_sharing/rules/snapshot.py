"""A population snapshot for screening (6.1, 12.1.1): what delivered registers say of everybody, without who they are.

The columns are those that eligibility's screening reads. What no register says is null: unknown, never nothing. Only
the register of benefits says by silence that somebody receives none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

Form = Literal["word", "date", "fen", "count", "truth"]
PURPOSE: Final = "screening"
CONSUMER: Final = "eligibility"
COMPOSITION: Final = "household_composition"
BENEFITS: Final = "benefit_register"
VEHICLES: Final = "vehicle_register"

_RELATIONS: Final[Mapping[str, str]] = {
    "户主": "applicant", "本人": "applicant", "配偶": "spouse", "夫": "spouse", "妻": "spouse",
    "子": "child", "女": "child", "儿子": "child", "女儿": "child", "子女": "child", "养子": "child", "养女": "child",
    "孙子": "grandchild", "孙女": "grandchild", "外孙": "grandchild", "外孙女": "grandchild",
    "父亲": "father", "母亲": "mother", "父": "father", "母": "mother",
    "祖父": "grandparent", "祖母": "grandparent", "外祖父": "grandparent", "外祖母": "grandparent",
    "兄弟": "sibling", "姐妹": "sibling", "兄": "sibling", "弟": "sibling", "姐": "sibling", "妹": "sibling",
}  # fmt: skip
"""GB/T 4761 as the household register writes it. Whoever is none of these is another member."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One fact of a person, and the field that says it."""

    name: str
    data_set: str
    field: str
    form: Form

    @property
    def path(self) -> str:
        """As letters, agreements and the access ledger call it."""
        return f"{self.data_set}.{self.field}"


def _column(name: str, path: str, form: Form) -> Column:
    data_set, _, field = path.partition(".")
    return Column(name=name, data_set=data_set, field=field, form=form)


PERSON_COLUMNS: Final = (
    _column("employment", "employment_register.status", "word"),
    _column("employment_since", "employment_register.since", "date"),
    _column("wage", "individual_income.wage", "fen"),
    _column("business", "business_register.business_income", "fen"),
    _column("pension", "pension_register.pension", "fen"),
    _column("central_base_pension", "pension_register.central_base_pension", "fen"),
    _column("unemployment_benefit", "pension_register.unemployment_benefit", "fen"),
    _column("disability", "disability_register.category", "word"),
    _column("disability_grade", "disability_register.grade", "count"),
    _column("disability_certificate", "disability_register.certificate", "truth"),
    _column("school", "school_register.stage", "word"),
    _column("home_teaching", "school_register.home_teaching", "truth"),
)
SUMS: Final = (
    _column("homes", "real_estate.homes", "count"),
    _column("rigid_medical", "medical_costs.rigid_spending_medical", "fen"),
)
"""Facts of the household, added up over its members. Known of some members alone, they are a least value."""
DATA_SETS: Final = tuple(
    dict.fromkeys([column.data_set for column in (*PERSON_COLUMNS, *SUMS)] + [VEHICLES, BENEFITS, COMPOSITION])
)
FIELDS: Final = (
    "household_register.birth_date",
    "household_register.sex",
    "household_register.registration",
    *(column.path for column in (*PERSON_COLUMNS, *SUMS)),
    f"{VEHICLES}.vehicles",
    f"{BENEFITS}.receiving",
    f"{COMPOSITION}.household_number",
    f"{COMPOSITION}.relation_to_head",
)
"""All that a snapshot looks at."""


def assembled(persons: pl.DataFrame, records: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row for each person who is in a household. `persons`: id, birth_date, sex, region, registration_kind, street;
    `records`: by data set, id and the fields as text, lists as JSON. Those without a household are left out: alone they
    would be screened as if nobody lived with them.
    """
    rows = persons.join(_members(records[COMPOSITION]), on="id", how="inner")
    for data_set in DATA_SETS:
        found = records.get(data_set)
        columns = [column for column in PERSON_COLUMNS if column.data_set == data_set]
        if found is not None and columns:
            rows = rows.join(_facts(found, columns), on="id", how="left")
    for column in SUMS:
        if column.data_set in records:
            rows = _summed(rows, _facts(records[column.data_set], [column]), column.name)
    if VEHICLES in records:
        rows = _with_vehicles(rows, records[VEHICLES])
    if BENEFITS in records:
        rows = _with_benefits(rows, records[BENEFITS])
    # All members in the street of the first: what is of the household stands the same in each of its rows.
    return rows.with_columns(pl.col("street").drop_nulls().first().over("household")).sort("household", "id")


def _members(composition: pl.DataFrame) -> pl.DataFrame:
    """Who belongs to which household. A second head is another member, as two applicants would be none."""
    relation = pl.col("relation_to_head").replace_strict(_RELATIONS, default="other", return_dtype=pl.String)
    members = composition.filter(pl.col("household_number").is_not_null()).unique(
        "id", keep="first", maintain_order=True
    )
    members = members.select("id", pl.col("household_number").alias("household"), relation.alias("relation"))
    is_second = (pl.col("relation") == "applicant") & (
        (pl.col("relation") == "applicant").cum_sum().over("household") > 1
    )
    return members.with_columns(
        pl.when(is_second).then(pl.lit("other")).otherwise(pl.col("relation")).alias("relation")
    )


def _facts(found: pl.DataFrame, columns: list[Column]) -> pl.DataFrame:
    """One row for each person: amounts and counts of several records added up, of others the first."""
    parts = []
    for column in columns:
        value = _cast(pl.col(column.field), column.form)
        is_added = column.form == "fen" or column in SUMS
        # A sum over nothing known is not nothing.
        total = pl.when(value.is_not_null().any()).then(value.sum())
        parts.append((total if is_added else value.drop_nulls().first()).alias(column.name))
    return found.group_by("id").agg(parts)


def _cast(value: pl.Expr, form: Form) -> pl.Expr:
    match form:
        case "fen":
            return (value.cast(pl.Float64) * 100).round().cast(pl.Int64)
        case "count":
            return value.cast(pl.Int64)
        case "date":
            return value.str.to_date()
        case "truth":
            return value == "true"
        case "word":
            return value


def _summed(rows: pl.DataFrame, found: pl.DataFrame, name: str) -> pl.DataFrame:
    """A fact of the household: known where it is known of all members, else at least what is known of some."""
    rows = rows.join(found.rename({name: "_own"}), on="id", how="left")
    total, is_whole = pl.col("_own").sum().over("household"), pl.col("_own").is_not_null().all().over("household")
    return rows.with_columns(
        pl.when(is_whole).then(total).alias(name), pl.when(~is_whole).then(total).alias(f"{name}_low")
    ).drop("_own")


def _with_vehicles(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    worths = (
        pl.col("vehicles")
        .str.json_decode(pl.List(pl.Struct({"value": pl.String})))
        .list.eval(pl.element().struct.field("value").cast(pl.Float64))
    )
    of_person = (
        found.with_columns(worths.alias("worths"))
        .group_by("id")
        .agg(
            pl.col("worths").list.len().sum().cast(pl.Int64).alias("_cars"),
            (pl.col("worths").list.max().max() * 100).round().cast(pl.Int64).alias("_dearest"),
            pl.col("worths").list.eval(pl.element().is_null()).list.any().any().alias("_unknown"),
        )
    )
    rows = _summed(rows, of_person.select("id", pl.col("_cars").alias("vehicles")), "vehicles")
    rows = rows.join(of_person.select("id", "_dearest", "_unknown"), on="id", how="left")
    dearest = pl.col("_dearest").max().over("household")
    is_whole = pl.col("vehicles").is_not_null() & ~_any_of_household("_unknown")
    return rows.with_columns(
        pl.when(is_whole).then(dearest.fill_null(0)).alias("dearest_vehicle"),
        pl.when(~is_whole).then(dearest).alias("dearest_vehicle_low"),
    ).drop("_dearest", "_unknown")


def _with_benefits(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Who receives what. Civil affairs keeps this register itself and whole: who does not stand in it receives none."""
    item = pl.Struct({"policy": pl.String, "monthly_amount": pl.String})
    items = (
        found.select("id", pl.col("receiving").str.json_decode(pl.List(item)).alias("item"))
        .explode("item")
        .unnest("item")
    )
    policies = items.drop_nulls("policy").group_by("id").agg(pl.col("policy").unique().sort().alias("receiving"))
    amount = _cast(pl.col("monthly_amount"), "fen")
    dibao = (
        items.filter(pl.col("policy") == "dibao")
        .group_by("id")
        .agg(amount.sum().alias("_dibao"), amount.is_null().any().alias("_unknown"))
    )
    rows = rows.join(policies, on="id", how="left").join(dibao, on="id", how="left")
    rows = rows.with_columns(pl.col("receiving").fill_null(pl.lit([], dtype=pl.List(pl.String))))
    receives_dibao = pl.col("receiving").list.contains("dibao").any().over("household")
    return rows.with_columns(
        pl.col("receiving").list.contains("tekun").alias("receives_tekun"),
        receives_dibao.alias("receives_dibao"),
        pl.when(~_any_of_household("_unknown")).then(pl.col("_dibao").sum().over("household")).alias("dibao_monthly"),
    ).drop("_dibao", "_unknown")


def _any_of_household(name: str) -> pl.Expr:
    return pl.col(name).fill_null(value=False).any().over("household")
