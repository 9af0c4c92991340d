"""A server of plain sockets that answers, hangs or breaks off exactly where a test wants it to."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self

Turn = Callable[[socket.socket], bool]
"""What happens once a request has been read (or, first of all, a connection accepted): True to read another one."""

_NOW = struct.pack("ii", 1, 0)


def reset(connection: socket.socket) -> bool:
    """RST: whatever the client wrote or will write is lost."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
    return False


def close(_: socket.socket) -> bool:
    """FIN."""
    return False


def go_on(_: socket.socket) -> bool:
    return True


def hang(connection: socket.socket) -> bool:
    """Says nothing until the client leaves."""
    with suppress(OSError):
        connection.recv(1)
    return False


def says(status: str, body: bytes = b"", *, promised: int | None = None, then: Turn = go_on) -> Turn:
    """An answer; ``promised`` is its content length where that is a lie."""
    length = len(body) if promised is None else promised
    head = f"HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n".encode()
    return raw(head + body, then=then)


def raw(content: bytes, *, then: Turn = close) -> Turn:
    def turn(connection: socket.socket) -> bool:
        connection.sendall(content)
        return then(connection)

    return turn


class Wire:
    """``turns`` are taken one by one, by whatever connection reads a request; ``bodies`` are the requests read."""

    def __init__(self, turns: list[Turn], *, accept: Turn = go_on, tls: ssl.SSLContext | None = None) -> None:
        self.bodies: list[bytes] = []
        self.closed = threading.Semaphore(0)
        self._turns = iter(turns)
        self._accept = accept
        self._tls = tls
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._serve)]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    @classmethod
    @contextmanager
    def opened(cls, *turns: Turn, accept: Turn = go_on, tls: ssl.SSLContext | None = None) -> Iterator[Self]:
        wire = cls(list(turns), accept=accept, tls=tls)
        wire._threads[0].start()
        try:
            yield wire
        finally:
            wire._server.shutdown(socket.SHUT_RDWR)
            wire._threads[0].join()
            for connection in wire._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in wire._threads:
                thread.join()
            wire._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return  # the test is over
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._talk, args=(connection,)))
            self._threads[-1].start()

    def _talk(self, plain: socket.socket) -> None:
        connection = plain
        with suppress(OSError):  # the client may leave at any moment; a TLS failure is an OSError, too
            if self._accept(connection):
                if self._tls:
                    connection = self._tls.wrap_socket(plain, server_side=True)
                    self._open.append(connection)
                while self._read(connection) and next(self._turns)(connection):
                    pass
        connection.close()
        self.closed.release()

    def _read(self, connection: socket.socket) -> bool:
        """Read one request to its last byte."""
        received = b""
        while b"\r\n\r\n" not in received:
            if not (more := connection.recv(65_536)):
                return False
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields[b"content-length"]):
            if not (more := connection.recv(65_536)):
                return False
            body += more
        self.bodies.append(body)
        return True
