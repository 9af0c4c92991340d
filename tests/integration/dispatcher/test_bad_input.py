"""Bad requests on instagram.sends.v1: a clear reason or quarantine, and the rest goes on."""

import asyncio
import json
import subprocess
import sys
import uuid
from typing import Any

import pytest
from asking import WITHIN
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.bus.reader import read
from kaiwa.bus.records import Record, header_text
from kaiwa.contracts import ids, topics
from kaiwa.contracts.quarantine import REASON, SOURCE
from kaiwa.contracts.sends import Cancel, Media, Message, Recipient, ReplyTo

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

POISON = [
    b"",
    b"not json",
    b"[]",
    b"{}",
    b'{"request_id":"r"}',
    b'{"request_id":7,"account_id":"a","recipient":{},"author":{"kind":"human"}}',
    b'{"request_id":"r","account_id":"a","recipient":{"customer_id":"c"},"author":{"kind":"robot"}}',
    b'{"request_id":"r","account_id":"a","recipient":{"customer_id":"c"},"author":{"kind":"human"},"kind":"shout"}',
    b'{"request_id":"nul\\u0000","account_id":"a","recipient":{"customer_id":"c"},"author":{"kind":"human"}}',
    b'{"request_id":"","account_id":"a","recipient":{"customer_id":"c"},"author":{"kind":"human"}}',
    b'{"request_id":"'
    + b"r" * 201
    + b'","account_id":"a","recipient":{"customer_id":"c"},"author":{"kind":"human"}}',
    '{"request_id":"\ud800"}'.encode("utf-8", "surrogatepass"),
    b"\xff\xfe\x00",
    b"[" * 5000,
]

IMAGE = "https://example.com/a.png"

FAULTY: list[tuple[str, dict[str, Any], str]] = [
    ("no content", {"message": Message()}, "invalid"),
    ("no message", {"message": None}, "invalid"),
    ("two contents", {"message": Message(text="x", sticker="like_heart")}, "invalid"),
    ("empty text", {"message": Message(text=" \n")}, "invalid"),
    ("endless text", {"message": Message(text="x" * 20_001)}, "invalid"),
    (
        "eleven images",
        {"message": Message(images=tuple(Media(url=IMAGE) for _ in range(11)))},
        "too_many_images",
    ),
    ("image over http", {"message": Message(images=(Media(url="http://example.com/a.png"),))}, "invalid"),
    ("image without source", {"message": Message(images=(Media(),))}, "invalid"),
    ("an image as video", {"message": Message(video=Media(url=IMAGE))}, "invalid"),
    ("reply_to nothing", {"message": Message(text="x"), "reply_to": ReplyTo("")}, "invalid"),
    ("half a template", {"message": Message(template={"template_type": "generic"})}, "invalid"),
    ("no recipient", {"message": Message(text="x"), "recipient": Recipient()}, "invalid"),
    ("time without zone", {"message": Message(text="x"), "expires_at": "2026-11-22T10:00:00"}, "invalid"),
    ("impossible time", {"message": Message(text="x"), "not_before": "0001-01-01T00:00:00+14:00"}, "invalid"),
    ("expired", {"message": Message(text="x"), "expires_at": "2020-01-01T00:00:00Z"}, "expired"),
    ("unknown account", {"message": Message(text="x"), "account_id": "404"}, "unknown_account"),
    ("cancel without a target", {"kind": "cancel"}, "invalid"),
    ("thread control", {"kind": "thread_control"}, "invalid"),
]


async def test_poison_is_quarantined_and_the_rest_goes_on(rig: DispatcherRig) -> None:
    """Breaks when a record that cannot be read raises (nothing behind it is handled), or is skipped."""
    person = await rig.customer()
    for value in POISON:
        await rig.put(b"poison", value)
    behind = await rig.ask(person, "behind the poison", author=HUMAN)

    assert (await rig.final(behind)).state == "sent"
    assert sorted(record.value or b"" for record in await quarantined(rig, len(POISON))) == sorted(POISON)
    assert {header_text(record, REASON) for record in await quarantined(rig)} == {"wrong_shape"}


async def quarantined(rig: DispatcherRig, least: int = 0) -> list[Record]:
    """What of the requests' topic is in quarantine, once there is so much: what is behind the poison by time may be in
    another partition, and handled sooner.
    """
    async with asyncio.timeout(WITHIN):
        while True:
            kept = [
                r async for r in read(rig.kafka, [topics.QUARANTINE], client_id="test") if r.value is not None
            ]
            ours = [r for r in kept if (header_text(r, SOURCE) or "").startswith(topics.SENDS)]
            found = [record for record in ours if b"canary" not in (record.value or b"")]
            if len(found) >= least:
                return found


@pytest.mark.parametrize(
    ("fields", "reason"), [case[1:] for case in FAULTY], ids=[case[0] for case in FAULTY]
)
async def test_a_faulty_request_is_refused_with_its_reason(
    rig: DispatcherRig, fields: dict[str, Any], reason: str
) -> None:
    person = await rig.customer()
    before = len(rig.sim.books.calls)
    outcome = await rig.final(await rig.ask(person, **{"author": HUMAN, **fields}))

    assert (outcome.state, outcome.reason) == ("expired" if reason == "expired" else "refused", reason)
    assert len(rig.sim.books.calls) == before


CHOSEN: list[dict[str, Any]] = [
    {"tag": "HUMAN_AGENT"},
    {"message_tag": "HUMAN_AGENT"},
    {"messaging_type": "MESSAGE_TAG"},
    {"message": {"text": "by a tag", "tag": "HUMAN_AGENT"}},
]


async def test_a_caller_who_chooses_a_tag_is_told_who_does(rig: DispatcherRig) -> None:
    """Design, section 4: a dead tag is a static fault. Breaks when it is ignored, and the message goes without one."""
    person = await rig.customer()
    plain: dict[str, Any] = {
        "account_id": person.account_id,
        "recipient": {"customer_id": person.customer_id},
        "author": {"kind": "human"},
        "message": {"text": "by a tag"},
    }
    fine = {"request_id": ids.random(), "campaign": {"tag": "summer"}} | plain
    wrong = [{"request_id": ids.random()} | plain | fields for fields in CHOSEN]
    for request in [*wrong, fine]:
        await rig.put(f"{person.account_id}:{person.customer_id}".encode(), json.dumps(request).encode())

    for request in wrong:
        outcome = await rig.final(request["request_id"])
        assert (outcome.state, outcome.reason) == ("refused", "invalid")
        assert outcome.error is not None
        assert "the dispatcher chooses the tag" in str(outcome.error.explanation)
    assert (await rig.final(fine["request_id"])).state == "sent", "any other field is ignored"
    assert len(rig.sim.books.accepted("by a tag")) == 1


async def test_what_has_not_begun_can_be_cancelled(rig: DispatcherRig) -> None:
    person = await rig.customer()
    later = await rig.ask(person, "never", author=HUMAN, not_before="2099-01-01T00:00:00Z")
    cancel = await rig.ask(person, kind="cancel", author=HUMAN, cancel=Cancel(later))
    too_late = await rig.ask(person, kind="cancel", author=HUMAN, cancel=Cancel(later))

    assert (await rig.final(later)).state == "cancelled"
    assert (await rig.final(cancel)).state == "sent"
    assert (await rig.final(too_late)).reason == "too_late"


async def test_an_image_is_sent_by_its_address(rig: DispatcherRig) -> None:
    person = await rig.customer()
    outcome = await rig.final(
        await rig.ask(person, author=HUMAN, message=Message(images=(Media(url=IMAGE),)))
    )

    assert outcome.state == "sent"
    (call,) = rig.sim.books.accepted(account_id=person.account_id)
    assert call.body["message"] == {"attachment": {"type": "image", "payload": {"url": IMAGE}}}


async def test_the_instagram_host_is_called_with_the_account_id(rig: DispatcherRig) -> None:
    person = await rig.customer(login="instagram")
    assert (await rig.final(await rig.ask(person, "hello studio", author=HUMAN))).state == "sent"
    (call,) = rig.sim.books.accepted("hello studio")
    assert call.host == "instagram"


@pytest.mark.parametrize(
    "variable",
    [
        "KAIWA_KAFKA__BOOTSTRAP_SERVERS",
        "KAIWA_POSTGRES__DSN",
        "KAIWA_META__APPS_FILE",
        "KAIWA_DISPATCHER__SEAL_KEY_FILE",
    ],
)
async def test_a_missing_setting_stops_the_start_and_is_named(rig: DispatcherRig, variable: str) -> None:
    env = {name: value for name, value in rig.env.items() if name != variable}
    command = [sys.executable, "-m", "kaiwa.dispatcher"]
    done = await asyncio.to_thread(
        subprocess.run, command, env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert variable in done.stderr
    assert len(done.stderr.splitlines()) == 1


async def test_the_commands_show_what_became_of_a_request(rig: DispatcherRig) -> None:
    person = await rig.customer()
    asked = await rig.kaiwa(
        "send",
        "--account",
        person.account_id,
        "--to",
        person.customer_id,
        "--text",
        "by hand",
        "--human",
        "eve",
        "--json",
    )
    request_id = json.loads(asked.stdout)["request_id"]
    assert (await rig.final(request_id)).state == "sent"

    (shown,) = json.loads((await rig.kaiwa("sends", "show", request_id, "--json")).stdout)
    assert (shown["state"], shown["parts"][0]["state"]) == ("sent", "sent")
    listed = json.loads((await rig.kaiwa("sends", "list", "--state", "sent", "--json")).stdout)
    assert request_id in [row["request_id"] for row in listed]
    known = await rig.kaiwa("conversations", "show", person.account_id, person.customer_id, "--json")
    assert json.loads(known.stdout)["control"] == "ours"
    accounts = json.loads((await rig.kaiwa("accounts", "list", "--json")).stdout)
    assert person.account_id in [row["account_id"] for row in accounts]
    for words in (["sends", "show", "nobody"], ["conversations", "show", "1", "2"]):
        missing = await rig.kaiwa(*words, check=False)
        assert (missing.returncode, missing.stdout) == (1, "")


async def test_no_content_token_or_customer_reaches_logs_metrics_or_tables(rig: DispatcherRig) -> None:
    """Promise 8. Breaks when a handler logs a record, or content is stored as it came."""
    canary = f"canary-{uuid.uuid4().hex}"  # of this test alone: the topics are everybody's
    person = await rig.customer(f"{canary} from the customer")
    await rig.put(b"junk", f'{{"{canary} in poison"'.encode())
    rig.sim.fault("reset", marker=f"{canary} in doubt", when="after", times=1)
    for text in (f"{canary} in a text", f"{canary} in doubt"):
        await rig.final(await rig.ask(person, text, author=HUMAN))
    assert await rig.sim.settled()

    token = rig.sim.account(account_id=person.account_id).tokens["1001"]
    tables = await rig.everything_stored()
    shown = await rig.metrics("dispatcher")
    for secret in (canary, token):
        assert secret not in rig.log("dispatcher")
        assert secret not in shown
        assert secret not in tables
    assert person.customer_id not in rig.log("dispatcher")
    assert person.customer_id not in shown
    assert person.customer_id in tables, "the scan sees what is stored"
