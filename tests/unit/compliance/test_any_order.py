"""Any interleaving of messages, edits, echoes, unsends, redeliveries and our own crashes ends without content.

The decisions are the real ones; Kafka and PostgreSQL are lists and dicts that do what those do. The oracle knows what
it wrote: it never asks the code under test whether a record carries a message.
"""

from dataclasses import dataclass, field
from typing import Any

from happenings import edit, event, message, unsend
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from kaiwa.compliance.core.erasure import Known, Place, decide
from kaiwa.compliance.core.reading import read
from kaiwa.contracts import topics
from kaiwa.contracts.events import Kind, encode

KEY = b"k" * 32
MIDS = ("m_" + "1" * 40, "m_" + "2" * 40)


@dataclass
class Record:
    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    carries: str | None = None
    mid_unsent: str | None = None
    timestamp: int = 1_795_000_000_000
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Database:
    copies: dict[tuple[str, Place], int] = field(default_factory=dict)
    unsent: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)
    owed: list[Place] = field(default_factory=list)


class AnyOrder(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.log: dict[str, list[Record]] = {topics.EVENTS: [], topics.QUARANTINE: []}
        self.at = dict.fromkeys(self.log, 0)
        self.seen = dict.fromkeys(self.log, 0)
        self.database = Database()

    # ── what happens outside ──────────────────────────────────────────────────────────────────────────────────────

    @rule(
        mid=st.sampled_from(MIDS),
        kind=st.sampled_from(["message", "echo", "edit", "unknown", "unsend with raw"]),
    )
    def content(self, mid: str, kind: str) -> None:
        item = {"message": {"mid": mid, "text": "content"}}
        happened = {
            "message": message(mid, "content", customer="c"),
            "echo": message(mid, "content", customer="c", kind=Kind.MESSAGE_ECHOED),
            "edit": edit(mid, "content", customer="c"),
            "unknown": event(Kind.UNKNOWN, {}, customer="c", raw=item),
            "unsend with raw": unsend(mid, customer="c", raw=item),
        }[kind]
        unsent = mid if kind == "unsend with raw" else None
        self._append(topics.EVENTS, happened.id.encode(), encode(happened), carries=mid, mid_unsent=unsent)

    @rule(mid=st.sampled_from(MIDS), number=st.integers(0, 3))
    def poison(self, mid: str, number: int) -> None:
        self._append(topics.QUARANTINE, b"q%d" % number, f'content "mid":"{mid}" \\'.encode(), carries=mid)

    @rule(mid=st.sampled_from(MIDS), data=st.sampled_from(["seen", "reaction", "reply"]))
    def mention(self, mid: str, data: str) -> None:
        happened = {
            "seen": event(Kind.MESSAGE_SEEN, {"mid": mid}, customer="c"),
            "reaction": event(Kind.REACTION_ADDED, {"mid": mid, "emoji": "x"}, customer="c"),
            "reply": event(Kind.MESSAGE_RECEIVED, {"mid": "r" + mid, "reply_to": {"mid": mid}}, customer="c"),
        }[data]
        self._append(topics.EVENTS, happened.id.encode(), encode(happened))

    @rule(mid=st.sampled_from(MIDS))
    def unsend(self, mid: str) -> None:
        happened = unsend(mid, customer="c")
        self._append(topics.EVENTS, happened.id.encode(), encode(happened), mid_unsent=mid)

    @rule(topic=st.sampled_from([topics.EVENTS, topics.QUARANTINE]), data=st.data())
    def redelivery(self, topic: str, data: Any) -> None:
        old = [record for record in self.log[topic] if record.value is not None]
        if old:
            again = data.draw(st.sampled_from(old))
            self._append(topic, again.key, again.value, carries=again.carries, mid_unsent=again.mid_unsent)

    # ── what we do ────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(most=st.integers(1, 4), quarantine=st.booleans())
    def consume(self, most: int, quarantine: bool) -> None:
        wanted = (topics.EVENTS, topics.QUARANTINE) if quarantine else (topics.EVENTS,)
        records = [record for topic in wanted for record in self.log[topic][self.at[topic] :][:most]]
        batch = read(records, KEY)
        known = Known(frozenset(self.database.unsent), dict(self.database.copies))
        decision = decide(batch.copies, batch.unsends, known, batch.belongings)
        for copy in batch.copies:
            at = (copy.hash, copy.place)
            self.database.copies[at] = max(copy.offset, self.database.copies.get(at, -1))
        self.database.unsent |= decision.unsent
        if all(record.offset < self.seen[record.topic] for record in records):
            assert not decision.cases, "a replay opens nothing"
        for case in decision.cases:
            if case.erasure_id not in self.database.cases:
                self.database.cases.add(case.erasure_id)
                self.database.owed.extend(case.places or ())
        for record in records:
            self.at[record.topic] = record.offset + 1
            self.seen[record.topic] = max(self.seen[record.topic], record.offset + 1)

    @rule(topic=st.sampled_from([topics.EVENTS, topics.QUARANTINE]), back=st.integers(1, 5))
    def crash_before_the_commit(self, topic: str, back: int) -> None:
        self.at[topic] = max(0, self.at[topic] - back)

    @rule(most=st.integers(1, 3), crash=st.booleans())
    def publish(self, most: int, crash: bool) -> None:
        for place in self.database.owed[:most]:
            self._append(place.topic, place.key, None)
        if not crash:
            del self.database.owed[:most]

    # ── what must hold ────────────────────────────────────────────────────────────────────────────────────────────

    def teardown(self) -> None:
        """Broken by: no index for quarantine; no tombstone for late copies; an unsent mid forgotten; a replay taken for
        done although its tombstone is older than the copy."""
        while any(self.at[topic] < len(log) for topic, log in self.log.items()) or self.database.owed:
            self.consume(4, quarantine=True)
            self.publish(3, crash=False)
        unsent = {record.mid_unsent for log in self.log.values() for record in log} - {None}
        for topic, log in self.log.items():
            live = {record.key: record for record in log}
            for record in live.values():
                assert record.value is None or record.carries not in unsent
            erasable = {record.key for record in log if record.carries in unsent}
            assert {record.key for record in log if record.value is None} <= erasable, (
                f"too much erased in {topic}"
            )

    def _append(
        self,
        topic: str,
        key: bytes,
        value: bytes | None,
        *,
        carries: str | None = None,
        mid_unsent: str | None = None,
    ) -> None:
        log = self.log[topic]
        log.append(Record(topic, 0, len(log), key, value, carries, mid_unsent))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
