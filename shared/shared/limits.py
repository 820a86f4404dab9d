"""Limits on requests and the id of each: what stands before every application."""

import math
import re
import time
from collections.abc import Mapping
from types import MappingProxyType

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.ids import new_id
from shared.logs import mask_identity_numbers
from shared.problems import Problem, plain_problem, respond
from shared.telemetry import PATHS_OF_OPERATIONS


class RequestContext:
    """Gives each request an id, or keeps the caller's, and ties log lines to it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _is_request_id(given) else str(new_id())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        await self._app(scope, receive, send_with_id)


def _is_request_id(given: str) -> bool:
    fits = 8 <= len(given) <= 64 and given.isascii() and given.isprintable()
    return fits and mask_identity_numbers(given) == given


class Limits:
    """Refuses bodies over the limit before they are read whole, and clients that ask too often."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit_bytes: int,
        requests_per_minute: int,
        body_limits_bytes: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._app = app
        self._body_limit = body_limit_bytes
        self._body_limits = [(re.compile(pattern), limit) for pattern, limit in body_limits_bytes.items()]
        self._rate = _Rate(requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        body_limit = self._limit_of(scope["path"])
        problem = self._too_large(headers, body_limit) or self._too_often(scope, headers)
        if problem is not None:
            await respond(problem)(scope, receive, send)
            return
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > body_limit:
                # FastAPI would turn any other error while it reads a body into a 400.
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)

    def _limit_of(self, path: str) -> int:
        return next((limit for pattern, limit in self._body_limits if pattern.fullmatch(path)), self._body_limit)

    def _too_large(self, headers: dict[bytes, bytes], body_limit: int) -> Problem | None:
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) <= body_limit:
            return None
        return plain_problem(413, detail=f"内容不得超过 {body_limit} 字节", field="body")

    def _too_often(self, scope: Scope, headers: dict[bytes, bytes]) -> Problem | None:
        if scope["path"] in PATHS_OF_OPERATIONS:
            return None
        # The token itself tells clients apart; who has none is told apart by address.
        client = headers.get(b"authorization", b"").decode("latin-1")[-43:] or (scope.get("client") or ("",))[0]
        wait_seconds = self._rate.count(client)
        return plain_problem(429, headers={"Retry-After": str(wait_seconds)}) if wait_seconds else None


class _Rate:
    """Requests of each client in the last minute: exact in the running minute, in proportion for the one before.

    Nothing is swept: what is older goes away with its minute, so a request costs the same however many clients there
    are.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._minute = 0.0
        self._running: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def count(self, client: str) -> int:
        """Count a request that may go on and return 0; otherwise the seconds after which it is worth another try."""
        minute, second = divmod(time.monotonic(), 60)
        if minute != self._minute:
            self._before = self._running if minute == self._minute + 1 else {}
            self._minute, self._running = minute, {}
        running = self._running.get(client, 0)
        before = self._before.get(client, 0)
        if running + before * (1 - second / 60) + 1 > self._per_minute:
            return math.ceil(60 - second)
        self._running[client] = running + 1
        return 0
