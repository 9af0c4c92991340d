"""Scripted faults of both sides: what goes wrong, when, how often. Pure; chance comes from a seed."""

import random
from typing import Literal

import msgspec

SendEffect = Literal["latency", "reset", "hang", "status", "garbled", "error", "usage", "echo_first"]
WebhookEffect = Literal["duplicate", "drop_first", "delay", "lose"]

_SEND_EFFECTS = {"latency", "reset", "hang", "status", "garbled", "error", "usage", "echo_first"}
_READ_EFFECTS = {"error", "usage"}
READ = "read"
_AFTER_ONLY = {"garbled", "usage", "echo_first"}


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault. It strikes calls or events that match, `times` times (None: for ever), by `probability`.

    Send side: `latency` (waits `seconds`), `reset` (TCP reset), `hang` (silence for `seconds`, then a reset),
    `status` (an HTML page with `status`), `garbled` (200 that cannot be read), `error` (`code`, `subcode`),
    `usage` (answers as it would, with `usage` and `regain_minutes` in the headers), `echo_first` (the answer
    waits until the echo was acknowledged, `seconds` at most). `when` says on which side of the acceptance.
    Reads (`kind` "read"): `error` and `usage` alone, for what has `marker` in its path and query.
    Webhook side: `duplicate`, `drop_first` (the first attempt never arrives), `delay` (by `seconds`), `lose`.
    """

    effect: SendEffect | WebhookEffect
    when: Literal["before", "after"] = "after"
    marker: str = ""
    account_id: str | None = None
    kind: str | None = None
    times: int | None = 1
    probability: float = 1.0
    seconds: float = 60.0
    status: int = 500
    code: int = 1
    subcode: int | None = None
    message: str = "An unknown error has occurred"
    usage: int | None = None
    regain_minutes: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.probability <= 1:
            raise ValueError("a probability is above 0 and at most 1")
        if self.times is not None and self.times < 1:
            raise ValueError("times is at least 1, or null for ever")
        if self.seconds < 0:
            raise ValueError("seconds is not negative")
        if self.effect in _AFTER_ONLY and self.when == "before":
            raise ValueError(f"{self.effect} happens after the acceptance only")
        if self.kind == READ and self.effect not in _READ_EFFECTS:
            raise ValueError(f"a read meets {' or '.join(sorted(_READ_EFFECTS))} only")

    @property
    def name(self) -> str:
        return f"{self.effect}/{self.when}" if self.effect in _SEND_EFFECTS else self.effect


class Script:
    """The faults in force, in the order in which they were added; the first that strikes wins."""

    def __init__(self, seed: int | None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a simulator repeats itself from its seed
        self._faults: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        self._faults.append((fault, fault.times))

    def clear(self) -> None:
        self._faults.clear()

    @property
    def active(self) -> list[Fault]:
        return [fault for fault, _ in self._faults]

    def for_call(self, account_id: str, kind: str | None, content: str) -> Fault | None:
        """The fault that this call to the messages edge meets."""
        return self._draw(account_id, kind, content, send=True)

    def for_read(self, account_id: str, asked: str) -> Fault | None:
        """The fault that this read meets: of those that are meant for reads."""
        return self._draw(account_id, READ, asked, send=True)

    def for_event(self, account_id: str, kind: str, content: str) -> Fault | None:
        """The fault that this webhook item meets."""
        return self._draw(account_id, kind, content, send=False)

    def _draw(self, account_id: str, kind: str | None, content: str, *, send: bool) -> Fault | None:
        for at, (fault, left) in enumerate(self._faults):
            fits = (
                (fault.effect in _SEND_EFFECTS) is send
                and fault.account_id in {None, account_id}
                and (fault.kind == READ if kind == READ else fault.kind in {None, kind})
                and fault.marker in content
            )
            if fits and self._random.random() < fault.probability:
                if left == 1:
                    del self._faults[at]
                elif left is not None:
                    self._faults[at] = fault, left - 1
                return fault
        return None
