"""Claims: in one transaction conversations are locked, decided about, given slots and claimed, and calls that are near are
committed to. Whoever has a transaction may claim in it: a scheduler in one of its own, an intake in the one that took the
requests in. What may not go is obeyed in another one: meanwhile the others' slots would pass, under their buckets' locks.
"""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kaiwa.dispatcher import comments, rows, waiting
from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.core.decide import Decision, Send
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.mark import Call, Claim, Marker
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.slots import Slots, Want
from kaiwa.dispatcher.uploads import Errand
from kaiwa.runtime import crash
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

Room = tuple[str, str]
"""A conversation: account and customer."""

Made = tuple[Claim, Call | Errand | None]
"""A claim, and its call where that was committed to."""


class Taking(NamedTuple):
    """What was asked for, what was found, and what came of it; true once its transaction has committed."""

    asks: Sequence[Ask]
    locked: Sequence[Row]
    claims: Sequence[Claim]
    calls: dict[str, Call | Errand]
    begun: frozenset[str]
    objected: frozenset[Room]
    """Where the next request may not go: to be given to ``Claims.object``."""

    @property
    def made(self) -> list[Made]:
        """To be delivered, each of them."""
        far = [claim for claim in self.claims if claim.intent_id not in self.begun]
        if far:
            crash.point("dispatcher.claimed")
        if self.calls:
            crash.point("dispatcher.sending_committed")
        by_name = {claim.intent_id: claim for claim in self.claims}
        return [(by_name[name], call) for name, call in self.calls.items()] + [(claim, None) for claim in far]


class Claims:
    def __init__(self, marker: Marker, slots: Slots, *, policy: Policy) -> None:
        self._marker = marker
        self._slots = slots
        self._policy = policy

    async def within(self, connection: Connection, asks: Sequence[Ask], *, committing: bool) -> Taking:
        """Each claim has a slot. Where that is near, the call is committed to at once (``committing``), which saves a
        transaction.
        """
        since = time.monotonic()
        locked = [
            row
            async for row in _sql.lock_ready(
                connection,
                accounts=[ask.desk.account_id for ask in asks],
                buckets=[ask.desk.bucket for ask in asks],
                ranks=[ask.rank for ask in asks],
                mosts=[ask.most for ask in asks],
            )
        ]
        self._slots.locked(locked, since)
        decided = await self._decided(connection, locked) if locked else []
        ready = [(row, decision) for row, decision in decided if isinstance(decision, Send)]
        objected = frozenset(
            (row["account_id"], row["customer_id"])
            for row, decision in decided
            if not isinstance(decision, Send)
        )
        claims = await self._claim(connection, locked, ready, since) if ready else []
        near = [(row, send) for claim, row, send in claims if committing and self._slots.near(claim.slot)]
        # In the order of `claimed`: what comments allow is taken one by one.
        near.sort(key=lambda found: (found[0]["account_id"], found[0]["comment_id"] or ""))
        calls = await self._marker.within(connection, near) if near else {}
        begun = frozenset(row["intent_id"] for row, _ in near)
        return Taking(asks, locked, [claim for claim, *_ in claims], calls, begun, objected)

    async def object(self, connection: Connection, objected: Iterable[Room]) -> None:
        """Refuse or defer what may not go, where nobody else has the conversation."""
        accounts, customers = zip(*sorted(objected), strict=True)
        standing = [
            row async for row in _sql.lock_standing(connection, accounts=accounts, customers=customers)
        ]
        for row, decision in await self._decided(connection, standing):
            if not isinstance(decision, Send):
                await waiting.obey(connection, row, decision)

    async def _decided(self, connection: Connection, locked: Sequence[Row]) -> list[tuple[Row, Decision]]:
        """The heads of these conversations; without those that have to move first."""
        keys = {
            "accounts": [row["account_id"] for row in locked],
            "customers": [row["customer_id"] for row in locked],
        }
        heads = [row async for row in _sql.heads(connection, **keys)]
        buckets = {(row["account_id"], row["customer_id"], row["bucket"]) for row in locked}
        if any((row["account_id"], row["customer_id"], row["bucket"]) not in buckets for row in heads) or (
            len(heads) < len(locked)
        ):
            await _sql.refresh_heads(
                connection, **keys
            )  # what they named is gone, was moved, or is no head any more
        return [
            (row, rows.decision(row, self._policy)) for row in heads if not await self._moved(connection, row)
        ]

    async def _moved(self, connection: Connection, row: Row) -> bool:
        if not await comments.moved(connection, row):
            return False
        room = {"accounts": [row["account_id"]], "customers": [row["customer_id"]]}
        await _sql.refresh_heads(connection, **room)
        return True

    async def _claim(
        self, connection: Connection, locked: list[Row], ready: list[tuple[Row, Send]], since: float
    ) -> list[tuple[Claim, Row, Send]]:
        buckets = {(row["account_id"], row["class"]): row for row in locked}
        wants = [Want(Desk(row["account_id"], row["bucket"]), row["lane_rank"]) for row, _ in ready]
        slots, moves = await self._slots.give(connection, list(buckets.values()), wants)
        granted = {
            row["intent_id"]: (want, slot, row, send)
            for (row, send), want, slot in zip(ready, wants, slots, strict=True)
            if slot
        }
        if not granted:
            return []
        claimed = _sql.claim(
            connection,
            ids=list(granted),
            slots=[slot.at for _, slot, *_ in granted.values()],
            lease=self._policy.lease,
            **moves._asdict(),
        )
        made = []
        async for taken in claimed:
            want, slot, row, send = granted[taken["intent_id"]]
            made.append((Claim(taken["intent_id"], taken["fence"], want, slot, since), row, send))
        return made
