"""What is certain about a message that waits: that its time will be over before its turn can come.

Nothing here is a guess: a turn is never sooner than the account's limit allows, whatever the lanes decide.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher.core.decide import closes_at
from kaiwa.dispatcher.core.pace import Rate
from kaiwa.dispatcher.core.state import HUMAN_AGENT_WINDOW, WINDOW, Account, Conversation, Intent, Policy


def hopeless(deadlines: Sequence[datetime], now: datetime, rate: Rate) -> list[tuple[int, timedelta]]:
    """Which of a lane's messages, in the order in which they will go, cannot go in time; with how long each would wait.

    Those that are given up free their turns for the ones behind them.
    """
    given_up: list[tuple[int, timedelta]] = []
    ahead = 0
    for place, deadline in enumerate(deadlines):
        needed = max(ahead - rate.burst, 0) / rate.limit * rate.period
        if now + needed > deadline:
            given_up.append((place, needed))
        else:
            ahead += 1
    return given_up


def ends(intent: Intent, conversation: Conversation, policy: Policy) -> tuple[datetime, Reason] | None:
    """When an automated message may certainly go no more, and why; None where nobody can tell yet."""
    found = [(intent.expires_at, Reason.EXPIRED)] if intent.expires_at else []
    closes = closes_at(conversation)
    known = conversation.fresh_at is not None and conversation.fresh_at > intent.due_at
    if closes and known and intent.nature == "message" and intent.author_kind == "automation":
        found.append((closes - policy.window_margin, Reason.WINDOW_CLOSED))
    return min(found, default=None)


def out_of_reach(
    not_before: datetime, intent: Intent, conversation: Conversation, account: Account, policy: Policy
) -> Reason | None:
    """Why a message that is wanted later cannot be legal then, as far as is known; the customer may of course write
    before, and then it may be asked for again.
    """
    if intent.expires_at is not None and not_before >= intent.expires_at:
        return Reason.EXPIRED
    opened = conversation.window_opened_at
    known = conversation.fresh_at is not None and conversation.fresh_at > intent.requested_at
    if intent.nature not in {"message", "gesture"} or opened is None or not known:
        return None
    tagged = intent.author_kind == "human" and intent.nature == "message" and account.human_agent
    window = HUMAN_AGENT_WINDOW if tagged else WINDOW
    return Reason.WINDOW_CLOSED if not_before >= opened + window - policy.window_margin else None
