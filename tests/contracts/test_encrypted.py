"""No column of ciphertext or of blind indexes is forgotten when keys change: every service says all of them."""

from collections.abc import Callable

import asyncpg
import pytest

import data_sharing.tables.encrypted
import departments.tables
import intake.tables
from doudi.databases import SERVICES, DatabaseUrls
from shared.crypto import KeyRing
from shared.keys import EncryptedColumn
from shared.keys.laying import lay

ENCRYPTED: dict[str, tuple[EncryptedColumn, ...]] = {
    "intake": intake.tables.ENCRYPTED,
    "data_sharing": data_sharing.tables.encrypted.ENCRYPTED,
    "departments": departments.tables.ENCRYPTED,
}
INDEXED: dict[str, tuple[str, ...]] = {
    "intake": intake.tables.INDEXED,
    "data_sharing": data_sharing.tables.encrypted.INDEXED,
    "departments": departments.tables.INDEXED,
}
NO_CIPHERTEXT = {
    "screening_part.content": "a snapshot as it came, of a service that encrypts nothing",
    "bank_statement.content_sha256": "a digest",
    "log_entry.body": "an event, without personal data",
    "comparison_hit.digest": "a digest of evidence, which names nobody",
    "log_node.hash": "a digest",
    "checkpoint.root_hash": "a digest",
}
"""Columns of bytes that are neither ciphertext nor blind index, and what they are."""
OF_THE_PLATFORM = {"seal_key", "outbox", "outbox_sent", "outbox_sent_default", "dead_letter"}


async def fetch(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute("select act_as_service()")
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize("package", SERVICES)
async def test_every_column_of_bytes_is_ciphertext_that_is_renewed_or_says_what_it_is(
    package: str, database_for: Callable[[str], DatabaseUrls]
) -> None:
    rows = await fetch(
        database_for(package).owner,
        "select table_name || '.' || column_name as name, table_name, column_name from information_schema.columns"
        " join information_schema.tables using (table_schema, table_name)"
        " where table_schema = 'public' and table_type = 'BASE TABLE' and data_type in ('bytea', 'ARRAY')"
        " and udt_name in ('bytea', '_bytea') order by 1",
    )
    found = {row["name"] for row in rows if row["table_name"] not in OF_THE_PLATFORM}
    encrypted = {column.name for column in ENCRYPTED.get(package, ())}
    indexed = {name for name in INDEXED.get(package, ()) if name.count(".") == 1}
    parts = {name for name in found if name.startswith("register_record_")}
    assert found - parts - NO_CIPHERTEXT.keys() == encrypted | indexed


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize("package", ENCRYPTED)
async def test_the_database_lets_the_same_columns_be_renewed(
    package: str, database_for: Callable[[str], DatabaseUrls]
) -> None:
    urls = database_for(package)
    rows = await fetch(urls.owner, "select table_name || '.' || column_name as name from encrypted_column")
    columns = ENCRYPTED[package]
    assert sorted(row["name"] for row in rows) == sorted(column.name for column in columns)
    keys = await fetch(
        urls.owner,
        "select indrelid::regclass::text as of,"
        " array_agg(attname::text order by array_position(indkey, attnum)) as names"
        " from pg_index join pg_attribute on attrelid = indrelid and attnum = any (indkey)"
        " where indisprimary group by 1",
    )
    key_of = {row["of"]: row["names"] for row in keys}
    for column in columns:
        # A page goes on after the last row of the one before: by all of the key, or rows are left out.
        assert key_of[column.table_name] == [key.name for key in column.column.table.primary_key.columns]


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize("package", INDEXED)
async def test_a_further_key_is_laid_over_every_column_of_indexes(
    package: str, database_for: Callable[[str], DatabaseUrls]
) -> None:
    first, second = b"i" * 32, b"j" * 32
    ring = KeyRing(keys={1: b"k" * 16}, current=1, index_keys=(first, second))
    urls = database_for(package)
    await fetch(
        urls.owner,
        "insert into blind_index_key (layer, check_value)"  # noqa: S608  # digits of ours
        f" values (1, '{ring.index_check_values()[0]}') returning layer",
    )
    assert await lay(urls.owner, ring, INDEXED[package]) == dict.fromkeys(INDEXED[package], 0)
    rows = await fetch(urls.owner, "select check_value from blind_index_key order by layer")
    assert [row["check_value"] for row in rows] == ring.index_check_values()
