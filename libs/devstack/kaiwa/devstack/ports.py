"""A TCP port that is free, and stays free while its server is away.

Not from the ephemeral range (32768 and up on Linux, 49152 on macOS): a client that keeps trying to reach a broker
that is down would in the end be given that very port as its own, connect to itself, and keep the broker from
coming back.
"""

import secrets
import socket

FIRST, LAST = 10_000, 29_999


def free_port() -> int:
    while True:
        # Of no seed: two runs of the same test with the same one would want the same ports at the same moment.
        port = FIRST + secrets.randbelow(LAST - FIRST + 1)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as servers do: TIME_WAIT does not matter
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
