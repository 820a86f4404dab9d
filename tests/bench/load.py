"""What the benchmarks of the API share: a small HTTP/1.1 client that costs little beside the server it measures, and
the figures of a run. Requests are bytes, made before the clock starts.
"""

import asyncio
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import psutil

CONNECTIONS = 16
_LENGTH = b"content-length:"


class UnexpectedAnswer(RuntimeError):
    """An answer that was not the expected one: the figures would mean nothing."""


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run of requests took."""

    per_second: float
    cpu_ms: float
    """Processor time of the server's process for one request: what a busy machine changes least."""
    latencies_ms: Sequence[float]

    @property
    def p50_ms(self) -> float:
        """The median of the latencies."""
        return percentile(self.latencies_ms, 50)

    @property
    def p99_ms(self) -> float:
        """What one in a hundred took longer than."""
        return percentile(self.latencies_ms, 99)


class Connection(asyncio.Protocol):
    """One kept-alive connection, one request at a time. Reads answers that declare their length, as ours do."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.WriteTransport | None = None

    @classmethod
    async def open(cls, url: str) -> "Connection":
        """Connect to the host and port of a base URL."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None, "the base URL names host and port"
        _, connection = await asyncio.get_running_loop().create_connection(cls, parts.hostname, parts.port)
        return connection

    async def send(self, request: bytes) -> Answer:
        """Send a request as it stands and wait for its answer."""
        assert self._transport is not None, "an open connection has a transport"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_length = self._buffer.find(b"\r\n\r\n")
        if head_length < 0 or self._answer is None:
            return
        head = bytes(self._buffer[:head_length]).lower()
        length = int(head[head.index(_LENGTH) + len(_LENGTH) :].partition(b"\r\n")[0])
        end = head_length + 4 + length
        if len(self._buffer) < end:
            return
        body = bytes(self._buffer[head_length + 4 : end])
        del self._buffer[:end]
        self._answer.set_result(Answer(int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed the connection"))


def http_request(method: str, path: str, *, headers: Mapping[str, str], body: Mapping[str, Any] | None = None) -> bytes:
    """The bytes of a request."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + content


@dataclass(frozen=True)
class Server:
    """What is measured."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """Processor time that its process has used until now."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)


async def run_load(server: Server, requests: Iterable[bytes], *, expect: int, over: int = CONNECTIONS) -> Run:
    """Send all requests over so many connections, each sending its next one when it has its answer.

    Raises UnexpectedAnswer for any status but the expected one.
    """
    waiting = iter(requests)
    latencies: list[float] = []

    async def work(connection: Connection) -> None:
        for request in waiting:
            sent_at = time.perf_counter()
            _check(await connection.send(request), expect)
            latencies.append((time.perf_counter() - sent_at) * 1000)

    return await _run(server, work, latencies, over)


async def run_open_load(server: Server, requests: Sequence[bytes], *, expect: int, per_second: float, over: int) -> Run:
    """Send so many requests a second, whether or not those before are answered; one that finds no free connection waits
    for one. A latency begins when it was the request's turn. Raises UnexpectedAnswer.
    """
    began_at = time.perf_counter()
    turns = iter([(began_at + index / per_second, request) for index, request in enumerate(requests)])
    latencies: list[float] = []

    async def work(connection: Connection) -> None:
        for turn, request in turns:
            await asyncio.sleep(max(0.0, turn - time.perf_counter()))
            _check(await connection.send(request), expect)
            latencies.append((time.perf_counter() - turn) * 1000)

    return await _run(server, work, latencies, over)


async def _run(
    server: Server, work: Callable[[Connection], Awaitable[None]], latencies: Sequence[float], over: int
) -> Run:
    connections = [await Connection.open(server.url) for _ in range(over)]
    cpu_before = server.cpu_seconds()
    began_at = time.perf_counter()
    try:
        await asyncio.gather(*(work(connection) for connection in connections))
    finally:
        seconds = time.perf_counter() - began_at
        for connection in connections:
            connection.close()
    return Run(
        per_second=len(latencies) / seconds,
        cpu_ms=(server.cpu_seconds() - cpu_before) / len(latencies) * 1000,
        latencies_ms=latencies,
    )


def _check(answer: Answer, expect: int) -> None:
    if answer.status != expect:
        raise UnexpectedAnswer(f"{answer.status}: {answer.body.decode()}")


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent are not above. Raises ValueError for no values."""
    if not values:
        raise ValueError("no values to take a percentile of")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def median_run(runs: Sequence[Run]) -> Run:
    """All runs as one: the medians of their rates and of their processor times, and every latency."""
    return Run(
        per_second=statistics.median(run.per_second for run in runs),
        cpu_ms=statistics.median(run.cpu_ms for run in runs),
        latencies_ms=[latency for run in runs for latency in run.latencies_ms],
    )


def median_ratio(ours: Sequence[Run], bare: Sequence[Run]) -> float:
    """The median of the ratios of the rounds: both sides of a round met the same busy machine."""
    return statistics.median(one.per_second / other.per_second for one, other in zip(ours, bare, strict=True))


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A directory for servers, removed after the block. Others may enter: PostgreSQL runs as another user than root."""
    directory = Path(tempfile.mkdtemp(prefix="doudi-bench-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
