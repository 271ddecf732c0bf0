"""Ports of this machine: which are free, for installations, tests, measurements and tools alike."""

from __future__ import annotations

import random
import socket

# Below the ports that the system gives to outgoing connections.
FIRST, LAST = 20000, 31000


def is_free(port: int) -> bool:
    """Return whether we can listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that is free together with the next one: an installation takes both."""
    while True:
        port = random.randrange(FIRST, LAST, 2)  # noqa: S311  any number will do
        if is_free(port) and is_free(port + 1):
            return port
