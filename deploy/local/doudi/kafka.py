"""Apache Kafka 4.3 on one machine: one KRaft node, its jars resolved by Maven from `deploy/kafka/pom.xml`."""

import base64
import shutil
import signal
import subprocess
import uuid
from pathlib import Path

from doudi.ports import free_port, listens
from doudi.processes import Child
from doudi.repository import REPOSITORY

_KAFKA = REPOSITORY / "deploy" / "kafka"
JARS = _KAFKA / "target" / "libs"
"""Where Maven puts them; not in the repository."""
_JAVA_NEEDED = 17
_HEAP = ("-Xms256m", "-Xmx512m")
_PACKAGES = {"java": "openjdk-17-jre-headless", "mvn": "maven"}


class KafkaUnavailable(RuntimeError):
    """Apache Kafka cannot run here; the message says what to install or what Maven said."""


class KafkaServer:
    """One Apache Kafka node that belongs to this process: formatted once, then started as often as asked."""

    def __init__(self, directory: Path) -> None:
        require_java()
        resolve_jars()
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._directory = directory
        self._formatted = False
        self._properties = directory / "server.properties"
        self._child = Child(
            "Apache Kafka",
            self._java("kafka.Kafka", str(self._properties)),
            log=directory / "kafka.log",
            directory=directory,
            death_signal=signal.SIGKILL,
        )

    def start(self) -> None:
        """Start the node; returns when its port is open."""
        if not self._formatted:
            self._format()
        self._child.start()
        self._child.wait_until(lambda: listens(self._port), timeout_seconds=60)

    def stop(self) -> None:
        """Stop in order: logs are closed, so the next start need not recover them."""
        self._child.stop(timeout_seconds=30)

    def kill(self) -> None:
        """Kill the node, as a power failure would."""
        self._child.kill()

    def _format(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        broker, controller = f"BROKER://{self.address}", f"CONTROLLER://127.0.0.1:{free_port()}"
        own = {
            "listeners": f"{broker},{controller}",
            "advertised.listeners": broker,
            "controller.quorum.bootstrap.servers": controller.removeprefix("CONTROLLER://"),
            "log.dirs": str(self._directory / "logs"),
        }
        lines = "".join(f"{name}={value}\n" for name, value in own.items())
        settings = (_KAFKA / "server.properties").read_text(encoding="utf-8")
        self._properties.write_text(settings + lines, encoding="utf-8")
        storage_tool = Child(
            "Kafka's storage tool",
            self._java(
                *["kafka.tools.StorageTool", "format", "--standalone"],
                *["-t", _cluster_id(), "-c", str(self._properties)],
            ),
            log=self._directory / "format.log",
            directory=self._directory,
        )
        storage_tool.start()
        if storage_tool.wait(timeout_seconds=60) != 0:
            raise KafkaUnavailable(f"Kafka's storage could not be formatted.\n{storage_tool.log_tail()}")
        self._formatted = True

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={_KAFKA / 'log4j2.properties'}"
        return [require_java(), *_HEAP, logging, "-cp", f"{JARS}/*", main_class, *arguments]


def require_java() -> str:
    """The path of a Java of version 17 or later. Raises KafkaUnavailable with the package to install."""
    java = shutil.which("java")
    if java is None or java_version(java) < _JAVA_NEEDED:
        raise KafkaUnavailable(
            f"Apache Kafka needs Java {_JAVA_NEEDED} or later. On Debian: apt install {_PACKAGES['java']}"
            + ("" if _are_current(JARS) else f" {_PACKAGES['mvn']}")
        )
    return java


def java_version(java: str) -> int:
    """The major version of a java program; 8 calls itself 1.8."""
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=30).stderr
    words = answer.split('"')
    parts = (words[1] if len(words) > 1 else "0").replace("-", ".").split(".")
    return int(parts[1] if parts[0] == "1" else parts[0])


def resolve_jars(target: Path = JARS) -> None:
    """Let Maven fetch the jars, unless they are there for this pom. Raises KafkaUnavailable."""
    if _are_current(target):
        return
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable(
            f"Apache Kafka's jars are fetched with Maven, which is missing. On Debian: apt install {_PACKAGES['mvn']}"
        )
    shutil.rmtree(target, ignore_errors=True)
    result = subprocess.run(
        [maven, "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={target}"],
        cwd=_KAFKA,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if result.returncode != 0:
        raise KafkaUnavailable(f"Maven could not resolve {_KAFKA / 'pom.xml'}:\n{result.stdout}{result.stderr}")
    _stamp(target).touch()


def _stamp(jars: Path) -> Path:
    return jars / "resolved"


def _are_current(jars: Path) -> bool:
    stamp = _stamp(jars)
    return stamp.exists() and stamp.stat().st_mtime >= (_KAFKA / "pom.xml").stat().st_mtime


def _cluster_id() -> str:
    """A random UUID in Kafka's spelling, which may not begin with a dash (the tool would take it for an option)."""
    return "d" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")[1:]
