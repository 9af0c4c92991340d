"""What the audit can say, and which of it asks for a person."""

from typing import Final, Literal

import msgspec

from kaiwa.contracts.outcomes import Trigger

Kind = Literal["disclosure", "author", "tag", "human"]

PENDING: Final = "pending"
"""Too early to tell: what is missing may be on its way."""

CLEARED: Final = "cleared"
"""A later record took it back."""

FINDINGS: Final = {
    "disclosure": {
        "missing": "an automated message went out where a disclosure was due and none was made",
        "late": "a disclosure was due, and made only with a later message",
        "failed": "a disclosure was said to be made, and no echo shows it",
        "unrecognised": "what was sent as a disclosure does not say so in any usual word",
    },
    "author": {
        "typed": "a message that no request explains: typed in the app, or by a tool that names no app",
        "other_app": "a message that another app sent",
        "unexplained": "a message that this app sent past the dispatcher",
    },
    "tag": {
        "by_automation": "HUMAN_AGENT on a message that no person wrote",
        "inside_window": "HUMAN_AGENT although the window was open",
        "too_late": "HUMAN_AGENT more than 7 days after the customer wrote",
    },
    "human": {
        "rate": "more messages by persons of one account than persons write",
        "identical": "the same words by persons of one account to many customers",
        "instant": "answers by persons of one account faster than persons read",
    },
}
"""By kind and state, with what each means. They are flags for a person to look at; the audit judges nobody."""

DISCLOSED: Final = frozenset({"delivered", "late", "unrecognised"})
PRESUMED: Final = "presumed"
"""The conversation began before the audit: what was said then nobody can tell it."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """About one message (``subject`` is a hash). ``seconds``: how late, how far outside, how quick."""

    kind: Kind
    subject: str
    state: str
    at: int
    trigger: Trigger | None = None
    text_id: str | None = None
    language: str | None = None
    author: Literal["human", "automation"] | None = None
    seconds: int | None = None

    @property
    def key(self) -> str:
        return key_of(self.kind, self.subject)

    @property
    def is_finding(self) -> bool:
        return self.state in FINDINGS[self.kind]


def key_of(kind: str, subject: str) -> str:
    return f"{kind}:{subject}"
