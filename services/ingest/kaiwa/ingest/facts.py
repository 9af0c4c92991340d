"""What analytics learns of an event (operations.md 3): kinds, counts, lengths, hours; nobody, and nothing they said."""

from typing import Any

import msgspec

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import cloudevents, ids, topics
from kaiwa.contracts.analytics import Inbound, encode
from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.times import parse, to_ms

_KIND = "analytics.inbound"


class _Content(msgspec.Struct):
    """Of any event's data, what is counted. Other kinds have other fields, which are passed over."""

    text: Any = None
    attachments: Any = None
    reply_to: Any = None
    quick_reply: Any = None
    referral: Any = None
    is_own: Any = None


_content = msgspec.json.Decoder(_Content)


def inbound(event: Event, pseudonym_key: bytes) -> Inbound:
    """The fact of this event. ``kind`` and ``stream`` are words of ours, all else is measured."""
    data = _content.decode(event.data)
    delay = to_ms(parse(event.received_at)) - to_ms(event.occurred)
    return Inbound(
        kind=event.kind,
        stream=event.stream,
        conversation=_conversation(event, pseudonym_key),
        account=ids.opaque(pseudonym_key, "account", event.account_id or ""),
        hour=f"{event.occurred_at[:13]}:00:00.000Z",
        delay_ms=delay if event.time_source == "event" else None,
        text_bytes=len(data.text.encode("utf-8", "surrogatepass")) if isinstance(data.text, str) else 0,
        attachments=len(data.attachments) if isinstance(data.attachments, list) else 0,
        is_reply=data.reply_to is not None,
        is_quick_reply=data.quick_reply is not None,
        is_referred=data.referral is not None,
        is_own=event.kind == Kind.MESSAGE_ECHOED or data.is_own is True,
    )


def record(event: Event, pseudonym_key: bytes) -> Outgoing:
    """Its record: a sink dedupes by an id that does not lead to the event."""
    fact_id = ids.opaque(pseudonym_key, _KIND, event.id)
    fact = inbound(event, pseudonym_key)
    headers = cloudevents.headers(event_id=fact_id, kind=_KIND, account_id=None, time=fact.hour)
    return Outgoing(topics.ANALYTICS_INBOUND, fact.conversation.encode("ascii"), encode(fact), headers)


def _conversation(event: Event, pseudonym_key: bytes) -> str:
    return ids.opaque(pseudonym_key, "conversation", event.account_id or "", event.customer_id or "")
