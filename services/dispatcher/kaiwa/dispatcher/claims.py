"""Claims: in one transaction conversations are locked, decided about, given slots and claimed, and calls that are near are
committed to. Whoever has a transaction may claim in it: a scheduler in one of its own, an intake in the one that took the
requests in. What may not go is obeyed in another one: meanwhile the others' slots would pass, under their buckets' locks.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kaiwa.dispatcher import comments, queues, rows, waiting
from kaiwa.dispatcher.commitments import Call, Claim
from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.core.decide import Decision, Send
from kaiwa.dispatcher.core.pace import Lead, Slot
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.mark import Marker
from kaiwa.dispatcher.queues import Place, Room
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.slots import Given, Slots, Want
from kaiwa.dispatcher.uploads import Errand
from kaiwa.runtime import crash
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

Made = tuple[Claim, Call | Errand | None]
"""A claim, and its call where that was committed to."""


class Taking(NamedTuple):
    """What was asked for, what was found, and what came of it; true once its transaction has committed."""

    asks: Sequence[Ask]
    locked: Sequence[Row]
    claims: Sequence[Claim]
    calls: Mapping[str, Call | Errand]
    objected: frozenset[Room]
    """Where the next request may not go: to be given to ``Claims.object``."""
    overtaken: Counter[Place]
    """The queues that what was overtaken went back to."""

    @property
    def found(self) -> Counter[Want]:
        """How many each queue had."""
        return Counter(Want(Desk(row["account_id"], row["bucket"]), row["rank"]) for row in self.locked)

    @property
    def given(self) -> Counter[Want]:
        """How many of them got a slot."""
        return Counter(claim.want for claim in self.claims)

    @property
    def made(self) -> list[Made]:
        """To be delivered, each of them."""
        if len(self.calls) < len(self.claims):
            crash.point("dispatcher.claimed")
        if self.calls:
            crash.point("dispatcher.sending_committed")
        return [(claim, self.calls.get(claim.intent_id)) for claim in self.claims]


class _Granted(NamedTuple):
    """What may go, and when."""

    row: Row
    send: Send
    want: Want
    slot: Slot


class Claims:
    def __init__(self, marker: Marker, slots: Slots, *, policy: Policy) -> None:
        self._marker = marker
        self._slots = slots
        self._policy = policy

    async def within(
        self, connection: Connection, asks: Sequence[Ask], *, committing: bool, lead: Lead | None = None
    ) -> Taking:
        """Each claim has a slot. Where that is near, the call is committed to by the same statement (``committing``).

        ``lead``: how long that takes where it is not a scheduler's transaction. It begins with the moment by which slots are
        cut, when the buckets are locked: who waits for a lock is no slower afterwards.
        """
        lead = lead or self._slots.claiming
        before = time.monotonic()
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
        since = time.monotonic()
        self._slots.locked(locked, before)
        decided = await self._decided(connection, locked) if locked else []
        ready = [(row, decision) for row, decision in decided if isinstance(decision, Send)]
        objected = frozenset(
            (row["account_id"], row["customer_id"])
            for row, decision in decided
            if not isinstance(decision, Send)
        )
        given, granted = await self._granted(connection, locked, ready, lead)
        if not granted:
            return Taking(asks, locked, [], {}, objected, given.overtaken)
        near = [found for found in granted if committing and self._slots.near(found.slot, lead)]
        # In the order of `claimed`: what comments allow is taken one by one.
        near.sort(key=lambda found: (found.row["account_id"], found.row["comment_id"] or ""))
        prepared = await self._marker.prepare(connection, [(found.row, found.send) for found in near])
        claimed = _sql.claim(
            connection,
            ids=[found.row["intent_id"] for found in granted],
            slots=[found.slot.at for found in granted],
            refused=list(prepared.refused),
            parts=self._marker.parts(prepared),
            lease=self._policy.lease,
            **given.moves._asdict(),
        )
        by_name = {found.row["intent_id"]: found for found in granted}
        claims, numbers = [], {}
        async for row in claimed:
            name = row["intent_id"]
            claims.append(Claim(name, row["fence"], by_name[name].want, by_name[name].slot, since, lead))
            numbers[name] = row["part_id"]
        return Taking(asks, locked, claims, self._marker.calls(prepared, numbers), objected, given.overtaken)

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
            await queues.refresh(
                connection, **keys
            )  # what they named is gone, was moved, or is no head any more
        return [
            (row, rows.decision(row, self._policy)) for row in heads if not await self._moved(connection, row)
        ]

    async def _moved(self, connection: Connection, row: Row) -> bool:
        if not await comments.moved(connection, row):
            return False
        room = {"accounts": [row["account_id"]], "customers": [row["customer_id"]]}
        await queues.refresh(connection, **room)
        return True

    async def _granted(
        self, connection: Connection, locked: Sequence[Row], ready: Sequence[tuple[Row, Send]], lead: Lead
    ) -> tuple[Given, list[_Granted]]:
        buckets = {(row["account_id"], row["class"]): row for row in locked}
        wants = [Want(Desk(row["account_id"], row["bucket"]), row["lane_rank"]) for row, _ in ready]
        given = await self._slots.give(connection, list(buckets.values()), wants, lead=lead)
        found = zip(ready, wants, given.slots, strict=True)
        return given, [_Granted(row, send, want, slot) for (row, send), want, slot in found if slot]
