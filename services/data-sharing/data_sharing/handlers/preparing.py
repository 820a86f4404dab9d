"""Pieces of a delivered file made ready for the database: read, checked, indexed blindly.

It is the work of processors alone, so it is done in processes of its own, where requests do not wait for it, and where
a file that ends its reader ends nothing else.
"""

import asyncio
import io
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

import polars as pl

from data_sharing.handlers.batch_files import FileRefused, Footer, Piece, read_footer
from data_sharing.handlers.persons import INDEX_FIELD
from data_sharing.handlers.registering import CREDIT_CODE_FIELD, PersonRows, entity_fields, person_rows
from data_sharing.rules.catalogue import FileLayout
from data_sharing.rules.rows import ROW_NUMBER, check_rows, marks_of
from shared.crypto import FieldCipher

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What becomes of one piece, but for rows that repeat others: those are told by all marks of the file."""

    piece: Piece
    lines: bytes
    """Of the rows that passed, for COPY in its CSV format, each on one line."""
    row_numbers: list[int]
    marks: list[int]
    rejected: list[tuple[int, list[str]]]
    persons: PersonRows | None


def prepare(piece: Piece, layout: FileLayout, cipher: FieldCipher, today: date) -> Prepared:
    """Read, check and index a piece. Raises FileRefused."""
    checked = check_rows(piece.read(), layout, today=today)
    good = checked.good
    keyed_by = INDEX_FIELD if layout.key == "identity_number" else CREDIT_CODE_FIELD
    indexes = cipher.blind_indexes(good[layout.key].to_list(), field=keyed_by)
    marks = marks_of(good, layout).to_list()
    if layout.registry == "legal_entities":
        good = entity_fields(good, cipher)
    return Prepared(
        piece=piece,
        lines=copy_lines(good, indexes),
        row_numbers=good[ROW_NUMBER].to_list(),
        marks=marks,
        rejected=checked.rejected,
        persons=person_rows(good, indexes, cipher) if layout.registry == "persons" else None,
    )


def copy_lines(good: pl.DataFrame, indexes: list[bytes]) -> bytes:
    """Row number, blind index and fields, as COPY reads them."""
    lines = io.BytesIO()
    in_hex = pl.Series("index", indexes, dtype=pl.Binary).bin.encode("hex")
    good.select(ROW_NUMBER, pl.concat_str(pl.lit("\\x"), in_hex), "fields").write_csv(lines, include_header=False)
    return lines.getvalue()


@dataclass(kw_only=True)
class Preparers:
    """Processes that prepare pieces; with none, a thread does. They start with the first piece."""

    cipher: FieldCipher
    processes: int
    _pool: ProcessPoolExecutor | None = field(default=None, init=False)

    @property
    def ahead(self) -> int:
        """How many pieces are worth asking for at once."""
        return self.processes + 1

    async def prepare(self, piece: Piece, layout: FileLayout, today: date) -> Prepared:
        """One piece. Raises FileRefused, and KeysClosed."""
        # Processes begin with a copy of the cipher: never of one that is closed.
        _ = self.cipher.ring
        if self.processes == 0:
            return await asyncio.to_thread(prepare, piece, layout, self.cipher, today)
        return await self.apart(_prepare_here, piece, layout, today)

    async def footer(self, path: Path) -> Footer:
        """What a Parquet file says of itself. Raises FileRefused."""
        return await self.apart(read_footer, path)

    async def apart(self, work: Callable[..., Answer], *arguments: object) -> Answer:
        """Do something with a file where it cannot end this process. What ends even a process that does nothing else is
        not tried again: raises FileRefused.
        """
        if self.processes == 0:
            return await asyncio.to_thread(work, *arguments)
        if self._pool is None:
            self._pool = self._started(self.processes)
        pool = self._pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
        except BrokenExecutor:
            # Somebody ended a process, or one of the files that were being read did.
            if self._pool is pool:
                self.close()
        alone = self._started(1)
        try:
            return await asyncio.get_running_loop().run_in_executor(alone, work, *arguments)
        except BrokenExecutor as error:
            raise FileRefused("unreadable", "文件使读取程序中断") from error
        finally:
            alone.shutdown(wait=False)

    def _started(self, processes: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            processes,
            # Not forked: this process has threads and connections.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(self.cipher,),
        )

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None


_ciphers: list[FieldCipher] = []
"""Of a process that prepares pieces: the one that it was begun with."""


def _begin(cipher: FieldCipher) -> None:
    _ciphers[:] = [cipher]
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "it was begun by another process"
    parent.join()
    os._exit(1)


def _prepare_here(piece: Piece, layout: FileLayout, today: date) -> Prepared:
    return prepare(piece, layout, _ciphers[0], today)
