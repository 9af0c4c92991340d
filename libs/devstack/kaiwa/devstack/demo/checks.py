"""What was promised, held against what happened: one pure function for each promise of the design."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from kaiwa.contracts.events import Kind
from kaiwa.contracts.outcomes import FINAL
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.times import parse
from kaiwa.devstack.demo.evidence import Evidence, sent_parts, subject, texts_of
from kaiwa.devstack.demo.story import DAY, MARGIN

KINDS: Final[Mapping[str, str]] = {
    "message": Kind.MESSAGE_RECEIVED,
    "echo": Kind.MESSAGE_ECHOED,
    "edit": Kind.MESSAGE_EDITED,
    "unsend": Kind.MESSAGE_UNSENT,
    "seen": Kind.MESSAGE_SEEN,
    "reaction": Kind.REACTION_ADDED,
    "postback": Kind.POSTBACK_RECEIVED,
    "comment": Kind.COMMENT_RECEIVED,
}
"""What the books call an event, and what it is in Kafka."""

DISCLOSURES: Final = ("automatic assistant", "自動応答", "automatisches System")
"""Words that tell a customer that no person writes, in the languages of the story's shops."""


@dataclass(frozen=True, slots=True)
class Check:
    """`faults` is empty where the promise was kept."""

    promise: str
    figures: str
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.faults


def judge(evidence: Evidence) -> list[Check]:
    """Every check, in the order of the design's promises; the first says whether the story was played at all."""
    return [check(evidence) for check in CHECKS]


def told(e: Evidence) -> Check:
    late = [f"{name} has no end" for name in e.requests if e.state(name) not in FINAL]
    exits = [f"{name} ended with code {code}" for name, code in e.exits.items() if code]
    return Check(
        "Every act was played, every request has an end, every service stopped cleanly",
        f"{len(e.requests)} requests: {_listed(outcome.state for outcome in e.outcomes.values())}",
        (*e.unfinished, *late, *exits),
    )


def nothing_lost(e: Evidence) -> Check:
    erased = {unsent.mid for unsent in e.books.unsent()}
    kept = {written.identity for written in e.written}
    answered = [event for event in e.books.events if event.acknowledged_at is not None]
    missing = [
        event
        for event in answered
        if (KINDS[event.kind], subject(event)) not in kept
        and not (event.mid in erased and event.kind != "unsend")
        and event.account_id not in e.forgotten
    ]
    owed = [f"{event.kind} {event.n} was never answered 200" for event in e.books.unacknowledged()]
    return Check(
        "A webhook answered 200 is in Kafka",
        f"{len(answered)} events answered 200, {len({w.event.id for w in e.written})} in the topic, "
        f"{len(erased)} messages erased",
        (*(f"{event.kind} {event.n} is not in Kafka" for event in missing), *owed),
    )


def one_partition_in_order(e: Evidence) -> Check:
    astray = [
        f"offset {w.offset} of partition {w.partition} is of another one"
        for w in e.written
        if w.partition != of_conversation(w.event.account_id or "", w.event.customer_id, e.partitions)
    ]
    made = {(KINDS[event.kind], subject(event)): event.n for event in e.books.events if not event.delay}
    bodies: dict[object, list[int]] = defaultdict(list)
    for w in sorted(e.written, key=lambda w: (w.partition, w.offset)):
        if (n := made.get(w.identity)) is not None:
            bodies[w.delivery, w.partition, w.event.account_id, w.event.customer_id, w.event.stream].append(n)
    mixed = [f"delivery {delivery} is out of order" for delivery, ns in bodies.items() if ns != sorted(ns)]
    talks = {(w.event.account_id, w.event.customer_id) for w in e.written}
    several = sum(len(ns) > 1 for ns in bodies.values())
    return Check(
        "One conversation, one partition, in the order of each delivery",
        f"{len(talks)} conversations on {len({w.partition for w in e.written})} partitions, "
        f"{several} deliveries with several events of one conversation",
        (*astray, *mixed),
    )


def at_most_once(e: Evidence) -> Check:
    said = Counter(mid for outcome in e.outcomes.values() for mid in sent_parts(outcome))
    accepted = {call.mid for call in e.books.accepted() if call.mid}
    twice = [f"the same message was posted {repeat.times} times" for repeat in e.books.reposts()]
    unsaid = [f"message {mid[-8:]} was sent and no outcome says so" for mid in accepted - set(said)]
    untrue = [f"an outcome names {mid[-8:]}, which was never sent" for mid in set(said) - accepted]
    shared = [f"{times} outcomes claim one message" for times in said.values() if times > 1]
    return Check(
        "At most one POST per request, and the outcomes say what happened",
        f"{len(accepted)} messages accepted; answers lost on purpose: {_listed(call.fault for call in e.books.calls)}; "
        f"evidence: {_listed(o.evidence for o in e.outcomes.values())}",
        (*twice, *unsaid, *untrue, *shared),
    )


def nothing_forbidden(e: Evidence) -> Check:
    violations = Counter(str(call.rule) for call in e.books.violations())
    writers = e.writers
    tagged = [call for call in e.books.accepted() if call.tag]
    bots = [c for c in tagged if writers.get(c.mid) != "human"]
    closed = [o for o in e.refused if o.reason == "window_closed"]
    wrong = [
        f"{o.request_id} was refused although its window was open"
        for o in closed
        if parse(o.decided_at).timestamp() < e.opened(o) + DAY - MARGIN
    ]
    return Check(
        "No send that is forbidden, and no refusal without cause",
        f"{len(e.books.violations())} violations in {len(e.books.calls)} calls; {len(tagged)} HUMAN_AGENT; refused: "
        + _listed(o.reason for o in e.refused),
        (
            *(f"{n} calls broke the rule {rule}" for rule, n in violations.items()),
            *(f"call {call.n} of automation carries a human's tag" for call in bots),
            *wrong,
        ),
    )


def within_limits(e: Evidence) -> Check:
    peaks = [(a.username, e.books.peak(a.account_id), int(a.limit("text")[0])) for a in e.accounts]
    return Check(
        "Never above a limit in any second",
        ", ".join(f"{name}: {peak} of {limit}" for name, peak, limit in peaks),
        tuple(f"{name} had {peak} calls in a second" for name, peak, limit in peaks if peak > limit),
    )


def deleted(e: Evidence) -> Check:
    unsent = e.books.unsent()
    texts = {text for each in unsent for text in each.texts}
    where = "topics, tables and segment files" if e.proven is not None else "topics and tables"
    unfinished = [f"erasure {name} is {state}" for name, state in e.erasures.items() if state != "closed"]
    forgotten = ["there are fewer erasures than unsent messages"] if len(e.erasures) < len(unsent) else []
    blind = ["the scanner of files found nothing before either"] if e.proven == frozenset() else []
    ledger = [e.ledger] if e.ledger.startswith("not") else []
    return Check(
        "Deleted is deleted, with a proof",
        f"{len(unsent)} messages unsent, their {len(texts)} texts are gone from {where}; ledger: {e.ledger}",
        (*(f"still in {place}" for place in sorted(e.remains)), *unfinished, *forgotten, *blind, *ledger),
    )


def forgotten(e: Evidence) -> Check:
    texts = texts_of(e.books, e.forgotten)
    codes = {account: answer.confirmation_code or "" for account, answer in e.forgotten.items()}
    refused = [
        f"the callback was answered {a.status}" for a in e.forgotten.values() if a.status != HTTPStatus.OK
    ]
    open_ = [
        f"the request {code} is {e.deletions.get(code, 'unknown')}"
        for code in codes.values()
        if e.deletions.get(code) != "done"
    ]
    kept = [
        f"offset {w.offset} of partition {w.partition} is of an account that is forgotten"
        for w in e.written
        if w.event.account_id in e.forgotten
    ]
    return Check(
        "Whoever asks to be forgotten is",
        f"{len(codes)} account by Meta's callback, its {len(texts)} texts are gone; its status: "
        + _listed(e.deletions.values()),
        (*refused, *open_, *kept, *([] if texts else ["there was nothing to forget"])),
    )


def disclosed(e: Evidence) -> Check:
    writers = e.writers
    faults: list[str] = []
    told_first = 0
    for talk, calls in e.conversations.items():
        informed = False
        for call in calls:
            if writers.get(call.mid) == "human":
                informed = False  # the next automated message has to say again what it is
                continue
            fresh = any(words in (call.text or "") for words in DISCLOSURES)
            informed = informed or fresh
            told_first += fresh
            if not informed:
                faults.append(f"call {call.n} of account {talk[0]} is automated and undisclosed")
    return Check(
        "Automation says what it is",
        f"{told_first} disclosures in {len(e.conversations)} conversations",
        tuple(faults),
    )


def audited(e: Evidence) -> Check:
    """The audit reads the topics alone, and has to come to what Meta's books say."""
    found = {name: n for name, n in e.audit.items() if name.startswith("disclosure ") and n}
    due, made = e.audit.get("due", 0), e.audit.get("made in time", 0)
    blind = [] if due else ["the audit saw no automated message at which a disclosure was due"]
    return Check(
        "An independent audit of the topics finds the same",
        f"{made} of {due} disclosures that were due were made in time; findings: {len(found)}",
        (*blind, *(f"{n} {name}" for name, n in found.items())),
    )


def silent(e: Evidence) -> Check:
    content = {text for event in e.books.events if (text := event.text)} | {
        call.text for call in e.books.calls if call.text
    }
    people = {name for c in e.customers for name in (c.customer_id, c.username)}
    tokens = {token for account in e.accounts for token in account.tokens.values()}
    found = [
        f"{kind} in {place}"
        for place, said in e.spoken.items()
        for kind, needles in (("content", content), ("a customer", people), ("a token", tokens))
        if any(needle in said for needle in needles)
    ]
    size = sum(len(said) for said in e.spoken.values())
    return Check(
        "No content where nobody erases",
        f"{len(content)} texts, {len(people)} names and ids, {len(tokens)} tokens looked for in {size:,} characters "
        f"of logs and metrics",
        tuple(found),
    )


CHECKS: Final[Sequence[Callable[[Evidence], Check]]] = (
    told,
    nothing_lost,
    one_partition_in_order,
    at_most_once,
    nothing_forbidden,
    within_limits,
    deleted,
    forgotten,
    disclosed,
    audited,
    silent,
)


def _listed(names: Iterable[str | None]) -> str:
    return ", ".join(f"{n} {name}" for name, n in Counter(names).most_common() if name) or "none"
