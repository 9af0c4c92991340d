"""Who holds what people wrote, or who they are, and by when it is gone from there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from kaiwa.contracts import topics

How = Literal["receipt", "retention", "no_personal_data"]

TOPICS: Final = "topics"
"""The name under which the topics with content give their receipt."""

OURS: Final[Mapping[str, timedelta]] = {TOPICS: timedelta(minutes=5), "dispatcher": timedelta(minutes=5)}
"""Who of ours owes a receipt for each case, and how soon it is late. They answer in seconds."""

SENDS_EMPTY_AFTER: Final = 25 * 3600 + 300
"""Seconds until ``instagram.sends.v1`` has let go of a request by its own retention (24 h, segments of 1 h)."""


@dataclass(frozen=True)
class Holder:
    """``by``: seconds until it is gone; None where there is nothing to be gone."""

    name: str
    how: How
    by: float | None
    what: str


def built_in(*, bound: float, retentions: Mapping[str, float]) -> tuple[Holder, ...]:
    """Every place of ours. ``retentions``: seconds, of the topics that empty themselves."""
    content = (
        Holder(topic, "receipt", bound, "messages; a tombstone for each record, verified by reading again")
        for topic in (topics.EVENTS, topics.QUARANTINE)
    )
    emptied = (
        Holder(topics.SENDS, "retention", retentions[topics.SENDS], "requests to send, with their content"),
        Holder(topics.OUTCOMES, "retention", retentions[topics.OUTCOMES], "ids of customers and messages"),
        Holder(topics.PRIVACY, "retention", retentions[topics.PRIVACY], "app-scoped ids of who asked"),
    )
    orders = (
        Holder(topics.ERASURES, "receipt", bound, "ids while an order is open; closing puts hashes there"),
    )
    harmless = (
        Holder(topic, "no_personal_data", None, what)
        for topic, what in (
            (topics.ACCOUNTS, "the registry of professional accounts"),
            (topics.RECEIPTS, "states and counts"),
            (topics.CHECKPOINTS, "heads of the ledger"),
            (topics.ANALYTICS_INBOUND, "counts by pseudonym; `kaiwa holders check` reads them"),
            (topics.ANALYTICS_OUTBOUND, "counts by pseudonym; `kaiwa holders check` reads them"),
            (topics.ANALYTICS_COMPLIANCE, "counts; `kaiwa holders check` reads them"),
        )
    )
    dispatcher = Holder("dispatcher", "receipt", OURS["dispatcher"].total_seconds(), "sealed content, ids")
    return (*content, dispatcher, *emptied, *orders, *harmless)
