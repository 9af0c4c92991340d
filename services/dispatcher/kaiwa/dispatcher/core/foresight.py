"""What is certain about a message that waits: that its time will be over before its turn can come.

Nothing here is a guess: a turn is never sooner than the account's limit and the platform's pause allow, whatever the
lanes decide, and an end is one that only the customer, or a person who changes the account, can still put off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import structs

from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher.core.decide import Refuse, Send, decide, grant_ends
from kaiwa.dispatcher.core.lanes import HUMAN
from kaiwa.dispatcher.core.pace import Rate
from kaiwa.dispatcher.core.state import HUMAN_AGENT_WINDOW, WINDOW, Account, Conversation, Intent, Policy

End = tuple[datetime, Reason]
"""From when on a message may certainly go no more, and why."""


@dataclass(frozen=True)
class Turns:
    """The soonest that so many turns can be over: nobody goes before ``floor``; ``free`` turns may all come then, the next
    one at ``first``, and each other ``each`` later.
    """

    floor: datetime
    first: datetime
    each: timedelta
    free: int = 0

    def at(self, ahead: int) -> datetime:
        """When it is the turn of whoever has so many ahead."""
        if ahead < self.free:
            return self.floor
        return max(self.floor, self.first + (ahead - self.free) * self.each)


def turns(
    rank: int,
    rate: Rate,
    now: datetime,
    *,
    tat: datetime | None = None,
    paused_until: datetime | None = None,
    yielding: int = 0,
) -> Turns:
    """Of a lane, by its bucket (``tat`` and ``rate`` as in :mod:`kaiwa.dispatcher.core.pace`, at the account's full pace).

    ``yielding``: claims of automated messages, whose slots people's messages may take over.
    """
    floor = max(now, paused_until or now)
    first = max(floor, tat or floor) - rate.tolerance
    return Turns(floor, first, rate.interval, yielding if rank == HUMAN else 0)


@dataclass(frozen=True)
class Prospect:
    """``end`` is None where it is not certain; ``goes``: it would go now if it were its turn."""

    end: End | None
    goes: bool


UNSURE = Prospect(None, goes=False)


@dataclass(frozen=True)
class Waiting:
    """One of a lane that may end before its turn. ``ahead``: how many take a turn before it, unless they are given up;
    ``counts``: it is one of those ahead of the ones behind it.
    """

    ahead: int
    prospect: Prospect
    counts: bool = True


def hopeless(waiting: Sequence[Waiting], lane: Turns) -> dict[int, datetime]:
    """Which of them, by place, cannot go in time, and when it would have been their turn at the soonest.

    They stand in the order in which they go. Those that are given up free their turns for the ones behind; so do those of
    whom nobody knows whether they go.
    """
    given_up: dict[int, datetime] = {}
    freed = 0
    for place, one in enumerate(waiting):
        turn = lane.at(one.ahead - freed)
        end = one.prospect.end
        late = end is not None and end[0] < turn
        if late:
            given_up[place] = turn
        if one.counts and (late or not one.prospect.goes):
            freed += 1
    return given_up


def ends(intent: Intent, conversation: Conversation, account: Account, policy: Policy) -> End | None:
    """When a message may certainly go no more; None where nobody can tell yet."""
    found = [(intent.expires_at, Reason.EXPIRED)] if intent.expires_at else []
    if closing := _closing(intent, conversation, account, policy, intent.due_at):
        found.append(closing)
    return min(found, default=None)


def prospect(
    intent: Intent, conversation: Conversation, account: Account, policy: Policy, now: datetime
) -> Prospect:
    """Without the platform's pause, which is a matter of turns. Where something else keeps a message no end is certain: that
    may pass, or end it for a better reason.
    """
    end = ends(intent, conversation, account, policy)
    match decide(intent, conversation, structs.replace(account, paused_until=None), policy, now):
        case Send():
            return Prospect(end, goes=True)
        case Refuse(reason) if end is not None and end[0] <= now:
            return Prospect((end[0], reason), goes=False)
        case _:
            return UNSURE


def out_of_reach(
    not_before: datetime, intent: Intent, conversation: Conversation, account: Account, policy: Policy
) -> Reason | None:
    """Why a message that is wanted later cannot be legal then, as far as is known; the customer may of course write
    before, and then it may be asked for again.
    """
    if intent.expires_at is not None and not_before >= intent.expires_at:
        return Reason.EXPIRED
    closing = _closing(intent, conversation, account, policy, intent.requested_at)
    return closing[1] if closing and not_before >= closing[0] else None


def _closing(
    intent: Intent, conversation: Conversation, account: Account, policy: Policy, since: datetime
) -> End | None:
    """When the rules no longer allow it. A window's end needs all to be known that was written until ``since``; a comment
    only gets older by what is learnt of it.
    """
    if intent.nature == "private_reply":
        return (grant_ends(intent.grant, policy), Reason.COMMENT_GRANT_USED) if intent.grant else None
    opened, fresh = conversation.window_opened_at, conversation.fresh_at
    if intent.nature == "control" or opened is None or fresh is None or fresh <= since:
        return None
    tagged = intent.author_kind == "human" and intent.nature == "message" and account.human_agent
    length = HUMAN_AGENT_WINDOW if tagged else WINDOW
    return opened + length - policy.window_margin, Reason.WINDOW_CLOSED
