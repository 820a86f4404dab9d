"""Keeps the keys of a process as its file says, as far as nothing in the database would be lost by it.

A file that is broken, or does not fit what stands in the database, changes nothing: the keys of before go on, and the
metrics, `GET /v1/keys` and the log say why.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import structlog
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import bus, deadlines
from shared.clock import Clock
from shared.crypto import FieldCipher, KeyFileBroken, KeyRing, KeysClosed
from shared.database import Database
from shared.deadlines import Work
from shared.keys import book as remembered
from shared.keys.columns import EncryptedColumn
from shared.keys.renewal import renew_page
from shared.keys.report import KeyReport, report_of
from shared.keys.rules import Book, Fault, FaultCode, GoThrough, Retire, Wait, fault_of, key_to_write_with, next_step
from shared.settings import KeySettings

RENEW_JOB = "renew_values"
_SUBJECT = "keys"

_log = structlog.get_logger(__name__)
_refused = Gauge("doudi_key_file_refused", "1: the key file is not taken over", ["service", "code"])
_written = Gauge("doudi_key_written", "Id of the key that this replica writes with", ["service"])
_values = Gauge("doudi_encrypted_values", "Values under each key after the last round", ["service", "column", "key"])
_FAULT_CODES = get_args(FaultCode)


class Keeper:
    """The keys of one application. `service` names it in metrics."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        cipher: FieldCipher,
        *,
        service: str,
        columns: Sequence[EncryptedColumn],
        settings: KeySettings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._cipher = cipher
        self._service = service
        self._columns = columns
        self._by_name = {column.name: column for column in columns}
        self._settings = settings
        self._settle = timedelta(seconds=settings.key_settle_seconds)
        self._ring = cipher.ring
        self._was_changed = False
        self._was_accepted = False
        self._layers = 0
        self._fits = False
        self._fault: Fault | None = None

    async def begin(self) -> None:
        """The first look, before anything writes. Without it the process has no keys, until `run` has looked."""
        try:
            await self.check()
        except Exception as error:
            # The database is not there yet, as far as anybody knows.
            _log.warning("keys.not_checked", service=self._service, error=bus.error_code(error))
            self._cipher.close()

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            try:
                await self.check()
            except Exception as error:
                _log.warning("keys.not_checked", service=self._service, error=bus.error_code(error))
            await asyncio.sleep(self._settings.key_check_seconds)

    def healthy(self) -> bool:
        """Whether the keys of this process are all that the database needs. A bad file alone makes nobody unwell."""
        return self._fits

    async def check(self) -> None:
        """Look into the file, and take it over where it fits. The database may refuse to be asked."""
        found, fault = await self._read()
        async with self._database.transaction() as tx:
            book = await remembered.open_book(tx, self._columns)
            if found is not None:
                fault = fault_of(found, book) or self._overlaid(book)
            ring = found if found is not None and fault is None else self._ring
            misfit = fault_of(ring, book) or self._overlaid(book)
            wrote_with = book.writing
            if misfit is None:
                ring, writes_with = await self._take_over(tx, ring, book)
                book = await remembered.read_book(tx, self._columns)
            else:
                await self._note_own_use(tx, book)
        if misfit is None:
            self._ring = ring
            self._was_accepted = True
            # A further key of the blind index counts once it was laid over what stands in the database.
            self._layers = len(book.index_check_values)
            self._cipher.use(replace(ring, current=writes_with, index_keys=ring.index_keys[: self._layers]))
        elif not self._was_accepted or misfit.code != "key_missing":
            # It would write what others cannot read, or find nobody. One whose keys only ran out goes on as it was.
            self._cipher.close()
        self._fits = misfit is None
        self._tell(fault, book)
        if misfit is None:
            await self._plan_renewal(book, at_once=wrote_with is None or wrote_with.key_id != writes_with)

    def _overlaid(self, book: Book) -> Fault | None:
        """A process lives with one number of layers: one that ran while a key was laid over the indexes has some of
        before in its hands, and would find nobody by them.
        """
        return Fault("index_key_laid") if self._layers not in (0, len(book.index_check_values)) else None

    async def _read(self) -> tuple[KeyRing | None, Fault | None]:
        try:
            found = await asyncio.to_thread(KeyRing.load, self._settings.key_file)
        except KeyFileBroken:
            return None, Fault("file_broken")
        return found, None

    async def _take_over(self, tx: AsyncConnection, ring: KeyRing, book: Book) -> tuple[KeyRing, int]:
        """Remember a ring that fits, and say which key is written with from now on."""
        self._was_changed = self._was_changed or (self._was_accepted and ring.current != self._ring.current)
        await remembered.meet(tx, ring, book)
        book = await remembered.read_book(tx, self._columns)
        key_id = key_to_write_with(ring, book, was_changed=self._was_changed, settle=self._settle)
        if book.writing is None or book.writing.key_id != key_id:
            await remembered.write_with(tx, key_id, now=book.now)
            _log.info("keys.write_with", service=self._service, key_id=key_id)
        if key_id == ring.current:
            self._was_changed = False
        await self._note_own_use(tx, book, key_id)
        return ring, key_id

    async def _plan_renewal(self, book: Book, *, at_once: bool) -> None:
        """In a transaction of its own: the job takes its deadline first and then the book, so we must not hold that."""
        if next_step(book, settle=self._settle) is not None:
            plan = deadlines.schedule if at_once else deadlines.ensure
            async with self._database.transaction() as tx:
                await plan(tx, kind=RENEW_JOB, subject=_SUBJECT, due_at=self._clock.now())

    async def _note_own_use(self, tx: AsyncConnection, book: Book, *next_ids: int) -> None:
        """The key that this process writes with until now is used, and so are the next."""
        try:
            used = {self._cipher.ring.current, *next_ids} if self._was_accepted else set(next_ids)
        except KeysClosed:
            used = set(next_ids)
        await remembered.note_use(tx, used, now=book.now)

    def _tell(self, fault: Fault | None, book: Book) -> None:
        if fault is not None and fault != self._fault:
            _log.error("keys.file_refused", service=self._service, code=fault.code, key_ids=fault.key_ids)
        self._fault = fault
        for code in _FAULT_CODES:
            _refused.labels(self._service, code).set(fault is not None and fault.code == code)
        if self._fits:
            _written.labels(self._service).set(self._cipher.ring.current)
        for column in book.columns:
            for key in book.keys:
                count = (column.counts or {}).get(key.key_id, 0)
                _values.labels(self._service, column.column, str(key.key_id)).set(count)

    async def renew(self, work: Work) -> None:
        """One step of the renewal; it schedules the next one."""
        async with work.transaction() as tx:
            book = await remembered.open_book(tx, self._columns)
            step = next_step(book, settle=self._settle)
            delay_seconds = self._settings.key_renewal_pause_seconds
            match step:
                case GoThrough(name) if book.writing is not None and self._cipher.ring.current == book.writing.key_id:
                    progress = next(column for column in book.columns if column.column == name)
                    await renew_page(
                        tx,
                        self._by_name[name],
                        progress,
                        book,
                        cipher=self._cipher,
                        rows=self._settings.key_renewal_rows,
                    )
                case GoThrough():
                    # This replica has not heard yet which key is written with.
                    delay_seconds = self._settings.key_check_seconds
                case Wait(until):
                    delay_seconds += (until - book.now).total_seconds()
                case Retire(key_ids):
                    await remembered.retire(tx, key_ids, now=book.now)
                    _log.info("keys.retired", service=self._service, key_ids=key_ids)
                case None:
                    return
            due_at = work.now + timedelta(seconds=delay_seconds)
            await deadlines.schedule(tx, kind=RENEW_JOB, subject=_SUBJECT, due_at=due_at)

    async def report(self) -> KeyReport:
        """How the keys stand, for operations."""
        async with self._database.transaction() as tx:
            book = await remembered.read_book(tx, self._columns)
        return report_of(book, self._ring, self._fault, settle=self._settle)
