"""What was promised, held against what happened, in the order of the design's promises."""

from collections.abc import Callable, Sequence
from typing import Final

from kaiwa.devstack.demo import delivery, privacy
from kaiwa.devstack.demo.check import Check
from kaiwa.devstack.demo.evidence import Evidence

CHECKS: Final[Sequence[Callable[[Evidence], Check]]] = (
    delivery.told,
    delivery.nothing_lost,
    delivery.one_partition_in_order,
    delivery.at_most_once,
    delivery.nothing_forbidden,
    delivery.within_limits,
    privacy.deleted,
    privacy.forgotten,
    privacy.disclosed,
    privacy.audited,
    privacy.silent,
)


def judge(evidence: Evidence) -> list[Check]:
    """Every check, in the order of the design's promises; the first says whether the story was played at all."""
    return [check(evidence) for check in CHECKS]
