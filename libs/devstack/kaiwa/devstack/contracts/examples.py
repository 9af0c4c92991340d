"""Example records: events as ingest itself makes them, the others from their structs."""

import base64
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from kaiwa.contracts import cloudevents, ids, topics
from kaiwa.contracts.accounts import Account
from kaiwa.contracts.analytics import Compliance
from kaiwa.contracts.erasures import Checkpoint, Erasure, Receipt
from kaiwa.contracts.events import Event, Kind, decode
from kaiwa.contracts.outcomes import Disclosure, Outcome, Part
from kaiwa.contracts.outcomes import decode as decode_outcome
from kaiwa.contracts.schema import Example, Note
from kaiwa.contracts.sends import Author, Message, Recipient, SendRequest
from kaiwa.contracts.times import from_platform, rfc3339
from kaiwa.dispatcher import facts as outgoing
from kaiwa.ingest import callbacks, facts
from kaiwa.ingest.normalise import normalise
from kaiwa.meta.signed_request import SignedRequest

APP = "1001"
ACCOUNT, CUSTOMER = "17841400000000001", "1111000000000001"

_RECEIVED = datetime(2026, 11, 18, 12, tzinfo=UTC)
_AT = rfc3339(_RECEIVED)
_KEY = b"the key of examples, no secret"
_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class BadNotes(ValueError):
    """``kinds.toml`` says nothing of a kind, or what it delivers for one becomes no event of it."""


def notes(kinds: str) -> dict[Kind, Note]:
    """What ``kinds.toml`` says of each kind, with the records that ingest makes of it. Raises BadNotes."""
    try:
        tables = tomllib.loads(kinds)
        return {kind: _note(kind, tables[kind.value]) for kind in Kind}
    except KeyError as error:
        raise BadNotes(
            f"kinds.toml has no {error}: every kind has means, meta, inbox, limits, entries"
        ) from error
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise BadNotes(f"kinds.toml cannot be read: {error}") from error


def others(told: Mapping[Kind, Note]) -> list[Example]:
    """One of each record that is no event."""
    [event, *_] = told[Kind.MESSAGE_RECEIVED].happened
    fact = facts.record(decode(event.value), _KEY)
    described = tuple((name, value.decode("ascii")) for name, value in fact.headers)
    return [
        *_RECORDS,
        Example(fact.topic, "analytics.inbound", fact.key.decode("ascii"), described, fact.value or b""),
        _told(),
    ]


def _told() -> Example:
    """The fact of the outcome among the records."""
    [value] = [one.value for one in _RECORDS if one.topic == topics.OUTCOMES]
    [fact] = outgoing.records([(decode_outcome(value), outgoing.Measured("text", 840))], _KEY)
    described = tuple((name, value.decode("ascii")) for name, value in fact.headers)
    return Example(fact.topic, "analytics.outbound", fact.key.decode("ascii"), described, fact.value or b"")


def _note(kind: Kind, told: dict[str, Any]) -> Note:
    texts = [told["request"]] if "request" in told else told["entries"]
    delivered = tuple(msgspec.json.decode(text) for text in texts)
    events = [_requested(kind, one) if "request" in told else _happened(kind, one) for one in delivered]
    return Note(
        means=told["means"],
        meta=told["meta"],
        inbox=tuple(told["inbox"]),
        limits=tuple(told["limits"]),
        delivered=delivered,
        happened=tuple(_event(event) for event in events),
    )


def _happened(kind: Kind, entry: dict[str, Any]) -> Event:
    body = msgspec.json.encode({"object": "instagram", "entry": [entry]})
    found = normalise(body, app_id=APP, received_at=_RECEIVED, id_key=_KEY).found
    if [one.event.kind for one in found] != [kind]:
        raise BadNotes(f"the entry for {kind} in kinds.toml becomes {found[0].event.kind}: mend one of them")
    return found[0].event


def _requested(kind: Kind, told: dict[str, Any]) -> Event:
    request = SignedRequest(app_id=APP, user_id=told["user_id"], issued_at=from_platform(told["issued_at"]))
    code = callbacks.code_of(request, _KEY)
    record = callbacks.record(kind, request, code, received_at=_RECEIVED, id_key=_KEY)
    return decode(record.value or b"")


def _event(event: Event) -> Example:
    topic = topics.PRIVACY if event.kind.startswith("privacy.") else topics.EVENTS
    return _example(
        topic,
        event.kind,
        event.id,
        event,
        ce_id=event.id,
        account_id=event.account_id,
        time=event.occurred_at,
    )


def _example(
    topic: str,
    kind: str,
    key: str,
    record: msgspec.Struct,
    *,
    ce_id: str,
    account_id: str | None,
    time: str = _AT,
) -> Example:
    headers = cloudevents.headers(
        event_id=ce_id, kind=kind, account_id=account_id, time=time, traceparent=_TRACE
    )
    described = tuple((name, value.decode("ascii")) for name, value in headers)
    return Example(topic, kind, key, described, msgspec.json.encode(record))


_REQUEST = SendRequest(
    request_id="my-bot-7K2M",
    account_id=ACCOUNT,
    recipient=Recipient(CUSTOMER),
    author=Author("automation", "my-bot"),
    message=Message(text="Yes, we have it."),
)
_OUTCOME = Outcome(
    id=ids.derived(ACCOUNT, _REQUEST.request_id, "2"),
    seq=2,
    request_id=_REQUEST.request_id,
    account_id=ACCOUNT,
    customer_id=CUSTOMER,
    state="sent",
    evidence="answer",
    parts=(Part(1, "sent", "aWdfZAG1faXRlbToxOjQ"),),
    disclosure=Disclosure("start", "assistant.v1", "en", "prefix", "aWdfZAG1faXRlbToxOjQ"),
    author_kind="automation",
    lane="transactional",
    attempt=1,
    decided_at=_AT,
    window_closes_at="2026-11-19T11:06:40.000Z",
)
_ORDER = Erasure(
    erasure_id=ids.derived("erasure"),
    scope="message",
    account_id=ACCOUNT,
    customer_id=CUSTOMER,
    mids=("aWdfZAG1faXRlbToxOjE",),
    cutoff=_AT,
    reason="unsent",
    due_at="2026-11-18T13:00:00.000Z",
)
_RECEIPT = Receipt(erasure_id=_ORDER.erasure_id, holder="my-inbox", status="done", count=1, at=_AT)
_CHECKPOINT = Checkpoint(
    tree_size=42,
    root="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    signed_at=_AT,
    key_id="2026-11",
    signature=base64.b64encode(bytes(64)).decode(),
)
_FACT = Compliance(
    fact="audit.disclosure.delivered",
    hour=_AT,
    conversation=ids.opaque(_KEY, "conversation", ACCOUNT, CUSTOMER),
    account=ids.opaque(_KEY, "account", ACCOUNT),
    trigger="start",
    text_id="assistant.v1",
    language="en",
    author="automation",
)
_ACCOUNT = Account(account_id=ACCOUNT, app_id=APP, display_name="Shop", locale="en", markets=("DE",))

_RECORDS = (
    Example(topics.SENDS, "", _REQUEST.key.decode(), (), msgspec.json.encode(_REQUEST)),
    _example(
        topics.OUTCOMES, "send.sent", _REQUEST.key.decode(), _OUTCOME, ce_id=_OUTCOME.id, account_id=ACCOUNT
    ),
    _example(
        topics.ACCOUNTS, "account.changed", ACCOUNT, _ACCOUNT, ce_id=ids.derived("a"), account_id=ACCOUNT
    ),
    _example(
        topics.ERASURES, "erasure.open", _ORDER.erasure_id, _ORDER, ce_id=_ORDER.erasure_id, account_id=None
    ),
    _example(
        topics.RECEIPTS,
        "erasure.receipt",
        _RECEIPT.key.decode(),
        _RECEIPT,
        ce_id=_RECEIPT.key.decode(),
        account_id=None,
    ),
    _example(
        topics.ANALYTICS_COMPLIANCE,
        "analytics.compliance",
        _FACT.conversation or "",
        _FACT,
        ce_id=ids.derived("fact"),
        account_id=None,
    ),
    _example(topics.CHECKPOINTS, "ledger.checkpoint", "42", _CHECKPOINT, ce_id="42", account_id=None),
)
