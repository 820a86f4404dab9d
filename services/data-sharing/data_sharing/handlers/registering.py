"""The base registries of persons and legal entities take what a delivery says new (12.1.1).

What differs closes the version that held until then and opens another; what is the same changes nothing. Who is not in
the file stays as they were: a file says what it holds, not that somebody is gone.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import polars as pl
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.persons import INDEX_FIELD, NUMBER_FIELD, PERSON_NAME_FIELD
from shared.crypto import FieldCipher

CREDIT_CODE_FIELD = "legal_entity_version.credit_code"
NAME_FIELD = "person_version.name"
ADDRESS_FIELD = "person_version.address"
_DIGEST_FIELD = "person_version.digest"
_SAID = ("name", "birth_date", "sex", "registration", "street", "community", "address", "death")
"""What a version of a person is made of, in the order of the digest."""

_KNOWN = """
select said.identity_index
from unnest($1::bytea[], $2::bytea[]) as said (identity_index, digest)
join person using (identity_index)
join person_version as version on version.person_id = person.person_id and version.valid_until is null
where version.digest = said.digest
"""
_STAGE = """
insert into person_delivery (
    batch_id, identity_index, identity_number, person_name, digest, name, name_index, birth_date, sex,
    registration_region, registration_kind, street, community, address, died_on
)
select $1, said.* from unnest(
    $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::date[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::bytea[], $15::date[]
) as said
"""
_SOME_STAGED = sa.text("""
select identity_index from (
    select identity_index from person_delivery where batch_id = :batch order by identity_index limit :at_most
) as first_staged
order by identity_index desc limit 1
""")
_FORGET_SOME = sa.text("delete from person_delivery where batch_id = :batch and identity_index <= :until")
# In one order, so that a declaration with the same people cannot block it for ever.
_NEW_PERSONS = sa.text("""
insert into person (person_id, identity_index, identity_number, name, first_seen_at)
select gen_random_uuid(), identity_index, identity_number, person_name, :now
from person_delivery where batch_id = :batch and identity_index <= :until order by identity_index
on conflict (identity_index) do nothing
""")
_CLOSE_PERSONS = sa.text("""
update person_version as version set valid_until = :as_of
from person join person_delivery as said using (identity_index)
where said.batch_id = :batch and said.identity_index <= :until and version.person_id = person.person_id
    and version.valid_until is null and version.valid_from < :as_of
""")
# A version that begins later came from elsewhere and stays. One that begins on the same day is corrected.
_OPEN_PERSONS = sa.text("""
insert into person_version as version (
    person_id, valid_from, name, name_index, birth_date, sex, registration_region, registration_kind, street,
    community, address, died_on, digest, batch_id, recorded_at
)
select person.person_id, :as_of, said.name, name_index, birth_date, sex, registration_region, registration_kind,
    street, community, address, died_on, digest, batch_id, :now
from person join person_delivery as said using (identity_index)
where said.batch_id = :batch and said.identity_index <= :until and not exists (
    select from person_version as later
    where later.person_id = person.person_id and later.valid_until is null and later.valid_from > :as_of
)
on conflict (person_id, valid_from) do update
set name = excluded.name, name_index = excluded.name_index, birth_date = excluded.birth_date, sex = excluded.sex,
    registration_region = excluded.registration_region, registration_kind = excluded.registration_kind,
    street = excluded.street, community = excluded.community, address = excluded.address,
    died_on = excluded.died_on, digest = excluded.digest, batch_id = excluded.batch_id,
    recorded_at = excluded.recorded_at
""")
_CLOSE_ENTITIES = sa.text("""
update legal_entity_version as version set valid_until = :as_of
from delivered_legal_entity as said
where said.batch_id = :batch and version.credit_code = said.credit_code
    and version.valid_until is null and version.valid_from < :as_of
    and (version.name, version.kind, version.state, version.representative_index)
        is distinct from (said.name, said.kind, said.state, said.representative_index)
""")
_OPEN_ENTITIES = sa.text("""
insert into legal_entity_version as version (
    credit_code, valid_from, name, kind, state, representative_index, batch_id, recorded_at
)
select credit_code, :as_of, name, kind, state, representative_index, batch_id, :now
from delivered_legal_entity as said
where batch_id = :batch and not exists (
    select from legal_entity_version as now
    where now.credit_code = said.credit_code and now.valid_until is null and (
        now.valid_from > :as_of
        or (now.name, now.kind, now.state, now.representative_index)
            is not distinct from (said.name, said.kind, said.state, said.representative_index)
    )
)
on conflict (credit_code, valid_from) do update
set name = excluded.name, kind = excluded.kind, state = excluded.state,
    representative_index = excluded.representative_index, batch_id = excluded.batch_id,
    recorded_at = excluded.recorded_at
""")


@dataclass(frozen=True, kw_only=True)
class PersonRows:
    """Rows of a household register, with the index and the digest of each."""

    cells: pl.DataFrame
    indexes: list[bytes]
    digests: list[bytes]

    def without(self, places: set[int]) -> "PersonRows":
        """The same without some rows."""
        kept = [at for at in range(len(self.indexes)) if at not in places]
        return PersonRows(
            cells=self.cells[kept],
            indexes=[self.indexes[at] for at in kept],
            digests=[self.digests[at] for at in kept],
        )


def person_rows(good: pl.DataFrame, indexes: list[bytes], cipher: FieldCipher) -> PersonRows:
    """What a base registry is asked about rows that passed the checks."""
    missing = [pl.lit(None, dtype=pl.String).alias(name) for name in _SAID if name not in good.columns]
    cells = good.with_columns(missing).select("identity_number", *_SAID)
    said = [json.dumps(row, ensure_ascii=False) for row in cells.select(_SAID).iter_rows()]
    return PersonRows(cells=cells, indexes=indexes, digests=cipher.blind_indexes(said, field=_DIGEST_FIELD))


async def stage_persons(driver: Any, batch_id: UUID, rows: PersonRows, cipher: FieldCipher) -> None:
    """Keep, encrypted, those of whom the registry does not know this yet."""
    known = {row["identity_index"] for row in await driver.fetch(_KNOWN, rows.indexes, rows.digests)}
    new = [at for at, index in enumerate(rows.indexes) if index not in known]
    if new:
        columns = await asyncio.to_thread(_encrypted, rows, new, cipher)
        await driver.execute(_STAGE, batch_id, *columns)


def _encrypted(rows: PersonRows, new: list[int], cipher: FieldCipher) -> list[list[Any]]:
    """The columns of `person_delivery`, in its order."""
    said = rows.cells[new].to_dict(as_series=False)
    names = said["name"]
    registrations = [(None, None) if cell is None else cell.split(":") for cell in said["registration"]]
    return [
        [rows.indexes[at] for at in new],
        [cipher.encrypt(number, field=NUMBER_FIELD) for number in said["identity_number"]],
        [cipher.encrypt(name, field=PERSON_NAME_FIELD) for name in names],
        [rows.digests[at] for at in new],
        [cipher.encrypt(name, field=NAME_FIELD) for name in names],
        cipher.blind_indexes(names, field=NAME_FIELD),
        [date.fromisoformat(day) for day in said["birth_date"]],
        said["sex"],
        [region for region, _ in registrations],
        [kind for _, kind in registrations],
        said["street"],
        said["community"],
        [cell and cipher.encrypt(cell, field=ADDRESS_FIELD) for cell in said["address"]],
        [None if day is None else date.fromisoformat(day) for day in said["death"]],
    ]


async def register_persons(tx: AsyncConnection, batch_id: UUID, *, as_of: date, now: datetime, at_most: int) -> bool:
    """Take over some of what was staged of a published batch; whether there was any."""
    until = (await tx.execute(_SOME_STAGED, {"batch": batch_id, "at_most": at_most})).scalar()
    if until is None:
        return False
    some = {"batch": batch_id, "until": until}
    await tx.execute(_NEW_PERSONS, {**some, "now": now})
    await tx.execute(_CLOSE_PERSONS, {**some, "as_of": as_of})
    await tx.execute(_OPEN_PERSONS, {**some, "as_of": as_of, "now": now})
    await tx.execute(_FORGET_SOME, some)
    return True


async def forget_staged(tx: AsyncConnection, batch_id: UUID) -> None:
    """Nothing of a batch waits for the registry any more."""
    await tx.execute(sa.text("delete from person_delivery where batch_id = :batch"), {"batch": batch_id})


def entity_fields(good: pl.DataFrame, cipher: FieldCipher) -> pl.DataFrame:
    """The same rows with what the registry of legal entities needs in their fields. The number becomes an index."""
    told = pl.concat_str(pl.lit('{"credit_code":"'), good["credit_code"], pl.lit('",'))
    numbers = good["representative"] if "representative" in good.columns else None
    if numbers is not None:
        index_of = {
            number: index.hex()
            for number in numbers.drop_nulls().unique()
            for index in [cipher.blind_index(number, field=INDEX_FIELD)]
        }
        indexes = pl.Series([index_of.get(number) for number in numbers], dtype=pl.String)
        given = pl.concat_str(pl.lit('"representative_index":"'), indexes, pl.lit('",'))
        told = pl.concat_str(told, pl.when(indexes.is_not_null()).then(given).otherwise(pl.lit("")))
    return good.with_columns(pl.concat_str(told, pl.col("fields").str.slice(1)).alias("fields"))


async def register_entities(tx: AsyncConnection, batch_id: UUID, *, as_of: date, now: datetime) -> None:
    """Take over what the records of a batch say."""
    await tx.execute(_CLOSE_ENTITIES, {"batch": batch_id, "as_of": as_of})
    await tx.execute(_OPEN_ENTITIES, {"batch": batch_id, "as_of": as_of, "now": now})
