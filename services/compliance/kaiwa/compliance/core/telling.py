"""What analytics may know of an erasure's step or a verdict: words of ours, hours, pseudonyms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from kaiwa.contracts import ids
from kaiwa.contracts.analytics import Compliance
from kaiwa.contracts.times import rfc3339

KIND = "analytics.compliance"

Row = Mapping[str, Any]


def fact_id(row: Row, key: bytes) -> str:
    """The same for the same step, however often it is published; it leads to nobody."""
    about = row["erasure_id"] or row["verdict"]["verdict_id"]
    return ids.opaque(key, KIND, row["fact"], about, rfc3339(row["at"]))


def of_erasure(row: Row, key: bytes) -> Compliance:
    """``row`` is the fact and its case, whose ids are gone once it is closed."""
    account_id, customer_id = row["account_id"], row["customer_id"]
    whose = account_id is not None and customer_id is not None
    return Compliance(
        fact=row["fact"],
        hour=_hour(row["at"]),
        conversation=ids.opaque(key, "conversation", account_id, customer_id) if whose else None,
        account=None if account_id is None else ids.opaque(key, "account", account_id),
        scope=row["scope"],
        reason=row["reason"],
        seconds=max(0, int((row["at"] - row["received_at"]).total_seconds())),
    )


def of_verdict(row: Row) -> Compliance:
    """Its pseudonyms were made when its records were in hand."""
    told = {name: row["verdict"].get(name) for name in _TOLD}
    return msgspec.convert({"fact": row["fact"], "hour": _hour(row["at"]), **told}, Compliance)


_TOLD = ("conversation", "account", "trigger", "text_id", "language", "author", "seconds")


def _hour(moment: datetime) -> str:
    return f"{rfc3339(moment)[:13]}:00:00.000Z"
