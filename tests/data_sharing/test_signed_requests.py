"""Attacks on signatures, by name: each is refused, each is on the ledger, none is told more than a code (12.1.2)."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gmssl_pyx
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from tests.data_sharing.conftest import SECRETS, Service
from tests.data_sharing.deliveries import announce, csv_file, number, send

from shared.auth import Role
from shared.http_client import CallFailed, ServiceClient
from shared.signatures import (
    Answer,
    Message,
    Signer,
    Signing,
    TrustedKeys,
    fields_of,
    load_signers,
    sign_request,
    verify_answer,
)

pytestmark = pytest.mark.clause("12.1.2")

OWN = Ed25519PrivateKey.generate()
TAX_PUBLIC, TAX_PRIVATE = gmssl_pyx.sm2_key_generate()
HOUSING = Ed25519PrivateKey.generate()
KEYS: dict[str, dict[str, Any]] = {
    "own.json": {
        "data-sharing": {
            "key_id": "data-sharing-1",
            "algorithm": "ed25519",
            "private_key": OWN.private_bytes_raw().hex(),
        }
    },
    "trusted.json": {
        "department-tax": [{"key_id": "tax-1", "algorithm": "sm2-sm3", "public_key": TAX_PUBLIC.hex()}],
        "department-housing": [
            {"key_id": "housing-1", "algorithm": "ed25519", "public_key": HOUSING.public_key().public_bytes_raw().hex()}
        ],
    },
    "departments.json": {
        "department-tax": {
            "key_id": "tax-1",
            "algorithm": "sm2-sm3",
            "private_key": TAX_PRIVATE.hex(),
            "public_key": TAX_PUBLIC.hex(),
        },
        "department-housing": {
            "key_id": "housing-1",
            "algorithm": "ed25519",
            "private_key": HOUSING.private_bytes_raw().hex(),
        },
    },
    "its.json": {
        "data-sharing": [
            {
                "key_id": "data-sharing-1",
                "algorithm": "ed25519",
                "public_key": OWN.public_key().public_bytes_raw().hex(),
            }
        ]
    },
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, content in KEYS.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="ascii")
    return tmp_path


@pytest.fixture
def further_settings(files: Path) -> dict[str, Any]:
    return {"signers_file": files / "trusted.json", "signing_keys_file": files / "own.json"}


@pytest.fixture
def signers(files: Path) -> dict[str, Signer]:
    return load_signers(files / "departments.json")


def signed(
    service: Service, signer: Signer, target: str, *, by: str = "tax", at: datetime | None = None
) -> dict[str, str]:
    """The header of a signed GET of a department."""
    message = Message("GET", target, fields_of(service.as_department(by).items()))
    sign_request(message, b"", signer, at=at)
    return message.headers


async def refusals(service: Service) -> list[tuple[str, str]]:
    """Who was refused why, as the ledger has it."""
    async with service.database.transaction() as tx:
        rows = await tx.execute(
            text("select client_id, reason from access where purpose = 'authentication' order by access_id")
        )
        return [(row.client_id, row.reason) for row in rows]


def refused(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, code), answer.text
    assert not any(secret in answer.text for secret in SECRETS)
    assert "key" not in answer.json().get("detail", "")


async def test_who_has_a_key_on_file_signs_everything(service: Service, signers: dict[str, Signer]) -> None:
    case = await service.open()
    target = f"/v1/queries/{case.query_ids['tax']}"
    refused(await service.http.get(target, headers=service.as_department("tax")), "signature_missing")
    answer = await service.http.get(target, headers=signed(service, signers["department-tax"], target))
    assert answer.status_code == 200, answer.text
    assert await refusals(service) == [("department-tax", "signature_missing")]
    # Whoever has none needs none: the street's clerks, other services of the platform.
    assert (await service.get("/v1/data-sets", Role.STREET_CLERK)).status_code == 200


async def test_a_replayed_signature(service: Service, signers: dict[str, Signer]) -> None:
    case = await service.open()
    target = f"/v1/queries/{case.query_ids['tax']}"
    headers = signed(service, signers["department-tax"], target)
    answers = await asyncio.gather(*(service.http.get(target, headers=headers) for _ in range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [401] * 7
    for answer in answers:
        if answer.status_code == 401:
            refused(answer, "signature_replayed")
    assert await refusals(service) == [("department-tax", "signature_replayed")] * 7


async def test_an_altered_body(service: Service, signers: dict[str, Signer]) -> None:
    case = await service.open()
    target = f"/v1/queries/{case.query_ids['tax']}/answer"
    sent = service.as_department("tax") | {"Content-Type": "application/json"}
    message = Message("PUT", target, fields_of(sent.items()))
    grant_id = await service.mint_grant(case.query_ids["tax"], "tax")
    said = json.dumps({"grant_id": str(grant_id), "outcome": "no_record", "records": []}).encode()
    sign_request(message, said, signers["department-tax"])
    altered = said.replace(b"no_record", b"error")
    refused(await service.http.put(target, content=altered, headers=message.headers), "body_altered")
    assert await refusals(service) == [("department-tax", "body_altered")]
    # Nothing was taken from it; as it was signed, it counts.
    assert (await service.http.put(target, content=said, headers=message.headers)).status_code == 200


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1)], ids=["an_hour_ahead", "an_hour_behind"])
async def test_a_clock_off_by_an_hour(service: Service, signers: dict[str, Signer], off: timedelta) -> None:
    headers = signed(service, signers["department-tax"], "/v1/data-sets", at=datetime.now(UTC) + off)
    refused(await service.http.get("/v1/data-sets", headers=headers), "signature_out_of_time")
    assert await refusals(service) == [("department-tax", "signature_out_of_time")]


async def test_another_departments_key(service: Service, signers: dict[str, Signer]) -> None:
    headers = signed(service, signers["department-housing"], "/v1/data-sets")
    refused(await service.http.get("/v1/data-sets", headers=headers), "signature_invalid")
    assert await refusals(service) == [("department-tax", "signature_invalid")]


async def test_a_department_that_asks_for_anothers_leg_is_refused_although_it_signs(
    service: Service, signers: dict[str, Signer]
) -> None:
    case = await service.open()
    target = f"/v1/queries/{case.query_ids['tax']}"
    headers = signed(service, signers["department-housing"], target, by="housing")
    answer = await service.http.get(target, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert [entry["reason"] for entry in await service.ledger(case)] == ["not_addressed"]


async def test_one_request_moved_to_another_path(service: Service, signers: dict[str, Signer]) -> None:
    headers = signed(service, signers["department-tax"], "/v1/data-sets")
    refused(await service.http.get("/v1/agreements", headers=headers), "signature_invalid")
    assert await refusals(service) == [("department-tax", "signature_invalid")]


async def test_answers_and_refusals_after_the_signature_are_signed(
    service: Service, files: Path, signers: dict[str, Signer]
) -> None:
    keys = TrustedKeys.load(files / "its.json")
    for target, status in (("/v1/data-sets", 200), ("/v1/queries/01930000-0000-7000-8000-000000000009", 404)):
        headers = signed(service, signers["department-tax"], target)
        answer = await service.http.get(target, headers=headers)
        assert answer.status_code == status
        message = Message("GET", target, headers)
        fields = Answer(status, fields_of(answer.headers.items()), message)
        verify_answer(fields, answer.content, keys, of="data-sharing")
    unsigned = await service.get("/v1/data-sets", Role.STREET_CLERK)
    assert "signature" not in unsigned.headers


async def test_a_file_is_signed_by_its_manifest_and_its_digest(service: Service, signers: dict[str, Signer]) -> None:
    """The file itself is read in pieces: what stands in it is what the signed manifest says, or nothing is loaded."""
    content = csv_file("identity_number,wage", f"{number(1)},10.00")
    refused(await announce(service, content, rows=1), "signature_missing")
    refused(await send(service, {"batch_id": "x", "department": "tax", "format": "csv"}, content), "signature_missing")
    sent = service.as_department("tax") | {"Content-Type": "text/csv"}
    target = "/v1/batches/01930000-0000-7000-8000-000000000009/file"
    message = Message("PUT", target, fields_of(sent.items()))
    sign_request(message, content, signers["department-tax"])
    answer = await service.http.put(target, content=content, headers=message.headers)
    assert answer.status_code == 404, "the signature holds, the batch is not there"


class _Tokens:
    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token


async def test_a_department_takes_no_answer_that_data_sharing_did_not_sign(
    service: Service, files: Path, signers: dict[str, Signer]
) -> None:
    headers = service.as_department("tax")
    tokens: Any = _Tokens(headers["Authorization"].removeprefix("Bearer "))
    signing = Signing(signer=signers["department-tax"], keys=TrustedKeys.load(files / "its.json"), other="data-sharing")
    client = ServiceClient(str(service.http.base_url), tokens=tokens, http=service.http, signing=signing)
    assert (await client.get("/v1/data-sets"))["items"]

    forged = httpx.MockTransport(lambda _: httpx.Response(200, json={"items": []}))
    async with httpx.AsyncClient(transport=forged, base_url="http://test") as elsewhere:
        client = ServiceClient("http://test", tokens=tokens, http=elsewhere, signing=signing)
        with pytest.raises(CallFailed, match="signature_missing in the answer"):
            await client.get("/v1/data-sets")


async def test_nonces_go_when_no_clock_lets_them_come_back(service: Service, signers: dict[str, Signer]) -> None:
    for _ in range(3):
        headers = signed(service, signers["department-tax"], "/v1/data-sets")
        assert (await service.http.get("/v1/data-sets", headers=headers)).status_code == 200
    async with service.database.transaction() as tx:
        await tx.execute(text("update used_nonce set used_at = now() - interval '31 minutes'"))
    headers = signed(service, signers["department-tax"], "/v1/data-sets")
    assert (await service.http.get("/v1/data-sets", headers=headers)).status_code == 200
    async with service.database.transaction() as tx:
        assert (await tx.execute(text("select count(*) from used_nonce"))).scalar_one() == 1
