"""Loopback ports for child processes, reserved so that no other process that asks us gets the same."""

import secrets
import socket
import sys

# Below the ports that kernels give to outgoing connections: a port of ours stays free while its process is restarted.
_LOWEST, _HIGHEST = 20_000, 32_000
_LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A TCP port of the loopback address, ours until this process ends."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """TCP ports of the loopback address, one after the other, ours until this process ends."""
    while True:
        first = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST - count)
        ports = list(range(first, first + count))
        if all(_is_free(port) for port in ports):
            for port in ports:
                _reserve(port)
            return ports


def listens(port: int) -> bool:
    """Whether somebody accepts connections on that loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex((_LOOPBACK, port)) == 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without SO_REUSEADDR, so that a reserved port counts as taken.
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
        return True


def _reserve(port: int) -> None:
    """Keep a bound socket that does not listen. Servers, which all set SO_REUSEADDR, may bind beside it on Linux."""
    if sys.platform != "linux":
        return
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((_LOOPBACK, port))
    # The descriptor stays open until the process ends, and no child inherits it.
    keeper.detach()
