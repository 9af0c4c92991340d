"""What a storm did to the promises, by the simulator's books, and what one reads of it at the end."""

import re
from collections import Counter
from collections.abc import Collection, Iterable

from storm import Asked, Storm

from kaiwa.contracts.outcomes import FINAL, Outcome
from kaiwa.simulator.books import Call
from kaiwa.simulator.errors import Rule

_MARKER = re.compile(r"storm[ -]\d{5}(?:\.jpg| begins\.| ends\.|\.)")


def judge(storm: Storm) -> list[str]:
    """Every promise that was broken, one line each; promise 3 first."""
    books = storm.rig.sim.books
    faults = []
    taken = books.accepted()
    mids, by_marker = {call.mid for call in taken}, _by_marker(storm, taken)
    for item in storm.asked:
        outcome = storm.outcome(item)
        accepted = [call for marker in item.markers for call in by_marker[marker]]
        faults += [
            f"{marker} was accepted {len(by_marker[marker])} times"
            for marker in item.markers
            if len(by_marker[marker]) > 1
        ]
        faults += _untrue(item, outcome, accepted, mids)
    faults += _disclosed_twice(taken)
    faults += [
        f"{call.rule} was broken: {call.code}/{call.subcode}"
        for call in books.violations(Rule.WINDOW, Rule.RATE)
    ]
    for account_id in sorted({person.account_id for person in storm.people}):
        limit, _ = storm.rig.account_of(account_id).limit("text")
        peak = books.peak(account_id)
        faults += [f"{peak} calls in a second, {limit} allowed"] if peak > limit else []
    return faults


def _by_marker(storm: Storm, taken: Iterable[Call]) -> dict[str, list[Call]]:
    """What was accepted of each request's messages: every call is read once."""
    found: dict[str, list[Call]] = {marker: [] for item in storm.asked for marker in item.markers}
    for call in taken:
        for marker in _MARKER.findall(call.content or ""):
            found[marker].append(call)
    return found


def _untrue(
    item: Asked, outcome: Outcome, accepted: Iterable[Call], mids: Collection[str | None]
) -> list[str]:
    """Where the claimed state and the books differ."""
    told = {part.mid for part in outcome.parts if part.state == "sent"}
    had = {call.mid for call in accepted}
    line = f"{item.markers[0]} is {outcome.state}/{outcome.reason} by {outcome.evidence}"
    faults = []
    if outcome.state in FINAL and not had <= told:
        faults.append(f"{line}, and the customer has more than it says")
    if outcome.state == "sent" and len(had) < len(item.markers):
        faults.append(f"{line}, and the customer has {len(had)} of {len(item.markers)}")
    if not told <= set(mids):
        faults.append(f"{line}, with a message that nobody accepted")
    return faults


def _disclosed_twice(taken: Iterable[Call]) -> list[str]:
    """Disclosures of their own stand before pictures alone, and everybody gets one picture at most."""
    own = Counter(call.target for call in taken if call.text and "storm" not in call.text)
    return [f"{times} disclosures went before one picture" for times in own.values() if times > 1]


def account_of(storm: Storm) -> dict[str, object]:
    """What one reads at the end: how doubt was settled, and by what."""
    doubted = [
        item
        for item in storm.asked
        if any(outcome.state == "in_doubt" for outcome in storm.rig.outcomes[item.request_id])
    ]
    settled = Counter(str(storm.outcome(item).evidence or storm.outcome(item).reason) for item in doubted)
    states = Counter(storm.outcome(item).state for item in storm.asked)
    still = sum(storm.outcome(item).state == "in_doubt" for item in doubted)
    return {
        "requests": len(storm.asked),
        "states": dict(states),
        "refused": dict(
            Counter(str(storm.outcome(i).reason) for i in storm.asked if storm.outcome(i).state == "refused")
        ),
        "doubted": len(doubted),
        "settled_by_itself": round(1 - still / len(doubted), 3) if doubted else None,
        "settled_by": dict(settled),
        "throttled": sum(
            any(outcome.reason == "paused_by_platform" for outcome in storm.rig.outcomes[item.request_id])
            for item in storm.asked
        ),
        "faults_met": dict(Counter(call.fault for call in storm.rig.sim.books.calls if call.fault)),
        "troubles": dict(storm.done),
    }
