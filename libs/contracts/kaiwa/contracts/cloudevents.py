"""CloudEvents 1.0, binary mode: the headers of every record. ASCII only, so that any client can read them."""

from datetime import datetime
from functools import lru_cache

from kaiwa.contracts.times import rfc3339

Headers = tuple[tuple[str, bytes], ...]

TRACEPARENT = "traceparent"
_FIXED: Headers = (("ce_specversion", b"1.0"), ("content-type", b"application/json"))


def headers(
    *, event_id: str, kind: str, account_id: str | None, time: datetime | str, traceparent: str | None = None
) -> Headers:
    """Headers of one record; ``kind`` without the family's prefix and version (``message.received``)."""
    moment = time if isinstance(time, str) else rfc3339(time)
    source, described = _of(kind, account_id)
    named, at = ("ce_id", event_id.encode("ascii")), ("ce_time", moment.encode("ascii"))
    if traceparent is None:
        return (*_FIXED, named, source, described, at)
    return (*_FIXED, named, source, described, at, (TRACEPARENT, traceparent.encode("ascii")))


@lru_cache(maxsize=4096)
def _of(kind: str, account_id: str | None) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    """What the records of one kind and account share."""
    source = f"/instagram/{account_id}" if account_id else "/instagram"
    return (
        ("ce_source", source.encode("ascii")),
        ("ce_type", f"instagram.{kind}.v1".encode("ascii")),
    )
