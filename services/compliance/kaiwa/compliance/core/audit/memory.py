"""What a history remembers of a judgement: what was reported, and where the conversation stood before what is folded."""

from collections.abc import Iterator
from typing import cast

from kaiwa.compliance.core.audit.history import KEPT_MS, MOST, History
from kaiwa.compliance.core.audit.judge import Horizon, Judgement
from kaiwa.compliance.core.audit.verdicts import CLEARED, PENDING, Kind, Verdict


def changes(history: History, judgement: Judgement) -> Iterator[Verdict]:
    """What is new since the last time, verdicts that hold no more among it; the history remembers it as reported."""
    for key, verdict in judgement.verdicts.items():
        if verdict.state != PENDING and history.verdicts.get(key) != verdict.state:
            history.verdicts[key] = verdict.state
            yield verdict
    for key, state in list(history.verdicts.items()):
        kind, _, subject = key.partition(":")
        if key not in judgement.verdicts and state != CLEARED:
            history.verdicts[key] = CLEARED
            yield Verdict(kind=cast(Kind, kind), subject=subject, state=CLEARED, at=0)


def settle(history: History, judgement: Judgement, horizon: Horizon) -> None:
    """Fold what is old, or too much, into where the conversation stood."""
    steps = judgement.standings
    moments = sorted(
        [*(at for at, _ in steps), *history.unsent.values()]
    )  # what is unsent may be all there is
    cut = horizon.known - KEPT_MS
    if history.size > MOST:
        cut = max(cut, moments[len(moments) // 2])
    if moments and moments[0] < cut:
        history.forget(cut, next((before for at, before in steps if at >= cut), judgement.standing))
