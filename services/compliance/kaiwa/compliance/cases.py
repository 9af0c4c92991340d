"""A case begins: what is to be deleted, who owes a receipt for it, and its first line in the ledger."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from kaiwa.compliance.core.entries import Fact
from kaiwa.compliance.core.erasure import Case, Place, account_hash, customer_hash
from kaiwa.compliance.core.holders import OURS
from kaiwa.compliance.ledger import enter
from kaiwa.runtime import logs, metrics
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_NONCE_BYTES: Final = 32

_sql: Final[Any] = queries.load("kaiwa.compliance")
_log = logs.get_logger()


def columns(targets: Sequence[tuple[str, Place]]) -> dict[str, list[Any]]:
    """Erasures and places as the queries on `targets` take them."""
    return {
        "erasure_ids": [erasure_id for erasure_id, _ in targets],
        "topics": [place.topic for _, place in targets],
        "partitions": [place.partition for _, place in targets],
        "keys": [place.key for _, place in targets],
    }


async def open_case(
    connection: Connection, case: Case, *, key: bytes, bound: timedelta, request: str | None = None
) -> bool:
    """Record the case in the caller's transaction; False where it is known already, as a replay makes it be.

    ``bound``: the time within which it should be gone. ``request``: the code of who asked for it.
    """
    subject = case.subject
    row = await _sql.open_case(
        connection,
        erasure_id=case.erasure_id,
        reason=case.reason,
        scope=subject.scope,
        request=request,
        account_id=subject.account_id,
        customer_id=subject.customer_id,
        mid=subject.mid,
        account_hash=account_hash(key, subject.account_id),
        customer_hash=customer_hash(key, subject.account_id, subject.customer_id),
        mid_hash=case.hash if subject.scope == "message" else "",
        nonce=secrets.token_bytes(_NONCE_BYTES),
        cutoff=case.cutoff,
        appended_at=case.appended_at,
        bound=bound,
        located=case.places is not None,
        cause=case.cause,
    )
    if row is None:
        return False
    places = case.places or frozenset()
    await _sql.add_targets(connection, **columns([(case.erasure_id, place) for place in places]))
    await _sql.charge_holders(
        connection,
        erasure_id=case.erasure_id,
        names=list(OURS),
        deadlines=list(OURS.values()),
        gathers=case.gathers(bound),
    )
    await enter(connection, Fact.RECEIVED, [row])
    metrics.CASES.labels(case.reason).inc()
    _log.info(
        "erasure_received",
        erasure_id=case.erasure_id,
        reason=case.reason,
        scope=subject.scope,
        records=len(places),
    )
    return True
