"""The page that a bot's author reads first: topics, headers, the rules of reading, the partition rule, a bot."""

from collections.abc import Mapping

from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.outcomes import FINAL
from kaiwa.contracts.schema.catalogue import QUARANTINE_HEADERS, channel
from kaiwa.contracts.schema.example import Note
from kaiwa.contracts.schema.pages import GENERATED, table
from kaiwa.contracts.topics import TABLE, Topic

_DAY = 86_400_000

_INTRODUCTION = """\
# Kaiwa's topics

What happens in your Instagram conversations is in `instagram.events.v1`. What you want to say goes to
`instagram.sends.v1`, and what became of it is in `instagram.outcomes.v1`. A bot, an inbox or a CRM needs no more.

Values are JSON, one object per record. For machines: [JSON Schemas](schemas), [AsyncAPI 3](asyncapi.json), [OpenAPI 3.1](openapi.json) of the door,
[example records](examples.json), [partition vectors](partition-vectors.json)."""

_RULES = """\
## Rules of reading

1. **Skip what has no value.** A null value is a tombstone: the record with that key was erased. An empty value with
   the key `kaiwa.heartbeat` keeps Kafka's segments rolling. Neither is an error.
2. **Dedupe by `id`.** Delivery is at least once. The same event has the same `id` (it is the record's key), however
   often Meta delivers it. Remember ids for 7 days, or make what you do harmless when it is done twice: derive
   `request_id` from `id`, and one event is answered once.
3. **Order by `occurred_at`** within a conversation; of outcomes, by `seq` within a request. A conversation lies in one
   partition in the order in which it arrived, and Meta promises no order of arrival: an unsend, an edit or a reaction
   may come before its message.
4. **Ignore what you do not know:** fields, kinds, attachment types, states, reasons. Within v1 optional fields, kinds
   and codes are added; nothing is removed, renamed or made required.
5. **Erase what is unsent.** If you keep content, a `message.unsent` binds you as well, and so does an order in
   `instagram.erasures.v1`; answer it in `instagram.erasure-receipts.v1`.
6. **Answer only `messaging`.** In `standby` another app controls the thread. Never answer `message.echoed`, nor a
   comment that `is_own`.
7. **Be ready for large records:** up to 8 MiB + 64 KiB in the topics with content. A fetch size below that slows a
   reader down; a *producer's* `max.request.size` below that refuses.

A record read is at most as old as its topic's retention, so a reader that was away longer has lost events; Meta
cannot be asked for them again."""

_ENVELOPE = {
    "id": "The same for the same event, however often it is delivered. It tells nothing.",
    "kind": "What happened. The set is open.",
    "app_id": "The app whose secret signed the delivery.",
    "account_id": "The professional account; null where the event is not about one.",
    "customer_id": "The customer, on both sides of the conversation; null where there is none.",
    "occurred_at": "When it happened, RFC 3339 in UTC with milliseconds.",
    "time_source": "`event`: Meta said when it happened. `delivery`: only when it was sent to us.",
    "received_at": "When ingest received it.",
    "stream": "`messaging`, `standby` (another app controls the thread) or `changes`.",
    "data": "By kind, see below.",
    "raw": "The item as Meta delivered it, where `data` does not say all of it; else null.",
}

_HEADERS = """\
## Headers

CloudEvents 1.0, binary mode, ASCII. You can route by them without decoding the value.

| header | value |
| --- | --- |
| `ce_specversion` | `1.0` |
| `ce_id` | the event's or outcome's `id`; else it names the record |
| `ce_source` | `/instagram/<account_id>`, or `/instagram` where there is no account |
| `ce_type` | `instagram.<kind>.v1`, as `instagram.message.received.v1` or `instagram.send.sent.v1` |
| `ce_time` | the time in the record, RFC 3339 in UTC with milliseconds |
| `content-type` | `application/json` |
| `traceparent` | W3C trace context, where there is one |

Tombstones and heartbeats have none. `instagram.sends.v1` does not ask for any; a `traceparent` is carried on.
`instagram.quarantine.v1` has the original bytes as its value and other headers:"""

_PARTITION = """\
## The partition rule

Everything of one conversation lies in one partition of `instagram.events.v1`:

    (murmur2(utf8(account_id + ":" + (customer_id or ""))) & 0x7fffffff) mod N

It is Kafka's murmur2 with Kafka's seed, so for `instagram.sends.v1` the default partitioner of the Java clients and of
aiokafka does it by itself from the key `<account_id>:<customer_id>`. In librdkafka set `partitioner` to
`murmur2_random`. N never changes. Test your own against [partition-vectors.json](partition-vectors.json)."""

_SENDING = """\
## Asking for a message

Required ([all fields](records/SendRequest.md)) are `request_id`, `account_id`, `recipient` and `author` (`human` or `automation`; say the truth, as tags and
disclosure follow from it). `message` holds exactly one of text, images, audio, video, file, sticker, media_share,
template, reaction or sender_action. The same `request_id` of one account within 30 days is one send, and the first body
wins, so repeat a write that you are unsure of. You never choose a tag, and need to know no window and no limit."""

_DOOR = """\
## Without Kafka

The dispatcher has a door for those whose language has no Kafka client: HTTP with a key (`kaiwa keys caller create`),
described in [openapi.json](openapi.json). `POST /v1/sends` takes the same request; 202 means that it is in
`instagram.sends.v1`, and a 503 or no answer that it may be: send it again with the same id. `GET
/v1/accounts/{account_id}/conversations/{customer_id}` says whether you may write now, as whom and until when; `GET
/v1/outcomes` hands out what is in `instagram.outcomes.v1` for the accounts of the key. A key is bound to accounts, lanes
and kinds of author, so that a bot cannot claim to be a person. Problems are told by RFC 9457, with the codes of
[reasons.md](reasons.md)."""

_ANALYTICS = """\
## For data teams

The topics `analytics.instagram.*` hold facts without personal data. Each has a contract of the Open Data Contract
Standard 3.1 ([odcs](odcs): schema, quality rules that can be run, service levels, roles) and two example sinks
([sinks](sinks)): DuckDB over a file that [export.py](export.py) writes, and tables for ClickHouse. Both keep one row per
`ce_id`, which is the same for a repeated record."""

_CHANGING = """\
## Changing a contract

Change the structs, topics or reasons in `libs/contracts`, or the words in `kinds.toml`; then `kaiwa contracts write`. By
hand are only `kinds.toml`, `bot.py`, `export.py` and `partition-vectors.json`. [v1](v1) holds the schemas as they were released: a
test fails where the code breaks them, and `kaiwa contracts release` takes additions up."""


def guide(notes: Mapping[Kind, Note], bot: str) -> str:
    """``bot`` is the program that a test runs."""
    finals = ", ".join(f"`{state}`" for state in sorted(FINAL))
    return "\n\n".join(
        [
            GENERATED,
            _INTRODUCTION,
            "## Topics",
            table(
                ("topic", "what", "key", "partition", "kept", "content", "written by", "read by"),
                [_row(topic) for topic in TABLE],
            ),
            _RULES,
            "## An event",
            table(("field", "what"), [(f"`{field}`", _ENVELOPE[field]) for field in Event.__struct_fields__]),
            "## Kinds of events",
            table(
                ("kind", "what"),
                [(f"[`{kind}`](events/{kind}.md)", notes[kind].means) for kind in Kind],
            ),
            _HEADERS,
            table(("header", "value"), [(f"`{name}`", about) for name, about in QUARANTINE_HEADERS.items()]),
            _PARTITION,
            _SENDING,
            (
                f"A request has ended with the state {finals}. Why it ended or waits is in [reasons.md](reasons.md). "
                "`in_doubt` means that the call ended without an answer: Kaiwa looks for the message and never sends it "
                "again, and neither should you while it lasts."
            ),
            "## A bot in 20 lines",
            "[bot.py](bot.py), with nothing but a Kafka client (`pip install aiokafka`):",
            f"```python\n{bot.strip()}\n```",
            (
                "It commits after its answers are in Kafka. A crash in between repeats an event, its answer has the same "
                "`request_id`, and the customer gets one."
            ),
            _DOOR,
            _ANALYTICS,
            f"{_CHANGING}\n",
        ]
    )


def _row(topic: Topic) -> tuple[str, ...]:
    one = channel(topic.name)
    about = (
        ("set up, not written yet", "", "", "", "")
        if one is None
        else (one.about, one.key, one.partition, one.writer, one.readers)
    )
    what, key, partition, writer, readers = about
    if one is not None and one.record is not None:
        name = one.record.__name__
        page = "" if one.record is Event else f"[Fields](records/{name}.md). "
        what = f"{what} {page}[Schema](schemas/{name}.json)."
    return (
        f"`{topic.name}`",
        what,
        key,
        partition,
        _kept(topic),
        "yes" if topic.content else "no",
        writer,
        readers,
    )


def _kept(topic: Topic) -> str:
    days = "" if topic.retention_ms is None else f"{topic.retention_ms // _DAY} d"
    return f"{topic.cleanup} {days}".rstrip()
