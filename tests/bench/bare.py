"""What services are measured against: bare FastAPI routes with one statement each, or none, and nothing else.

No token, no validation beyond JSON, no middleware, no pool but asyncpg's own. A process of its own runs it.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI

DATABASE_VARIABLE = "BENCH_DATABASE_URL"
"""Names the database, in asyncpg's form."""
CONNECTIONS = 16

SCHEMA = """
create table submission (submission_id uuid primary key, body jsonb not null);
create table entry (
    entry_id uuid primary key, owner_id uuid not null, at timestamptz not null, kind text not null, text text not null
);
create index entry_owner on entry (owner_id, at, entry_id);
"""


def create() -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        address = os.environ[DATABASE_VARIABLE]
        async with asyncpg.create_pool(address, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/v1/applications", status_code=201)
    async def submit(body: dict[str, Any]) -> dict[str, UUID]:
        submission_id = uuid4()
        statement = "insert into submission (submission_id, body) values ($1, $2)"
        await app.state.pool.execute(statement, submission_id, json.dumps(body, ensure_ascii=False))
        return {"submission_id": submission_id}

    @app.post("/v1/echo")
    async def echo(body: dict[str, Any]) -> dict[str, Any]:
        return body

    @app.get("/v1/applications/{owner_id}/timeline")
    async def timeline(owner_id: UUID) -> list[dict[str, Any]]:
        statement = "select * from entry where owner_id = $1 order by at, entry_id limit 51"
        return [dict(row) for row in await app.state.pool.fetch(statement, owner_id)]

    return app
