"""Every record: there and back, blind to fields it does not know, clear about shapes that are wrong."""

from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from kaiwa.contracts import accounts, cloudevents, erasures, events, outcomes, sends
from kaiwa.contracts.events import DATA, Event, Kind, data_of
from kaiwa.contracts.quarantine import Cause
from kaiwa.contracts.reasons import Reason

AT = "2026-11-22T12:00:00.000Z"
EVENT = Event(
    id="E",
    kind="message.received",
    app_id="1001",
    account_id="1784",
    customer_id="1111",
    occurred_at=AT,
    time_source="event",
    received_at=AT,
    stream="messaging",
    data=msgspec.Raw(b'{"mid":"m1","text":"hi"}'),
)
SEND = sends.SendRequest(
    request_id="r1",
    account_id="1784",
    recipient=sends.Recipient("1111"),
    author=sends.Author("human", "agent-7"),
    message=sends.Message(text="hi"),
)
OUTCOME = outcomes.Outcome(
    id="O",
    seq=3,
    request_id="r1",
    account_id="1784",
    customer_id="1111",
    state="sent",
    evidence="answer",
    parts=(outcomes.Part(1, "sent", "m1"),),
    disclosure=outcomes.Disclosure("start", "assistant.v1", "ja", "prefix", "m1"),
    author_kind="automation",
    lane="transactional",
    decided_at=AT,
    error=outcomes.PlatformError(613, None, "Later.", "T"),
)
ACCOUNT = accounts.Account(account_id="1784", app_id="1001", markets=("DE",))
ERASURE = erasures.Erasure(
    erasure_id="X", scope="message", account_id="1784", mids=("m1",), cutoff=AT, reason="unsend", due_at=AT
)
RECEIPT = erasures.Receipt(erasure_id="X", holder="dispatcher", status="done", count=2, at=AT)
CHECKPOINT = erasures.Checkpoint(5, "cm9vdA==", AT, "key-1", "c2ln")

RECORDS = [
    (EVENT, events.encode, events.decode),
    (SEND, sends.encode, sends.decode),
    (OUTCOME, outcomes.encode, outcomes.decode),
    (ACCOUNT, accounts.encode, accounts.decode),
    (ERASURE, erasures.encode, erasures.decode_erasure),
    (RECEIPT, erasures.encode, erasures.decode_receipt),
    (CHECKPOINT, erasures.encode, erasures.decode_checkpoint),
]
each_record = pytest.mark.parametrize(
    ("record", "encode", "decode"), RECORDS, ids=[type(record).__name__ for record, *_ in RECORDS]
)
Encode = Callable[[Any], bytes]
Decode = Callable[[bytes], Any]


@each_record
def test_there_and_back(record: Any, encode: Encode, decode: Decode) -> None:
    assert encode(decode(encode(record))) == encode(record)


@each_record
def test_unknown_fields_are_ignored(record: Any, encode: Encode, decode: Decode) -> None:
    """Within v1 optional fields are added. Breaks when a record forbids what it does not know."""
    more = encode(record)[:-1] + b',"of_tomorrow":{"deep":[1]}}'
    assert encode(decode(more)) == encode(record)


@each_record
@pytest.mark.parametrize("value", [b"", b"null", b"[]", b"{}", b"text", b'{"id":1}', b"\xff", b'{"a"'])
def test_wrong_shapes_are_decode_errors(record: Any, encode: Encode, decode: Decode, value: bytes) -> None:
    """Breaks when bad bytes raise what a reader does not catch: it would rewind to them for ever."""
    del record, encode
    with pytest.raises(msgspec.DecodeError):
        decode(value)


@pytest.mark.parametrize(
    ("author", "lane", "effective"),
    [
        ("human", None, "human"),
        ("automation", None, "transactional"),
        ("automation", "bulk", "bulk"),
        ("human", "bulk", "bulk"),
    ],
)
def test_lanes(author: Any, lane: Any, effective: str) -> None:
    changed = msgspec.structs.replace(SEND, author=sends.Author(author), lane=lane)
    assert changed.effective_lane == effective


@pytest.mark.parametrize(
    ("recipient", "key"),
    [
        (sends.Recipient("1111"), b"1784:1111"),
        (sends.Recipient("1111", "c1"), b"1784:1111"),
        (sends.Recipient(comment_id="c1"), b"1784:c1"),
        (sends.Recipient(), b"1784:"),
    ],
)
def test_the_key_of_a_request(recipient: sends.Recipient, key: bytes) -> None:
    assert msgspec.structs.replace(SEND, recipient=recipient).key == key


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        (b"", None),
        (b',"tag":null,"message":{"tag":null}', None),
        (b',"tag":"HUMAN_AGENT"', "tag"),
        (b',"message_tag":"ACCOUNT_UPDATE"', "message_tag"),
        (b',"messaging_type":"RESPONSE"', "messaging_type"),
        (b',"messaging_type":""', "messaging_type"),
        (b',"\\u0074ag":["any","shape"]', "tag"),
        (b',"message":{"text":"a","tag":"HUMAN_AGENT"}', "message.tag"),
        (b',"message":{"messaging_type":"MESSAGE_TAG"},"tag":"HUMAN_AGENT"', "message.messaging_type"),
        # where it is a customer's business it is nobody's choice: what is written, and fields that are not known
        (b',"message":{"text":"\\"tag\\":\\"HUMAN_AGENT\\""}', None),
        (b',"message":{"template":{"tag":"summer"}},"campaign":{"tag":"summer"},"tags":["a"]', None),
    ],
)
def test_which_field_would_choose_a_tag(fields: bytes, chosen: str | None) -> None:
    """Breaks when it is ignored like every other field that is not known, or found where none is chosen."""
    value = b'{"request_id":"r"' + fields + b"}"
    assert sends.chosen_tag(value) == chosen


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"message":"text"}'])
def test_a_tag_is_looked_for_in_requests_only(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        sends.chosen_tag(value)


def test_the_kinds_of_a_message() -> None:
    assert sends.Message().kinds() == []
    assert sends.Message(text="", quick_replies=({},)).kinds() == ["text"]
    assert sends.Message(text="a", template={}).kinds() == ["text", "template"]


def test_the_key_of_a_receipt() -> None:
    assert RECEIPT.key == b"X:dispatcher"


def test_login_user_hash() -> None:
    """SHA-256 of ``1001:42``, by hand."""
    expected = "a39b44bb93868ac83ab3dbac71c14fba9052eb5ac51e5288bf446342f127041a"
    assert accounts.login_user_hash("1001", "42") == expected


# ── kinds, reasons, headers ───────────────────────────────────────────────────────────────────────────────────────

AS_DELIVERED = {
    "optin.received",
    "feedback.received",
    "policy.enforced",
    "story_insights.received",
    "subscription.misconfigured",
    "test.received",
    "unknown",
}


def test_each_kind_has_a_shape_or_is_passed_on_as_delivered() -> None:
    """Breaks when a kind is added without saying what its ``data`` holds."""
    assert set(DATA) | AS_DELIVERED == set(Kind)
    assert not set(DATA) & AS_DELIVERED


@pytest.mark.parametrize(
    ("kind", "data", "read"),
    [
        ("message.received", b'{"mid":"m1","text":"hi","new":1}', events.Message("m1", "hi")),
        ("message.unsent", b'{"mid":"m1"}', events.MessageRef("m1")),
        ("message.edited", b'{"mid":"m1","text":"x","num_edit":1}', events.Edit("m1", "x", 1)),
        ("optin.received", b'{"type":"t"}', {"type": "t"}),
        ("of.tomorrow", b'{"any":1}', {"any": 1}),
    ],
)
def test_data_of(kind: str, data: bytes, read: Any) -> None:
    assert data_of(msgspec.structs.replace(EVENT, kind=kind, data=msgspec.Raw(data))) == read


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize(
    "data",
    [b"null", b"[]", b'"x"', b'{"mid":1,"comment_id":1,"user_id":1,"title":1,"ref":1,"new_owner_app_id":1}'],
)
def test_data_of_another_shape_is_a_decode_error(kind: str, data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        data_of(msgspec.structs.replace(EVENT, kind=kind, data=msgspec.Raw(data)))


def test_each_reason_gives_advice() -> None:
    """Breaks when a reason comes without a line that says what to do, or two share a code."""
    assert all(reason.advice[-1] == "." and len(reason.advice) > 20 for reason in Reason)
    assert all(reason == reason.value == str(reason) for reason in Reason)
    assert len({reason.advice for reason in Reason}) == len(Reason.__members__) == len(list(Reason))


def test_the_reasons_of_the_design_are_there() -> None:
    first = (
        "window_closed human_agent_unavailable not_owner human_handling unknown_account account_paused "
        "recipient_erased comment_grant_used state_stale too_many_images invalid disclosure_impossible partial "
        "not_found unknown_harmless platform"
    )
    assert set(first.split()) <= {reason.value for reason in Reason}


def test_final_states_are_states() -> None:
    assert set(get_args(outcomes.State)) - outcomes.FINAL == {"accepted", "deferred", "in_doubt"}


def test_causes_are_codes() -> None:
    assert {cause.value for cause in Cause} == {"not_json", "wrong_shape", "foreign_account", "too_large"}


@pytest.mark.parametrize(
    ("account_id", "source"), [("1784", b"/instagram/1784"), (None, b"/instagram"), ("", b"/instagram")]
)
def test_headers(account_id: str | None, source: bytes) -> None:
    trace = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01"
    found = cloudevents.headers(
        event_id="E", kind="message.received", account_id=account_id, time=AT, traceparent=trace
    )
    assert dict(found) == {
        "ce_specversion": b"1.0",
        "content-type": b"application/json",
        "ce_id": b"E",
        "ce_source": source,
        "ce_type": b"instagram.message.received.v1",
        "ce_time": AT.encode(),
        "traceparent": trace.encode(),
    }
    moment = EVENT.occurred
    plain = cloudevents.headers(event_id="E", kind="k", account_id=account_id, time=moment)
    assert (dict(plain)["ce_time"], "traceparent" in dict(plain)) == (AT.encode(), False)
