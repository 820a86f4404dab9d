"""A district with one case on record, which went all the way through the public API and by events alone."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from stdnum.cn import uscc
from tests.contracts.endpoints import Endpoint
from tests.contracts.service import APPROVER, CLERK, DEPARTMENTS, RESIDENT, SERVICES, STREET, Service
from tests.eligibility.snapshots import table_of

from eligibility.rules.facts.contract import read_facts
from shared.auth import Role
from shared.events import Envelope, Event
from shared.events.data_sharing import VerificationRequested
from shared.events.eligibility import AssessmentCompleted, BenefitStarted, ReferralIssued
from shared.events.emergency_fund import FollowUpOpened, GrantPaid, PaperDebtOpened, ReplenishmentRequested
from shared.ids import new_id
from shared.money import format_yuan, parse_yuan
from shared.testing import FixedClock, envelope_of, identity_number

_NOTICE_AND_A_DAY = timedelta(days=9)


@dataclass
class District:
    """All services; events go from each to every other, as the bus would carry them."""

    services: dict[str, Service]
    clock: FixedClock
    told: list[Envelope] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def only(self, kind: type[Event], **fields: Any) -> Any:
        """The first event of a kind with these fields."""
        for envelope in self.told:
            event = envelope.event
            if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items()):
                return event
        raise AssertionError(f"nobody published {kind.__name__} with {fields}")

    async def settle(self) -> None:
        """Let events arrive and due work be done, until nothing more happens."""
        busy = True
        while busy:
            busy = False
            for name, service in self.services.items():
                envelopes = (await service.published())[self._seen.get(name, 0) :]
                self._seen[name] = self._seen.get(name, 0) + len(envelopes)
                self.told += envelopes
                for other in self.services.values():
                    await other.hear(*envelopes)
                busy = busy or bool(envelopes)
            for service in self.services.values():
                busy = bool(await service.run_due()) or busy

    async def post(
        self, service: str, path: str, body: Any, role: Role, *, subject: str, method: str = "POST", **claims: Any
    ) -> Any:
        """A call that must succeed; its answer."""
        one = self.services[service]
        headers = one.caller(role, subject=subject, **claims) | {"Idempotency-Key": f"{subject}:{path}"}
        answer = await one.http.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json()


def example_of(service: Service, method: str, path: str) -> Any:
    """The documented example body of an endpoint."""
    (found,) = [one for one in service.endpoints if (one.method, one.path) == (method, path)]
    return found.body


@dataclass(frozen=True)
class OnRecord:
    """A district in which one household applied, was verified, assessed, decided, paid and referred."""

    district: District
    ids: Mapping[str, Mapping[str, str]]
    """By application: its objects, under the names that paths and queries give them."""

    def insider(self, service: Service, endpoint: Endpoint, role: Role) -> dict[str, str]:
        """The header of somebody of this role whom what is on record concerns."""
        whose = _ADDRESSEES.get(endpoint.path, {}) if role is Role.SERVICE else _INSIDERS.get(role, {})
        return service.caller(role, **whose)


_INSIDERS: dict[Role, dict[str, Any]] = {
    Role.RESIDENT: {"subject": RESIDENT},
    Role.STREET_CLERK: {"subject": CLERK},
    Role.STREET_APPROVER: {"subject": APPROVER},
}
_TAX: dict[str, Any] = {"subject": "department-tax", "client_id": "department-tax", "department": "tax"}
_POLICE: dict[str, Any] = {
    "subject": "department-public_security",
    "client_id": "department-public_security",
    "department": "public_security",
}
_ADDRESSEES: dict[str, dict[str, Any]] = {
    "/v1/lead-reports": _POLICE,
    "/v1/lead-reports/batch": _POLICE,
    "/v1/lead-reports/{report_id}": _POLICE,
    "/v1/agreements/{agreement_id}": {"subject": "eligibility", "client_id": "eligibility"},
    "/v1/queries/{query_id}": _TAX,
    "/v1/queries/{query_id}/answer": _TAX,
    "/v1/batches": _TAX,
    "/v1/batches/{batch_id}": _TAX,
    "/v1/batches/{batch_id}/file": _TAX,
    "/v1/batches/{batch_id}/rejects": _TAX,
    "/v1/applications/{application_id}/facts": {"subject": "eligibility", "client_id": "eligibility"},
    "/v1/applications/{application_id}/declaration": {"subject": "data-sharing", "client_id": "data-sharing"},
}
"""The services that may have what is given to one service only."""


async def put_on_record(district: District) -> OnRecord:
    """Let one case go all the way."""
    of_tax = "00000000-0000-7000-8000-000000000003"  # the agreement that stands from the first day on
    shared = {"street": STREET, "data_set": "individual_income", "agreement_id": of_tax}
    shared |= await _apply(district)
    await _open_further(district, shared)
    shared |= await _name_obligor(district, shared)
    shared |= await _ask_for_paper(district, shared)
    shared |= await _report_somebody(district)
    shared |= await _compare(district)
    shared |= await _decide(district, shared["application_id"])
    shared |= await _enter_standard(district)
    shared |= await _screen(district, shared["household_id"])
    shared |= await _deliver(district)
    fund = await _pay(district, shared["household_id"])
    shared |= await _help_homeless(district)
    referrals = {name: await _refer(district, name, shared) for name in sorted(DEPARTMENTS)}
    replenishment = ReplenishmentRequested.from_example()
    await district["finance"].hear(envelope_of(replenishment, clock=district.clock))
    await district.settle()
    shared |= await _snapshot(district)  # last: it is kept for a week
    shared |= {"grant_id": await _look(district, district.only(VerificationRequested, department="tax"))}
    entry = next(envelope.event_id for envelope in district.told if isinstance(envelope.event, GrantPaid))
    head = await district.post("oversight", "/v1/log/checkpoints", None, Role.OPS, subject="ops-1")
    log = {"event_id": str(entry), "tree_size": str(head["tree_size"]), "first": "1", "second": str(head["tree_size"])}
    ids = {name: dict(shared) for name in SERVICES}
    ids["emergency-fund"] |= fund
    ids["tax"]["referral_id"], ids["finance"]["referral_id"] = referrals["tax"], referrals["finance"]
    ids["finance"]["replenishment_id"] = str(replenishment.replenishment_id)
    ids["oversight"] |= log
    return OnRecord(district, ids)


async def _apply(district: District) -> dict[str, str]:
    """A resident applies; every department has no record."""
    body = example_of(district["intake"], "POST", "/v1/applications")
    submitted = await district.post("intake", "/v1/applications", body, Role.RESIDENT, subject=RESIDENT)
    await district.settle()
    for envelope in list(district.told):
        asked = envelope.event
        if isinstance(asked, VerificationRequested) and asked.department not in DEPARTMENTS:
            await _answer_nothing(district, asked)
    await district.settle()
    asked = district.only(VerificationRequested, department="tax")
    return {
        "application_id": submitted["application_id"],
        "household_id": submitted["household_id"],
        "verification_id": str(asked.verification_id),
        "query_id": str(asked.query_id),
        "purpose": "assessment",
    }


async def _open_further(district: District, ids: Mapping[str, str]) -> None:
    """The only adult signs once more, for a data set that may then be asked on request."""
    path = f"/v1/applications/{ids['application_id']}/authorisations"
    body = {"member": "p1", "signed_on": "2022-10-10", "data_sets": ["household_composition"]}
    await district.post("data-sharing", path, body, Role.STREET_CLERK, subject=CLERK)


async def _name_obligor(district: District, ids: Mapping[str, str]) -> dict[str, str]:
    """A clerk names somebody outside the household; the letter that its applicant signed."""
    place = "/v1/applications/{application_id}/obligors"
    body = example_of(district["data-sharing"], "POST", place)
    path = place.format(application_id=ids["application_id"])
    obligor = await district.post("data-sharing", path, body, Role.STREET_CLERK, subject=CLERK)
    path = f"/v1/authorisations?household_id={ids['household_id']}"
    letters = await district.post("data-sharing", path, None, Role.STREET_CLERK, subject=CLERK, method="GET")
    return {"obligor_id": obligor["obligor_id"], "authorisation_id": letters["items"][0]["authorisation_id"]}


async def _ask_for_paper(district: District, ids: Mapping[str, str]) -> dict[str, str]:
    """A clerk asks the household for a paper that it does not have yet."""
    path = f"/v1/applications/{ids['application_id']}/paper-requests"
    asked = await district.post(
        "data-sharing", path, {"paper": "loss_statement", "reason": "说明急难情况"}, Role.STREET_CLERK, subject=CLERK
    )
    return {"paper_request_id": asked["paper_request_id"]}


async def _report_somebody(district: District) -> dict[str, str]:
    """The police report somebody in trouble."""
    body = example_of(district["data-sharing"], "POST", "/v1/lead-reports")
    report = await district.post("data-sharing", "/v1/lead-reports", body, Role.SERVICE, **_POLICE)
    return {"report_id": report["report_id"], "lead_id": report["lead_id"]}


async def _compare(district: District) -> dict[str, str]:
    """A comparison finds somebody who receives two benefits that exclude each other."""
    number = identity_number(date(1977, 5, 12), sequence=901)
    receiving = '[{""policy"": ""dibao""}, {""policy"": ""tekun""}]'
    content = f'identity_number,receiving\n{number},"{receiving}"\n'
    await _deliver_file(district, "civil_affairs", "benefit_register", content)
    await district.settle()
    code = "benefits_that_exclude_each_other"
    officer: dict[str, Any] = {"role": Role.DISTRICT_OFFICER, "subject": "district-1"}
    await district.post("data-sharing", f"/v1/comparisons/{code}/runs", None, **officer)
    await district.settle()
    hits = await district.post("data-sharing", "/v1/comparison-hits", None, method="GET", **officer)
    return {"comparison": code, "hit_id": hits["items"][0]["hit_id"]}


async def _snapshot(district: District) -> dict[str, str]:
    """A snapshot of everybody: of one person."""
    number = identity_number(date(1977, 5, 12), sequence=901)
    registered = f"identity_number,name,birth_date,sex\n{number},某样例,1977-05-12,M\n"
    living = f"identity_number,household_number,relation_to_head\n{number},H-1,户主\n"
    await _deliver_file(district, "public_security", "household_register", registered)
    await _deliver_file(district, "public_security", "household_composition", living)
    await district.settle()
    officer: dict[str, Any] = {"role": Role.DISTRICT_OFFICER, "subject": "district-1"}
    asked = await district.post("data-sharing", "/v1/snapshots", None, **officer)
    await district.settle()
    return {"snapshot_id": asked["snapshot_id"]}


async def _answer_nothing(district: District, asked: VerificationRequested) -> None:
    """A department looks at what it is asked, and has no record."""
    answer = {"grant_id": await _look(district, asked), "outcome": "no_record", "records": []}
    path = f"/v1/queries/{asked.query_id}/answer"
    await district.post("data-sharing", path, answer, method="PUT", **_department(asked))


async def _look(district: District, asked: VerificationRequested) -> str:
    """A department looks at what it is asked; the grant that its answer needs."""
    path = f"/v1/queries/{asked.query_id}"
    question = await district.post("data-sharing", path, None, method="GET", **_department(asked))
    return str(question["grant"]["grant_id"])


def _department(asked: VerificationRequested) -> dict[str, Any]:
    """Who is asked, as a caller."""
    client_id = f"department-{asked.department}"
    return {"role": Role.SERVICE, "subject": client_id, "client_id": client_id, "department": asked.department}


async def _deliver(district: District) -> dict[str, str]:
    """One department delivers a file about persons, another one with a legal entity."""
    credit_code = "91420199MA4K00001" + uscc.calc_check_digit("91420199MA4K000010")
    batch_id = await _deliver_file(district, "tax", "individual_income", "identity_number,wage\nnobody,1.00\n")
    of_entities = f"credit_code,name,kind,state\n{credit_code},示例商贸有限公司,company,active\n"
    await _deliver_file(district, "market_regulation", "entity_register", of_entities)
    await district.settle()
    return {"batch_id": batch_id, "credit_code": credit_code}


async def _deliver_file(district: District, department: str, data_set: str, content: str) -> str:
    """A file of one row is announced and sent. The batch's id."""
    service, file, checksum = district["data-sharing"], content.encode(), hashes.Hash(hashes.SM3())
    checksum.update(file)
    manifest = example_of(service, "POST", "/v1/batches")
    manifest |= {"data_set": data_set, "rows": 1, "size_bytes": len(file), "checksum": checksum.finalize().hex()}
    # A subject of its own: `District.post` makes a key for each.
    whose = {"subject": data_set, "department": department, "client_id": f"department-{department}"}
    batch = await district.post("data-sharing", "/v1/batches", manifest, Role.SERVICE, **whose)
    headers = service.caller(Role.SERVICE, **whose) | {"Content-Type": "text/csv"}
    sent = await service.http.put(f"/v1/batches/{batch['batch_id']}/file", content=file, headers=headers)
    assert sent.is_success, sent.text
    return str(batch["batch_id"])


async def _decide(district: District, application_id: str) -> dict[str, str]:
    """Two officers decide on the assessment; the notice hangs and comes down."""
    assessment_id = district.only(AssessmentCompleted, application_id=UUID(application_id)).assessment_id
    path = f"/v1/assessments/{assessment_id}/decisions"
    body = example_of(district["eligibility"], "POST", "/v1/assessments/{assessment_id}/decisions")
    decision = await district.post("eligibility", path, body, Role.STREET_CLERK, subject=CLERK)
    path = f"/v1/decisions/{decision['decision_id']}/confirmation"
    body = example_of(district["eligibility"], "POST", "/v1/decisions/{decision_id}/confirmation")
    await district.post("eligibility", path, body, Role.STREET_APPROVER, subject=APPROVER)
    district.clock.advance(_NOTICE_AND_A_DAY)
    await district.settle()
    benefit_id = str(district.only(BenefitStarted).benefit_id)
    ids = {"assessment_id": str(assessment_id), "decision_id": decision["decision_id"], "benefit_id": benefit_id}
    return ids | await _go_on(district, application_id, benefit_id)


async def _go_on(district: District, application_id: str, benefit_id: str) -> dict[str, str]:
    """A change of the benefit is proposed, and somebody complains."""
    place = "/v1/benefits/{benefit_id}/changes"
    body = example_of(district["eligibility"], "POST", place)
    path = place.format(benefit_id=benefit_id)
    change = await district.post("eligibility", path, body, Role.STREET_CLERK, subject=CLERK)
    place = "/v1/applications/{application_id}/complaints"
    body = example_of(district["eligibility"], "POST", place)
    path = place.format(application_id=application_id)
    complaint = await district.post("eligibility", path, body, Role.STREET_CLERK, subject=CLERK)
    return {"change_id": change["change_id"], "complaint_id": complaint["complaint_id"]}


async def _screen(district: District, household_id: str) -> dict[str, str]:
    """A population of this household alone is screened; what was found of it."""
    nobody_earns = {"street": STREET, "members": [{"id": "p1", "relation": "applicant", "birth_date": "1977-05-12"}]}
    facts = read_facts(nobody_earns, district.clock.today())
    buffer = BytesIO()
    table_of({household_id: facts}, {}).write_parquet(buffer)
    officer: dict[str, Any] = {"role": Role.DISTRICT_OFFICER, "subject": "district-1"}
    announced = {
        "as_of": district.clock.today().isoformat(),
        "snapshot_sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "parts": 1,
    }
    screening = await district.post("eligibility", "/v1/screenings", announced, **officer)
    path = f"/v1/screenings/{screening['screening_id']}/parts/1"
    content = {"content": base64.b64encode(buffer.getvalue()).decode()}
    await district.post("eligibility", path, content, method="PUT", **officer)
    await district.settle()
    service = district["eligibility"]
    answer = await service.http.get("/v1/findings", headers=service.caller(Role.DISTRICT_OFFICER))
    return {"screening_id": screening["screening_id"], "finding_id": answer.json()["items"][0]["finding_id"]}


async def _help_homeless(district: District) -> dict[str, str]:
    """Somebody without papers or name is found on the street, gets a file, and money from the reserve at once."""
    body = example_of(district["intake"], "POST", "/v1/homeless-persons")
    body |= {"street": STREET}
    filed = await district.post("intake", "/v1/homeless-persons", body, Role.STREET_CLERK, subject=CLERK)
    homeless_person_id: str = filed["homeless_person_id"]
    await district.settle()
    relief = example_of(district["emergency-fund"], "POST", "/v1/streets/{street}/quick-relief")
    whom = {"homeless_person_id": homeless_person_id, "household_id": None, "persons": None}
    relief |= whom | {"incident": relief["incident"] | {"on": "2022-10-10"}, "amount": "5.00"}
    path = f"/v1/streets/{STREET}/quick-relief"
    given = await district.post("emergency-fund", path, relief, Role.STREET_CLERK, subject=CLERK)
    assert given["household_id"] == filed["household_id"], given
    return {"homeless_person_id": homeless_person_id}


async def _enter_standard(district: District) -> dict[str, str]:
    """A district officer proposes a standard and tries it out."""
    body = example_of(district["eligibility"], "POST", "/v1/standards")
    standard = await district.post("eligibility", "/v1/standards", body, Role.DISTRICT_OFFICER, subject="district-1")
    path = f"/v1/standards/{standard['standard_id']}/shadow-run"
    await district.post("eligibility", path, None, Role.DISTRICT_OFFICER, subject="district-1")
    await district.settle()
    return {"standard_id": standard["standard_id"]}


async def _pay(district: District, household_id: str) -> dict[str, str]:
    """The street pays the household from its reserve, with a paper missing."""
    body = example_of(district["emergency-fund"], "POST", "/v1/streets/{street}/grants")
    body |= {"household_id": household_id, "incident": body["incident"] | {"on": "2022-10-18"}}
    path = f"/v1/streets/{STREET}/grants"
    grant = await district.post("emergency-fund", path, body, Role.STREET_CLERK, subject=CLERK)
    path = f"/v1/grants/{grant['grant_id']}"
    for step in ("approval", "payment"):
        await district.post("emergency-fund", f"{path}/{step}", None, Role.STREET_APPROVER, subject=APPROVER)
    await district.settle()
    debt, paid_event, task = (district.only(kind) for kind in (PaperDebtOpened, GrantPaid, FollowUpOpened))
    correction_body = example_of(district["emergency-fund"], "POST", "/v1/grants/{grant_id}/corrections")
    correction = await district.post(
        "emergency-fund",
        f"{path}/corrections",
        correction_body | {"corrects": str(paid_event.transfer_id)},
        Role.STREET_CLERK,
        subject=CLERK,
    )
    ids = {
        "grant_id": grant["grant_id"],
        "debt_id": str(debt.debt_id),
        "follow_up_id": str(task.follow_up_id),
        "stage_id": await _plan(district, body),
        "correction_id": correction["correction_id"],
        "corrects": str(paid_event.transfer_id),
    }
    declaration = example_of(district["emergency-fund"], "POST", "/v1/emergencies")
    declared = await district.post(
        "emergency-fund", "/v1/emergencies", declaration, Role.DISTRICT_OFFICER, subject="district-1"
    )
    ids["emergency_id"] = declared["emergency_id"]
    return ids | await _reconcile(district, district.clock.today(), format_yuan(parse_yuan(body["amount"])))


async def _reconcile(district: District, day: date, amount: str) -> dict[str, str]:
    """The reserve's account is named, and a statement comes in with the line of the payment."""
    officer: dict[str, Any] = {"role": Role.DISTRICT_OFFICER, "subject": "district-1"}
    account = example_of(district["emergency-fund"], "POST", "/v1/streets/{street}/reserve-account")
    await district.post("emergency-fund", f"/v1/streets/{STREET}/reserve-account", account, **officer)
    district.clock.advance(timedelta(days=1))
    statement = example_of(district["emergency-fund"], "POST", "/v1/streets/{street}/bank-statements")
    closing = format_yuan(parse_yuan(statement["covers"]["opening"]) - parse_yuan(amount))
    text = f"交易日期,借方金额,贷方金额,余额,对方户名,摘要,流水号\n{day},{amount},,{closing},,,1\n"
    statement |= {
        "content": base64.b64encode(text.encode()).decode(),
        "covers": statement["covers"] | {"first_day": str(day), "last_day": str(day), "closing": closing},
    }
    path = f"/v1/streets/{STREET}/bank-statements"
    await district.post("emergency-fund", path, statement, Role.STREET_CLERK, subject=CLERK)
    await district.settle()
    service = district["emergency-fund"]
    answer = await service.http.get(
        f"/v1/streets/{STREET}/reconciliation?first_day={day}&last_day={day}", headers=service.caller(Role.AUDITOR)
    )
    (matched,) = answer.json()["matched"]
    return {"line_id": matched["line"]["line_id"], "match_id": matched["match_id"]}


async def _plan(district: District, body: Any) -> str:
    """The street approves a plan of stages for another trouble of the household. The id of its first stage."""
    condition = {"kind": "visit", "words": "走访核实患者仍在住院治疗"}
    stages = [{"amount": amount, "planned_on": "2023-01-05", "condition": condition} for amount in ("1.00", "2.00")]
    another = {"cause": "serious_illness", "on": "2022-10-11", "separate_because": "患病住院，与火灾无关"}
    body = body | {"incident": body["incident"] | another, "amount": "3.00", "papers_missing": [], "stages": stages}
    # A key of its own: `District.post` makes one for each path.
    fund = district["emergency-fund"]
    headers = fund.caller(Role.STREET_CLERK, subject=CLERK) | {"Idempotency-Key": "plan-of-stages"}
    answer = await fund.http.post(f"/v1/streets/{STREET}/grants", json=body, headers=headers)
    assert answer.is_success, answer.text
    grant = answer.json()
    path = f"/v1/grants/{grant['grant_id']}/approval"
    await district.post("emergency-fund", path, None, Role.STREET_APPROVER, subject=APPROVER)
    stage_id: str = grant["plan"]["stages"][0]["stage_id"]
    return stage_id


async def _refer(district: District, department: str, ids: Mapping[str, str]) -> str:
    """The department gets a referral of the household. Its id."""
    case = {"household_id": ids["household_id"], "application_id": ids["application_id"]}
    referral_id = str(new_id())
    referral = ReferralIssued.model_validate(
        {**ReferralIssued.example, **case, "referral_id": referral_id, "department": department}
    )
    await district[department].hear(envelope_of(referral, clock=district.clock))
    return referral_id
