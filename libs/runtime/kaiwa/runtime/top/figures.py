"""From scrapes to figures: two scrapes of each process make a rate, all processes together make one answer."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kaiwa.runtime.top.scrapes import Away, Labels, Samples, Scrape

Way = Literal["rate", "most", "least", "sum", "p99"]
"""How processes are put together. `most`: each knows all of it. `least`: only the elected one knows better."""

_PUT: Final[Mapping[Way, Callable[[Iterable[float]], float]]] = {"most": max, "least": min, "sum": sum}


@dataclass(frozen=True, slots=True)
class Look:
    """One process: its newest scrape, and the one before with which rates are computed."""

    name: str
    url: str
    now: Scrape | Away
    before: Scrape | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One question. `by`: the label that parts the answer. `where`: a label and the value that it has to have.

    Above `limit` somebody should look; `runbook` says at what, and is an alert's name.
    """

    what: str
    metric: str
    way: Way
    by: str = ""
    where: tuple[str, str] | None = None
    unit: str = ""
    limit: float = math.inf
    runbook: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """`value`: the answer now, None while it cannot be known. `total`: of a counter, since its processes began."""

    value: float | None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line with its answer, and the answer's parts by label where they are not zero."""

    line: Line
    amount: Amount
    parts: Mapping[str, Amount]

    @property
    def alarming(self) -> bool:
        return self.amount.value is not None and self.amount.value > self.line.limit


def row(line: Line, looks: Sequence[Look]) -> Row:
    match line.way:
        case "rate":
            return _rates(line, looks)
        case "p99":
            return Row(line, Amount(_quantile(0.99, line, looks)), {})
        case "most" | "least" | "sum":
            return _gauges(line, looks)


def _gauges(line: Line, looks: Iterable[Look]) -> Row:
    """Within a process parts add up, but for ages and shares, of which the largest speaks."""
    put = _PUT[line.way]
    within: Callable[[Iterable[float]], float] = max if line.unit in {"s", "%"} else sum
    whole: list[float] = []
    parts: dict[str, list[float]] = defaultdict(list)
    for look in looks:
        samples = _samples(look.now)
        found = _matching(line, samples, line.metric)
        if found or (line.metric in samples and line.way != "least"):
            whole.append(within(found.values()) if found else 0.0)
        for labels, value in found.items():
            parts[_part(line, labels)].append(value)
    by_size = sorted(((put(values), name) for name, values in parts.items() if name), reverse=True)
    amounts = {name: Amount(value) for value, name in by_size if value}
    return Row(line, Amount(put(whole) if whole else None), amounts)


def _rates(line: Line, looks: Iterable[Look]) -> Row:
    rates: dict[str, float] = defaultdict(float)
    totals: dict[str, float] = defaultdict(float)
    known = seen = False
    for look in looks:
        samples, span = _samples(look.now), _span(look)
        seen = seen or line.metric in samples
        known = known or (line.metric in samples and span > 0)
        for labels, value in _matching(line, samples, line.metric).items():
            totals[_part(line, labels)] += value
        for labels, grown in _grown(line, look, line.metric).items():
            rates[_part(line, labels)] += grown / span
    whole = Amount(sum(rates.values()) if known else None, sum(totals.values()) if seen else None)
    parts = {
        name: Amount(rates[name] if known else None, total)
        for name, total in sorted(totals.items(), key=lambda part: -part[1])
        if name and total
    }
    return Row(line, whole, parts)


def _quantile(q: float, line: Line, looks: Iterable[Look]) -> float | None:
    """As Prometheus computes it, of what was observed between the scrapes; None where nothing was."""
    grown: dict[float, float] = defaultdict(float)
    for look in looks:
        for labels, more in _grown(line, look, f"{line.metric}_bucket").items():
            grown[float(dict(labels)["le"])] += more
    buckets = sorted(grown.items())
    if not buckets or buckets[-1][1] <= 0:
        return None
    rank, below, start = q * buckets[-1][1], 0.0, 0.0
    for end, count in buckets:
        if count >= rank and count > below:
            return start if math.isinf(end) else start + (end - start) * (rank - below) / (count - below)
        below, start = count, end
    return start


def _grown(line: Line, look: Look, metric: str) -> dict[Labels, float]:
    """How much each counter grew since the scrape before; one that is smaller now began again at zero."""
    if look.before is None or _span(look) <= 0:
        return {}
    before = look.before.samples.get(metric, {})
    return {
        labels: value - before.get(labels, 0.0) if value >= before.get(labels, 0.0) else value
        for labels, value in _matching(line, _samples(look.now), metric).items()
    }


def _span(look: Look) -> float:
    return 0.0 if look.before is None or isinstance(look.now, Away) else look.now.at - look.before.at


def _samples(now: Scrape | Away) -> Samples:
    return {} if isinstance(now, Away) else now.samples


def _matching(line: Line, samples: Samples, metric: str) -> dict[Labels, float]:
    found = samples.get(metric, {})
    return {labels: value for labels, value in found.items() if line.where is None or line.where in labels}


def _part(line: Line, labels: Labels) -> str:
    return dict(labels).get(line.by, "") if line.by else ""
