"""Database rows as the core's values."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from kaiwa.contracts.sends import ThreadControl
from kaiwa.dispatcher.core import throttle
from kaiwa.dispatcher.core.decide import Decision, decide
from kaiwa.dispatcher.core.lanes import BULK
from kaiwa.dispatcher.core.pace import BucketClass, Limits, Rate
from kaiwa.dispatcher.core.state import FOREVER, Account, Conversation, Grant, Intent, Nature, Policy
from kaiwa.dispatcher.core.unit import CONTROL, FETCHED, GESTURES
from kaiwa.dispatcher.core.wordings import own

Row = Mapping[str, Any]

_DEFAULT_TEXT_RATE = {"facebook": 300.0, "instagram": 100.0}
"""Meta's pages disagree; the lower figure where there is no Page (platform.md 4.1)."""


def account(row: Row) -> Account:
    return Account(
        account_id=row["account_id"],
        state=row["account_state"],
        display_name=row["display_name"],
        locale=row["locale"],
        human_agent=row["human_agent"],
        default_app=row["default_app"],
        paused_until=row["paused_until"],
        login=row["login"],
        routing=row["routing"],
        while_human=row["while_human"],
        markets=tuple(row["markets"]),
        disclosure=own(row["disclosure"]),
        crowded_until=row["crowded_until"],
    )


def conversation(row: Row) -> Conversation:
    known = {name: row[name] for name in Conversation.__struct_fields__}
    if known["human_until"] == datetime.max:  # noqa: DTZ901 - as asyncpg reads PostgreSQL's infinity
        known["human_until"] = FOREVER
    return Conversation(**known)


def intent(row: Row) -> Intent:
    nature: Nature = "message"
    if row["comment_id"] is not None:
        nature = "private_reply"
    elif row["content_kind"] in GESTURES:
        nature = "gesture"
    elif row["content_kind"] == CONTROL:
        nature = "control"
    return Intent(
        author_kind=row["author_kind"],
        due_at=row["due_at"],
        requested_at=row["requested_at"],
        expires_at=row["expires_at"],
        nature=nature,
        grant=_grant(row),
        control=thread_control(row),
        bulk=row["lane_rank"] == BULK,
        events_end=row["events_end"],
    )


def thread_control(row: Row) -> ThreadControl | None:
    """Of a request about who controls the thread: what it asks for."""
    asked = row["thread_control"]
    return None if asked is None else msgspec.convert(asked, ThreadControl)


def _grant(row: Row) -> Grant | None:
    if row["comment_seen_at"] is None:
        return None
    used = row["used_by"] not in (None, row["intent_id"])
    return Grant(
        row["comment_seen_at"],
        live=row["comment_live"],
        used=used,
        created_at=row["comment_created_at"],
        looked_at=row["comment_looked_at"],
    )


def bucket_of(kind: str | None, *, comment: bool, live: bool) -> BucketClass:
    """Which limit a call counts against (platform.md 4.1)."""
    if comment:
        return "live_reply" if live else "private_reply"
    return "media" if kind in FETCHED else "text"


def limits(row: Row) -> Limits:
    """What the account's file says, else the platform's figures."""
    given = {"text_per_second": _DEFAULT_TEXT_RATE[row["login"]]} | row["limits"]
    return Limits(**{name: given[name] for name in Limits.__struct_fields__ if name in given})


def rate(row: Row) -> Rate:
    """How fast a bucket gives, as configured and as the platform wants it now."""
    since = row["now"] - row["resumed_at"] if row["resumed_at"] else None
    return limits(row).rate(row["class"]).slowed(throttle.pace(row["percent"], since))


def decision(row: Row, policy: Policy) -> Decision:
    """The decision about a request with its facts, by PostgreSQL's clock."""
    return decide(intent(row), conversation(row), account(row), policy, row["now"])
