"""Verdicts on their way into the database: the newest word, its history, the ledger, and what analytics may know."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from kaiwa.compliance.core.audit.verdicts import Verdict
from kaiwa.compliance.core.entries import commit, subject
from kaiwa.compliance.ledger import append
from kaiwa.contracts import ids
from kaiwa.contracts.times import from_ms, rfc3339
from kaiwa.runtime import logs, metrics
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_NONCE_BYTES: Final = 32

_sql: Final = queries.load("kaiwa.compliance")
_log = logs.get_logger()


@dataclass(frozen=True)
class Found:
    """A verdict, and whose conversation it is about; pseudonyms are None where there is no analytics."""

    verdict: Verdict
    account_hash: str
    conversation_hash: str
    pseudonym: str | None = None
    account_pseudonym: str | None = None

    @property
    def verdict_id(self) -> str:
        return ids.derived("verdict", self.account_hash, self.verdict.kind, self.verdict.subject)


async def record(connection: Connection, found: Sequence[Found]) -> None:
    """Keep them in the caller's transaction; what says nothing new changes nothing."""
    if not found:
        return
    rows = [row async for row in _sql.keep_verdicts(connection, verdicts=[_row(each) for each in found])]
    await append(connection, [(_kind(row), _commitment(row)) for row in rows])
    await _tell(connection, found, rows)
    for row in rows:
        metrics.AUDIT_VERDICTS.labels(row["kind"], row["state"]).inc()
        if row["is_finding"]:
            _log.warning("audit_finding", verdict_id=row["verdict_id"], kind=row["kind"], state=row["state"])


async def _tell(connection: Connection, found: Iterable[Found], rows: Iterable[asyncpg.Record]) -> None:
    """What analytics will publish of it, where it is on."""
    whose = {each.verdict_id: each for each in found}
    told = [(row, whose[row["verdict_id"]]) for row in rows]
    facts = [(_kind(row), _fact(row, each)) for row, each in told if each.account_pseudonym is not None]
    if facts:
        await _sql.put_facts(
            connection, facts=[kind for kind, _ in facts], verdicts=[fact for _, fact in facts]
        )


def _kind(row: asyncpg.Record) -> str:
    return f"audit.{row['kind']}.{row['state']}"


def _commitment(row: asyncpg.Record) -> bytes:
    told = subject(_kind(row), row["verdict_id"], row["account_hash"], row["subject_hash"])
    return commit(row["nonce"], told)


def _row(found: Found) -> dict[str, Any]:
    verdict = found.verdict
    return {
        "verdict_id": found.verdict_id,
        "kind": verdict.kind,
        "state": verdict.state,
        "is_finding": verdict.is_finding,
        "account_hash": found.account_hash,
        "conversation_hash": found.conversation_hash,
        "subject_hash": verdict.subject,
        "trigger": verdict.trigger,
        "text_id": verdict.text_id,
        "language": verdict.language,
        "author": verdict.author,
        "seconds": verdict.seconds,
        "at": rfc3339(from_ms(verdict.at)),
        "nonce": secrets.token_hex(_NONCE_BYTES),
    }


def _fact(row: asyncpg.Record, found: Found) -> dict[str, Any]:
    return {
        "verdict_id": row["verdict_id"],
        "state": row["state"],
        "conversation": found.pseudonym,
        "account": found.account_pseudonym,
        "trigger": row["trigger"],
        "text_id": row["text_id"],
        "language": row["language"],
        "author": row["author"],
        "seconds": row["seconds"],
        "at": rfc3339(row["at"]),
    }
