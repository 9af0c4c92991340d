"""Commitments: a process's claim to a request, and the call that it becomes."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from kaiwa.dispatcher.core.pace import Lead, Slot
from kaiwa.dispatcher.slots import Want
from kaiwa.meta.graph import Sender as Login


class Claim(msgspec.Struct, frozen=True):
    """A request that is this process's to send for the length of the lease, and its first slot."""

    intent_id: str
    fence: int
    want: Want
    slot: Slot
    since: float
    """When the slot was asked for, by the local clock."""
    lead: Lead
    """To learn from: how long it took from then to being ready."""


class Call(msgspec.Struct, frozen=True):
    """One POST, durably announced."""

    part_id: int
    app_id: str
    want: Want
    login: Login
    edge: str
    body: Mapping[str, Any]
    cause: str | None  # the request's traceparent
    waited: float  # seconds since it was asked for
    lane: str
    late: float | None  # seconds from due to `marked`; None where a rule or a pause held it back
    marked: float = msgspec.field(default_factory=time.monotonic)
    announced: tuple[Mapping[str, Any], ...] = ()
    """Bodies of the calls that may go before it: seen, typing."""
    borrowed: tuple[bytes, ...] = ()
    """The uploads whose ids it names."""

    def __repr__(self) -> str:
        """Without what it says: it may stand in a log."""
        return f"Call(part_id={self.part_id}, edge={self.edge!r}, account_id={self.want.desk.account_id!r})"
