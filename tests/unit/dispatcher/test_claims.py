"""What a taking says of the queues it was asked about: by it the agenda learns which are at their end, and which are denied."""

from collections import Counter
from datetime import UTC, datetime

from kaiwa.dispatcher.claims import Taking
from kaiwa.dispatcher.commitments import Claim
from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.core.pace import Lead, exact
from kaiwa.dispatcher.slots import Want

TEXT, MEDIA = Desk("1", "text"), Desk("1", "media")
SLOT = exact(datetime(2026, 11, 22, 10, tzinfo=UTC))


def claim(name: str, want: Want) -> Claim:
    return Claim(name, 1, want, SLOT, since=0.0, lead=Lead())


def test_what_each_queue_had_and_what_of_it_got_a_slot() -> None:
    """Broken by a queue that is counted with another of its account, its bucket or its lane."""
    asks = [Ask(TEXT, 0, 5), Ask(TEXT, 2, 5), Ask(MEDIA, 2, 5)]
    locked = [
        {"account_id": desk.account_id, "bucket": desk.bucket, "rank": rank}
        for desk, rank in [(TEXT, 0), (TEXT, 2), (TEXT, 2), (TEXT, 2), (MEDIA, 2)]
    ]
    claims = [claim("a", Want(TEXT, 0)), claim("b", Want(TEXT, 2))]
    taking = Taking(asks, locked, claims, {}, frozenset(), Counter())
    assert taking.found == {Want(TEXT, 0): 1, Want(TEXT, 2): 3, Want(MEDIA, 2): 1}
    assert taking.given == {Want(TEXT, 0): 1, Want(TEXT, 2): 1}
    assert taking.found - taking.given == {Want(TEXT, 2): 2, Want(MEDIA, 2): 1}


def test_every_claim_is_delivered_with_or_without_its_call() -> None:
    near, far = claim("near", Want(TEXT, 0)), claim("far", Want(TEXT, 0))
    call = object()
    taking = Taking([], [], [near, far], {"near": call}, frozenset(), Counter())  # type: ignore[dict-item]
    assert taking.made == [(near, call), (far, None)]
