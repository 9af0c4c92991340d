"""Whoever is erased leaves the audit, too: up to the cutoff nothing stays that leads to them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import asyncpg

from kaiwa.compliance.core.audit.history import decode, encode
from kaiwa.contracts.times import to_ms
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_sql: Final = queries.load("kaiwa.compliance")


async def erase(connection: Connection, cases: Iterable[asyncpg.Record]) -> None:
    """What it keeps of the customers and accounts of these cases, in the caller's transaction.

    An account's histories go as a whole: nothing is sent for it any more. A customer may have written again.
    """
    wide = [case for case in cases if case["scope"] != "message"]
    if not wide:
        return
    await _sql.lock_audit_alone(connection)
    customers, accounts = _latest(wide, "customer"), _latest(wide, "account")
    rows = [row async for row in _sql.lock_audited(connection, conversations=list(customers))]
    kept, gone = {}, []
    for row in rows:
        history = decode(row["history"])
        if history.erase(to_ms(customers[row["conversation_hash"]])):
            gone.append(row["conversation_hash"])
        else:
            kept[row["conversation_hash"]] = encode(history)
    await _sql.keep_histories(connection, conversations=list(kept), histories=list(kept.values()))
    await _sql.drop_audited(connection, conversations=gone)
    await _sql.drop_audited_of_accounts(connection, accounts=list(accounts))
    await _sql.erase_people(
        connection,
        customers=[*customers, *("" for _ in accounts)],
        accounts=[*("" for _ in customers), *accounts],
        cutoffs=[*customers.values(), *accounts.values()],
    )


def _latest(cases: Iterable[asyncpg.Record], scope: str) -> dict[str, datetime]:
    """The cutoff of each customer or account; of several cases about one the latest."""
    found: dict[str, datetime] = {}
    for case in cases:
        if case["scope"] == scope:
            whose, cutoff = case[f"{scope}_hash"], case["cutoff"]
            found[whose] = max(cutoff, found.get(whose, cutoff))
    return found
