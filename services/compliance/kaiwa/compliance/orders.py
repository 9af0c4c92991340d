"""The records that a case becomes in Kafka. A tombstone has no headers: they would outlive what it erases."""

from datetime import datetime

import asyncpg

from kaiwa.bus.records import Outgoing
from kaiwa.compliance.core.holders import TOPICS
from kaiwa.contracts import cloudevents, topics
from kaiwa.contracts.erasures import Erasure, Receipt, encode
from kaiwa.contracts.times import rfc3339


def tombstone(target: asyncpg.Record) -> Outgoing:
    return Outgoing(target["topic"], target["key"], None, partition=target["partition"])


def opened(case: asyncpg.Record) -> Outgoing:
    """The order to every holder, naming what to delete."""
    order = Erasure(
        erasure_id=case["erasure_id"],
        scope=case["scope"],
        account_id=case["account_id"],
        customer_id=case["customer_id"],
        mids=() if case["mid"] is None else (case["mid"],),
        cutoff=rfc3339(case["cutoff"]),
        reason=case["reason"],
        due_at=rfc3339(case["due_at"]),
    )
    return _order(order, case["received_at"])


def closed(case: asyncpg.Record) -> Outgoing:
    """The same order once it is done: hashes in place of the ids, so that a restored holder can still match it."""
    order = Erasure(
        erasure_id=case["erasure_id"],
        scope=case["scope"],
        cutoff=rfc3339(case["cutoff"]),
        reason=case["reason"],
        due_at=rfc3339(case["due_at"]),
        state="closed",
        account_hash=case["account_hash"],
        customer_hash=None if case["scope"] == "account" else case["customer_hash"],
        mid_hashes=(case["mid_hash"],) if case["mid_hash"] else (),
    )
    return _order(order, case["verified_at"])


def withdrawn(row: asyncpg.Record) -> Outgoing:
    """Tokens of the account are to be forgotten, and nothing else: to other holders it is a closed order."""
    at = rfc3339(row["noted_at"])
    order = Erasure(
        erasure_id=row["erasure_id"],
        scope="account",
        account_id=row["account_id"],
        cutoff=at,
        reason="deauthorised",
        due_at=at,
        state="closed",
        held=True,
    )
    return _order(order, row["noted_at"])


def receipt(case: asyncpg.Record, now: datetime) -> Outgoing:
    """The topics' own word: a tombstone for each record is acknowledged."""
    word = Receipt(
        erasure_id=case["erasure_id"],
        holder=TOPICS,
        status="done" if case["targets"] else "nothing_found",
        count=case["targets"],
        at=rfc3339(now),
    )
    return Outgoing(
        topics.RECEIPTS, word.key, encode(word), _headers(case["erasure_id"], "erasure.receipt", now)
    )


def _order(order: Erasure, at: datetime) -> Outgoing:
    return Outgoing(
        topics.ERASURES,
        order.erasure_id.encode(),
        encode(order),
        _headers(order.erasure_id, f"erasure.{order.state}", at),
    )


def _headers(erasure_id: str, kind: str, at: datetime) -> cloudevents.Headers:
    """Without an account: a header outlives the ids that closing removes."""
    return cloudevents.headers(event_id=erasure_id, kind=kind, account_id=None, time=at)
