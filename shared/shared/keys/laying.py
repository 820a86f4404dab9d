"""A further key of the blind index is laid over every index that stands in a database: by operations, as the owner,
while the service is down. `python -m shared.keys.laying intake.tables` (deploy/README.md).

Nothing of the texts is needed: a file delivery keeps of a person the index alone. Equal indexes stay equal, and whoever
has the keys of before alone makes none and finds nobody (decision 30).
"""

import asyncio
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from shared.crypto import KeyRing, laid_over

_PAGE_ROWS = 20_000
# Who connects now waits for us with the first look at its keys; who is connected already would not.
_ALONE = "lock table blind_index_key in access exclusive mode"
_OTHERS = (
    "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    " and usename <> current_user"
)
_REMEMBERED = "select check_value from blind_index_key order by layer"
_REMEMBER = "insert into blind_index_key (layer, check_value) values ($1, $2)"
# Parts of a table that were not joined to it yet have its name before theirs.
_PARTS = """
select relname from pg_class join pg_attribute on attrelid = pg_class.oid
where relnamespace = 'public'::regnamespace and relkind = 'r' and attname = $2
    and (relname = $1 or starts_with(relname, $1 || '_') and exists (
        select from pg_class where relname = $1 and relnamespace = 'public'::regnamespace and relkind = 'p'
    ))
order by relname
"""


class NotLaid(RuntimeError):
    """Why nothing was changed."""


@dataclass(frozen=True)
class _Column:
    """Where indexes stand: in a column of their own, or as hexadecimal digits under a key of a JSON object."""

    name: str
    key: str | None

    @property
    def read(self) -> str:
        if self.key is None:
            return f'"{self.name}"'
        return f"decode(\"{self.name}\"->>'{self.key}', 'hex')"

    @property
    def written(self) -> str:
        if self.key is None:
            return "laid.index"
        return f"jsonb_set(\"{self.name}\", '{{{self.key}}}', to_jsonb(encode(laid.index, 'hex')))"


async def lay(owner_url: str, ring: KeyRing, columns: Sequence[str]) -> Mapping[str, int]:
    """Lay every key of the ring that was not yet over all indexes, in one transaction: all of it or nothing. How many
    indexes of each column there are.

    `columns`: `table.column`, or `table.column.key` for one in a JSON object. Raises NotLaid where the service still
    runs, or the ring is not the one of the database with further keys at its end.
    """
    connection = await asyncpg.connect(owner_url.replace("+asyncpg", ""))
    try:
        async with connection.transaction():
            await connection.execute("select act_as_service()")
            await connection.execute(_ALONE)
            others = await connection.fetchval(_OTHERS)
            if others:
                raise NotLaid(f"{others} sessions of the service are open: stop all of its replicas first")
            remembered = [row["check_value"] for row in await connection.fetch(_REMEMBERED)]
            further = _further(ring, remembered)
            laid = {column: await _lay_column(connection, column, further) for column in columns}
            for layer, check_value in enumerate(ring.index_check_values(), start=1):
                if layer > len(remembered):
                    await connection.execute(_REMEMBER, layer, check_value)
            return laid
    finally:
        await connection.close()


def _further(ring: KeyRing, remembered: Sequence[str]) -> Sequence[bytes]:
    if not remembered:
        raise NotLaid("the database knows no index key yet: start the service, it takes the ring as it is")
    if ring.index_check_values()[: len(remembered)] != remembered:
        raise NotLaid("the ring does not begin with the index keys of the database, in their order")
    further = ring.index_keys[len(remembered) :]
    if not further:
        raise NotLaid(f"all {len(remembered)} index keys of the ring were laid before")
    return further


async def _lay_column(connection: asyncpg.Connection, column: str, keys: Sequence[bytes]) -> int:
    table, name, *key = column.split(".")
    where = _Column(name, key[0] if key else None)
    parts = [row["relname"] for row in await connection.fetch(_PARTS, table, name)]
    if not parts:
        raise NotLaid(f"there is no {column}")
    return sum([await _lay_part(connection, part, where, keys) for part in parts])


async def _lay_part(connection: asyncpg.Connection, part: str, where: _Column, keys: Sequence[bytes]) -> int:
    # A cursor sees the rows as they were when it was opened: none twice.
    found = f'select ctid::text as place, {where.read} as index from "{part}" where {where.read} is not null'  # noqa: S608  # names of ours
    change = (
        f'update "{part}" as kept set "{where.name}" = {where.written}'  # noqa: S608  # names of ours
        " from unnest(cast($1::text[] as tid[]), $2::bytea[]) as laid (place, index) where kept.ctid = laid.place"
    )
    cursor, count = await connection.cursor(found), 0
    while rows := await cursor.fetch(_PAGE_ROWS):
        laid = await asyncio.to_thread(laid_over, [row["index"] for row in rows], keys)
        done = await connection.execute(change, [row["place"] for row in rows], laid)
        if done != f"UPDATE {len(rows)}":
            raise NotLaid(f"{part}.{where.name}: {done} of {len(rows)} rows")
        count += len(rows)
    return count


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """One service's database, named by the module that says its INDEXED columns. The URL and the file of the ring come
    from DOUDI_OWNER_URL and DOUDI_KEY_FILE: what stands on a command line is seen by everybody on the machine.
    """
    [module] = arguments
    columns: Any = importlib.import_module(module).INDEXED
    try:
        ring = KeyRing.load(Path(environment["DOUDI_KEY_FILE"]))
        laid = asyncio.run(lay(environment["DOUDI_OWNER_URL"], ring, columns))
    except (NotLaid, ValueError, LookupError) as error:
        sys.stderr.write(f"nothing was changed: {error}\n")
        return 1
    for column, count in laid.items():
        sys.stdout.write(f"{column}: {count}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
