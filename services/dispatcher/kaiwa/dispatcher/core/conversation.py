"""What an event teaches about its conversation: a change whose merge does not depend on order or repetition."""

from datetime import UTC, datetime

import msgspec

from kaiwa.contracts.events import Comment, Event, Kind, Message, data_of
from kaiwa.dispatcher.core.questions import asks
from kaiwa.dispatcher.core.state import Control

OPENING = frozenset(
    {Kind.MESSAGE_RECEIVED, Kind.POSTBACK_RECEIVED, Kind.REACTION_ADDED, Kind.REFERRAL_RECEIVED}
)
"""What opens the 24-hour window (platform.md 3.1); a comment, an edit, an unsend, a read do not."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Change(msgspec.Struct, frozen=True):
    """Each time is merged into the row by "the greatest wins"; ``control`` by the newest ``control_at``, and where
    two are equally new ``other`` wins: of two readings the one that keeps us silent.
    """

    account_id: str
    customer_id: str
    partition: int
    window_opened_at: datetime | None = None
    last_customer_at: datetime | None = None
    control: Control | None = None
    control_at: datetime | None = None
    asked_at: datetime | None = None


class Echo(msgspec.Struct, frozen=True):
    """A message that left the account, as Meta reports it. ``text`` is hashed before it is kept."""

    account_id: str
    customer_id: str
    mid: str
    kind: str
    text: str | None
    occurred_at: datetime


def change(event: Event, partition: int) -> Change | None:
    """What ``event`` changes, or None. Raises msgspec.DecodeError where ``data`` has another shape."""
    if event.account_id is None or event.customer_id is None:
        return None
    at = event.occurred
    opens = event.kind in OPENING and event.time_source == "event"
    control = _control(event, opens=opens)
    asked = at if event.kind == Kind.MESSAGE_RECEIVED and asks(data_of(event).text or "") else None
    if not opens and control is None and asked is None:
        return None
    return Change(
        account_id=event.account_id,
        customer_id=event.customer_id,
        partition=partition,
        window_opened_at=at if opens else None,
        last_customer_at=at if opens else None,
        control=control,
        control_at=at if control else None,
        asked_at=asked,
    )


def _control(event: Event, *, opens: bool) -> Control | None:
    """A customer's event in ``messaging`` shows that the thread is ours, one in ``standby`` that it is not."""
    if opens:
        return "other" if event.stream == "standby" else "ours"
    if event.kind in (Kind.CONTROL_PASSED, Kind.CONTROL_TAKEN):
        return "ours" if data_of(event).new_owner_app_id == event.app_id else "other"
    return None


def echo(event: Event) -> Echo | None:
    """The echo in ``event``, or None. Raises msgspec.DecodeError where ``data`` has another shape."""
    if event.kind != Kind.MESSAGE_ECHOED or event.account_id is None or event.customer_id is None:
        return None
    message: Message = data_of(event)
    kind = "text" if message.text else message.attachments[0].type if message.attachments else "other"
    return Echo(event.account_id, event.customer_id, message.mid, kind, message.text, event.occurred)


_COMMENTS = frozenset({Kind.COMMENT_RECEIVED, Kind.LIVE_COMMENT_RECEIVED})


class Remark(msgspec.Struct, frozen=True):
    """A customer's comment: it allows one private reply, whose days count from the earliest delivery."""

    account_id: str
    comment_id: str
    customer_id: str
    seen_at: datetime
    live: bool


def remark(event: Event) -> Remark | None:
    """The comment in ``event``, or None; the account's own allow nothing. Raises msgspec.DecodeError."""
    if event.kind not in _COMMENTS or event.account_id is None or event.customer_id is None:
        return None
    comment: Comment = data_of(event)
    live = event.kind == Kind.LIVE_COMMENT_RECEIVED
    remarked = Remark(event.account_id, comment.comment_id, event.customer_id, event.occurred, live)
    return None if comment.is_own else remarked


def earliest(remarks: list[Remark]) -> list[Remark]:
    """One per comment, the first delivery of each, so that one statement names no row twice."""
    newest_first = sorted(remarks, key=lambda item: item.seen_at, reverse=True)
    return list({(item.account_id, item.comment_id): item for item in newest_first}.values())


class Enforcement(msgspec.Struct, frozen=True):
    """Meta blocked an account for its conduct, or let it go again."""

    account_id: str
    blocked: bool
    at: datetime


def enforcement(event: Event) -> Enforcement | None:
    """The block in ``event``, or None; a warning changes nothing. Raises msgspec.DecodeError."""
    if event.kind != Kind.POLICY_ENFORCED or event.account_id is None:
        return None
    data = data_of(event)
    action = data.get("action") if isinstance(data, dict) else None
    if action not in ("block", "unblock"):
        return None
    return Enforcement(event.account_id, action == "block", event.occurred)


def merge(changes: list[Change]) -> list[Change]:
    """One change per conversation, so that one statement names no row twice."""
    merged: dict[tuple[str, str], Change] = {}
    for item in changes:
        key = (item.account_id, item.customer_id)
        merged[key] = _join(merged[key], item) if key in merged else item
    return list(merged.values())


def _join(a: Change, b: Change) -> Change:
    newest = max(a, b, key=_control_rank)
    return Change(
        a.account_id,
        a.customer_id,
        a.partition,
        _latest(a.window_opened_at, b.window_opened_at),
        _latest(a.last_customer_at, b.last_customer_at),
        newest.control,
        newest.control_at,
        _latest(a.asked_at, b.asked_at),
    )


def _control_rank(item: Change) -> tuple[datetime, bool]:
    return item.control_at or _NEVER, item.control == "other"


def _latest(a: datetime | None, b: datetime | None) -> datetime | None:
    return max((moment for moment in (a, b) if moment is not None), default=None)
