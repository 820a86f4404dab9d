"""Signatures between systems: against published vectors, against `openssl`, and one thing after the other changed."""

import base64
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from shared.signatures import (
    Answer,
    Ed25519Key,
    Ed25519Signer,
    Message,
    PublicKey,
    SignatureRefused,
    Signer,
    Sm2Key,
    Sm2Signer,
    TrustedKey,
    TrustedKeys,
    fields_of,
    load_signers,
    sign_answer,
    sign_request,
    verify_answer,
    verify_request,
)

pytestmark = pytest.mark.clause("12.1.2")

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not installed")
BODY = b'{"outcome":"no_record"}'
# GB/T 32918.5-2017, annex A, also GM/T 0003.5: the message "message digest" under the default identity.
SM2_PRIVATE = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
SM2_PUBLIC = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
SM2_R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
SM2_S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA


@dataclass(frozen=True)
class Pair:
    """Somebody who signs, and what the others know of them."""

    signer: Signer
    public: PublicKey


def ed25519(key_id: str) -> Pair:
    private = Ed25519PrivateKey.generate()
    signer = Ed25519Signer(key_id=key_id, private=private.private_bytes_raw())
    return Pair(signer, Ed25519Key(private.public_key().public_bytes_raw()))


def sm2(key_id: str) -> Pair:
    public, private = gmssl_pyx.sm2_key_generate()
    return Pair(Sm2Signer(key_id=key_id, private=private, public=public), Sm2Key(public))


PAIRS = {"ed25519": ed25519("tax-1"), "sm2": sm2("tax-1")}


def trusted(pair: Pair, *, client_id: str = "department-tax", period: dict[str, datetime] | None = None) -> TrustedKeys:
    key = TrustedKey(
        key_id=pair.signer.key_id,
        client_id=client_id,
        public_key=pair.public,
        not_before=(period or {}).get("not_before"),
        not_after=(period or {}).get("not_after"),
    )
    return TrustedKeys.of([key])


def request(pair: Pair, **sent: Any) -> Message:
    """A signed request."""
    headers = [("Authorization", "Bearer token"), ("Idempotency-Key", "one-request"), ("Host", "data-sharing")]
    message = Message("PUT", sent.get("target", "/v1/queries/1/answer?a=b&c=%E4%B8%AD"), fields_of(headers))
    sign_request(message, sent.get("body", BODY), pair.signer, at=sent.get("at"))
    return message


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> Pair:
    return PAIRS[request.param]


def test_ed25519_is_that_of_rfc_8032() -> None:
    private = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert Ed25519Signer(key_id="test", private=private).sign(b"\x72") == signature
    assert Ed25519Key(public).verify(signature, b"\x72")


def test_a_request_is_signed_as_in_rfc_9421_b_2_6() -> None:
    private = base64.b64decode("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF")[-32:]
    base = (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n"@authority": example.com\n'
        '"content-type": application/json\n"content-length": 18\n'
        '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    signature = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    made = Ed25519Signer(key_id="test-key-ed25519", private=private).sign(base.encode())
    assert base64.b64encode(made).decode() == signature


def test_sm2_is_that_of_gb_t_32918_5() -> None:
    signature = encode_dss_signature(SM2_R, SM2_S)
    assert Sm2Key(SM2_PUBLIC).verify(signature, b"message digest")
    assert not Sm2Key(SM2_PUBLIC).verify(signature, b"message digest.")
    assert not Sm2Key(SM2_PUBLIC).verify(encode_dss_signature(SM2_R, SM2_S + 1), b"message digest")
    made = Sm2Signer(key_id="test", private=SM2_PRIVATE, public=SM2_PUBLIC).sign(b"message digest")
    assert Sm2Key(SM2_PUBLIC).verify(made, b"message digest")


def test_sm3_is_that_of_gb_t_32905() -> None:
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sm4_gcm_is_that_of_rfc_8998() -> None:
    key, nonce = bytes.fromhex("0123456789abcdeffedcba9876543210"), bytes.fromhex("00001234567800000000abcd")
    encryptor = Cipher(SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
    plain = b"".join(bytes([byte]) * 8 for byte in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    cipher = encryptor.update(plain) + encryptor.finalize()
    assert cipher.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    )
    assert encryptor.tag.hex() == "83de3541e4c2b58177e065a9bf7b62ec"


def openssl(*arguments: object, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([str(OPENSSL), *map(str, arguments)], input=data, capture_output=True, check=False)


@needs_openssl
def test_openssl_takes_our_signatures_and_we_take_its(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    (tmp_path / "public.pem").write_bytes(
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "message").write_bytes(BODY)
    ours = Ed25519Signer(key_id="test", private=private.private_bytes_raw()).sign(BODY)
    (tmp_path / "signature").write_bytes(ours)
    verify = ("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", tmp_path / "public.pem", "-in", tmp_path / "message")
    assert openssl(*verify, "-sigfile", tmp_path / "signature").returncode == 0

    key = tmp_path / "sm2.pem"
    assert openssl("ecparam", "-genkey", "-name", "SM2", "-noout", "-out", key).returncode == 0
    der = openssl("ec", "-in", key, "-pubout", "-outform", "DER").stdout
    as_sm2 = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-in", tmp_path / "message")
    theirs = openssl("pkeyutl", "-sign", "-inkey", key, *as_sm2).stdout
    assert Sm2Key(der[-64:]).verify(theirs, BODY)
    assert not Sm2Key(der[-64:]).verify(theirs, BODY + b" ")

    pair = sm2("test")
    assert isinstance(pair.public, Sm2Key)
    (tmp_path / "sm2-public.der").write_bytes(der[:-64] + pair.public.public)
    (tmp_path / "sm2-signature").write_bytes(pair.signer.sign(BODY))
    its_key = ("-pubin", "-inkey", tmp_path / "sm2-public.der", "-keyform", "DER")
    check = ("pkeyutl", "-verify", *its_key, *as_sm2, "-sigfile", tmp_path / "sm2-signature")
    assert openssl(*check).returncode == 0


@needs_openssl
@given(data=st.binary(max_size=300), key=st.binary(min_size=32, max_size=32))
def test_sm3_and_its_hmac_are_those_of_openssl(data: bytes, key: bytes) -> None:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    assert openssl("dgst", "-sm3", "-binary", data=data).stdout == digest.finalize()
    mac = HMAC(key, hashes.SM3())
    mac.update(data)
    keyed = openssl("dgst", "-sm3", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary", data=data)
    assert keyed.stdout == mac.finalize()


@pytest.mark.parametrize("body", [b"", BODY, "断粮".encode() * 1000], ids=["empty", "json", "long"])
def test_what_is_signed_holds(pair: Pair, body: bytes) -> None:
    signed = verify_request(request(pair, body=body), body, trusted(pair))
    assert signed.key.client_id == "department-tax"
    assert len(signed.nonce) >= 16


def test_what_is_signed_by_hand_as_the_readme_says_holds(pair: Pair) -> None:
    digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    created = int(datetime.now(UTC).timestamp())
    covered = '("@method" "@path" "@query" "authorization" "content-digest")'
    params = f'{covered};created={created};keyid="tax-1";nonce="{"0" * 32}";tag="doudi"'
    base = (
        '"@method": GET\n"@path": /v1/data-sets\n"@query": ?\n"authorization": Bearer token\n'
        f'"content-digest": {digest}\n"@signature-params": {params}'
    )
    signature = base64.b64encode(pair.signer.sign(base.encode())).decode()
    headers = {
        "Authorization": "Bearer token",
        "Content-Digest": digest,
        "Signature-Input": f"doudi={params}",
        "Signature": f"doudi=:{signature}:",
    }
    message = Message("GET", "/v1/data-sets", fields_of(headers.items()))
    assert verify_request(message, b"", trusted(pair)).nonce == "0" * 32


def test_no_two_requests_have_one_nonce(pair: Pair) -> None:
    nonces = {verify_request(request(pair), BODY, trusted(pair)).nonce for _ in range(20)}
    assert len(nonces) == 20


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"method": "POST"}, "signature_invalid"),
        ({"target": "/v1/queries/2/answer?a=b&c=%E4%B8%AD"}, "signature_invalid"),
        ({"target": "/v1/queries/1/answer?a=b"}, "signature_invalid"),
        ({"target": "/v1/queries/1/answer?a=b&c=%E4%B8%AD&d=e"}, "signature_invalid"),
        ({"authorization": "Bearer another"}, "signature_invalid"),
        ({"idempotency-key": "another-one"}, "signature_invalid"),
        ({"content-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}, "signature_invalid"),
        ({"signature": "doudi=:AAAA:"}, "signature_invalid"),
        ({"signature": "nonsense"}, "signature_invalid"),
        ({"signature-input": "doudi=()"}, "signature_invalid"),
        ({"signature": None}, "signature_missing"),
        ({"signature-input": None}, "signature_missing"),
        ({"body": b"{}"}, "body_altered"),
        ({"body": b""}, "body_altered"),
    ],
)
def test_whatever_is_changed_is_refused(pair: Pair, change: dict[str, Any], reason: str) -> None:
    message, body = request(pair), BODY
    for what, value in change.items():
        if what in {"method", "target"}:
            setattr(message, what, value)
        elif what == "body":
            body = value
        elif value is None:
            del message.headers[what]
        else:
            message.headers[what] = value
    with pytest.raises(SignatureRefused) as refused:
        verify_request(message, body, trusted(pair))
    assert refused.value.reason == reason


def test_a_token_that_was_not_signed_with_it_is_not_taken(pair: Pair) -> None:
    message = Message("PUT", "/v1/queries/1", {})
    sign_request(message, BODY, pair.signer)
    message.headers["authorization"] = "Bearer somebody-elses"
    with pytest.raises(SignatureRefused, match="signature_invalid"):
        verify_request(message, BODY, trusted(pair))


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(minutes=5, seconds=2)], ids=str)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_that_is_off_is_told_apart(pair: Pair, off: timedelta, sign: int) -> None:
    message = request(pair, at=datetime.now(UTC) + sign * off)
    with pytest.raises(SignatureRefused, match="signature_out_of_time"):
        verify_request(message, BODY, trusted(pair))
    verify_request(request(pair, at=datetime.now(UTC) + sign * timedelta(minutes=4)), BODY, trusted(pair))


def test_a_key_counts_in_its_time_and_under_its_id(pair: Pair) -> None:
    now = datetime.now(UTC)
    for period in ({"not_before": now + timedelta(days=1)}, {"not_after": now - timedelta(seconds=1)}):
        with pytest.raises(SignatureRefused, match="signature_invalid"):
            verify_request(request(pair), BODY, trusted(pair, period=period))
    other = ed25519("housing-1")
    for keys in (trusted(other), trusted(Pair(pair.signer, other.public))):
        with pytest.raises(SignatureRefused, match="signature_invalid"):
            verify_request(request(pair), BODY, keys)


def test_an_answer_belongs_to_its_request_its_status_and_its_service(pair: Pair) -> None:
    service, message = ed25519("data-sharing-1"), request(pair)
    keys = trusted(service, client_id="data-sharing")
    answer = Answer(200, {"content-type": "application/json"}, message)
    sign_answer(answer, BODY, service.signer)
    verify_answer(answer, BODY, keys, of="data-sharing")

    def refused(reason: str, body: bytes = BODY, *, of: str = "data-sharing", **changed: Any) -> None:
        other = Answer(**{**answer.__dict__, **changed})
        with pytest.raises(SignatureRefused, match=reason):
            verify_answer(other, body, keys, of=of)

    refused("body_altered", b"{}")
    refused("signature_invalid", status_code=404)
    refused("signature_invalid", request=request(pair))
    refused("signature_invalid", of="intake")
    refused("signature_missing", headers={"content-type": "application/json"})


@given(body=st.binary(max_size=200), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_bit_of_a_body_can_be_turned(body: bytes, at: int, bit: int) -> None:
    pair = PAIRS["ed25519"]
    message = request(pair, body=body)
    turned = bytearray(body or b"\0")
    turned[at % len(turned)] ^= 1 << bit
    with pytest.raises(SignatureRefused, match="body_altered"):
        verify_request(message, bytes(turned), trusted(pair))


def test_key_files_that_are_not_sound_say_why(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text('{"department-tax": [{"key_id": "tax-1", "algorithm": "rsa", "public_key": "00"}]}')
    with pytest.raises(ValueError, match="key tax-1: unknown algorithm rsa"):
        TrustedKeys.load(file)
    file.write_text('{"department-tax": [{"key_id": "tax-1", "algorithm": "ed25519", "public_key": "00"}]}')
    with pytest.raises(ValueError, match="key tax-1: public_key has 1 bytes instead of 32"):
        TrustedKeys.load(file)
    key = '{"key_id": "one", "algorithm": "ed25519", "public_key": "' + "00" * 32 + '"'
    file.write_text('{"a": [' + key + '}], "b": [' + key + "}]}")
    with pytest.raises(ValueError, match="two trusted keys have the id one"):
        TrustedKeys.load(file)
    file.write_text('{"a": [' + key + ', "not_after": "2030-01-01T00:00:00"}]}')
    with pytest.raises(ValueError, match="no time zone"):
        TrustedKeys.load(file)
    file.write_text('{"a": {"key_id": "a-1", "algorithm": "sm2-sm3", "private_key": "' + "01" * 32 + '"}}')
    with pytest.raises(KeyError, match="public_key"):
        load_signers(file)
