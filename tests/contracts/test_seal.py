"""Whoever runs SQL of his own in a clerk's transaction stays in the clerk's street: attacks by name, on the database of
every service, over raw connections of its run-time role. Decision 18 tells what they cannot do and what remains.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from doudi.databases import SERVICES, DatabaseUrls
from shared.seal import context_of, sealed
from shared.testing import SEAL_KEY, let_in

STREET, OTHER_STREET = "420106006", "420106009"
CLERK: Mapping[str, Any] = {"scope": "streets", "subject": f"clerk-{STREET}-1", "streets": (STREET,)}
OTHER_CLERK: Mapping[str, Any] = {"scope": "streets", "subject": f"clerk-{OTHER_STREET}-1", "streets": (OTHER_STREET,)}
_SEEN = {"sees_all", "seen_streets", "seen_subject", "handled_streets"}


@dataclass(frozen=True)
class Rows:
    """One row of each street, what reads those of the other street, and what would write them."""

    table: str
    seed: str
    writes: str
    """Statements that would change what is not the clerk's."""
    of_streets: tuple[str, str] = (STREET, OTHER_STREET)
    """What the seed is given for each."""
    column: str = "street"

    def written(self) -> list[str]:
        """The statements one by one."""
        return self.writes.split(";") if self.writes else []

    @property
    def own(self) -> int:
        """How many rows a clerk of the first street sees."""
        return 1 if STREET in self.of_streets else 0

    @property
    def own_rows(self) -> str:
        return f"select count(*) from {self.table}"  # noqa: S608  # names from below

    @property
    def other_rows(self) -> str:
        return f"select count(*) from {self.table} where {self.column}::text <> '{STREET}'"  # noqa: S608  # the same


ROWS = {
    "intake": Rows(
        "household",
        "insert into household values (gen_random_uuid(), $1, null, '', now())",
        """
        update household set street = '420106006';
        insert into household values (gen_random_uuid(), '420106009', null, '', now())
        """,
    ),
    "data_sharing": Rows(
        "application",
        "insert into application values (gen_random_uuid(), gen_random_uuid(), $1, '{}', now(), now())",
        """
        update application set street = '420106006';
        insert into application values (gen_random_uuid(), gen_random_uuid(), '420106009', '{}', now(), now())
        """,
    ),
    "eligibility": Rows(
        "suggestion",
        """
        insert into suggestion (suggestion_id, household_id, street, kind, policy, from_on, person_refs, reason, state)
        values (gen_random_uuid(), gen_random_uuid(), $1, 'end', 'dibao', now(), '{}', '', 'open')
        """,
        """
        update suggestion set state = 'superseded' where street = '420106009';
        update suggestion set street = '420106009';
        insert into suggestion select gen_random_uuid(), null, household_id, '420106009', kind, policy, null, from_on,
            null, null, person_refs, reason, state from suggestion
        """,
    ),
    "emergency_fund": Rows(
        "reserve_account",
        "insert into reserve_account values ($1, $1, '2022-10-10', 'finance', now())",
        "insert into reserve_account values ('420106010', '420106010', '2022-10-10', 'finance', now())",
    ),
    # Every reserve has its first transfer.
    "emergency_fund, its ledger": Rows("transfer", "select $1::text", ""),
    # Clerks have nothing to see here at all.
    "departments": Rows(
        "work_item",
        "insert into work_item values (gen_random_uuid(), $1, 'accept_referral', gen_random_uuid(), now(), now())",
        """
        update work_item set closed_at = now();
        insert into work_item values (gen_random_uuid(), 'tax', 'accept_referral', gen_random_uuid(), now(), now())
        """,
        of_streets=("tax", "housing"),
        column="department",
    ),
    "oversight": Rows(
        "log_entry",
        "insert into log_entry values ($1::text::bigint, gen_random_uuid(), 't', 't', 'k', now(), now(), '')",
        "insert into log_entry values (7, gen_random_uuid(), 't', 't', 'k', now(), now(), '')",
        of_streets=("0", "1"),
        column="leaf_index",
    ),
}


@dataclass
class Attacker:
    """A raw connection as the run-time role, in the context of a clerk, and what else may have come to be known."""

    connection: asyncpg.Connection
    said: str
    """By the clerk's own transaction, with its seal."""
    said_before: str
    """By the service itself, in an earlier transaction of this very session."""
    said_elsewhere: str
    """By the service itself, in another session, under the number of the clerk's own seal."""
    said_by_another: str
    """By a clerk of the other street, in another session, under that number too."""

    async def do(self, *statements: str) -> None:
        """Statements as they stand; what the database answers to a later one is its own affair."""
        for statement in statements:
            await self.connection.execute(statement)

    async def reads(self, query: str) -> int:
        """What a query counts; nothing when it is refused, also when tried again outside the transaction."""
        for _ in range(2):
            try:
                return int(await self.connection.fetchval(query))
            except asyncpg.PostgresError:
                with suppress(asyncpg.PostgresError):
                    await self.connection.execute("rollback")
        return 0

    async def tries(self, statement: str) -> str:
        """What the database answers to a statement."""
        try:
            return str(await self.connection.execute(statement))
        except asyncpg.PostgresError:
            with suppress(asyncpg.PostgresError):
                await self.connection.execute("rollback")
            return "refused"

    async def say(self, said: str) -> None:
        """Put something else in the place of what the service said."""
        await self.connection.execute("select set_config('app.context', $1, false)", said)


SERVICE = context_of(scope="service")


async def _set_scopes(attacker: Attacker) -> None:
    for name, value in {"scope": "service", "streets": OTHER_STREET, "subject": "x", "department": "tax"}.items():
        await attacker.connection.execute("select set_config($1, $2, false)", f"app.{name}", value)


async def _own_seal_for_another_street(attacker: Attacker) -> None:
    await attacker.say(attacker.said.replace(STREET, OTHER_STREET))


async def _own_seal_for_the_service(attacker: Attacker) -> None:
    await attacker.say(attacker.said[:64] + SERVICE)


async def _more_streets_below_the_seal(attacker: Attacker) -> None:
    await attacker.say(f"{attacker.said}\n{OTHER_STREET}")


async def _lines_moved(attacker: Attacker) -> None:
    """The seal's line holds what it held, the values stand elsewhere."""
    await attacker.say(attacker.said.replace("\nstreets\n", "\nservice\nstreets\n"))


async def _no_seal(attacker: Attacker) -> None:
    await attacker.say(SERVICE)


async def _empty_seal(attacker: Attacker) -> None:
    await attacker.say(" " * 64 + SERVICE)


async def _garbage_seal(attacker: Attacker) -> None:
    await attacker.say("0" * 64 + SERVICE)


async def _nothing_said(attacker: Attacker) -> None:
    await attacker.say("")


async def _seal_used_before_in_this_session(attacker: Attacker) -> None:
    await attacker.say(attacker.said_before)


async def _seal_used_before_and_its_number(attacker: Attacker) -> None:
    await attacker.do("select use_seal(1)")
    await attacker.say(attacker.said_before)


async def _seal_of_another_session(attacker: Attacker) -> None:
    await attacker.say(attacker.said_elsewhere)


async def _seal_of_another_clerk(attacker: Attacker) -> None:
    await attacker.say(attacker.said_by_another)


async def _seal_before_after_forgetting(attacker: Attacker) -> None:
    """The session's memory thrown away, to have its numbers begin anew."""
    await attacker.do("rollback", "discard sequences", f"select open_session('{SEAL_KEY.key_id}')")
    await attacker.say(attacker.said_before)
    await attacker.do("select use_seal(1)")


async def _seal_made_from_the_nonce(attacker: Attacker) -> None:
    nonce = await attacker.connection.fetchval("select open_session($1)", SEAL_KEY.key_id)
    await attacker.do("select use_seal(1)")
    await attacker.say(sealed(SERVICE, session_secret=nonce, number=1))


async def _numbers_set_back(attacker: Attacker) -> None:
    await attacker.do("select setval('seal_number', 1)")
    await attacker.say(attacker.said_before)


async def _functions_of_the_owner(attacker: Attacker) -> None:
    """All that may be called, with whatever they do to the transaction."""
    functions = await attacker.connection.fetch(
        "select proname, pronargs from pg_proc where prosecdef and prorettype <> 'trigger'::regtype"
        " and pronamespace = 'public'::regnamespace and has_function_privilege(oid, 'execute')"
    )
    assert len(functions) > 4, "the functions were found"
    for function in functions:
        if function["proname"] not in {"open_session", "use_seal"}:
            arguments = ", ".join(["null"] * function["pronargs"])
            await attacker.do("savepoint s")
            with suppress(asyncpg.PostgresError):
                await attacker.do(f"select {function['proname']}({arguments})")
                continue
            await attacker.do("rollback to s")


def _sql(*statements: str) -> Callable[[Attacker], Awaitable[None]]:
    async def attack(attacker: Attacker) -> None:
        await attacker.do(*statements)

    return attack


_SHADOW = """
create function {schema}.current_setting(text, boolean) returns text language sql as $$ select 'x' $$;
create function {schema}.caller_context(of_scope text default null) returns text[]
language sql as $$ select array['', 'service', '', '', '*'] $$
"""

ATTACKS: Mapping[str, Callable[[Attacker], Awaitable[None]]] = {
    "settings of scope, streets, subject and department": _set_scopes,
    "own seal, another street": _own_seal_for_another_street,
    "own seal, the service": _own_seal_for_the_service,
    "own seal, one more street": _more_streets_below_the_seal,
    "own seal, values moved by a line": _lines_moved,
    "no seal": _no_seal,
    "empty seal": _empty_seal,
    "garbage seal": _garbage_seal,
    "nothing said": _nothing_said,
    "the service's seal of an earlier transaction": _seal_used_before_in_this_session,
    "the same, with its number": _seal_used_before_and_its_number,
    "the service's seal of another session": _seal_of_another_session,
    "the seal of another street's clerk": _seal_of_another_clerk,
    "an earlier seal in a session that forgot": _seal_before_after_forgetting,
    "a seal made from the nonce": _seal_made_from_the_nonce,
    "the numbers set back": _numbers_set_back,
    "all functions of the owner": _functions_of_the_owner,
    "key table read": _sql("select * from seal_key"),
    "key table copied": _sql("copy seal_key to stdout"),
    "key table written": _sql(
        "insert into seal_key values ('00000000', repeat('x', 64)::bytea, repeat('x', 64)::bytea)"
    ),
    "secret of the session": _sql("select currval('seal_secret_1')"),
    "last secret": _sql("select last_value from seal_secret_1"),
    "secret set": _sql("select setval('seal_secret_1', 1)"),
    "seal by the database's own function": _sql("select session_seal('x')"),
    "the owner's way in": _sql("select act_as_service()"),
    "functions in pg_temp": _sql("set search_path = pg_temp, public, pg_catalog", _SHADOW.format(schema="pg_temp")),
    "functions in public": _sql("set search_path = public, pg_catalog", _SHADOW.format(schema="public")),
    "a schema of one's own": _sql("create schema mine"),
    "a temporary key table": _sql("create temporary table seal_key (key_id text)"),
    "an empty search path": _sql("set search_path = ''"),
    "the catalogue last": _sql("set search_path = public, pg_temp, pg_catalog"),
    "reset role": _sql("reset role"),
    "set role owner": _sql("do $$ begin execute 'set role ' || replace(current_user, '_app', '_owner'); end $$"),
    "set role postgres": _sql("set role postgres"),
    "session authorization": _sql("set session authorization postgres"),
    "session authorization reset": _sql("reset session authorization"),
    "rights given to oneself": _sql("do $$ begin execute 'alter role ' || current_user || ' bypassrls'; end $$"),
    "row security off": _sql("set row_security = off"),
    "triggers off": _sql("set session_replication_role = replica"),
    "a parallel query": _sql("set debug_parallel_query = on", "set parallel_setup_cost = 0"),
    "names of prepared statements": _sql("select name from pg_prepared_statements"),
    "everything discarded": _sql("rollback", "discard all"),
    "the transaction ended": _sql("commit", "begin"),
}


REFUSED = [
    *("key table read", "key table copied", "key table written", "secret of the session", "last secret"),
    *("secret set", "the numbers set back", "seal by the database's own function", "the owner's way in"),
    *("functions in pg_temp", "functions in public", "a schema of one's own", "a temporary key table"),
    *("set role owner", "set role postgres", "session authorization", "rights given to oneself", "triggers off"),
    "names of prepared statements",
]


def driver_url(url: str) -> str:
    return url.replace("+asyncpg", "")


@dataclass
class Scene:
    """A database of a service with rows of two streets, and what its other sessions say at the time."""

    name: str
    urls: DatabaseUrls
    owner: asyncpg.Connection
    said_elsewhere: str
    said_by_another: str

    @property
    def rows(self) -> Rows:
        return ROWS[self.name]

    @asynccontextmanager
    async def attacker(self) -> AsyncIterator[Attacker]:
        """In a session that the service used before, now in a clerk's transaction."""
        connection = await asyncpg.connect(driver_url(self.urls.app))
        try:
            nonce = await connection.fetchval("select open_session($1)", SEAL_KEY.key_id)
            secret = SEAL_KEY.session_secret(nonce)
            before, said = (
                sealed(context, session_secret=secret, number=number)
                for number, context in enumerate((SERVICE, context_of(**CLERK)), 1)
            )
            await connection.execute(f"begin; select use_seal(1), set_config('app.context', '{before}', true); commit")
            await connection.execute(f"begin; select use_seal(2), set_config('app.context', '{said}', true)")
            yield Attacker(connection, said, before, self.said_elsewhere, self.said_by_another)
        finally:
            await connection.close()

    async def kept(self) -> str:
        """All rows of the table, as the owner sees them."""
        rows = await self.owner.fetch(f"select t::text from {self.rows.table} as t order by 1")  # noqa: S608  # from above
        return str(rows)


@pytest.fixture(params=ROWS)
async def scene(request: pytest.FixtureRequest, database_for: Callable[[str], DatabaseUrls]) -> AsyncIterator[Scene]:
    name: str = request.param
    urls = database_for(name.partition(",")[0])
    owner, elsewhere, another = [await asyncpg.connect(driver_url(url)) for url in (urls.owner, urls.app, urls.app)]
    await owner.execute("select act_as_service()")
    seed = await owner.prepare(ROWS[name].seed)
    for of_street in ROWS[name].of_streets:
        await seed.fetch(of_street)
    yield Scene(
        name,
        urls,
        owner,
        await let_in(elsewhere, number=2, scope="service"),
        await let_in(another, number=2, **OTHER_CLERK),
    )
    for connection in (owner, elsewhere, another):
        await connection.close()


def test_every_service_is_attacked() -> None:
    assert {name.partition(",")[0] for name in ROWS} == set(SERVICES)


@pytest.mark.clause("4.3.1", "12.1.2")
async def test_no_attack_leaves_the_street(scene: Scene) -> None:
    before = await scene.kept()
    succeeded = []
    for name, attack in ATTACKS.items():
        async with scene.attacker() as attacker:
            assert await attacker.reads(scene.rows.own_rows) == scene.rows.own, "the clerk sees what is the clerk's"
            with suppress(asyncpg.PostgresError):
                await attack(attacker)
            if await attacker.reads(scene.rows.other_rows):
                succeeded.append(f"{name}: read")
        for statement in scene.rows.written():
            async with scene.attacker() as attacker:
                with suppress(asyncpg.PostgresError):
                    await attack(attacker)
                await attacker.tries(statement)
                await attacker.tries("commit")
        if await scene.kept() != before:
            succeeded.append(f"{name}: written")
    assert succeeded == []


async def test_the_same_writes_are_the_services_to_make(scene: Scene) -> None:
    """What is refused above is refused for who asks, not for how it is written."""
    connection = await asyncpg.connect(driver_url(scene.urls.app))
    await let_in(connection, scope="service")
    for statement in scene.rows.written():
        assert not (await connection.execute(f"begin; {statement}")).endswith(" 0"), statement
        await connection.execute("rollback")
    await connection.close()


@pytest.mark.clause("4.3.1", "12.1.2")
async def test_what_would_reach_the_key_or_another_role_is_refused_at_once(scene: Scene) -> None:
    for name in REFUSED:
        async with scene.attacker() as attacker:
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError)):
                await ATTACKS[name](attacker)


async def test_nothing_in_the_database_believes_a_bare_setting(scene: Scene) -> None:
    policies = await scene.owner.fetch("select tablename, policyname, qual, with_check from pg_policies")
    assert len(policies) > 6, "the policies were found"
    for policy in policies:
        words = f"{policy['qual']} {policy['with_check']}"
        assert "setting" not in words, policy
        asked = re.findall(r"(\w+)\(\)", words)
        assert set(asked) <= {"caller_scope", "caller_subject", "caller_department", *_SEEN}, policy
        # As a query of its own each, so that it is answered once in a statement.
        assert len(asked) == len(re.findall(r"SELECT \w+\(\) AS", words)), policy
    functions = await scene.owner.fetch(
        "select proname, pg_get_functiondef(oid) as definition, prosecdef, proconfig, prosqlbody is null as by_name"
        " from pg_proc where pronamespace = 'public'::regnamespace"
    )
    says = {function["proname"] for function in functions if "'app." in function["definition"]}
    assert says == {"caller_context", "act_as_service"}
    for function in functions:
        if function["prosecdef"] and function["by_name"]:
            (path,) = [one for one in function["proconfig"] or () if one.startswith("search_path=")] or [""]
            assert path.endswith(", pg_temp"), f"{function['proname']} finds names where its caller says"


async def test_every_table_has_row_level_security(scene: Scene) -> None:
    bare = await scene.owner.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and not relispartition and not relrowsecurity order by 1"
    )
    # The run-time role has no right at all to these two.
    assert [row["relname"] for row in bare] == ["alembic_version", "seal_key"]


async def test_the_run_time_role_makes_nothing_and_belongs_to_nobody(scene: Scene) -> None:
    connection = await asyncpg.connect(driver_url(scene.urls.app))
    for statement in ("create temporary table t ()", "create table t ()", "create schema s"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    assert await connection.fetchval("select count(*) from pg_auth_members where member = current_user::regrole") == 0
    assert (
        await connection.fetchval("select rolsuper or rolbypassrls from pg_roles where rolname = current_user") is False
    )
    await connection.close()


async def test_of_events_work_and_answers_a_caller_sees_nothing_but_own_answers(scene: Scene) -> None:
    await scene.owner.execute(
        "insert into idempotency (owner, key, body_digest, answer)"
        " select 'client/' || subject, 'key', '', '{}' from unnest($1::text[]) as subject",
        [CLERK["subject"], OTHER_CLERK["subject"]],
    )
    await scene.owner.execute(
        "select schedule_deadlines('{k}', '{s}', array[now()], array['{}'], '{null}', '{null}', true)"
    )
    await scene.owner.execute(
        "select record_events(array[gen_random_uuid()], array['t'], array['k'], array[''::bytea])"
    )
    async with scene.attacker() as attacker:
        counts = {
            table: await attacker.connection.fetchval(f"select count(*) from {table}")  # noqa: S608  # names from here
            for table in ("idempotency", "deadline", "outbox", "outbox_sent", "inbox", "dead_letter")
        }
        assert counts == dict.fromkeys(counts, 0) | {"idempotency": 1}
        for statement in ("delete from deadline", "delete from outbox", "update dead_letter set topic = 'x'"):
            assert (await attacker.tries(statement)).endswith(" 0")
        assert await attacker.tries("select maintain_outbox_sent('2100-01-01', 0, '2100-01-01')") == "refused"
