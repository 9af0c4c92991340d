"""What analytics learns of an outcome (operations.md 3): states, reasons, counts, hours; nobody, and nothing they said."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import cloudevents, ids, topics
from kaiwa.contracts.analytics import Outbound, encode
from kaiwa.contracts.outcomes import Outcome

_KIND = "analytics.outbound"


class Measured(msgspec.Struct, frozen=True):
    """What an outcome does not say and a fact does."""

    message: str | None
    elapsed_ms: int


def outbound(outcome: Outcome, measured: Measured, pseudonym_key: bytes) -> Outbound:
    """The fact of this outcome; its words are codes of ours and of Meta's."""
    disclosure, error = outcome.disclosure, outcome.error
    return Outbound(
        state=outcome.state,
        reason=outcome.reason,
        evidence=outcome.evidence,
        author_kind=outcome.author_kind,
        lane=outcome.lane,
        message=measured.message,
        conversation=_pseudonym(pseudonym_key, "conversation", outcome.account_id, outcome.customer_id or ""),
        account=_pseudonym(pseudonym_key, "account", outcome.account_id),
        hour=f"{outcome.decided_at[:13]}:00:00.000Z",
        elapsed_ms=measured.elapsed_ms,
        parts=len(outcome.parts),
        parts_sent=sum(part.state == "sent" for part in outcome.parts),
        attempt=outcome.attempt,
        tag=outcome.tag,
        disclosure=disclosure.trigger if disclosure else None,
        placement=disclosure.placement if disclosure else None,
        language=disclosure.language if disclosure else None,
        error_code=error.code if error else None,
        error_subcode=error.subcode if error else None,
    )


@lru_cache(maxsize=4096)
def _pseudonym(key: bytes, *parts: str) -> str:
    """Of whom several outcomes tell in a row."""
    return ids.opaque(key, *parts)


def records(told: Sequence[tuple[Outcome, Measured]], pseudonym_key: bytes) -> list[Outgoing]:
    """Their records: a sink dedupes by an id that does not lead to the outcome."""
    names = ids.opaque_each(pseudonym_key, [((_KIND,), (outcome.id,)) for outcome, _ in told])
    return [
        _record(name, outbound(outcome, measured, pseudonym_key))
        for name, (outcome, measured) in zip(names, told, strict=True)
    ]


def _record(name: str, fact: Outbound) -> Outgoing:
    head = cloudevents.headers(event_id=name, kind=_KIND, account_id=None, time=fact.hour)
    return Outgoing(topics.ANALYTICS_OUTBOUND, fact.conversation.encode("ascii"), encode(fact), head)
