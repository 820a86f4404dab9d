"""What is signed of a request and of its answer, and whether it holds."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import HTTPSignatureAlgorithm
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from shared.signatures.keys import Signer, TrustedKey, TrustedKeys

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far the clocks of two systems may be apart. A nonce is remembered for longer than that."""
_TAG = "doudi"
_OF_REQUEST = ("@method", "@path", "@query")
_WITH_REQUEST = ("authorization", "idempotency-key")
"""Fields that are signed where they are sent: neither the token nor the key can be exchanged."""
_OF_ANSWER = ("@status", '"signature";req')

Fields = dict[str, str]
"""Header fields by their name in small letters."""
Reason = Literal["signature_missing", "signature_invalid", "signature_out_of_time", "body_altered"]


class SignatureRefused(Exception):
    """A signature is absent or does not hold. `reason` is all that a caller learns."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Message:
    """A request as it is signed, but for its body. `target`: path and query as they are sent, percent-encoded."""

    method: str
    target: str
    headers: Fields

    @property
    def url(self) -> str:
        """For the library, which wants a host. No host is signed: proxies stand before services."""
        return f"http://unsigned{self.target}"


@dataclass
class Answer:
    """An answer as it is signed, with the request that it answers."""

    status_code: int
    headers: Fields
    request: Message


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A request whose signature holds. Whether its nonce was seen before is for the caller to find out."""

    key: TrustedKey
    nonce: str


def fields_of(headers: Iterable[tuple[str, str]]) -> Fields:
    """Header fields as messages have them; what is sent several times is joined."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def sign_request(message: Message, body: bytes, signer: Signer, *, at: datetime | None = None) -> None:
    """Add Content-Digest, Signature-Input and Signature to a request. `at`: real time, now by default."""
    present = [name for name in _WITH_REQUEST if name in message.headers]
    _signing(signer).sign(
        message,
        key_id=signer.key_id,
        created=at or _real_time(),
        nonce=secrets.token_urlsafe(18),
        tag=_TAG,
        label=_TAG,
        include_alg=False,
        covered_component_ids=(*_OF_REQUEST, *present),
        body=body,
    )
    message.headers = fields_of(message.headers.items())


def verify_request(message: Message, body: bytes | None, keys: TrustedKeys, *, now: datetime | None = None) -> Signed:
    """Check a request. `body`: None for one that is streamed and checked elsewhere; its digest must be signed all the
    same. `now`: real time. Raises SignatureRefused.
    """
    present = [name for name in _WITH_REQUEST if name in message.headers]
    holding = _verified(message, keys, (*_OF_REQUEST, *present), now=now or _real_time())
    nonce = holding.result.parameters.get("nonce")
    if not isinstance(nonce, str) or not 16 <= len(nonce) <= 64:
        raise SignatureRefused("signature_invalid")
    if body is not None:
        holding.check_body(body)
    return Signed(key=holding.key, nonce=nonce)


def sign_answer(answer: Answer, body: bytes, signer: Signer) -> None:
    """Add Content-Digest, Signature-Input and Signature to the answer to a signed request."""
    _signing(signer).sign(
        answer,
        key_id=signer.key_id,
        created=_real_time(),
        tag=_TAG,
        label=_TAG,
        include_alg=False,
        covered_component_ids=_OF_ANSWER,
        body=body,
    )
    answer.headers = fields_of(answer.headers.items())


def verify_answer(answer: Answer, body: bytes, keys: TrustedKeys, *, of: str) -> None:
    """Check the answer to a request that we signed. `of`: whose it must be. Raises SignatureRefused."""
    holding = _verified(answer, keys, _OF_ANSWER, now=_real_time())
    if holding.key.client_id != of:
        raise SignatureRefused("signature_invalid")
    holding.check_body(body)


@dataclass(frozen=True, kw_only=True)
class Signing:
    """How two systems sign to each other: our key, theirs, and by which client they are known."""

    signer: Signer
    keys: TrustedKeys
    other: str


def _real_time() -> datetime:
    """Security time, as tokens have it: business time may stand still or be moved."""
    return datetime.fromtimestamp(time.time(), UTC)


class _ByKey(HTTPSignatureAlgorithm):
    """The algorithm is that of the key: a message cannot choose another."""

    algorithm_id = "of-the-key"

    def __init__(self, public_key: Any = None, private_key: Any = None) -> None:
        self._public, self._private = public_key, private_key

    def sign(self, message: bytes) -> bytes:
        signature: bytes = self._private.sign(message)
        return signature

    def verify(self, signature: bytes, message: bytes) -> None:
        if not self._public.verify(signature, message):
            raise SignatureRefused("signature_invalid")


class _Own(HTTPSignatureKeyResolver):
    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def resolve_private_key(self, _: str) -> Any:
        return self._signer

    def resolve_public_key(self, key_id: str) -> Any:
        raise KeyError(key_id)


class _Known(HTTPSignatureKeyResolver):
    def __init__(self, keys: TrustedKeys) -> None:
        self._keys = keys

    def resolve_public_key(self, key_id: str) -> Any:
        return self._keys.by_id[key_id].public_key

    def resolve_private_key(self, key_id: str) -> Any:
        raise KeyError(key_id)


class _Verifier(HTTPMessageVerifier):
    # The instant is checked by us, to tell a clock that is off from a signature that does not hold.
    max_clock_skew = timedelta(days=3650)


def _signing(signer: Signer) -> HTTPMessageSigner:
    return HTTPMessageSigner(signature_algorithm=_ByKey, key_resolver=_Own(signer))


@dataclass(frozen=True, kw_only=True)
class _Holding:
    """A message whose signature holds, of its time and of a key that counts. Its body is not checked yet."""

    message: Message | Answer
    verifier: _Verifier
    result: Any
    key: TrustedKey

    def check_body(self, body: bytes) -> None:
        try:
            self.verifier.verify_body(self.message, [self.result], body)
        except HTTPMessageSignaturesException as error:
            raise SignatureRefused("body_altered") from error


def _verified(message: Message | Answer, keys: TrustedKeys, required: tuple[str, ...], *, now: datetime) -> _Holding:
    """`required`: what must be signed besides the digest of the body. Raises SignatureRefused."""
    if "signature" not in message.headers or "signature-input" not in message.headers:
        raise SignatureRefused("signature_missing")
    verifier = _Verifier(signature_algorithm=_ByKey, key_resolver=_Known(keys))
    required = (*required, "content-digest")
    try:
        (result,) = verifier.verify(message, max_age=None, expect_tag=_TAG, require_components=required)
    except (HTTPMessageSignaturesException, ValueError, KeyError) as error:
        raise SignatureRefused("signature_invalid") from error
    key = keys.by_id[str(result.parameters["keyid"])]
    created = result.parameters.get("created")
    if not isinstance(created, int) or abs(now - datetime.fromtimestamp(created, UTC)) > CLOCK_TOLERANCE:
        raise SignatureRefused("signature_out_of_time")
    if not key.counts_at(now):
        raise SignatureRefused("signature_invalid")
    return _Holding(message=message, verifier=verifier, result=result, key=key)
