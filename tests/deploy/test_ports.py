"""Loopback ports: ours while we live, whoever else asks."""

from doudi.ports import free_port, free_ports, listens


def test_ports_come_in_a_row_and_never_twice() -> None:
    rows = [free_ports(17) for _ in range(20)]
    assert all(row == list(range(row[0], row[0] + 17)) for row in rows)
    assert len({port for row in rows for port in row}) == 17 * 20


def test_nobody_listens_on_a_reserved_port() -> None:
    assert not listens(free_port())
