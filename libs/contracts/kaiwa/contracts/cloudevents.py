"""CloudEvents 1.0, binary mode: the headers of every record. ASCII only, so that any client can read them."""

from datetime import datetime

from kaiwa.contracts.times import rfc3339

Headers = tuple[tuple[str, bytes], ...]

TRACEPARENT = "traceparent"
_FIXED: Headers = (("ce_specversion", b"1.0"), ("content-type", b"application/json"))


def headers(
    *, event_id: str, kind: str, account_id: str | None, time: datetime | str, traceparent: str | None = None
) -> Headers:
    """Headers of one record; ``kind`` without the family's prefix and version (``message.received``)."""
    source = f"/instagram/{account_id}" if account_id else "/instagram"
    moment = time if isinstance(time, str) else rfc3339(time)
    built = (
        *_FIXED,
        ("ce_id", event_id.encode("ascii")),
        ("ce_source", source.encode("ascii")),
        ("ce_type", f"instagram.{kind}.v1".encode("ascii")),
        ("ce_time", moment.encode("ascii")),
    )
    return built if traceparent is None else (*built, (TRACEPARENT, traceparent.encode("ascii")))
