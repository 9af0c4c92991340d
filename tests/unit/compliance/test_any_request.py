"""Customers and accounts are asked for at any moment between writing, reading, delivering again and crashing: in the end
nothing of theirs from before is there, and everything of everybody else.

The decisions are the real ones; Kafka and PostgreSQL are lists and dicts. The oracle knows whom it wrote for and when.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from happenings import ACCOUNT, event
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from kaiwa.compliance.core.erasure import Known, Place, Subject, dated_anew, decide, requested
from kaiwa.compliance.core.reading import read
from kaiwa.compliance.core.search import Search, Wanted
from kaiwa.contracts import topics
from kaiwa.contracts.events import Kind, decode, encode
from kaiwa.contracts.times import from_ms, rfc3339

KEY = b"k" * 32
COUNTS = {topics.EVENTS: 1, topics.QUARANTINE: 1}
START = 1_795_000_000_000
EVERYBODY = [(ACCOUNT, "c1"), (ACCOUNT, "c2"), ("9", "c1")]
PEOPLE = st.sampled_from(EVERYBODY)
KINDS = ["message", "comment", "unknown"]
ASKED = st.sampled_from([Subject(ACCOUNT, "c1"), Subject(ACCOUNT, "c2"), Subject("9", None)])


@dataclass
class Record:
    topic: str
    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
    whose: tuple[str, str]
    written_at: int
    partition: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Database:
    erased: dict[str, datetime] = field(default_factory=dict)
    cases: dict[str, Wanted] = field(default_factory=dict)
    unlocated: dict[str, Wanted] = field(default_factory=dict)
    awaited: dict[str, datetime] = field(default_factory=dict)
    """By hash: what comes now is left to the search."""
    gathering: dict[str, str] = field(default_factory=dict)
    """By hash: the case that takes in late copies until its order is out."""
    searching: set[str] = field(default_factory=set)
    targets: set[Place] = field(default_factory=set)
    owed: list[Place] = field(default_factory=list)


class AnyRequest(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.log: list[Record] = []
        self.at = 0
        self.now = START
        self.database = Database()
        self.asked: list[tuple[Subject, int]] = []
        for whose in EVERYBODY:
            for kind in KINDS:
                self._write(whose, kind)

    @rule(whose=PEOPLE, kind=st.sampled_from(KINDS))
    def write(self, whose: tuple[str, str], kind: str) -> None:
        self._write(whose, kind)

    def _write(self, whose: tuple[str, str], kind: str) -> None:
        account, customer = whose
        self.now += 1  # after whatever was asked before
        happened = {
            "message": event(
                Kind.MESSAGE_RECEIVED, {"mid": f"m{self.now}"}, customer=customer, account=account
            ),
            "comment": event(
                Kind.COMMENT_RECEIVED, {"comment_id": f"{self.now}"}, customer=customer, account=account
            ),
            "unknown": event(
                Kind.UNKNOWN, {}, customer=None, account=account, raw={"from": customer, "n": self.now}
            ),
        }[kind]
        told = msgspec.structs.replace(happened, id=f"id{self.now}", occurred_at=rfc3339(from_ms(self.now)))
        self._append(told.id.encode(), encode(told), whose, self.now)

    @rule(data=st.data())
    def deliver_again(self, data: Any) -> None:
        """Under the key that it had. Comments are dated anew, and `unknown` names no customer."""
        old = [record for record in self.log if record.value is not None]
        if old:
            again = data.draw(st.sampled_from(old))
            event = decode(again.value)
            if event.kind == Kind.COMMENT_RECEIVED:
                event = msgspec.structs.replace(event, occurred_at=rfc3339(from_ms(self.now)))
            self._append(again.key, encode(event), again.whose, again.written_at)

    @rule(subject=ASKED)
    def ask(self, subject: Subject) -> None:
        self.now += 1
        case = requested(subject, code=str(self.now), reason="operator", key=KEY, now=from_ms(self.now))
        self.asked.append((subject, self.now))
        known = self.database.erased.get(case.hash)
        self.database.erased[case.hash] = max(case.cutoff, known or case.cutoff)
        wanted = Wanted(case.erasure_id, subject.account_id, subject.customer_id, None, case.cutoff)
        self.database.cases[case.erasure_id] = self.database.unlocated[case.erasure_id] = wanted
        self.database.awaited[case.hash] = case.cutoff

    @rule(most=st.integers(1, 4))
    def consume(self, most: int) -> None:
        records = self.log[self.at :][:most]
        batch = read(records, KEY)
        known = Known(
            erased=self.database.erased, awaited=self.database.awaited, gathering=self.database.gathering
        )
        decision = decide(batch.copies, (), known, batch.belongings)
        for case in decision.cases:
            assert case.hash not in self.database.gathering, "one case gathers them"
            self.database.owed.extend(case.places or ())
            self.database.gathering[case.hash] = case.erasure_id
        for erasure_id, place in decision.joined:
            assert erasure_id in self.database.gathering.values()
            self.database.owed.append(place)
        again = {*batch.nameless, *dated_anew(batch.belongings, known)}
        self.database.owed.extend(again & self.database.targets)
        self.at += len(records)

    @rule(back=st.integers(1, 5))
    def crash_before_the_commit(self, back: int) -> None:
        self.at = max(0, self.at - back)

    @rule()
    def order_goes_out(self) -> None:
        self.database.gathering.clear()

    @rule()
    def begin_search(self) -> None:
        if self.at == len(self.log):
            self.database.awaited.clear()
            self.database.searching |= self.database.unlocated.keys()

    @rule(crash=st.booleans())
    def locate(self, crash: bool) -> None:
        if self.at < len(self.log):
            return  # intake is behind
        wanted = {name: self.database.unlocated[name] for name in self.database.searching}
        search = Search(wanted.values(), COUNTS)
        found = [found.place for record in self.log for found in search.look(record)]
        self.database.owed += found
        self.database.targets |= {*found}
        if not crash:
            self.database.searching.clear()
            for name in wanted:
                del self.database.unlocated[name]

    @rule(most=st.integers(1, 3), crash=st.booleans())
    def publish(self, most: int, crash: bool) -> None:
        for place in self.database.owed[:most]:
            self._append(place.key, None, ("", ""), 0)
        if not crash:
            del self.database.owed[:most]

    @rule()
    def come_to_rest(self) -> None:
        """What is delivered again after this finds searches that have ended."""
        while self.at < len(self.log) or self.database.unlocated or self.database.owed:
            self.consume(4)
            self.begin_search()
            self.locate(crash=False)
            self.publish(3, crash=False)

    def teardown(self) -> None:
        """Broken by: no memory of who was erased, or of what was tombstoned for them; a cutoff by the broker's time alone
        (redeliveries stay); locating what intake has not read without waiting for it; leaving to a search what comes after
        it began; erasing a customer of the same id at another account; late copies that join a case whose order is out, or none.
        """
        self.come_to_rest()
        live = {record.key: record for record in self.log}.values()
        search = Search(self.database.cases.values(), COUNTS)
        for record in live:
            gone = self._erased(record)
            assert record.value is None or not gone
            assert not list(search.look(record)), "the verifier agrees"
        erasable = {record.key for record in self.log if record.value is not None and self._erased(record)}
        assert {record.key for record in self.log if record.value is None} <= erasable, "too much erased"

    def _erased(self, record: Record) -> bool:
        account, customer = record.whose
        mine = {(account, customer), (account, None)}
        return any(
            (subject.account_id, subject.customer_id) in mine and record.written_at <= cutoff
            for subject, cutoff in self.asked
        )

    def _append(self, key: bytes, value: bytes | None, whose: tuple[str, str], written_at: int) -> None:
        self.now += 1
        self.log.append(Record(topics.EVENTS, len(self.log), self.now, key, value, whose, written_at))


TestAnyRequest = AnyRequest.TestCase
TestAnyRequest.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
