"""Conversations as the audit sees them, written as short as they are told."""

from collections.abc import Iterable

from kaiwa.compliance.core.audit.facts import App, Echo, Fact, Said, Sent, Told
from kaiwa.compliance.core.audit.history import History
from kaiwa.compliance.core.audit.judge import Horizon, judge
from kaiwa.compliance.core.audit.memory import changes
from kaiwa.compliance.core.audit.verdicts import PENDING, Verdict
from kaiwa.contracts.outcomes import Trigger

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
DAY = 24 * HOUR
NOON = 1_795_000_000_000
PATIENCE = 600 * SECOND


def said(at: int, *, asks: bool = False) -> Said:
    return Said(f"said-{at}", NOON + at, asks)


def echo(mid: str, at: int, *, app: App | None = "own", says: bool | None = None, text: str = "") -> Echo:
    return Echo(mid, NOON + at, app, says, text)


def sent(
    mid: str,
    at: int,
    *,
    human: bool = False,
    disclosed: str | None = None,
    trigger: Trigger = "start",
    tagged: bool = False,
    seq: int = 2,
) -> Sent:
    """``disclosed``: the mid of the message that the outcome says carried the disclosure."""
    told = Told(trigger, "assistant.v1", "en", disclosed) if disclosed else None
    return Sent(mid, NOON + at, seq, human, tagged, None, told)


def bot(mid: str, at: int, *, disclosed: str | None = None, trigger: Trigger = "start") -> list[Fact]:
    """An automated message with its echo."""
    facts: list[Fact] = [sent(mid, at, disclosed=disclosed, trigger=trigger)]
    return [*facts, echo(mid, at, says=True if disclosed == mid else None)]


def person(mid: str, at: int, *, text: str = "", tagged: bool = False) -> list[Fact]:
    return [sent(mid, at, human=True, tagged=tagged), echo(mid, at, text=text)]


def history(*facts: Fact | Iterable[Fact]) -> History:
    made = History()
    for fact in flat(facts):
        made.add(fact)
    return made


def flat(facts: Iterable[Fact | Iterable[Fact]]) -> list[Fact]:
    return [one for each in facts for one in ([each] if isinstance(each, Fact) else each)]


def horizon(known: int = 30 * DAY, *, began: int = -(2**62)) -> Horizon:
    return Horizon(NOON + known, began if began < 0 else NOON + began, PATIENCE)


def verdicts(*facts: Fact | Iterable[Fact], known: int = 30 * DAY, began: int = -(2**62)) -> dict[str, str]:
    """The state of each verdict by its key, pending ones too."""
    found = judge(history(*facts), horizon(known, began=began)).verdicts
    return {key: verdict.state for key, verdict in found.items()}


def reported(kept: History, *facts: Fact | Iterable[Fact], known: int = 30 * DAY) -> list[Verdict]:
    """Add the facts, and what is new to say after that."""
    for fact in flat(facts):
        kept.add(fact)
    said_now = list(changes(kept, judge(kept, horizon(known))))
    assert all(verdict.state != PENDING for verdict in said_now)
    return said_now
