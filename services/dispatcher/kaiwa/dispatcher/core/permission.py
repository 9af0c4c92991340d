"""May I write now, and as whom? The decision about a message that nobody has asked for yet.

The same :func:`decide` as for a message that is due, so that the answer and what then happens cannot differ in a rule;
only in time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kaiwa.contracts.outcomes import Trigger
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import AuthorKind
from kaiwa.dispatcher.core.decide import Defer, Look, Refuse, Send, Tag, decide
from kaiwa.dispatcher.core.state import HUMAN_AGENT_WINDOW, WINDOW, Account, Conversation, Intent, Policy

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Permission:
    """``until``: of ``yes``, when it ends; of ``wait``, when it is looked at again. ``ask``: only the platform knows."""

    verdict: Literal["yes", "wait", "no", "ask"]
    until: datetime | None = None
    reason: Reason | None = None
    tag: Tag | None = None
    disclosure: Trigger | None = None


def permission(
    author_kind: AuthorKind, conversation: Conversation, account: Account, policy: Policy, now: datetime
) -> Permission:
    """Whether a message of this kind of author may go at ``now``."""
    asked = Intent(author_kind, due_at=_known_by(conversation, policy, now), requested_at=now)
    match decide(asked, conversation, account, policy, now):
        case Send(tag, disclosure):
            until = _ends(conversation, policy, tag)
            trigger = None if disclosure is None else disclosure.trigger
            return Permission("yes", until, tag=tag, disclosure=trigger)
        case Defer(until, reason):
            return Permission("wait", until, reason)
        case Refuse(reason):
            return Permission("no", reason=reason)
        case Look():  # pragma: no branch - mypy proves that there is no other
            return Permission("ask")


def _known_by(conversation: Conversation, policy: Policy, now: datetime) -> datetime:
    """A request waits until what had been read is newer than it is. A question does not wait: it is about the moment up
    to which everything has been read, if that was a moment ago.
    """
    fresh = conversation.fresh_at
    if fresh is None or now - fresh >= policy.automation_freshness:
        return now
    return min(now, fresh - _INSTANT)


def _ends(conversation: Conversation, policy: Policy, tag: Tag | None) -> datetime | None:
    opened = conversation.window_opened_at
    length = WINDOW if tag is None else HUMAN_AGENT_WINDOW
    return opened and opened + length - policy.window_margin
