"""Moments around one noon, and values of the dispatcher's core that let a message go unless a test says otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from kaiwa.contracts.outcomes import Trigger
from kaiwa.contracts.sends import AuthorKind
from kaiwa.dispatcher.core.decide import Decision, decide
from kaiwa.dispatcher.core.disclosure import Due
from kaiwa.dispatcher.core.state import Account, Conversation, Intent, Policy
from kaiwa.dispatcher.core.wordings import WORDINGS

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVENTS = 7
"""Where a partition of the events ends."""

POLICY = Policy(
    window_margin=timedelta(seconds=90), human_hold=timedelta(seconds=1800), lease=timedelta(seconds=30)
)


def account(**fields: Any) -> Account:
    """An active shop with the Human Agent feature whose app is the default one."""
    usual = Account("17841400000000001", "active", "Shop", "en", human_agent=True, default_app=True)
    return replace(usual, **fields)


def conversation(**fields: Any) -> Conversation:
    """The customer wrote an hour ago; all of it is known; automation has disclosed itself."""
    usual = Conversation(
        window_opened_at=NOON - HOUR,
        last_customer_at=NOON - HOUR,
        control="ours",
        control_at=NOON - SECOND,
        disclosed_at=NOON - MINUTE,
        last_automated_at=NOON - MINUTE,
        fresh_at=NOON,
        events_applied=EVENTS,
    )
    return replace(usual, **fields)


def intent(author_kind: AuthorKind = "automation", **fields: Any) -> Intent:
    """A request of a second ago, before which nothing was in Kafka that is not known."""
    usual: dict[str, Any] = {
        "due_at": NOON - SECOND,
        "requested_at": NOON - SECOND,
        "events_end": EVENTS,
    }
    return Intent(author_kind=author_kind, **(usual | fields))


def due(trigger: Trigger, language: str) -> Due:
    """A disclosure in the shipped words."""
    return Due(trigger, language, WORDINGS[language])


def decided(
    author: AuthorKind = "automation",
    *,
    of: dict[str, Any] | None = None,
    at: dict[str, Any] | None = None,
    request: dict[str, Any] | None = None,
    now: datetime = NOON,
) -> Decision:
    """The decision about a conversation with fields ``of``, at an account with fields ``at``."""
    return decide(
        intent(author, **(request or {})), conversation(**(of or {})), account(**(at or {})), POLICY, now
    )
