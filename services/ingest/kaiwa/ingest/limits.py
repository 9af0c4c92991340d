"""What ingest holds at once, bounded: bodies, their bytes, and the time one may take to come in.

A request is admitted by what its head declares, before any of its body is read: above a bound it costs nothing more.
How many connections there may be is the server's to bound (runtime), headers are the Ingress's.
"""

from dataclasses import dataclass

from kaiwa.runtime import metrics
from kaiwa.runtime.http import BodyTooLarge, Receive, Scope, header, read_body


class Overloaded(Exception):
    """As many requests or bytes are being handled as may be."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one body: ``body_bytes``, and ``body_seconds`` from its head to its end. Of all together: the others."""

    body_bytes: int
    body_seconds: float
    requests_in_flight: int
    bytes_in_flight: int


class Admission:
    """Keeps the limits; one per process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._requests = 0
        self._bytes = 0
        metrics.REQUESTS_IN_FLIGHT.set_function(lambda: self._requests)
        metrics.BYTES_IN_FLIGHT.set_function(lambda: self._bytes)

    def admit(self, scope: Scope) -> int:
        """Count a request in; what it declares is to be given to ``leave`` at its end, however it ends.

        Raises BodyTooLarge or Overloaded: then it was not counted.
        """
        most = self._limits.body_bytes
        declared = header(scope, b"content-length")  # the HTTP parser let only digits through
        size = most if declared is None else int(declared)
        if size > most:
            raise BodyTooLarge
        crowded = self._requests >= self._limits.requests_in_flight
        if crowded or self._bytes + size > self._limits.bytes_in_flight:
            raise Overloaded
        self._requests += 1
        self._bytes += size
        return size

    def leave(self, size: int) -> None:
        self._requests -= 1
        self._bytes -= size

    async def body(self, scope: Scope, receive: Receive, *, most: int | None = None) -> bytes:
        """The body of an admitted request; ``most`` is a bound of its own below the common one. Raises BodyError."""
        limits = self._limits
        return await read_body(scope, receive, limit=most or limits.body_bytes, within=limits.body_seconds)
