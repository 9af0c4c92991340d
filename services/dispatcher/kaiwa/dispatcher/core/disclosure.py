"""When automation must say that it is automation (platform.md 7, Meta's rule).

Triggers: the first automated message of a conversation, a considerable lapse (24 hours since the last delivered
automated message), after a person wrote, and a direct question; where a market asks for reminders, also within a
conversation that never pauses. The customer's place is in no payload, so the default discloses always; which market adds
what stands in :mod:`kaiwa.dispatcher.core.jurisdictions`, the words in :mod:`kaiwa.dispatcher.core.wordings`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kaiwa.contracts.outcomes import Trigger
from kaiwa.dispatcher.core.jurisdictions import Rules, rules
from kaiwa.dispatcher.core.state import Account, Conversation
from kaiwa.dispatcher.core.wordings import Wording, wording

LAPSE = timedelta(hours=24)


@dataclass(frozen=True)
class Due:
    """A disclosure that the next automated message must carry, or follow; ``grounds``: the markets that ask for it."""

    trigger: Trigger
    language: str
    wording: Wording
    grounds: tuple[str, ...] = field(default=("*",), compare=False)

    def text(self, name: str) -> str:
        return self.wording.said(name)


def due(conversation: Conversation, account: Account, now: datetime) -> Due | None:
    """The disclosure that automation owes before or with its next message."""
    binding = rules(account.markets, companion=account.disclosure.companion, today=now.date())
    trigger = _trigger(conversation, binding, now)
    if trigger is None:
        return None
    language, words = wording(account.locale, account.disclosure)
    return Due(trigger, language, words, binding.grounds)


def _trigger(conversation: Conversation, binding: Rules, now: datetime) -> Trigger | None:
    disclosed = conversation.disclosed_at
    if disclosed is None:
        return "start"
    if conversation.asked_at is not None and conversation.asked_at > disclosed:
        return "asked"
    if conversation.last_human_at is not None and conversation.last_human_at > disclosed:
        return "after_human"
    if binding.reminder is not None and now - disclosed >= binding.reminder:
        return "lapse"
    last = max(disclosed, conversation.last_automated_at or disclosed)
    return "lapse" if now - last >= LAPSE else None
