"""The report's figures, from rows that were read: each with the numbers of the ledger's entries that it rests on."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from kaiwa.compliance.core.audit.verdicts import DISCLOSED, FINDINGS, PRESUMED
from kaiwa.compliance.core.entries import Fact, commit, subject

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """One number. ``entries`` are ranges of the ledger's numbers (``0-3,7``), empty where it rests on a table alone."""

    section: str
    name: str
    value: float | str
    unit: str = ""
    entries: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lived:
    """An erasure as the ledger has it: when each of its steps was entered, and under which number."""

    erasure_id: str
    scope: str
    reason: str
    steps: Mapping[Fact, tuple[datetime, int]]

    def took(self, until: Fact) -> float | None:
        """Seconds from its entry; None while the step has none."""
        if Fact.RECEIVED not in self.steps or until not in self.steps:
            return None
        return (self.steps[until][0] - self.steps[Fact.RECEIVED][0]).total_seconds()


@dataclass(frozen=True)
class Read:
    """Everything that a report is made of, for ``first`` ≤ time < ``last``; ``names`` by the hash of an account."""

    first: datetime
    last: datetime
    entries: Sequence[Row]
    cases: Sequence[Row]
    duties: Sequence[Row]
    requests: Sequence[Row]
    verdicts: Sequence[Row]
    cleared: Sequence[Row]
    names: Mapping[str, str]
    now: datetime


STEPS: Final = (Fact.TOMBSTONED, Fact.VERIFIED, Fact.CLOSED)
QUANTILES: Final = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))


def figures(read: Read) -> list[Figure]:
    lived = lives(read)
    return [
        *_requests(read),
        *_counts(read, lived),
        *_times(lived),
        *_holders(read),
        *_coverage(read),
        *_tags(read),
        *_exceptions(read, lived),
    ]


def lives(read: Read) -> list[Lived]:
    """The cases, each step timed by the entry whose commitment it opens."""
    by_commitment = {row["commitment"]: row for row in read.entries}
    found = []
    for case in read.cases:
        steps = {}
        for fact in Fact:
            told = subject(fact, case["erasure_id"], case["account_hash"] or "", case["mid_hash"] or "")
            if (entry := by_commitment.get(commit(case["nonce"], told))) is not None:
                steps[fact] = (entry["recorded_at"], entry["seq"])
        found.append(Lived(case["erasure_id"], case["scope"], case["reason"], steps))
    return found


def days(read: Read) -> dict[str, dict[str, int]]:
    """Of each day, how many entries of each kind of erasure the ledger got."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in read.entries:
        if read.first <= entry["recorded_at"] < read.last and entry["kind"].startswith("erasure."):
            counted[entry["recorded_at"].strftime("%Y-%m-%d")][entry["kind"]] += 1
    return {day: dict(counts) for day, counts in sorted(counted.items())}


def ranges(numbers: Iterable[int]) -> str:
    """``0-3,7``: numbers as people read them."""
    ordered = sorted(set(numbers))
    runs = groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0])
    bounds = [(run[0][1], run[-1][1]) for run in (list(group) for _, group in runs)]
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in bounds)


def quantile(values: Sequence[float], share: float) -> float:
    """Of sorted values, the smallest that so large a share does not exceed."""
    return values[max(0, math.ceil(share * len(values)) - 1)]


def _counts(read: Read, lived: Sequence[Lived]) -> Iterable[Figure]:
    for fact in Fact:
        numbers = [
            entry["seq"]
            for entry in read.entries
            if entry["kind"] == fact and read.first <= entry["recorded_at"] < read.last
        ]
        yield Figure("deletions", fact.value, len(numbers), entries=ranges(numbers))
    for scope, group in _by(lived, lambda each: each.scope):
        numbers = [each.steps[Fact.RECEIVED][1] for each in group if Fact.RECEIVED in each.steps]
        yield Figure("deletions by scope", scope, len(group), entries=ranges(numbers))


def _times(lived: Sequence[Lived]) -> Iterable[Figure]:
    for step in STEPS:
        timed = [(took, each) for each in lived if (took := each.took(step)) is not None]
        values = sorted(took for took, _ in timed)
        numbers = ranges(each.steps[fact][1] for _, each in timed for fact in (Fact.RECEIVED, step))
        for name, share in QUANTILES:
            if values:
                yield Figure(
                    "time to " + step.value.partition(".")[2],
                    name,
                    round(quantile(values, share), 3),
                    "s",
                    numbers,
                )


def _requests(read: Read) -> Iterable[Figure]:
    for row in read.requests:
        labels = {"source": row["source"], "refusal": row["refusal"] or ""}
        yield Figure("requests", row["state"], row["requests"], labels=labels)


def _holders(read: Read) -> Iterable[Figure]:
    for holder, group in _by(read.duties, lambda row: str(row["holder"])):
        owed = [row for row in group if row["status"] in {None, "failed"}]
        yield Figure("holders", "open", len(owed), labels={"holder": holder})
        overdue = [row for row in owed if row["due_at"] <= read.now]
        yield Figure("holders", "overdue", len(overdue), labels={"holder": holder})
        yield Figure("holders", "answered", len(group) - len(owed), labels={"holder": holder})


def entries_of(read: Read) -> Callable[[Iterable[Row]], str]:
    """The numbers of the entries that say what these verdicts say."""
    by_commitment = {row["commitment"]: row["seq"] for row in read.entries}

    def numbered(verdicts: Iterable[Row]) -> str:
        made = (
            commit(
                row["nonce"],
                subject(
                    f"audit.{row['kind']}.{row['state']}",
                    row["verdict_id"],
                    row["account_hash"],
                    row["subject_hash"],
                ),
            )
            for row in verdicts
        )
        return ranges(by_commitment[each] for each in made if each in by_commitment)

    return numbered


def _coverage(read: Read) -> Iterable[Figure]:
    numbered = entries_of(read)
    due = [row for row in read.verdicts if row["kind"] == "disclosure" and row["state"] != PRESUMED]
    due = [row for row in due if row["state"] != "cleared"]
    by_both = _by(
        due, lambda row: (read.names.get(row["account_hash"], row["account_hash"]), row["trigger"] or "")
    )
    for (account, trigger), group in by_both:
        labels = {"account": account, "trigger": trigger}
        made = [row for row in group if row["state"] in DISCLOSED - {"late"}]
        yield Figure("disclosures", "due", len(group), entries=numbered(group), labels=labels)
        yield Figure("disclosures", "made in time", len(made), entries=numbered(made), labels=labels)
        share = round(100 * len(made) / len(group), 2)
        yield Figure("disclosures", "coverage", share, "%", numbered(group), labels)
    texts = [row for row in due if row["text_id"]]
    for (text, language), group in _by(texts, lambda row: (row["text_id"], row["language"])):
        labels = {"text": text, "language": language}
        yield Figure("disclosures by text", "made", len(group), entries=numbered(group), labels=labels)


def _tags(read: Read) -> Iterable[Figure]:
    numbered = entries_of(read)
    tagged = [row for row in read.verdicts if row["kind"] == "tag" and row["state"] != "cleared"]
    for (author, state), group in _by(tagged, lambda row: (row["author"] or "", row["state"])):
        labels = {"author": author, "judged": state}
        yield Figure("human agent tag", "sends", len(group), entries=numbered(group), labels=labels)
    for row in tagged:
        labels = {
            "at": row["at"].isoformat(timespec="seconds"),
            "account": read.names.get(row["account_hash"], row["account_hash"]),
            "author": row["author"] or "",
            "judged": row["state"],
        }
        outside = "" if row["seconds"] is None else row["seconds"]
        yield Figure("human agent tag, each", "outside the window", outside, "s", numbered([row]), labels)


def _exceptions(read: Read, lived: Sequence[Lived]) -> Iterable[Figure]:
    numbered = entries_of(read)
    for (kind, state), group in _by(
        [row for row in read.verdicts if row["is_finding"]], lambda row: (row["kind"], row["state"])
    ):
        labels = {"means": FINDINGS.get(kind, {}).get(state, "")}
        yield Figure("findings", f"{kind} {state}", len(group), entries=numbered(group), labels=labels)
    for row in read.cleared:
        labels = {"means": "was a finding; what came later cleared it"}
        yield Figure("findings cleared", f"{row['kind']} {row['state']}", row["cleared"], labels=labels)
    late = [case for case in read.cases if case["state"] != "closed" and case["due_at"] <= read.now]
    labels = {"means": "open now, and the time in which it should be gone is over"}
    yield Figure("exceptions", "erasures past their deadline", len(late), labels=labels)
    again = [each for each in lived if Fact.FOUND in each.steps]
    numbers = ranges(each.steps[Fact.FOUND][1] for each in again)
    labels = {"means": "the log still held a record when the verifier read it; it was erased once more"}
    yield Figure("exceptions", "erasures found again after the bound", len(again), "", numbers, labels)
    unentered = [each for each in lived if Fact.RECEIVED not in each.steps]
    labels = {"means": "not sealed at the time of this report, or begun before its period"}
    yield Figure("exceptions", "erasures that the ledger does not have (yet)", len(unentered), labels=labels)


def _by(rows: Iterable[Any], key: Callable[[Any], Any]) -> list[tuple[Any, list[Any]]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return sorted(groups.items())
