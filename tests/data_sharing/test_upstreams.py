"""Departments that are called over REST: down, slow or answering rubbish, they hold up nobody and come in when back."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.data_sharing.test_letters import CLERK, newest_letter, sign, withdraw

from data_sharing.clients import Upstream, Upstreams
from shared.events.data_sharing import VerificationAnswered, VerificationCompleted

WAGE = {"person_ref": "p1", "data_set": "individual_income", "fields": {"gzxj": "2600.00"}, "as_of": "2022-09-30"}
Answers = Callable[[httpx.Request], httpx.Response]


class Tax:
    """The tax bureau's own interface, which calls wages gzxj."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: Answers = lambda _: httpx.Response(200, json={"outcome": "matched", "records": [WAGE]})

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(request.content))
        return self.answers(request)


@pytest.fixture
def tax(service: Any) -> Tax:
    """data-sharing calls the tax bureau."""
    tax = Tax()
    service.mint.route("tax", tax.handle)
    upstream = Upstream(url="http://tax/lookups", fields={"individual_income.wage": "gzxj"})
    upstreams = Upstreams(by_department={"tax": upstream}, http=service.means.upstreams.http)
    catalogue = replace(service.means.catalogue, called=upstreams.called(service.means.catalogue.data_sets))
    service.means = replace(service.means, catalogue=catalogue, upstreams=upstreams)
    return tax


@pytest.mark.clause("1.2")
async def test_it_is_asked_and_its_names_become_ours(service: Any, tax: Tax) -> None:
    case = await service.open()
    await service.run_due()
    (question,) = tax.asked
    assert [person["identity_number"] for person in question["persons"]] == list(service.secrets[1::2])
    assert question["data_sets"] == ["individual_income"]
    await service.answer_all(case, but=("tax",))
    facts = (await service.facts(case)).json()
    assert facts["household"]["members"][0]["income"] == [{"kind": "wage", "monthly": "2600.00"}]
    (entry, _) = await service.ledger(case)
    assert (entry["who"], entry["outcome"]) == ("区税务局", "answered")


def _lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("nothing came", request=request)


@pytest.mark.clause("1.2")
@pytest.mark.parametrize(
    "answers",
    [
        _lost,
        lambda _: httpx.Response(503),
        lambda _: httpx.Response(200, text="<html>系统维护中</html>"),
        lambda _: httpx.Response(200, json=["matched"]),
        lambda _: httpx.Response(200, json={"outcome": "found", "records": [WAGE]}),
        lambda _: httpx.Response(200, json={"outcome": "matched", "records": [{**WAGE, "fields": {"gzxj": "many"}}]}),
        lambda _: httpx.Response(200, json={"outcome": "matched", "records": [{**WAGE, "fields": None}]}),
        lambda _: httpx.Response(200, json={"outcome": "matched", "records": [{**WAGE, "person_ref": "p9"}]}),
    ],
    ids=["slow", "down", "no JSON", "another form", "another word", "no amount", "no fields", "a stranger"],
)
async def test_who_fails_holds_up_nobody_and_comes_in_when_it_is_back(
    service: Any, tax: Tax, answers: Answers, capfd: pytest.CaptureFixture[str]
) -> None:
    well, tax.answers = tax.answers, answers
    case = await service.open()
    await service.run_due()
    await service.answer_all(case, but=("tax",))
    await service.pass_time(days=15)
    (completed,) = await service.recorded(VerificationCompleted)
    assert completed.not_answered == ("tax",)
    assert "tax" not in {event.department for event in await service.recorded(VerificationAnswered)}
    tax.answers = well
    await service.pass_time(hours=6)
    assert (await service.recorded(VerificationCompleted))[-1].not_answered == ()
    facts = (await service.facts(case)).json()
    assert facts["household"]["members"][0]["income"] == [{"kind": "wage", "monthly": "2600.00"}]
    written = "".join(capfd.readouterr())
    assert not any(secret in written for secret in service.secrets)


async def test_an_interface_is_asked_about_its_own_data_sets_only(service: Any, tax: Tax) -> None:
    """The bureau has a service for incomes and an interface for what businesses pay."""
    upstream = Upstream(url="http://tax/lookups", data_sets=["business_tax"])
    upstreams = Upstreams(by_department={"tax": upstream}, http=service.means.upstreams.http)
    assert upstreams.called(service.means.catalogue.data_sets) == {"business_tax"}
    catalogue = replace(service.means.catalogue, called=upstreams.called(service.means.catalogue.data_sets))
    service.means = replace(service.means, catalogue=catalogue, upstreams=upstreams)
    await service.open()
    await service.run_due()
    assert tax.asked == []


async def test_it_is_called_ever_more_rarely(service: Any, tax: Tax) -> None:
    """Each call hands over the persons again, and is on the ledger."""
    tax.answers = lambda _: httpx.Response(503)
    await service.open()
    await service.run_due()
    calls = []
    for minutes in (1, 5, 30, 120, 360, 360):
        await service.pass_time(minutes=minutes - 1)
        before = len(tax.asked)
        await service.pass_time(minutes=1)
        calls.append((before, len(tax.asked)))
    assert calls == [(at, at + 1) for at in range(1, 7)]


@pytest.mark.clause("12.1.2")
async def test_nobody_is_called_without_a_letter(service: Any, tax: Tax) -> None:
    case = await service.open(signed_by=["p1"])
    await service.run_due()
    assert tax.asked == []
    assert (await service.ledger(case))[-1]["reason"] == "authorisation_missing"
    assert await service.run_due() == 0, "not tried again: what is refused is refused"


@pytest.mark.clause("12.1.2")
async def test_an_interface_is_called_once_the_letter_is_there_again(service: Any, tax: Tax) -> None:
    service.know(service.means.catalogue)
    well, tax.answers = tax.answers, lambda _: httpx.Response(503)
    case = await service.open()
    await service.run_due()
    letter = await newest_letter(service, case, "p2")
    await withdraw(service, letter, who=CLERK, on_behalf=True)
    await service.pass_time(minutes=1)  # the next call is refused
    tax.answers = well
    assert (await sign(service, case, "p2")).status_code == 201
    await service.answer_all(case, but=("tax",))
    await service.pass_time(days=15)
    assert (await service.facts(case)).json()["not_answered"] == []
