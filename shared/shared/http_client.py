"""Calls to other services: time-outs, retries where they are harmless, request id and trace passed on.

Our own errors, never the library's: `CallFailed` is worth trying again later, `CallRefused` is an answer.
"""

import time
from collections.abc import Mapping
from typing import Any

import httpx
import stamina
import structlog
from opentelemetry.propagate import inject
from pydantic import SecretStr

from shared.signatures import (
    Answer,
    Message,
    SignatureRefused,
    Signing,
    fields_of,
    sign_request,
    verify_answer,
)

_TIMEOUT = httpx.Timeout(10.0, connect=2.0)
_ATTEMPTS = 3
_TOO_FAST = frozenset({"too_many_requests", "unknown"})
"""Of a 429: a moment later it is open again. Any other code, such as a spent quota, is an answer."""
# A token is renewed this long before it ends, so that it does not end on the way.
_TOKEN_MARGIN_SECONDS = 30.0


class CallFailed(Exception):
    """No usable answer: not reached, timed out, or an error on the other side. Trying again later may help."""


class CallRefused(Exception):
    """The other side answered with a 4xx problem. Trying the same again will not help."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code


class ServiceTokens:
    """This service's own access token, by client credentials, renewed in time."""

    def __init__(self, *, issuer: str, client_id: str, client_secret: SecretStr, http: httpx.AsyncClient) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._http = http
        self._token = ""
        self._ends_at = 0.0

    async def token(self) -> str:
        """A token that holds for a while yet. Raises CallFailed when the issuer gives none."""
        if time.monotonic() < self._ends_at - _TOKEN_MARGIN_SECONDS:
            return self._token
        try:
            discovery = await self._http.get(f"{self._issuer}/.well-known/openid-configuration")
            discovery.raise_for_status()
            answer = await self._http.post(
                discovery.json()["token_endpoint"],
                data={"grant_type": "client_credentials"},
                auth=(self._client_id, self._client_secret.get_secret_value()),
            )
            answer.raise_for_status()
            document = answer.json()
            self._token = document["access_token"]
            self._ends_at = time.monotonic() + float(document["expires_in"])
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise CallFailed(f"no token from the issuer: {type(error).__name__}") from error
        return self._token


class ServiceClient:
    """Calls one other service as this service."""

    def __init__(
        self, base_url: str, *, tokens: ServiceTokens, http: httpx.AsyncClient, signing: Signing | None = None
    ) -> None:
        """`signing`: our requests are signed, and no answer counts that the other side did not sign."""
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens
        self._http = http
        self._signing = signing

    async def get(self, path: str, *, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a GET. Raises CallFailed or CallRefused."""
        return await self._call("GET", path, params=params)

    async def put(self, path: str, *, json: Any) -> Any:
        """The JSON of a PUT, which may be repeated without harm. Raises CallFailed or CallRefused."""
        return await self._call("PUT", path, json=json)

    async def _call(self, method: str, path: str, **kwargs: Any) -> Any:
        async for attempt in stamina.retry_context(
            on=CallFailed, attempts=_ATTEMPTS, wait_initial=0.05, wait_max=1.0, timeout=30.0
        ):
            with attempt:
                return await self._once(method, path, kwargs)
        raise AssertionError("retry_context returns or raises")

    async def _once(self, method: str, path: str, kwargs: dict[str, Any]) -> Any:
        sent = {"Authorization": f"Bearer {await self._tokens.token()}"}
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id is not None:
            sent["X-Request-Id"] = request_id
        inject(sent)
        request = self._http.build_request(method, self._base_url + path, headers=sent, **kwargs)
        signed = None if self._signing is None else _sign(request, self._signing)
        try:
            answer = await self._http.send(request)
        except httpx.HTTPError as error:
            raise CallFailed(f"{method} {path}: {type(error).__name__}") from error
        if answer.status_code >= 500 or answer.status_code in {408, 425}:
            raise CallFailed(f"{method} {path}: status {answer.status_code}")
        if self._signing is not None and signed is not None:
            _check(answer, signed, self._signing)
        try:
            document = answer.json()
        except ValueError as error:
            raise CallFailed(f"{method} {path}: the answer is not JSON") from error
        if not answer.is_error:
            return document
        code = document.get("code", "unknown")
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS and code in _TOO_FAST:
            raise CallFailed(f"{method} {path}: {code}")
        raise CallRefused(answer.status_code, code, document.get("detail", ""))


def _sign(request: httpx.Request, signing: Signing) -> Message:
    """Sign a request that is about to be sent: each attempt anew, because no signature is taken twice."""
    target = request.url.raw_path.decode("ascii")
    message = Message(request.method, target, fields_of(request.headers.items()))
    sign_request(message, request.content, signing.signer)
    for name in ("content-digest", "signature-input", "signature"):
        request.headers[name] = message.headers[name]
    return message


def _check(answer: httpx.Response, signed: Message, signing: Signing) -> None:
    fields = Answer(answer.status_code, fields_of(answer.headers.items()), signed)
    try:
        verify_answer(fields, answer.content, signing.keys, of=signing.other)
    except SignatureRefused as error:
        # Whoever stands between us could have made it: it is no answer, not even a refusal.
        what = f"{signed.method} {signed.target}"
        raise CallFailed(f"{what}: status {answer.status_code}, {error.reason} in the answer") from error


def http_session() -> httpx.AsyncClient:
    """The connection pool that all clients of a service share; closed by the application."""
    return httpx.AsyncClient(timeout=_TIMEOUT, limits=httpx.Limits(max_connections=100, max_keepalive_connections=20))
