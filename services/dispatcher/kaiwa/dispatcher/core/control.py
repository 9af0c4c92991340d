"""Who controls a thread, as far as that is known, and what follows from it (platform.md 6).

Invariants
- Two of the platform's changes come without an event: the owner releases, and an app takes an idle thread. What
  depends on them is asked of the platform first, once the last word is older than :data:`BOUND`.
- Where conversation routing is off every connected app may answer, so nothing is asked and nothing refused.
- Instagram Login has no edges for control: there events alone speak.
"""

from datetime import datetime, timedelta
from typing import Literal

from kaiwa.dispatcher.core.state import IDLE, Account, Conversation, Intent

BOUND = timedelta(seconds=60)
"""How long a word about the owner is believed where a silent change could have followed it."""

Standing = Literal["ours", "other", "idle", "unknown"]
Ruling = Literal["go", "ask", "not_owner", "unavailable"]


def standing(conversation: Conversation, account: Account, now: datetime) -> Standing:
    """Whose the thread is. The owner's term ends 24 hours after the customer's last message, or when it was said to."""
    if account.routing == "open":
        return "ours"
    heard, until = conversation.last_customer_at, conversation.control_until
    ends = max((end for end in (heard and heard + IDLE, until) if end is not None), default=None)
    if ends is not None and now > ends:
        return "idle"
    return conversation.control or "unknown"


def for_message(intent: Intent, conversation: Conversation, account: Account, now: datetime) -> Ruling:
    """Whether a message may go. In an idle thread only the default app may answer."""
    asks = intent.nature != "private_reply" and _doubtful(conversation, account, now)
    match standing(conversation, account, now):
        case "ours":
            return "go"
        case "idle":
            if not account.default_app:
                return "not_owner"
            return "ask" if asks and account.routing == "routed" else "go"
        case "other":
            # The owner may have released it: that helps the default app alone.
            return "ask" if asks and account.default_app else "not_owner"
        case "unknown":  # pragma: no branch - mypy proves that there is no other
            unsure = account.routing == "routed" or not account.default_app
            if asks and unsure:
                return "ask"
            return "go" if account.default_app or intent.nature == "private_reply" else "not_owner"


def for_action(intent: Intent, conversation: Conversation, account: Account, now: datetime) -> Ruling:
    """Whether control may be passed, taken, released, requested or extended."""
    action = intent.control.action if intent.control else None
    off = {"open": "take", "routed": "request"}.get(account.routing or "")
    if account.login != "facebook" or action == off:
        return "unavailable"
    where = standing(conversation, account, now)
    enough = {"pass": {"ours", "idle"}, "release": {"ours"}, "extend": {"ours"}}.get(action or "")
    if enough is None or where in enough:
        return "go"
    if _doubtful(conversation, account, now):
        return "ask"
    return "go" if where == "unknown" else "not_owner"


def _doubtful(conversation: Conversation, account: Account, now: datetime) -> bool:
    words = [at for at in (conversation.control_at, conversation.owner_asked_at) if at is not None]
    return account.login == "facebook" and (not words or now - max(words) > BOUND)
