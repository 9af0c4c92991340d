"""What a storm did to the promises: what was claimed, held against the simulator's books, one line for each fault."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, get_args

from storm_evidence import Asked, Evidence

from kaiwa.contracts.outcomes import FINAL, Outcome
from kaiwa.simulator.books import Call
from kaiwa.simulator.model import RateClass
from kaiwa.simulator.rules import HUMAN_AGENT_WINDOW, WINDOW

_MARKER: Final = re.compile(r"storm[ -]\d{5}(?:\.jpg| begins\.| ends\.|\.)")

Check = Callable[[Evidence], Iterator[str]]


def judge(found: Evidence) -> list[str]:
    """Every promise that was broken; promise 3 first."""
    return [line for check in _CHECKS for line in check(found)]


def sent_once(found: Evidence) -> Iterator[str]:
    """Of each part one call is accepted, at most."""
    taken = _by_marker(found)
    for item in found.asked:
        for marker in item.markers:
            if len(taken[marker]) > 1:
                yield f"{marker} was accepted {len(taken[marker])} times"


def ended(found: Evidence) -> Iterator[str]:
    """Every request is settled, or in doubt."""
    for item in found.asked:
        end = found.newest(item)
        if end is None or end.state not in {*FINAL, "in_doubt"}:
            yield f"{item.markers[0]} ended as {end.state if end else 'nothing at all'}"


def told_the_truth(found: Evidence) -> Iterator[str]:
    """The claimed states and mids are those of the books."""
    taken, calls = _by_marker(found), {call.mid: call for call in found.books.accepted()}
    for item in found.asked:
        if end := found.newest(item):
            line = f"{item.markers[0]} is {end.state}/{end.reason} by {end.evidence}"
            had = {call.mid for marker in item.markers for call in taken[marker]}
            yield from (f"{line}, {untrue}" for untrue in _untrue(item, end, had, calls))


def _untrue(
    item: Asked, end: Outcome, had: AbstractSet[str | None], calls: Mapping[str | None, Call]
) -> Iterator[str]:
    told = _claimed(end)
    if end.state in FINAL and not had <= set(told):
        yield "and the customer has more than it says"
    if end.state == "sent" and len(had) < len(item.markers):
        yield f"and the customer has {len(had)} of {len(item.markers)}"
    if end.state not in {"sent", "failed", "in_doubt"} and told:
        yield "with messages"
    if any(part.state == "sent" and part.mid is None for part in end.parts):
        yield "with a message that has no id"
    if not all(_is_its_own(item, end, mid, calls.get(mid)) for mid in told):
        yield "with a message that is not its own, or that nobody accepted"


def _is_its_own(item: Asked, end: Outcome, mid: str, call: Call | None) -> bool:
    if call is None or (call.account_id, call.customer_id) != item.conversation:
        return False
    markers = _markers(call)
    if not markers:  # the words of a disclosure alone
        return end.disclosure is not None and (end.disclosure.placement, end.disclosure.mid) == ("own", mid)
    return set(markers) <= set(item.markers)


def claimed_once(found: Evidence) -> Iterator[str]:
    """No message is two requests'."""
    ends = [end for item in found.asked if (end := found.newest(item))]
    for mid, times in Counter(mid for end in ends for mid in _claimed(end)).items():
        if times > 1:
            yield f"{mid} was claimed {times} times"


def _claimed(end: Outcome) -> list[str]:
    return [part.mid for part in end.parts if part.mid is not None]


def disclosed(found: Evidence) -> Iterator[str]:
    """Automation's first message to anybody says that it is automated, or comes after one that does; what outcomes say of
    that is true; no disclosure is accepted twice.

    Those of their own stand before pictures alone, and everybody gets one picture at most.
    """
    owners = {marker: item for item in found.asked for marker in item.markers}
    known: set[tuple[str | None, str | None]] = set()
    own: Counter[tuple[str | None, str | None]] = Counter()
    for call in found.books.accepted():
        conversation = call.account_id, call.customer_id
        item = next((owners[marker] for marker in _markers(call)), None)
        if item is None:
            own[conversation] += call.text is not None
            known.add(conversation)
            continue
        end = found.newest(item)
        prefixed = item.automated and call.text is not None and _MARKER.match(call.text) is None
        if prefixed:
            known.add(conversation)
            if end and end.state in FINAL and (end.disclosure is None or end.disclosure.mid != call.mid):
                yield f"{item.markers[0]} disclosed, and its outcome does not say so"
        if item.automated and conversation not in known:
            yield f"{item.markers[0]} is automated, and was said before anything disclosed that"
        if not prefixed and end and end.disclosure and end.disclosure.mid == call.mid:
            yield f"{item.markers[0]} did not disclose, and its outcome says so"
    for times in own.values():
        if times > 1:
            yield f"{times} disclosures went before one picture"


def within_windows(found: Evidence) -> Iterator[str]:
    """No call comes outside its window, by the simulator's clock: also of those that it cut off before it judged them."""
    opened: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for event in found.books.produced("message"):
        opened[event.account_id, event.customer_id].append(event.at)
    for call in found.books.calls:
        if call.comment_id is not None or call.account_id is None or call.customer_id is None:
            continue
        length = HUMAN_AGENT_WINDOW if call.tag == "HUMAN_AGENT" else WINDOW
        since = [at for at in opened[call.account_id, call.customer_id] if at <= call.at]
        if not since or call.at - max(since) >= length:
            late = f"{call.at - max(since) - length:.1f} s after its end" if since else "without one"
            yield f"call {call.n} came {late}: the window was violated"


def within_limits(found: Evidence) -> Iterator[str]:
    """Of no class, by arrival."""
    for account in found.accounts.values():
        for rate in get_args(RateClass):
            limit, seconds = account.limit(rate)
            peak = found.books.peak(account.account_id, rate=rate, seconds=seconds)
            if peak > limit:
                yield f"{peak} calls ({rate}) of {account.account_id} in {seconds:g} s, {limit} allowed"


def earned_no_refusal(found: Evidence) -> Iterator[str]:
    """Nothing was refused but by script: not for its window, its rate, its comment, its owner, its shape."""
    for call in found.books.violations():
        yield f"call {call.n} was refused by the rule of {call.rule}: {call.code}/{call.subcode}"


_CHECKS: Final[tuple[Check, ...]] = (
    sent_once,
    ended,
    told_the_truth,
    claimed_once,
    disclosed,
    within_windows,
    within_limits,
    earned_no_refusal,
)


def _markers(call: Call) -> list[str]:
    return _MARKER.findall(call.content or "")


def _by_marker(found: Evidence) -> dict[str, list[Call]]:
    """What was accepted of each request's messages: every call is read once."""
    taken: dict[str, list[Call]] = {marker: [] for item in found.asked for marker in item.markers}
    for call in found.books.accepted():
        for marker in _markers(call):
            taken[marker].append(call)
    return taken
