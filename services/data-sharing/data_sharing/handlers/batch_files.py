"""Delivered files between their upload and the end of their job: on disk, for nobody else to read, then gone.

Every replica must see the same directory. A file is read in pieces and never whole.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import polars as pl
from cryptography.hazmat.primitives import hashes
from polars.exceptions import PanicException, PolarsError

from data_sharing.rules.catalogue import FileLayout
from data_sharing.rules.reading import (
    BYTE_ORDER_MARK,
    columns_fault,
    header_of,
    rows_of_csv,
    rows_of_parquet,
    types_fault,
)
from shared.ids import new_id

_LONGEST_LINE_BYTES = 1024 * 1024
_PIECE_ROWS = 50_000
_WRITE_BYTES = 1024 * 1024


class FileRefused(Exception):
    """The whole file cannot be read. `code` and `what` say why, without a value of any row."""

    def __init__(self, code: str, what: str) -> None:
        # Both, so that it comes over from another process as it was.
        super().__init__(code, what)
        self.code = code
        self.what = what


@dataclass(frozen=True, kw_only=True)
class Received:
    """What was written to disk."""

    path: Path
    size_bytes: int
    checksum: str


@dataclass(frozen=True, kw_only=True)
class BatchFiles:
    """The directory of delivered files, and how large one may be."""

    directory: Path
    limit_bytes: int
    limit_rows: int

    def path(self, batch_id: UUID) -> Path:
        return self.directory / f"{batch_id}.file"

    async def receive(self, content: AsyncIterator[bytes]) -> Received:
        """Write what comes to a file of its own, which `keep` or `forget` ends."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.directory / f"{new_id()}.part"
        digest, size_bytes, waiting = hashes.Hash(hashes.SM3()), 0, bytearray()

        def write(last: bytes) -> None:
            digest.update(last)
            file.write(last)

        with path.open("xb") as file:
            path.chmod(0o600)
            try:
                async for chunk in content:
                    size_bytes += len(chunk)
                    waiting += chunk
                    if len(waiting) >= _WRITE_BYTES:
                        await asyncio.to_thread(write, bytes(waiting))
                        waiting.clear()
                await asyncio.to_thread(write, bytes(waiting))
            except BaseException:
                path.unlink()
                raise
        return Received(path=path, size_bytes=size_bytes, checksum=digest.finalize().hex())

    def keep(self, received: Received, batch_id: UUID) -> None:
        """Make what was received the file of a batch."""
        received.path.replace(self.path(batch_id))

    def forget(self, batch_id: UUID) -> None:
        """Remove all that is on disk of a batch."""
        self.path(batch_id).unlink(missing_ok=True)
        self._marks_path(batch_id).unlink(missing_ok=True)

    def marks(self, batch_id: UUID, count: int) -> set[int]:
        """The marks of the rows that were loaded so far."""
        if count == 0:
            return set()
        return set(np.fromfile(self._marks_path(batch_id), dtype=np.uint64, count=count).tolist())

    def add_marks(self, batch_id: UUID, at: int, marks: list[int]) -> None:
        """Keep the marks of more rows after the first `at`; an attempt that failed is written over."""
        path = self._marks_path(batch_id)
        path.touch(mode=0o600)
        with path.open("r+b") as file:
            file.truncate(at * 8)
            file.seek(at * 8)
            file.write(np.array(marks, dtype=np.uint64).tobytes())

    def _marks_path(self, batch_id: UUID) -> Path:
        return self.directory / f"{batch_id}.marks"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some rows of a file that nobody has looked at yet, and where reading goes on after them."""

    position: int
    first_row: int
    count: int
    columns: tuple[str, ...]
    block: bytes | None
    """Whole lines of a CSV file; None for a Parquet file, of which `read` takes the rows."""
    path: Path

    def read(self) -> pl.DataFrame:
        """Its rows, as text. Raises FileRefused."""
        if self.block is not None:
            return rows_of_csv(self.block, self.columns, first_row=self.first_row)
        try:
            found = pl.scan_parquet(self.path, glob=False).slice(self.first_row - 1, self.count).collect()
        except (PolarsError, PanicException, OSError) as error:
            raise _not_parquet() from error
        return rows_of_parquet(found, first_row=self.first_row)


@dataclass(frozen=True, kw_only=True)
class Footer:
    """What a Parquet file says of itself at its end."""

    schema: Mapping[str, pl.DataType]
    rows: int


def read_footer(path: Path) -> Footer:
    """Raises FileRefused."""
    _require(path)
    try:
        schema = pl.read_parquet_schema(path)
        rows = pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
    except (PolarsError, PanicException, OSError) as error:
        raise _not_parquet() from error
    return Footer(schema=dict(schema), rows=rows)


def csv_pieces(path: Path, layout: FileLayout, *, position: int, rows_before: int, piece_bytes: int) -> Iterator[Piece]:
    """The rows of a CSV file from a position on. Raises FileRefused."""
    _require(path)
    with path.open("rb") as file:
        line = file.readline(_LONGEST_LINE_BYTES)
        names = header_of(line) if line.removeprefix(BYTE_ORDER_MARK).strip() else None
        if names is None:
            raise FileRefused("header_missing", "第1行应为列名，使用 UTF-8 编码")
        _refuse(columns_fault(names, layout))
        file.seek(max(position, len(line)))
        while block := file.read(piece_bytes):
            block += file.readline(_LONGEST_LINE_BYTES)
            count = block.count(b"\n") + (not block.endswith(b"\n"))
            yield Piece(
                position=file.tell(),
                first_row=rows_before + 1,
                count=count,
                columns=tuple(names),
                block=block,
                path=path,
            )
            rows_before += count


def parquet_pieces(path: Path, layout: FileLayout, footer: Footer, *, rows_before: int) -> Iterator[Piece]:
    """The rows of a Parquet file after those. Raises FileRefused."""
    _refuse(columns_fault(list(footer.schema), layout))
    _refuse(types_fault(footer.schema, layout))
    for begin in range(rows_before, footer.rows, _PIECE_ROWS):
        count = min(_PIECE_ROWS, footer.rows - begin)
        yield Piece(
            position=begin + count,
            first_row=begin + 1,
            count=count,
            columns=tuple(footer.schema),
            block=None,
            path=path,
        )


def _require(path: Path) -> None:
    if not path.exists():
        raise FileRefused("file_lost", "文件已不在服务器上")


def _not_parquet() -> FileRefused:
    return FileRefused("not_parquet", "文件不是可以读取的 Parquet 文件")


def _refuse(fault: tuple[str, str] | None) -> None:
    if fault is not None:
        raise FileRefused(*fault)
