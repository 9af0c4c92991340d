"""What is known of one conversation: a set of facts, and where it stood before the oldest of them.

Everything merges by rules that order and repetition do not touch, so a late record gives the same history as a timely
one, and the verdicts follow.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from kaiwa.compliance.core.audit.facts import Echo, Fact, Said, Sent, Unsent

KEPT_MS: Final = 48 * 3_600_000
"""How long facts are kept singly: the platform delivers again for 36 hours (platform.md 1.5)."""

UNDER_WAY_MS: Final = 60_000
"""Between deciding on a message and its echo."""

MOST: Final = 500
"""Facts of one conversation kept singly, whatever their age."""


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """Where a conversation stands at some moment; times in ms, None where it never happened."""

    opened: int | None = None
    asked: int | None = None
    disclosed: int | None = None
    automated: int | None = None
    person: int | None = None
    """A person wrote, or somebody whom no request explains."""


class Message(msgspec.Struct, frozen=True):
    """A message of the account, as the topics have it together."""

    mid: str
    at: int
    echo: Echo | None
    sent: Sent | None


class History(msgspec.Struct, array_like=True):
    """``verdicts``: the state of each that was reported, by its key, for as long as its message is here."""

    before: Standing = Standing()
    said: dict[str, Said] = {}
    echoes: dict[str, Echo] = {}
    sent: dict[str, Sent] = {}
    unsent: dict[str, int] = {}
    verdicts: dict[str, str] = {}
    counted: set[str] = set()
    """Messages by persons that were handed to the look at accounts."""
    cut: int = 0
    """Facts older than this are in ``before``; one that comes later still is too late."""

    def add(self, fact: Fact) -> None:
        if fact.at < self.cut:
            return
        match fact:
            case Said():
                self.said.setdefault(fact.mid, fact)
            case Echo():
                known = self.echoes.get(fact.mid)
                if known is None or (fact.at, fact.text) < (known.at, known.text):
                    self.echoes[fact.mid] = _without_text(fact) if fact.mid in self.unsent else fact
            case Sent():
                known_sent = self.sent.get(fact.mid)
                if known_sent is None or known_sent.seq < fact.seq:
                    self.sent[fact.mid] = fact
            case Unsent():
                self.unsent[fact.mid] = max(fact.at, self.unsent.get(fact.mid, 0))
                if (echo := self.echoes.get(fact.mid)) is not None:
                    self.echoes[fact.mid] = _without_text(echo)

    def messages(self) -> list[Message]:
        """In the order in which they left; the echo's time is the platform's own, the outcome's comes close."""
        found = []
        for mid in self.echoes.keys() | self.sent.keys():
            echo, sent = self.echoes.get(mid), self.sent.get(mid)
            at = echo.at if echo else sent.at if sent else 0
            found.append(Message(mid, at, echo, sent))
        return sorted(found, key=lambda message: (message.at, message.mid))

    @property
    def size(self) -> int:
        return len(self.said) + len(self.echoes) + len(self.sent) + len(self.unsent)

    def erase(self, until: int) -> bool:
        """Drop what happened up to then, and what was under way; whether nothing is left."""
        if self.cut <= until:
            self.forget(until + UNDER_WAY_MS + 1, Standing(disclosed=until))
        return not self.size

    def forget(self, cut: int, standing: Standing) -> None:
        """Drop what happened before ``cut``; ``standing`` is where the conversation stood then."""
        gone = {message.mid for message in self.messages() if message.at < cut}
        # What carried the disclosure of a message that stays is the evidence of it, and stays with it.
        gone -= {
            sent.disclosure.mid for mid, sent in self.sent.items() if mid not in gone and sent.disclosure
        }
        self.before, self.cut = standing, cut
        self.said = {mid: said for mid, said in self.said.items() if said.at >= cut}
        self.echoes = {mid: echo for mid, echo in self.echoes.items() if mid not in gone}
        self.sent = {mid: sent for mid, sent in self.sent.items() if mid not in gone}
        self.counted -= gone
        self.unsent = {mid: at for mid, at in self.unsent.items() if at >= cut}
        self.verdicts = {
            key: state for key, state in self.verdicts.items() if key.partition(":")[2] not in gone
        }


def begun(erased: int | None) -> History:
    """Of a conversation that is new here, whose customer was erased up to that time, if they ever were: what was said to
    them is forgotten, and counts as disclosed until then, as whoever sends remembers that.
    """
    if erased is None:
        return History()
    return History(before=Standing(disclosed=erased), cut=erased + 1)


def left(facts: Iterable[Fact], erased: int) -> list[Fact]:
    """Without what happened up to that time, and without messages of the account that were under way: of some of those
    the request would be gone and the echo not.
    """
    return [fact for fact in facts if fact.at > erased + (0 if isinstance(fact, Said) else UNDER_WAY_MS)]


def _without_text(echo: Echo) -> Echo:
    return msgspec.structs.replace(echo, text="")


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(History).decode
