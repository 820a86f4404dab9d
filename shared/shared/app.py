"""The frame of every service: health, readiness, metrics, API pages without the internet, limits, problems.

A service's `main.py` calls `create_app` once; nothing else builds an application.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Protocol, Self

import httpx
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from shared import bus
from shared.auth import Authenticator
from shared.clock import Clock
from shared.database import Database, SealRefused
from shared.http_client import ServiceTokens, http_session
from shared.limits import Limits, RequestContext
from shared.logs import configure_logs
from shared.problems import MEDIA_TYPE, ProblemDocument, install_problem_handlers, plain_problem, respond
from shared.seal import SealKey
from shared.settings import ServiceSettings
from shared.signatures import AnswerSigner, Signer
from shared.telemetry import REQUEST_SPANS, configure_traces, measure_requests

_log = structlog.get_logger(__name__)

_RESTART_DELAY_SECONDS = 1.0
_DOCUMENTED_EVERYWHERE = (400, 401, 403, 413, 422, 429)


class Background(Protocol):
    """Something that runs as long as the service does: a relay, a consumer, a worker."""

    async def run(self) -> None: ...

    def healthy(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What every service stands on, made from its settings."""

    clock: Clock
    http: httpx.AsyncClient
    database: Database
    authenticator: Authenticator
    tokens: ServiceTokens

    @classmethod
    def of(
        cls, settings: ServiceSettings, *, clock: Clock | None = None, http: httpx.AsyncClient | None = None
    ) -> Self:
        """Tests pass a clock and a connection to their own issuer; nobody else does."""
        http = http or http_session()
        return cls(
            clock=clock or settings.clock(),
            http=http,
            database=Database(
                settings.database_url.get_secret_value(),
                seal_key=SealKey.read(settings.seal_key.get_secret_value()),
                pool_size=settings.database_pool_size,
            ),
            authenticator=Authenticator(issuer=settings.token_issuer, audience=settings.token_audience, http=http),
            tokens=ServiceTokens(
                issuer=settings.token_issuer,
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                http=http,
            ),
        )

    async def close(self) -> None:
        """Give everything back."""
        await self.http.aclose()
        await self.database.close()


def create_app(
    *,
    service: str,
    title: str,
    settings: ServiceSettings,
    foundation: Foundation,
    routers: Sequence[APIRouter],
    background: Sequence[Background],
    state: Mapping[str, Any] = MappingProxyType({}),
    body_limits_bytes: Mapping[str, int] = MappingProxyType({}),
    answer_signer: Signer | None = None,
    registry: CollectorRegistry = REGISTRY,
    before: Sequence[Callable[[], Awaitable[None]]] = (),
) -> FastAPI:
    """The application of one service. `state` is what its endpoints reach through `request.app.state`; `before` is done
    before any part runs and any request is taken.

    `body_limits_bytes`: by pattern of the path, for endpoints that stream their body instead of reading it whole.
    `answer_signer`: signs the answers to requests whose signature held.
    """
    configure_logs(service=service, environment=settings.environment, level=settings.log_level)
    configure_traces(service=service, otlp_endpoint=settings.otlp_endpoint)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for step in before:
            await step()
        tasks = [asyncio.create_task(_keep_running(part), name=type(part).__name__) for part in background]
        # What is there by now stays as long as the process: collections need not walk it again and again.
        gc.collect()
        gc.freeze()
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await foundation.close()

    app = FastAPIOffline(title=title, version="1", lifespan=lifespan, telemetry=REQUEST_SPANS)
    app.state.database = foundation.database
    app.state.clock = foundation.clock
    app.state.authenticator = foundation.authenticator
    app.state.background = background
    for name, value in state.items():
        setattr(app.state, name, value)
    install_problem_handlers(app)
    for router in (*routers, _operations(foundation.database, background, registry)):
        # Not `include_router`: each of its levels tries every route once more.
        app.router.routes.extend(router.routes)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    measure_requests(app, registry)
    if answer_signer is not None:
        app.add_middleware(AnswerSigner, signer=answer_signer)
    app.add_middleware(
        Limits,
        body_limit_bytes=settings.body_limit_bytes,
        requests_per_minute=settings.requests_per_minute,
        body_limits_bytes=body_limits_bytes,
    )
    app.add_middleware(RequestContext)
    return app


async def _keep_running(part: Background) -> None:
    while True:
        try:
            await part.run()
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException:
            # aiokafka lets cancellations of its own tasks out, Rust its panics: only our cancellation ends the part.
            if bus.is_asked_to_stop():
                raise
            _log.exception("background.failed", part=type(part).__name__)
        await asyncio.sleep(_RESTART_DELAY_SECONDS)


def _operations(database: Database, background: Sequence[Background], registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def ready() -> Response:
        checks = {type(part).__name__.lower(): part.healthy() for part in background}
        way_out = ""
        try:
            checks["database"] = await database.is_reachable()
        except SealRefused as error:
            _log.error("ready.seal_refused", error=str(error))
            checks["database"] = False
            way_out = "；数据库不认可本服务的 DOUDI_SEAL_KEY：请使用迁移时写入的密钥，或以现有密钥重新迁移"
        except Exception as error:
            _log.warning("ready.database_unreachable", error=type(error).__name__)
            checks["database"] = False
        failing = sorted(name for name, passed in checks.items() if not passed)
        if failing:
            return respond(plain_problem(503, detail="未就绪：" + "、".join(failing) + way_out))
        return Response('{"status":"ready"}', media_type="application/json")

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document, with the problems that any endpoint may answer."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, openapi_version="3.1.0", routes=app.routes)
        components = schema.setdefault("components", {}).setdefault("schemas", {})
        problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        components.update(problem.pop("$defs", {}))
        components["ProblemDocument"] = problem
        components.pop("HTTPValidationError", None)
        components.pop("ValidationError", None)
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
        for path in schema.get("paths", {}).values():
            for operation in path.values():
                with_body = (415,) if "requestBody" in operation else ()
                for status in (*_DOCUMENTED_EVERYWHERE, *with_body):
                    operation["responses"][str(status)] = {
                        "description": plain_problem(status).document.title,
                        "content": content,
                    }
        app.openapi_schema = schema
    return app.openapi_schema


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


DatabaseDep = Annotated[Database, Depends(_database)]
ClockDep = Annotated[Clock, Depends(_clock)]
