"""Limits on requests and the id of each: what stands before every application."""

import time

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.ids import new_id
from shared.logs import mask_identity_numbers
from shared.problems import Problem, plain_problem, respond


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

    def __init__(self, app: ASGIApp, *, body_limit_bytes: int, requests_per_minute: int) -> None:
        self._app = app
        self._body_limit = body_limit_bytes
        self._rate = RateLimitItemPerMinute(requests_per_minute)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        problem = self._too_large(headers) or await self._too_often(scope, headers)
        if problem is not None:
            await respond(problem)(scope, receive, send)
            return
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._body_limit:
                # FastAPI would turn any other error while it reads a body into a 400.
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)

    def _too_large(self, headers: dict[bytes, bytes]) -> Problem | None:
        declared = headers.get(b"content-length", b"0")
        return self._body_problem() if not declared.isdigit() or int(declared) > self._body_limit else None

    def _body_problem(self) -> Problem:
        return plain_problem(413, detail=f"内容不得超过 {self._body_limit} 字节", field="body")

    async def _too_often(self, scope: Scope, headers: dict[bytes, bytes]) -> Problem | None:
        if scope["path"] in {"/livez", "/readyz", "/metrics"}:
            return None
        # The token itself tells clients apart; who has none is told apart by address.
        client = headers.get(b"authorization", b"").decode("latin-1")[-43:] or (scope.get("client") or ("",))[0]
        if await self._limiter.hit(self._rate, client):
            return None
        window = await self._limiter.get_window_stats(self._rate, client)
        wait_seconds = max(1, int(window.reset_time - time.time()) + 1)
        return plain_problem(429, headers={"Retry-After": str(wait_seconds)})
