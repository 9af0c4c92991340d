"""Was everything delivered, once, and only what may be? A pure function for each promise."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from kaiwa.contracts.events import Kind
from kaiwa.contracts.outcomes import FINAL
from kaiwa.contracts.partition import of_conversation
from kaiwa.devstack.demo.check import Check, listed
from kaiwa.devstack.demo.evidence import Evidence, sent_parts, subject
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


def told(e: Evidence) -> Check:
    late = [f"{name} has no end" for name in e.requests if e.state(name) not in FINAL]
    exits = [f"{name} ended with code {code}" for name, code in e.exits.items() if code]
    return Check(
        "Every act was played, every request has an end, every service stopped cleanly",
        f"{len(e.requests)} requests: {listed(outcome.state for outcome in e.outcomes.values())}",
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
        f"{len(accepted)} messages accepted; answers lost on purpose: {listed(call.fault for call in e.books.calls)}; "
        f"evidence: {listed(o.evidence for o in e.outcomes.values())}",
        (*twice, *unsaid, *untrue, *shared),
    )


def nothing_forbidden(e: Evidence) -> Check:
    violations = Counter(str(call.rule) for call in e.books.violations())
    writers = e.writers
    tagged = [call for call in e.books.accepted() if call.tag]
    bots = [c for c in tagged if writers.get(c.mid) != "human"]
    closed = [o for o in e.refused if o.reason == "window_closed"]
    wrong = [
        f"{o.request_id} was refused although its window was open: opened at {e.opened(o):.3f}, wanted at {e.wanted(o):.3f}, "
        f"decided at {o.decided_at}"
        for o in closed
        if e.wanted(o) < e.opened(o) + DAY - MARGIN
    ]
    return Check(
        "No send that is forbidden, and no refusal without cause",
        f"{len(e.books.violations())} violations in {len(e.books.calls)} calls; {len(tagged)} HUMAN_AGENT; refused: "
        + listed(o.reason for o in e.refused),
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
