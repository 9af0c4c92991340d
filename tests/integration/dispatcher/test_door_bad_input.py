"""Bad requests at the door: a problem in words, nothing published, and the door stays open."""

import json
from typing import Any

import pytest
import pytest_asyncio
from dispatcher_rig import DispatcherRig
from door import DoorCaller

from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def person(rig: DispatcherRig) -> Person:
    return await rig.customer()


JSON = "application/json"

BODIES: list[tuple[str, bytes | str, str, int, str]] = [
    ("nothing", b"", JSON, 400, "bad_body"),
    ("no JSON", b"{", JSON, 400, "bad_body"),
    ("no UTF-8", b'{"request_id":"\xff"}', JSON, 400, "bad_body"),
    ("brackets without end", b'{"message":{"quick_replies":' + b"[" * 100_000, JSON, 400, "bad_body"),
    ("a list", b"[]", JSON, 422, "invalid"),
    ("an empty object", b"{}", JSON, 422, "invalid"),
    ("a form", b"request_id=r", "application/x-www-form-urlencoded", 415, "not_json"),
    ("no type", b"{}", "", 415, "not_json"),
    ("too much", b" " * 300_000, JSON, 413, "too_large"),
]

FIELDS: list[tuple[str, dict[str, Any], int, str | None, str | None]] = [
    ("no id", {"request_id": None}, 422, "invalid", "request_id"),
    ("an empty id", {"request_id": ""}, 422, "invalid", "request_id"),
    ("an id of spaces", {"request_id": "a b"}, 422, "invalid", None),
    ("an endless id", {"request_id": "r" * 201}, 422, "invalid", None),
    ("an id with NUL", {"request_id": "r\0"}, 422, "invalid", None),
    ("an unknown account", {"account_id": "17840000000000000"}, 422, "unknown_account", "account_id"),
    ("an account of another type", {"account_id": 5}, 422, "invalid", "account_id"),
    ("no author", {"author": None}, 422, "invalid", "author"),
    ("a robot", {"author": {"kind": "robot"}}, 422, "invalid", "author.kind"),
    ("a lane of its own", {"lane": "express"}, 422, "invalid", "lane"),
    ("a chosen tag", {"tag": "HUMAN_AGENT"}, 422, "invalid", "tag"),
    ("a dead tag", {"message_tag": "ACCOUNT_UPDATE"}, 422, "invalid", "message_tag"),
    ("a type", {"messaging_type": "RESPONSE"}, 422, "invalid", "messaging_type"),
    ("a tag within", {"message": {"text": "x", "tag": "HUMAN_AGENT"}}, 422, "invalid", "message.tag"),
    ("a cancellation", {"kind": "cancel", "cancel": {"request_id": "r"}}, 422, "invalid", "kind"),
    ("nobody", {"recipient": {}}, 422, "invalid", "recipient"),
    ("no content", {"message": {}}, 422, "invalid", "message"),
    ("two contents", {"message": {"text": "x", "sticker": "like_heart"}}, 422, "invalid", "message"),
    ("an empty text", {"message": {"text": " "}}, 422, "invalid", "message.text"),
    ("an endless text", {"message": {"text": "x" * 20_001}}, 422, "invalid", "message.text"),
    ("a lone surrogate", {"message": {"text": "\ud800"}}, 400, None, None),
    ("a lone surrogate elsewhere", {"author": {"kind": "automation", "id": "\ud800"}}, 400, None, None),
    (
        "eleven images",
        {"message": {"images": [{"url": "https://example.com/a.png"}] * 11}},
        422,
        "too_many_images",
        "message.images",
    ),
    (
        "half a template",
        {"message": {"template": {"template_type": "generic"}}},
        422,
        "invalid",
        "message.template",
    ),
    ("a reply to nothing", {"reply_to": {"mid": ""}}, 422, "invalid", "reply_to"),
    ("a time without zone", {"expires_at": "2026-11-22T10:00:00"}, 422, "invalid", "expires_at"),
    ("a time before time", {"not_before": "0001-01-01T00:00:00+14:00"}, 422, "invalid", "not_before"),
    (
        "control without an action",
        {"kind": "thread_control", "message": None, "thread_control": {}},
        422,
        "invalid",
        "thread_control.action",
    ),
    (
        "seconds where they do not belong",
        {"kind": "thread_control", "message": None, "thread_control": {"action": "take", "seconds": 5}},
        422,
        "invalid",
        "thread_control",
    ),
]

REQUESTS: list[tuple[str, str, str, dict[str, str], int]] = [
    ("no such path", "GET", "/v1/nothing", {}, 404),
    ("another method", "PUT", "/v1/sends", {}, 405),
    ("no such request", "GET", "/v1/sends/none", {}, 404),
    ("an id of NUL", "GET", "/v1/sends/%00", {}, 404),
    ("an id of UTF-8", "GET", "/v1/sends/%C3%A4", {}, 404),
    ("an empty id", "GET", "/v1/sends/", {}, 404),
    ("an unknown parameter", "GET", "/v1/sends/none?acount_id=1", {}, 400),
    ("a parameter twice", "GET", "/v1/sends/none?account_id=1&account_id=2", {}, 400),
    ("a query of hundreds", "GET", "/v1/sends/none?" + "&".join(f"a{n}=1" for n in range(200)), {}, 400),
    ("a query that is none", "GET", "/v1/sends/none?%ff", {}, 400),
    ("no key", "GET", "/v1/sends/none", {"authorization": ""}, 401),
    ("a password", "GET", "/v1/sends/none", {"authorization": "Basic a2Fpd2E6a2Fpd2E="}, 401),
    ("a key of nobody", "GET", "/v1/sends/none", {"authorization": f"Bearer kaiwa_NOBODY_{'x' * 43}"}, 401),
    ("half a key", "GET", "/v1/sends/none", {"authorization": "Bearer kaiwa_NOBODY"}, 401),
]


async def test_bodies(door: DoorCaller) -> None:
    for name, content, kind, status, word in BODIES:
        headers = {"content-type": kind, "idempotency-key": "r"}
        answer = await door.ask("POST", "/v1/sends", content=content, headers=headers)
        found = (answer.status_code, answer.json()["type"])
        assert found == (status, f"urn:kaiwa:problem:{word}"), name


async def test_fields(rig: DispatcherRig, door: DoorCaller, person: Person) -> None:
    """Each with the catalogue's code and the field. Broken by: an answer that only says that something is wrong."""
    before = await rig.db.fetchval("select count(*) from dispatcher.door_requests")
    for name, fields, status, reason, field in FIELDS:
        given = {
            "request_id": "r",
            "account_id": person.account_id,
            "recipient": {"customer_id": person.customer_id},
            "author": {"kind": "automation"},
            "message": {"text": "It is."},
        } | fields
        given = {key: value for key, value in given.items() if value is not None}
        answer = await door.ask(
            "POST", "/v1/sends", content=json.dumps(given), headers={"content-type": JSON}
        )
        told = answer.json()
        assert (answer.status_code, told.get("reason"), told.get("field")) == (status, reason, field), (
            name,
            told,
        )
    assert await rig.db.fetchval("select count(*) from dispatcher.door_requests") == before


async def test_who_chooses_the_tag_is_said(door: DoorCaller, person: Person) -> None:
    given = {"request_id": "r", "account_id": person.account_id, "tag": "HUMAN_AGENT"}
    answer = await door.ask("POST", "/v1/sends", json=given)
    assert answer.status_code == 422
    assert "the dispatcher chooses the tag" in answer.json()["detail"]


async def test_requests(door: DoorCaller) -> None:
    for name, method, path, headers, status in REQUESTS:
        answer = await door.ask(method, path, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (status, status), name


async def test_two_ids_that_differ(door: DoorCaller, person: Person) -> None:
    given = {"request_id": "a", "account_id": person.account_id, "recipient": {}, "author": {"kind": "human"}}
    answer = await door.ask("POST", "/v1/sends", json=given, headers={"idempotency-key": "b"})
    assert (answer.status_code, answer.json()["field"]) == (422, "request_id")
