"""The verdicts about one conversation, as a function of everything that is known of it.

The rules are Meta's (platform.md 7), recomputed from what customers and echoes show: automation says what it is at the
start, 24 hours after its last message, after a person or somebody unknown wrote, and when it was asked. A disclosure
counts when its echo was seen: what failed to be sent disclosed nothing.

What is absent is found only after everything that could hold it was read (``known``), and had time to arrive.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from kaiwa.compliance.core.audit.facts import Said, Told
from kaiwa.compliance.core.audit.history import History, Message, Standing
from kaiwa.compliance.core.audit.verdicts import PENDING, PRESUMED, Verdict
from kaiwa.contracts.outcomes import Trigger

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
HUMAN_AGENT_MS: Final = 7 * DAY_MS
MOST_SECONDS: Final = 2**31 - 1

TOLERANCE_MS: Final = 60_000
"""Between two clocks, and between deciding and leaving: what is less over the line is not over it."""
KNOWN_WITHIN_MS: Final = 5_000
"""A person's message binds automation from here on: so old may what the dispatcher knows be."""
HEARD_WITHIN_MS: Final = 2_000
"""A question binds what leaves so much later: a webhook has to arrive first."""
TOGETHER_MS: Final = 1_000
"""Two messages of one unit may bear each other's times."""
SETTLE_MS: Final = 10_000
"""A message that disclosed nothing is a finding after this: the outcome that explains it may come a little later."""


@dataclass(frozen=True)
class Horizon:
    """What the audit has read: all of it up to ``known``, nothing from before ``began``; an echo or a request may take
    ``patience`` to come. Milliseconds.
    """

    known: int
    began: int
    patience: int


@dataclass(frozen=True)
class Sample:
    """A message by a person, for the look at persons who might be none."""

    mid: str
    at: int
    text: str
    answered_in: int | None


@dataclass
class Judgement:
    """``look_at``: when a verdict that is pending can be told."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    look_at: int | None = None
    standings: list[tuple[int, Standing]] = field(default_factory=list)
    """Before each step of the way, where the conversation stood; and where it stands."""
    standing: Standing = field(default_factory=Standing)


def judge(history: History, horizon: Horizon) -> Judgement:
    walk = _Walk(history, horizon)
    for step in _steps(history):
        walk.take(step)
    return walk.ended()


def _steps(history: History) -> list[Said | Message]:
    steps: list[Said | Message] = [*history.said.values(), *history.messages()]
    return sorted(steps, key=lambda step: (step.at, isinstance(step, Message), step.mid))


class _Walk:
    """Along the conversation, message by message."""

    def __init__(self, history: History, horizon: Horizon) -> None:
        self._history, self._horizon = history, horizon
        self._now = history.before
        self._undisclosed: list[Verdict] = []
        self._last_own = 0
        self.judgement = Judgement()

    def take(self, step: Said | Message) -> None:
        self.judgement.standings.append((step.at, self._now))
        if isinstance(step, Said):
            self._stand(opened=step.at)
            if step.asks:
                self._stand(asked=step.at)
            return
        if step.sent is None:
            self._unknown(step)
        elif step.sent.human:
            self._person(step)
        else:
            self._automation(step)
        if step.sent is not None and step.sent.tagged:
            self._tagged(step)
        self._last_own = step.at

    def ended(self) -> Judgement:
        self.judgement.standing = self._now
        return self.judgement

    # ── who wrote it ──────────────────────────────────────────────────────────────────────────────────────────────

    def _unknown(self, message: Message) -> None:
        if self._too_early(message.at, self._horizon.patience):
            return
        app = message.echo.app if message.echo else None
        state = {"own": "unexplained", "other": "other_app"}.get(app or "", "typed")
        self._say(Verdict(kind="author", subject=message.mid, state=state, at=message.at))
        self._stand(person=message.at)

    def _person(self, message: Message) -> None:
        heard = self._now.opened
        answered = message.at - heard if heard is not None and heard > self._last_own else None
        if answered is not None and answered > DAY_MS:
            answered = None  # that slow, it tells nothing about who wrote
        text = message.echo.text if message.echo else ""
        if message.echo is not None:
            self.judgement.samples.append(Sample(message.mid, message.at, text, answered))
        self._stand(person=message.at)

    def _tagged(self, message: Message) -> None:
        if (sent := message.sent) is None:
            return
        opened = self._now.opened
        closes = opened + DAY_MS if opened is not None else sent.closes
        outside = None if closes is None else message.at - closes
        state = "proper"
        if not sent.human:
            state = "by_automation"
        elif outside is not None and outside < -TOLERANCE_MS:
            state = "inside_window"
        elif outside is not None and outside > HUMAN_AGENT_MS - DAY_MS + TOLERANCE_MS:
            state = "too_late"
        self._say(
            Verdict(
                kind="tag",
                subject=message.mid,
                state=state,
                at=message.at,
                author="human" if sent.human else "automation",
                seconds=None if outside is None else _seconds(outside),
            )
        )

    # ── did it say so ─────────────────────────────────────────────────────────────────────────────────────────────

    def _automation(self, message: Message) -> None:
        told = message.sent.disclosure if message.sent else None
        trigger = self._due(message.at)
        if told is not None and (trigger is not None or told.mid == message.mid):
            self._claimed(message, told, trigger or told.trigger)
        elif trigger is not None:
            self._silent(message, trigger)
        self._stand(automated=message.at)

    def _due(self, at: int) -> Trigger | None:
        now = self._now
        if now.disclosed is None:
            return "start"
        if now.asked is not None and now.disclosed < now.asked < at - HEARD_WITHIN_MS:
            return "asked"
        if now.person is not None and now.disclosed < now.person < at - KNOWN_WITHIN_MS:
            return "after_human"
        last = max(now.disclosed, now.automated or now.disclosed)
        return "lapse" if at - last > DAY_MS + TOLERANCE_MS else None

    def _claimed(self, message: Message, told: Told, trigger: Trigger) -> None:
        """Its request says that it disclosed: the echo of what carried that is the proof."""
        carrier = self._history.echoes.get(told.mid or "")
        made = _about(message, trigger, told)
        if carrier is not None and carrier.at <= message.at + TOGETHER_MS:
            self._say(made("unrecognised" if carrier.says is False else "delivered"))
            self._disclosed(carrier.at)
        elif carrier is not None:
            self._owe(made("missing"))
        elif self._too_early(message.at, self._horizon.patience):
            self._say(made(PENDING))
            self._stand(disclosed=message.at)  # until the contrary is known
        else:
            self._owe(made("failed"))

    def _silent(self, message: Message, trigger: Trigger) -> None:
        made = _about(message, trigger, None)
        if trigger == "start" and message.at < self._horizon.began + DAY_MS:
            self._say(made(PRESUMED))
            self._stand(disclosed=message.at)
        elif self._too_early(message.at, SETTLE_MS):
            self._say(made(PENDING))
        else:
            self._owe(made("missing"))

    def _owe(self, verdict: Verdict) -> None:
        self._say(verdict)
        self._undisclosed.append(verdict)

    def _disclosed(self, at: int) -> None:
        self._stand(disclosed=at)
        for owed in self._undisclosed:
            seconds = _seconds(max(0, at - owed.at))
            self._say(msgspec.structs.replace(owed, state="late", seconds=seconds))
        self._undisclosed = []

    # ── the rest ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _too_early(self, at: int, wait: int) -> bool:
        early = self._horizon.known < at + wait
        if early:
            self.judgement.look_at = min(at + wait, self.judgement.look_at or at + wait)
        return early

    def _say(self, verdict: Verdict) -> None:
        self.judgement.verdicts[verdict.key] = verdict

    def _stand(self, **changes: int) -> None:
        newer = {name: max(at, getattr(self._now, name) or at) for name, at in changes.items()}
        self._now = msgspec.structs.replace(self._now, **newer)


def _seconds(milliseconds: int) -> int:
    """Not more than its column holds: an event's clock may say any year up to 9999."""
    return max(-MOST_SECONDS, min(milliseconds // 1000, MOST_SECONDS))


def _about(message: Message, trigger: Trigger, told: Told | None) -> Callable[[str], Verdict]:
    """A verdict on this message, for want of its state."""
    return lambda state: Verdict(
        kind="disclosure",
        subject=message.mid,
        state=state,
        at=message.at,
        trigger=trigger,
        text_id=told.text_id if told else None,
        language=told.language if told else None,
        author="automation",
    )
