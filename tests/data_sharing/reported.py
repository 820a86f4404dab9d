"""Senders of reports, and those who follow leads, through data-sharing's own front door."""

from dataclasses import dataclass
from typing import Any

import httpx
from tests.data_sharing.conftest import Service
from tests.data_sharing.deliveries import csv_file, deliver, number

from shared.auth import Role
from shared.ids import new_id

STREET = "420106009"
CLERK = "clerk-420106009-1"
REGISTERED = {"identity_number": number(1), "name": "李示丽", "street": STREET}
NOBODY = {"name": "赵无名", "age": 70, "street": STREET}


async def registered(service: Service) -> None:
    """The registry knows a few people of two streets."""
    rows = [
        f"{number(1)},李示丽,1977-05-12,F,420106:urban,{STREET},420106009001,白沙洲大道12号3栋501,",
        f"{number(2)},王样例,1980-02-29,M,420106:urban,420106005,,粮道街8号,",
        f"{number(3)},李示立,1950-01-31,M,420106:urban,{STREET},,白沙洲大道90号,",
    ]
    columns = "identity_number,name,birth_date,sex,registration,street,community,address,death"
    await deliver(service, csv_file(columns, *rows), rows=len(rows), data_set="household_register")


def report(**changes: Any) -> dict[str, Any]:
    """A report of the police about somebody of the registry, under a number of its own."""
    return {
        "channel": "police_110",
        "reference": f"jj-{new_id()}",
        "happened_on": "2022-10-10",
        "troubles": ["no_food"],
        "is_urgent": True,
        "about": REGISTERED,
        **changes,
    }


@dataclass
class Reporter:
    """The police by default; the street of the family follows."""

    service: Service

    async def send(self, body: dict[str, Any], *, by: str = "public_security") -> httpx.Response:
        headers = self.service.as_department(by)
        return await self.service.http.post("/v1/lead-reports", json=body, headers=_with_key(headers))

    async def send_as_clerk(self, body: dict[str, Any]) -> httpx.Response:
        return await self.service.http.post("/v1/lead-reports", json=body, headers=_with_key(self.clerk()))

    async def send_batch(self, reports: list[dict[str, Any]]) -> httpx.Response:
        headers = _with_key(self.service.as_department("public_security"))
        return await self.service.http.post("/v1/lead-reports/batch", json={"reports": reports}, headers=headers)

    async def read_report(self, report_id: str, *, by: str = "public_security") -> httpx.Response:
        return await self.service.http.get(f"/v1/lead-reports/{report_id}", headers=self.service.as_department(by))

    async def look(self, lead_id: str, *, view: str = "masked", **claims: Any) -> httpx.Response:
        """The clerk of the street looks; `claims` change who it is."""
        return await self.service.http.get(f"/v1/leads/{lead_id}?view={view}", headers=self.clerk(**claims))

    async def lead(self, lead_id: str) -> dict[str, Any]:
        """A lead as the district reads it."""
        answer = await self.service.get(f"/v1/leads/{lead_id}", Role.DISTRICT_OFFICER)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def act(self, lead_id: str, what: str, body: dict[str, Any], **claims: Any) -> httpx.Response:
        """The clerk of the street does something with a lead: contacts, person, outcome."""
        headers = _with_key(self.clerk(**claims))
        return await self.service.http.post(f"/v1/leads/{lead_id}/{what}", json=body, headers=headers)

    async def end(self, lead_id: str, outcome: str) -> None:
        """The family is met, and the lead ends."""
        assert (await self.act(lead_id, "contacts", {"result": "reached"}, role=Role.DISTRICT_OFFICER)).is_success
        ended = await self.act(lead_id, "outcome", {"outcome": outcome}, role=Role.DISTRICT_OFFICER)
        assert ended.status_code == 200, ended.text

    def clerk(
        self, *, role: Role = Role.STREET_CLERK, subject: str = CLERK, street: str = STREET, **claims: Any
    ) -> dict[str, str]:
        """Headers of somebody who follows leads."""
        scope = {"streets": [street]} if role is Role.STREET_CLERK else {}
        return self.service.mint.authorization(subject, role, **scope, **claims)


def _with_key(headers: dict[str, str]) -> dict[str, str]:
    return headers | {"Idempotency-Key": str(new_id())}
