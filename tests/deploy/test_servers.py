"""The embedded PostgreSQL and brokers: what they promise to whoever builds on them."""

import re
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from doudi.broker import Broker, BrokerKind, create_topics
from doudi.databases import Cluster
from doudi.ports import listens
from doudi.postgres import Postgres
from shared.events import TOPICS
from shared.ids import new_id


def driver_url(url: str) -> str:
    return url.replace("+asyncpg", "")


async def test_service_roles_cannot_make_tables_or_enter_other_databases(cluster: Cluster) -> None:
    intake = cluster.create_database("rights_intake", service="intake")
    oversight = cluster.create_database("rights_oversight", service="oversight")
    try:
        connection = await asyncpg.connect(driver_url(intake.app))
        try:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("create table public.mine (id int)")
            assert not await connection.fetchval(
                "select bool_or(rolsuper or rolbypassrls or rolcreatedb or rolcreaterole)"
                " from pg_roles where rolname like 'intake%'"
            )
        finally:
            await connection.close()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(driver_url(oversight.app.replace("oversight_app", "intake_app")))
    finally:
        cluster.drop_database("rights_intake")
        cluster.drop_database("rights_oversight")


async def test_committed_rows_survive_a_killed_server(own_postgres: Postgres) -> None:
    own_postgres.cluster.execute("create table kept (id int)", "insert into kept values (7)")
    own_postgres.kill()
    assert not listens(own_postgres.cluster.port)
    own_postgres.start()
    connection = await asyncpg.connect(driver_url(own_postgres.cluster.admin_url))
    assert await connection.fetchval("select id from kept") == 7
    await connection.close()


@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="the kernel does not list shared memory")
async def test_a_discarded_server_gives_its_shared_memory_back(own_postgres: Postgres) -> None:
    own_postgres.kill()
    own_postgres.start()
    connection = await asyncpg.connect(driver_url(own_postgres.cluster.admin_url))
    written = await connection.fetchval("select pg_read_file('postmaster.pid')")
    await connection.close()
    interlock = int(written.splitlines()[6].split()[1])
    segments = mapped_segments(own_postgres.pid)
    assert interlock in interlocks()
    assert segments
    assert all(segment.exists() for segment in segments)
    own_postgres.discard()
    assert interlock not in interlocks()
    assert not any(segment.exists() for segment in segments)


def mapped_segments(pid: int) -> list[Path]:
    """Files of POSIX shared memory that a server has open."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="ascii")
    return [Path(found) for found in re.findall(r"/\S*/PostgreSQL\.\d+", maps)]


def interlocks() -> set[int]:
    """Ids of all System V segments of the machine."""
    lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
    return {int(line.split()[1]) for line in lines}


async def test_a_wrong_password_is_refused(cluster: Cluster) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(driver_url(Cluster(cluster.port, "wrong").admin_url))


async def produce(address: str, topic: str, body: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    try:
        await producer.send_and_wait(topic, body)
    finally:
        await producer.stop()


async def newest_offset(address: str, topic: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        return int((await consumer.end_offsets([partition]))[partition])
    finally:
        await consumer.stop()


@pytest.mark.kafka
async def test_the_broker_has_every_topic_and_its_dead_letter_topic(broker: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        for topic in TOPICS:
            assert len(await producer.partitions_for(topic)) == 6
            assert len(await producer.partitions_for(f"{topic}-dlq")) == 1
    finally:
        await producer.stop()


@pytest.mark.kafka
async def test_topics_that_exist_are_left_alone(broker: str) -> None:
    topic = f"twice-{new_id().hex}"
    create_topics(broker, {topic: 1})
    await produce(broker, topic, b"kept")
    create_topics(broker, {topic: 1})
    assert await newest_offset(broker, topic) == 1


@pytest.mark.kafka
@pytest.mark.slow
async def test_a_killed_broker_comes_back_at_its_address(own_broker: Broker, broker_kind: BrokerKind) -> None:
    await produce(own_broker.address, "intake-dlq", b"before")
    own_broker.kill()
    own_broker.start()
    await produce(own_broker.address, "intake-dlq", b"after")
    # What the embedded broker forgets, the outbox refills.
    assert await newest_offset(own_broker.address, "intake-dlq") == (2 if broker_kind == "kafka" else 1)
