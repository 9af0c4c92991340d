"""What one process said of itself at one moment, read from Prometheus' text format."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from prometheus_client.parser import text_string_to_metric_families

from kaiwa.runtime.errors import KaiwaError

Labels: TypeAlias = frozenset[tuple[str, str]]
Samples: TypeAlias = Mapping[str, Mapping[Labels, float]]
"""Values by a sample's name and its labels; empty where there is such a metric and nothing happened to it."""

SERVICES: Final = ("ingest", "dispatcher", "compliance")
_EVERYBODYS: Final = "kaiwa_loop_lag_seconds_count"


class Unreadable(KaiwaError):
    """What answered is no service of Kaiwa."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """`at`: seconds of a clock that only goes forward. `not_ready`: the reason of its readiness probe, else None."""

    at: float
    service: str
    not_ready: str | None
    samples: Samples


@dataclass(frozen=True, slots=True)
class Away:
    """Nobody answered, or somebody else did."""

    at: float
    why: str


def read(text: str, *, at: float, not_ready: str | None = None) -> Scrape:
    """Raises `Unreadable`, also for another program's metrics. What is not a number is left out."""
    found: dict[str, dict[Labels, float]] = {}
    try:
        for family in text_string_to_metric_families(text):
            # A labelled metric that nothing happened to has no samples, and is there all the same.
            if not family.samples:
                found.setdefault(family.name + ("_total" if family.type == "counter" else ""), {})
            for sample in family.samples:
                if not math.isnan(sample.value):
                    found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    except (ValueError, IndexError, KeyError) as error:  # what the parser meets in pages that are no metrics
        raise Unreadable("what answers there shows no metrics") from error
    if _EVERYBODYS not in found:
        raise Unreadable("what answers there is not Kaiwa")
    return Scrape(at, _whose(found), not_ready, found)


def _whose(samples: Samples) -> str:
    for service in SERVICES:
        if any(name.startswith(f"kaiwa_{service}_") for name in samples):
            return service
    return "unknown"
