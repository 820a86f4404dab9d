"""Columns that hold ciphertext or blind indexes: what they are bound to, and how they are gone through."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array


@dataclass(frozen=True)
class EncryptedColumn:
    """A column of ciphertext. Its table says its primary key, by which it is gone through."""

    column: sa.Column[Any]
    field: str
    """What `FieldCipher` binds its values to."""
    is_bound_to_row: bool = False
    """Whether the id of the row follows the field, after a slash."""

    @property
    def table_name(self) -> str:
        return self.column.table.name

    @property
    def name(self) -> str:
        """Table and column: `person.name`."""
        return f"{self.table_name}.{self.column.name}"

    def field_of(self, row_id: str) -> str:
        """What the value of one row is bound to."""
        return f"{self.field}/{row_id}" if self.is_bound_to_row else self.field

    def page(self, after: Sequence[str] | None, *, rows: int) -> sa.Select[Any]:
        """The next values in the order of the primary key: `place` is the row's ctid, `at` its key as text."""
        table = self.column.table
        keys = list(table.primary_key.columns)
        found = (
            sa.select(
                sa.literal_column(f"{table.name}.ctid::text").label("place"),
                array([sa.cast(key, sa.Text) for key in keys]).label("at"),
                self.column.label("value"),
            )
            .where(self.column.is_not(None))
            .order_by(*keys)
            .limit(rows)
        )
        if after is None:
            return found
        # By way of text, which every type is read from.
        last = [sa.cast(sa.cast(said, sa.Text), key.type) for said, key in zip(after, keys, strict=True)]
        return found.where(sa.tuple_(*keys) > sa.tuple_(*last))


@dataclass(frozen=True)
class IndexedColumn:
    """A column of blind indexes, or one in a JSON object: there in hexadecimal digits under `key`."""

    column: sa.Column[Any]
    key: str | None = None

    @property
    def table_name(self) -> str:
        return self.column.table.name

    @property
    def name(self) -> str:
        """Table and column: `person.identity_index`."""
        return f"{self.table_name}.{self.column.name}" + (f".{self.key}" if self.key else "")
