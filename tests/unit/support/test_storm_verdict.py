"""A judge that never objects proves nothing: each promise is broken once in a story that kept them all."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from storm_evidence import Asked, Evidence
from storm_verdict import judge

from kaiwa.contracts.outcomes import Disclosure, Outcome, Part
from kaiwa.simulator.books import Books, Call, Event, Read
from kaiwa.simulator.errors import Rule
from kaiwa.simulator.model import DAY, Account, Limits

NOW = 1_000_000.0
SHOP = Account(
    account_id="1784",
    login="facebook",
    page_id="1",
    tokens={},
    limits=Limits(
        text_per_second=4,
        media_per_second=1,
        private_replies_per_hour=1,
        live_replies_per_second=1,
        reads_per_second=1,
    ),
)
WORDS = "This is an automated reply."


class Story:
    """Six requests: a text of automation that discloses itself, one of a person in two parts, a picture after a disclosure
    of its own, a private reply, one that was not sent, and one in doubt which was.
    """

    def __init__(self) -> None:
        self.books = Books()
        self.asked: list[Asked] = []
        self.told: dict[str, Outcome] = {}
        for customer in ("c1", "c2", "c3", "c5"):
            self.write(customer, NOW - 60)
        prefixed = Disclosure("start", "start.v1", "en", "prefix", "m1")
        self.ask("storm 00001.", "c1", "sent", "m1", automated=True, disclosure=prefixed)
        self.call("c1", "m1", f"{WORDS} storm 00001.")
        self.ask("storm 00002", "c2", "sent", "m2", "m3", markers=(" begins.", " ends."))
        self.call("c2", "m2", "storm 00002 begins. word")
        self.call("c2", "m3", "word storm 00002 ends.")
        own = Disclosure("start", "start.v1", "en", "own", "m4")
        self.ask("storm-00003.jpg", "c3", "sent", "m4", "m5", automated=True, disclosure=own)
        self.call("c3", "m4", WORDS)
        picture = {"attachment": {"type": "image", "payload": {"url": "https://example.com/storm-00003.jpg"}}}
        self.call("c3", "m5", message=picture, rate="media", kind="media")
        self.ask("storm 00004.", "c4", "sent", "m6")
        self.call("c4", "m6", "storm 00004.", comment_id="comment", rate="private_reply")
        self.ask("storm 00005.", "c5", "failed")
        self.call("c5", None, "storm 00005.", outcome="broken")
        self.ask("storm 00006.", "c5", "in_doubt")
        self.call("c5", "m7", "storm 00006.")
        self.read(NOW)

    def ask(
        self, name: str, customer: str, state: str, *mids: str, markers: tuple[str, ...] = ("",), **more: Any
    ) -> None:
        automated = more.pop("automated", False)
        request = f"r{len(self.asked) + 1}"
        self.asked.append(
            Asked(request, tuple(name + end for end in markers), SHOP.account_id, customer, automated)
        )
        fields = {
            "id": request,
            "seq": 2,
            "request_id": request,
            "account_id": SHOP.account_id,
            "customer_id": customer,
            "state": state,
            "parts": [Part(n, "sent", mid) for n, mid in enumerate(mids, 1)],
            "author_kind": "automation" if automated else "human",
            "lane": "transactional",
            "decided_at": "2026-11-27T00:00:00Z",
            **more,
        }
        self.told[request] = msgspec.convert(msgspec.to_builtins(fields), Outcome)

    def change(self, request: str, **fields: Any) -> None:
        self.told[request] = msgspec.structs.replace(self.told[request], **fields)

    def call(self, customer: str, mid: str | None, text: str | None = None, **more: Any) -> Call:
        n = len(self.books.calls)
        fields: dict[str, Any] = {
            "n": n,
            "at": NOW + n,
            "arrived": NOW + n,
            "host": "facebook",
            "account_id": SHOP.account_id,
            "customer_id": customer,
            "kind": "text",
            "body": {"message": more.pop("message", {"text": text})},
            "outcome": "accepted",
            "mid": mid,
        }
        self.books.calls.append(call := Call(**(fields | more)))
        return call

    def write(self, customer: str, at: float) -> None:
        self.books.events.append(
            Event(
                n=len(self.books.events),
                app_id="1001",
                login="facebook",
                account_id=SHOP.account_id,
                customer_id=customer,
                kind="message",
                stream="messaging",
                item={},
                at=at,
                produced_at=at,
            )
        )

    def read(self, at: float) -> None:
        self.books.reads.append(
            Read(arrived=at, account_id=SHOP.account_id, app_id="1001", what="conversations")
        )

    def crowd(self, count: int, **more: Any) -> None:
        """Calls that the platform never took, all at once."""
        for _ in range(count):
            self.call("c1", None, "storm 00001.", outcome="broken", arrived=NOW + 60, **more)

    def faults(self) -> list[str]:
        told = {request: [outcome] for request, outcome in self.told.items()}
        return judge(Evidence(self.books, self.asked, told, {SHOP.account_id: SHOP}))


def test_a_story_that_keeps_all_promises_has_no_faults() -> None:
    assert Story().faults() == []


def test_the_newest_word_is_judged() -> None:
    """Broken by: judging by the order of arrival, which is another one."""
    story = Story()
    before = msgspec.structs.replace(story.told["r1"], seq=1, state="accepted", parts=(), disclosure=None)
    told = {request: [outcome] for request, outcome in story.told.items()}
    told["r1"].append(before)
    assert judge(Evidence(story.books, story.asked, told, {})) == []


def part(mid: str | None) -> tuple[Part, ...]:
    return (Part(1, "sent", mid),)


TWICE = Disclosure("start", "start.v1", "en", "prefix", "m6")

BROKEN: list[tuple[str, Callable[[Story], object]]] = [
    # promise 3: each part once, each request settled or in doubt, and nothing claimed but what the books hold
    ("storm 00004. was accepted 2 times", lambda s: s.call("c4", "m9", "storm 00004.", comment_id="x")),
    ("storm 00002 ends. was accepted 2 times", lambda s: s.call("c2", "m9", "storm 00002 ends.")),
    ("storm 00005. ended as nothing at all", lambda s: s.told.pop("r5")),
    ("storm 00005. ended as accepted", lambda s: s.change("r5", state="accepted")),
    ("storm 00005. ended as deferred", lambda s: s.change("r5", state="deferred")),
    ("the customer has more than it says", lambda s: s.change("r6", state="failed")),
    ("the customer has more than it says", lambda s: s.change("r6", state="expired")),
    ("the customer has 0 of 1", lambda s: s.change("r5", state="sent")),
    ("the customer has 1 of 2", lambda s: s.books.calls.pop(2)),
    ("that nobody accepted", lambda s: s.change("r5", parts=part("m99"))),
    ("not its own", lambda s: s.change("r5", parts=part("m7"))),
    ("not its own", lambda s: s.change("r6", parts=part("m1"))),
    ("m1 was claimed 2 times", lambda s: s.change("r6", parts=part("m1"))),
    ("with a message that has no id", lambda s: s.change("r4", parts=part(None))),
    ("is refused/None by None, with messages", lambda s: s.change("r4", state="refused")),
    # promise 7: disclosures, as often as they are claimed
    ("2 disclosures went before one picture", lambda s: s.call("c3", "m9", WORDS)),
    ("disclosed, and its outcome does not say so", lambda s: s.change("r1", disclosure=None)),
    ("did not disclose, and its outcome says so", lambda s: s.change("r4", disclosure=TWICE)),
    ("was said before anything disclosed", lambda s: s.books.calls.pop(3)),
    (
        "was said before anything disclosed",
        lambda s: setattr(s.books.calls[0], "body", {"message": {"text": "storm 00001."}}),
    ),
    # promise 4: windows, also of calls that were never judged
    ("without one: the window was violated", lambda s: s.call("c9", None, outcome="broken")),
    ("40.0 s after its end: the window", lambda s: s.call("c1", None, at=NOW + DAY - 20, outcome="broken")),
    (
        "s after its end: the window",
        lambda s: s.call("c1", None, at=NOW + 7 * DAY, tag="HUMAN_AGENT", outcome="broken"),
    ),
    (
        "without one: the window was violated",
        lambda s: setattr(s.books.events[0], "at", NOW + 60),
    ),
    # promise 5: every class by arrival
    ("5 calls (text)", lambda s: s.crowd(5)),
    ("2 calls (media)", lambda s: s.crowd(2, rate="media")),
    (
        "2 calls (private_reply)",
        lambda s: s.call("c4", None, comment_id="y", rate="private_reply", outcome="broken"),
    ),
    ("2 calls (live_reply)", lambda s: s.crowd(2, rate="live_reply", comment_id="live")),
    ("2 calls (read)", lambda s: s.read(NOW + 0.9)),
    *(
        (f"by the rule of {rule}", lambda s, rule=rule: s.call("c1", None, outcome="refused", rule=rule))
        for rule in (Rule.WINDOW, Rule.RATE, Rule.COMMENT, Rule.OWNERSHIP, Rule.BODY)
    ),
]


@pytest.mark.parametrize(("objection", "breaks"), BROKEN, ids=[objection for objection, _ in BROKEN])
def test_each_broken_promise_is_named(objection: str, breaks: Callable[[Story], object]) -> None:
    story = Story()
    breaks(story)
    assert any(objection in fault for fault in story.faults()), story.faults()


KEPT: list[Callable[[Story], object]] = [
    lambda s: s.crowd(4),
    lambda s: s.read(NOW + 1.0),
    lambda s: s.call("c1", None, at=NOW + DAY - 61, outcome="broken"),
    lambda s: s.call("c1", None, at=NOW + 7 * DAY - 61, tag="HUMAN_AGENT", outcome="broken"),
    lambda s: s.call("c1", None, outcome="refused", rule=Rule.SCRIPTED),
    lambda s: s.change("r6", state="sent", parts=part("m7")),
]


@pytest.mark.parametrize("happens", KEPT)
def test_what_is_allowed_is_no_fault(happens: Callable[[Story], object]) -> None:
    story = Story()
    happens(story)
    assert story.faults() == []
