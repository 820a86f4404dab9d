"""The catalogue of data sets: what there is, how it is reached, and what a verification does not touch."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from data_sharing.rules.catalogue import Catalogue, CatalogueInvalid
from shared.auth import Role

_BASE = """
departments: {tax: 区税务局}
purposes: {assessment: {title: 评估}}
letter: {purposes: [assessment], months: 12}
clients: {}
data_sets:
  income:
    department: tax
    title: 个人所得
    refreshed: monthly
    fields: {wage: {title: 月工资, kind: money, sensitivity: sensitive}}
"""
_MORE = """
departments: {health: 区卫健局}
data_sets:
  registry:
    department: health
    title: 登记
    refreshed: on request
    reached: rest
    asked: on_request
    open_to: [health]
    fields: {registered: {title: 在册, kind: truth, sensitivity: sensitive}}
"""


@pytest.mark.clause("12.1.1")
async def test_the_catalogue_says_how_each_data_set_is_reached(service: Any) -> None:
    answer = await service.get("/v1/data-sets", Role.STREET_CLERK)
    sets = {item["code"]: item for item in answer.json()["items"]}
    registry = sets["serious_mental_disorders"]
    assert (registry["department_title"], registry["reached"], registry["asked"]) == ("区卫健局", "rest", "on_request")
    assert registry["open_to"] == ["civil_affairs", "disabled_federation"]
    wages = sets["individual_income"]
    assert (wages["reached"], wages["asked"], wages["open_to"]) == ("service", "always", [])
    assert wages["fields"][0]["kind"] == "money"


@pytest.mark.clause("12.1.1")
def test_every_owner_of_the_verification_rules_is_there(catalogue: Catalogue) -> None:
    assert {data_set.department for data_set in catalogue.data_sets.values()} == set(catalogue.departments)
    assert {"housing_fund", "financial_channel", "health", "court", "veterans", "utilities"} <= set(
        catalogue.departments
    )


@pytest.mark.clause("12.1.2")
def test_a_verification_asks_only_what_it_always_asked(catalogue: Catalogue) -> None:
    assert catalogue.by_department == {
        "public_security": ("household_register", "vehicle_register"),
        "human_resources": ("employment_register", "pension_register"),
        "tax": ("individual_income",),
        "housing": ("real_estate",),
        "market_regulation": ("business_register",),
        "civil_affairs": ("benefit_register", "marriage_register"),
        "medical_security": ("medical_costs",),
        "disabled_federation": ("disability_register",),
        "education": ("school_register",),
    }


@pytest.mark.clause("12.1.2")
async def test_a_letter_does_not_open_what_no_verification_asks(service: Any) -> None:
    await service.open()
    async with service.database.transaction() as tx:
        opened = (await tx.execute(text("select distinct unnest(fields) from authorisation"))).scalars().all()
    assert "individual_income.wage" in opened
    assert not any(path.startswith(("serious_mental_disorders.", "financial_assets.")) for path in opened)


@pytest.mark.clause("12.1.2")
def test_a_closed_data_set_names_who_may_ask(catalogue: Catalogue) -> None:
    registry = catalogue.data_sets["serious_mental_disorders"]
    assert registry.may_be_asked_by("civil_affairs")
    assert not registry.may_be_asked_by("education")
    assert catalogue.data_sets["family_doctors"].may_be_asked_by("education")


@pytest.mark.parametrize(
    ("fault", "instead"),
    [
        ("reached: rest", "reached: pigeon"),
        ("asked: on_request", "asked: sometimes"),
        ("open_to: [health]", "open_to: [moon]"),
        ("health: 区卫健局", "tax: 区卫健局"),
        ("registry:", "income:"),
    ],
)
def test_a_further_file_that_is_not_sound_is_refused(tmp_path: Path, fault: str, instead: str) -> None:
    base, more = tmp_path / "catalogue.yaml", tmp_path / "more.yaml"
    base.write_text(_BASE, encoding="utf-8")
    more.write_text(_MORE, encoding="utf-8")
    assert set(Catalogue.load(base, more).data_sets) == {"income", "registry"}
    more.write_text(_MORE.replace(fault, instead), encoding="utf-8")
    with pytest.raises(CatalogueInvalid):
        Catalogue.load(base, more)


@pytest.mark.parametrize("value", ["字", "武昌区", "字" * 200])
def test_text_that_can_be_used(catalogue: Catalogue, value: str) -> None:
    field = catalogue.data_sets["household_composition"].fields["address"]
    assert field.fault(value, today=date(2022, 10, 10)) is None


@pytest.mark.parametrize("value", ["字" * 201, " ", "", 1])
def test_text_that_cannot_be_used(catalogue: Catalogue, value: Any) -> None:
    field = catalogue.data_sets["household_composition"].fields["address"]
    assert field.fault(value, today=date(2022, 10, 10)) is not None
