"""The decision: may this message go now, with which tag, carrying which disclosure?

Invariants
- Unknown is closed: no opening event seen, no send; but the thread is asked once before that is said.
- No refusal from stale knowledge: a refusal for window or control needs everything up to the moment the
  request fell due to have been applied; else the request waits.
- The HUMAN_AGENT tag goes on a human's message only, outside 24 hours only, with the feature only.
- Automation needs fresh knowledge even to send, with everything in it that was in Kafka before the request; a
  human's message goes on what is known.
- A private reply needs no window: its comment's grant takes the window's place.
- A word about who controls the thread obeys what concerns the account and the owner, and nothing else.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher.core import control, disclosure
from kaiwa.dispatcher.core.disclosure import Due
from kaiwa.dispatcher.core.limits import GRANT, GRANT_UNSURE, LIVE_GRANT
from kaiwa.dispatcher.core.state import (
    FOREVER,
    HUMAN_AGENT_WINDOW,
    WINDOW,
    Account,
    Conversation,
    Grant,
    Intent,
    Policy,
)

Tag = Literal["HUMAN_AGENT"]

STALE_RETRY = timedelta(milliseconds=250)
"""How soon a decision that lacked fresh knowledge is made again."""

HELD_RETRY = timedelta(minutes=5)
"""How soon a hold without a known end (a paused account, an escalation) is looked at again, if nothing wakes it."""


class Send(msgspec.Struct, frozen=True):
    tag: Tag | None = None
    disclosure: Due | None = None


class Defer(msgspec.Struct, frozen=True):
    until: datetime
    reason: Reason


class Refuse(msgspec.Struct, frozen=True):
    reason: Reason


class Look(msgspec.Struct, frozen=True):
    """Nothing tells of a window or of a comment's age, or what tells of the owner is old: ask the platform, then decide."""

    at: Literal["window", "owner", "comment"] = "window"


Decision = Send | Defer | Refuse | Look


def decide(
    intent: Intent, conversation: Conversation, account: Account, policy: Policy, now: datetime
) -> Decision:
    """The first rule that objects decides; the order is that of the design, section 4."""
    objection = (
        _expiry(intent, now)
        or _account(account, now)
        or _crowded(intent, account, now)
        or _erased(intent, conversation)
        or _knowledge(intent, conversation, policy, now)
        or _suppressed(intent, conversation, now)
        or _control(intent, conversation, account, now)
    )
    if objection:
        return objection
    if intent.nature == "control":
        return Send()
    if intent.nature == "private_reply":
        window = _grant(intent, conversation, policy, now)
    else:
        window = _window(intent, conversation, account, policy, now)
    if not isinstance(window, Send) or intent.author_kind == "human":
        return window
    if held := _human_handling(intent, conversation, account, now):
        return held
    if intent.nature == "gesture":
        return window
    return Send(disclosure=disclosure.due(conversation, account, now))


def closes_at(opened_at: datetime | None) -> datetime | None:
    """When the standard window ends, by the events' own times."""
    return opened_at and opened_at + WINDOW


def grant_ends(grant: Grant, policy: Policy) -> datetime:
    """From when on a comment may certainly be answered in private no more. One whose own time could not be read counts as
    old as it can be.
    """
    made = grant.seen_at if grant.created_at is None else min(grant.created_at, grant.seen_at)
    if grant.live:
        return made + LIVE_GRANT
    unreadable = grant.created_at is None and grant.looked_at is not None
    return made + GRANT - policy.window_margin - (GRANT_UNSURE if unreadable else timedelta(0))


def _expiry(intent: Intent, now: datetime) -> Refuse | None:
    expired = intent.expires_at is not None and now >= intent.expires_at
    return Refuse(Reason.EXPIRED) if expired else None


def _account(account: Account, now: datetime) -> Defer | Refuse | None:
    if account.state == "ineligible":
        return Refuse(Reason.ACCOUNT_PAUSED)
    if account.state != "active":
        return Defer(now + HELD_RETRY, Reason.ACCOUNT_PAUSED)
    if account.paused_until is not None and now < account.paused_until:
        return Defer(account.paused_until, Reason.PAUSED_BY_PLATFORM)
    return None


def _crowded(intent: Intent, account: Account, now: datetime) -> Defer | None:
    """The platform stops an account that has had too many messages; before that, those that nobody waits for wait."""
    if intent.bulk and account.crowded_until is not None and now < account.crowded_until:
        return Defer(account.crowded_until, Reason.ACCOUNT_CROWDED)
    return None


def _erased(intent: Intent, conversation: Conversation) -> Refuse | None:
    cutoff = conversation.erased_before
    return Refuse(Reason.RECIPIENT_ERASED) if cutoff is not None and intent.requested_at <= cutoff else None


def _knowledge(intent: Intent, conversation: Conversation, policy: Policy, now: datetime) -> Defer | None:
    """Automation waits for fresh state; why: a human may have taken over a moment ago, and what it answers may be the
    question whether it is one.
    """
    if intent.author_kind == "human":
        return None
    recent = conversation.fresh_at is not None and now - conversation.fresh_at < policy.automation_freshness
    knows = recent and _knows_what_was_before(intent, conversation)
    return None if knows else Defer(now + STALE_RETRY, Reason.STATE_STALE)


def _knows_what_was_before(intent: Intent, conversation: Conversation) -> bool:
    """By offset where that is known, which takes no time; else by time, which the next look at the ends tells."""
    end, applied = intent.events_end, conversation.events_applied
    if end is not None and applied is not None and applied >= end:
        return True
    return conversation.fresh_at is not None and conversation.fresh_at > intent.due_at


def _refuse_when_known(
    reason: Reason, intent: Intent, conversation: Conversation, now: datetime
) -> Defer | Refuse:
    """A refusal only from what had been read after the request fell due."""
    known = conversation.fresh_at is not None and conversation.fresh_at > intent.due_at
    return Refuse(reason) if known else Defer(now + STALE_RETRY, Reason.STATE_STALE)


def _suppressed(intent: Intent, conversation: Conversation, now: datetime) -> Defer | Refuse | None:
    """Who could not be reached is not called again before they write: calls of that kind count against the account."""
    since, heard = conversation.suppressed_at, conversation.last_customer_at
    if since is None or (heard is not None and heard > since) or intent.nature == "control":
        return None
    return _refuse_when_known(Reason.RECIPIENT_UNAVAILABLE, intent, conversation, now)


def _control(
    intent: Intent, conversation: Conversation, account: Account, now: datetime
) -> Defer | Refuse | Look | None:
    rule = control.for_action if intent.nature == "control" else control.for_message
    match rule(intent, conversation, account, now):
        case "go":
            return None
        case "ask":
            return Look("owner")
        case "unavailable":
            return _refuse_when_known(Reason.CONTROL_UNAVAILABLE, intent, conversation, now)
        case "not_owner":  # pragma: no branch - mypy proves that there is no other
            return _refuse_when_known(Reason.NOT_OWNER, intent, conversation, now)


def _grant(intent: Intent, conversation: Conversation, policy: Policy, now: datetime) -> Decision:
    """One private reply, while the comment is surely young enough. Where its first delivery may have been late the
    comment's own time decides, which only the platform knows.
    """
    grant = intent.grant
    if grant is None:
        return _refuse_when_known(Reason.COMMENT_GRANT_USED, intent, conversation, now)
    if grant.used or now >= grant_ends(grant, policy):
        return Refuse(Reason.COMMENT_GRANT_USED)
    sure = grant.live or grant.created_at is not None
    young = now < grant.seen_at + GRANT - GRANT_UNSURE - policy.window_margin
    return Send() if sure or young else Look("comment")


def _window(
    intent: Intent, conversation: Conversation, account: Account, policy: Policy, now: datetime
) -> Decision:
    """Inside the window a plain send; beyond it a human's tagged one. The margin on both sides belongs to neither."""
    closed = _refuse_when_known(Reason.WINDOW_CLOSED, intent, conversation, now)
    opened = conversation.window_opened_at
    if opened is None:
        return Look() if isinstance(closed, Refuse) and _unread(intent, conversation) else closed
    closes, margin = opened + WINDOW, policy.window_margin
    if now < closes - margin:
        return Send()
    tagged = intent.author_kind == "human" and intent.nature == "message"
    if not tagged or now >= opened + HUMAN_AGENT_WINDOW - margin:
        return closed
    beyond = now >= closes + margin
    if not account.human_agent:
        unavailable = _refuse_when_known(Reason.HUMAN_AGENT_UNAVAILABLE, intent, conversation, now)
        return unavailable if beyond else closed
    return Send(tag="HUMAN_AGENT") if beyond else Defer(closes + margin, Reason.WINDOW_CLOSED)


def _unread(intent: Intent, conversation: Conversation) -> bool:
    """Nobody read the thread yet, or nobody could when an earlier request wanted it."""
    looked_at = conversation.looked_at
    return looked_at is None or (conversation.look_failures > 0 and looked_at < intent.due_at)


def _human_handling(
    intent: Intent, conversation: Conversation, account: Account, now: datetime
) -> Defer | Refuse | None:
    """A person's message holds automation for a time or until it is released; so does an escalation."""
    until = FOREVER if conversation.escalated else conversation.human_until
    if until is None or now >= until:
        return None
    if account.while_human == "refuse":
        return _refuse_when_known(Reason.HUMAN_HANDLING, intent, conversation, now)
    return Defer(now + HELD_RETRY if until == FOREVER else until, Reason.HUMAN_HANDLING)
