"""The door for callers: what comes in over HTTP is sent once, under every rule, by whoever may."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from conditions import eventually_true
from dispatcher_rig import WITHIN, DispatcherRig
from door import DoorCaller
from httpx import Response

from kaiwa.bus.reader import read
from kaiwa.contracts import ids, topics
from kaiwa.contracts.sends import decode
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(rig: DispatcherRig) -> AsyncIterator[DoorCaller]:
    async with DoorCaller(rig) as made:
        yield made


def body(to: Person, **fields: Any) -> dict[str, Any]:
    usual = {
        "account_id": to.account_id,
        "recipient": {"customer_id": to.customer_id},
        "author": {"kind": "automation"},
        "message": {"text": "It is."},
    }
    return {name: value for name, value in (usual | fields).items() if value is not None}


async def on_the_topic(rig: DispatcherRig, request_id: str) -> int:
    """How many records of this request were published; tests of bad input may have written to the topic before."""
    records = [r async for r in read(rig.kafka, [topics.SENDS], client_id="test")]
    return sum(_names(r.value or b"", request_id) for r in records)


def _names(value: bytes, request_id: str) -> bool:
    try:
        return decode(value).request_id == request_id
    except UNREADABLE:
        return False


async def ended(door: DoorCaller, href: str) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN * 2):
        while True:
            standing = (await door.ask("GET", href)).json()
            if standing["state"] in ("sent", "refused", "failed", "cancelled", "expired"):
                return dict(standing)
            await asyncio.sleep(0.05)


def problem(answer: Response) -> tuple[int, str, str | None, str | None]:
    """Status, name, reason and field; and that it is a problem by RFC 9457."""
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    name = str(told["type"]).removeprefix("urn:kaiwa:problem:")
    return answer.status_code, name, told.get("reason"), told.get("field")


async def test_a_message_is_sent(rig: DispatcherRig, door: DoorCaller) -> None:
    """202 means that it is in Kafka; the rest is what everybody's requests go through. Broken by: another path."""
    person = await rig.customer()
    name = ids.random()
    answer = await door.ask("POST", "/v1/sends", json=body(person), headers={"idempotency-key": name})
    assert answer.status_code == 202
    accepted = answer.json()
    assert (accepted["request_id"], answer.headers["location"]) == (name, accepted["href"])
    assert await on_the_topic(rig, name) == 1
    outcome = await rig.final(name)
    assert (outcome.state, outcome.author_kind, outcome.lane) == ("sent", "automation", "transactional")
    standing = await ended(door, accepted["href"])
    assert (standing["state"], standing["seq"], len(standing["parts"])) == ("sent", outcome.seq, 1)
    assert standing["disclosure"]["trigger"] == "start"


async def test_the_same_request_is_one_send(rig: DispatcherRig, door: DoorCaller) -> None:
    """Promise 3, asked five times at once and again later. Broken by: publishing what was taken in."""
    person = await rig.customer()
    given = body(person, request_id=ids.random(), message={"text": "only this once"})
    answers = await asyncio.gather(*(door.ask("POST", "/v1/sends", json=given) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    await rig.final(given["request_id"])
    again = await door.ask("POST", "/v1/sends", json=given)
    assert again.status_code == 202
    assert len(rig.sim.books.posts("only this once")) == 1


async def test_the_same_id_with_another_body_is_a_conflict(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: comparing nothing, or comparing what the caller did not write (the time, the order of its JSON)."""
    person = await rig.customer()
    given = body(person, request_id=ids.random())
    assert (await door.ask("POST", "/v1/sends", json=given)).status_code == 202
    turned = dict(reversed(given.items()))
    assert (await door.ask("POST", "/v1/sends", json=turned)).status_code == 202
    other = await door.ask("POST", "/v1/sends", json=given | {"message": {"text": "It is not."}})
    assert problem(other) == (409, "id_taken", None, "request_id")
    assert (await rig.final(given["request_id"])).state == "sent"


async def test_an_id_of_the_topic_is_taken(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: knowing only what came through the door."""
    person = await rig.customer()
    name = await rig.ask(person, "It is.")
    await rig.final(name)
    answer = await door.ask("POST", "/v1/sends", json=body(person, request_id=name))
    assert problem(answer) == (409, "id_taken", None, "request_id")


async def test_what_waits_is_cancelled_and_what_went_is_not(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: a cancellation that overtakes what it cancels, or that says it worked where it came too late."""
    person = await rig.customer()
    given = body(person, request_id=ids.random(), not_before="2099-01-01T00:00:00Z")
    href = (await door.ask("POST", "/v1/sends", json=given)).json()["href"]
    twice = [await door.ask("DELETE", href) for _ in range(2)]
    assert [answer.status_code for answer in twice] == [202, 202]
    assert (await ended(door, href))["state"] == "cancelled"
    assert (await ended(door, twice[0].json()["href"]))["state"] == "sent"

    sent = (await door.ask("POST", "/v1/sends", json=body(person, request_id=ids.random()))).json()["href"]
    assert (await ended(door, sent))["state"] == "sent"
    late = (await door.ask("DELETE", sent)).json()["href"]
    standing = await ended(door, late)
    assert (standing["state"], standing["reason"]) == ("refused", "too_late")
    assert standing["advice"]


async def test_a_private_reply_is_cancelled(rig: DispatcherRig, door: DoorCaller) -> None:
    """Nobody knows yet who wrote the comment. Broken by: a cancellation that needs a customer."""
    account = await rig.account()
    name = ids.random()
    given = {
        "request_id": name,
        "account_id": account.account_id,
        "recipient": {"comment_id": "17900000000000001"},
        "author": {"kind": "human"},
        "message": {"text": "Thanks!"},
        "not_before": "2099-01-01T00:00:00Z",
    }
    href = (await door.ask("POST", "/v1/sends", json=given)).json()["href"]
    assert (await door.ask("DELETE", href)).status_code == 202
    assert (await ended(door, href))["state"] == "cancelled"


async def test_may_i_write(rig: DispatcherRig, door: DoorCaller) -> None:
    """The answer before the request is what the request then meets. Broken by: a rule of the door's own."""
    person = await rig.customer()
    path = f"/v1/accounts/{person.account_id}/conversations/{person.customer_id}"

    async def known() -> bool:
        return bool((await door.ask("GET", path)).json()["window_closes_at"])

    await eventually_true(known)
    answer = await door.ask("GET", path)
    assert answer.status_code == 200
    told = answer.json()
    assert told["automation"]["verdict"] == "yes"
    assert told["automation"]["disclosure"] == "start"
    assert told["human"]["verdict"] == "yes"
    assert told["human"]["disclosure"] is None
    assert told["control"]["holder"] == "ours"

    first = (await door.ask("POST", "/v1/sends", json=body(person, request_id=ids.random()))).json()["href"]
    await ended(door, first)
    assert (await door.ask("GET", path)).json()["automation"]["disclosure"] is None

    said = {"request_id": ids.random(), "author": {"kind": "human", "id": "agent-7"}}
    await ended(door, (await door.ask("POST", f"{path}/escalate", json=said)).json()["href"])
    told = (await door.ask("GET", path)).json()
    assert (told["escalated"], told["automation"]["verdict"]) == (True, "wait")
    assert (told["automation"]["reason"], told["human"]["verdict"]) == ("human_handling", "yes")
    assert told["automation"]["advice"]

    said = {"author": {"kind": "human"}}
    headers = {"idempotency-key": ids.random()}
    await ended(door, (await door.ask("POST", f"{path}/release", json=said, headers=headers)).json()["href"])
    told = (await door.ask("GET", path)).json()
    assert (told["escalated"], told["automation"]["verdict"]) == (False, "yes")
    assert told["automation"]["disclosure"] == "after_human"


async def test_a_stranger_is_no_error(rig: DispatcherRig, door: DoorCaller) -> None:
    """Nothing is known of them, and that is the answer. Broken by: 404, or a row made by asking."""
    account = await rig.account()
    path = f"/v1/accounts/{account.account_id}/conversations/999"
    told = (await door.ask("GET", path)).json()
    assert (told["human"]["verdict"], told["window_opened_at"]) == ("ask", None)
    assert (
        await rig.db.fetchval("select count(*) from dispatcher.conversations where customer_id = '999'") == 0
    )
    assert problem(await door.ask("GET", "/v1/accounts/1/conversations/999"))[:2] == (404, "not_found")
    key = await door.make("elsewhere", "--account=1")
    assert problem(await door.ask("GET", path, key=key))[:2] == (403, "not_yours")
    said = {"request_id": ids.random(), "author": {"kind": "automation"}}
    assert problem(await door.ask("POST", f"{path}/escalate", json=said, key=key))[:2] == (403, "not_yours")


# ── Keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_bots_key_cannot_claim_to_be_human(rig: DispatcherRig, door: DoorCaller) -> None:
    """Promise 4 and 7: who wrote it decides on tag and disclosure. Broken by: believing the body."""
    person = await rig.customer()
    key = await door.make("a-bot", f"--account={person.account_id}")
    claim = body(person, request_id=ids.random(), author={"kind": "human", "id": "agent-7"})
    refused = await door.ask("POST", "/v1/sends", json=claim, key=key)
    assert problem(refused) == (403, "not_yours", None, "author.kind")
    assert await on_the_topic(rig, claim["request_id"]) == 0
    honest = await door.ask("POST", "/v1/sends", json=body(person, request_id=ids.random()), key=key)
    assert honest.status_code == 202


async def test_a_key_is_for_its_accounts_and_lanes(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: checking the account of the one who writes and not of the one who reads or cancels."""
    mine, theirs = await rig.customers(2)
    key = await door.make("mine-alone", f"--account={mine.account_id}")
    other = await door.ask("POST", "/v1/sends", json=body(theirs, request_id=ids.random()), key=key)
    assert problem(other) == (403, "not_yours", None, "account_id")
    faster = await door.ask("POST", "/v1/sends", json=body(mine, request_id="r", lane="human"), key=key)
    assert problem(faster) == (403, "not_yours", None, "lane")
    hidden = body(theirs, request_id=ids.random(), not_before="2099-01-01T00:00:00Z")
    href = (await door.ask("POST", "/v1/sends", json=hidden)).json()["href"]
    plain = href.partition("?")[0]
    for path, status in ((href, 403), (plain, 404)):
        for method in ("GET", "DELETE"):
            assert (await door.ask(method, path, key=key)).status_code == status
    by_person = body(
        mine, request_id=ids.random(), author={"kind": "human"}, not_before="2099-01-01T00:00:00Z"
    )
    href = (await door.ask("POST", "/v1/sends", json=by_person)).json()["href"]
    assert problem(await door.ask("DELETE", href, key=key))[:2] == (403, "not_yours")


async def test_keys_are_rotated_and_revoked_while_the_door_is_open(
    rig: DispatcherRig, door: DoorCaller
) -> None:
    """Broken by: a revoked key that still opens, or an old one that closes at once."""
    first = await door.make("turning", "--all-accounts")
    name = first.split("_")[1]
    turned = await rig.kaiwa("keys", "caller", "rotate", name, "--json")
    second = json.loads(turned.stdout)["key"]
    await door.opens(second)
    await door.opens(first)
    third = json.loads((await rig.kaiwa("keys", "caller", "rotate", name, "--overlap=0", "--json")).stdout)[
        "key"
    ]
    await door.opens(second, status=401)
    await door.opens(third)
    await rig.kaiwa("keys", "caller", "revoke", name)
    await door.opens(third, status=401)
    again = await rig.kaiwa("keys", "caller", "revoke", name, check=False)
    assert again.returncode == 1
    changes = await rig.db.fetch(
        "select change from dispatcher.caller_changes where caller_id = $1 order by id", name
    )
    assert [row["change"] for row in changes] == ["created", "rotated", "rotated", "revoked"]


async def test_no_secret_is_stored(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: keeping the key, or what it opens with, anywhere in the database, the log or the list."""
    secret = door.key.split("_", 2)[2]
    listed = (await rig.kaiwa("keys", "caller", "list", "--json")).stdout
    assert secret not in await rig.everything_stored() + rig.log("door") + listed
    assert "everything" in listed


async def test_above_its_rate_a_key_has_to_wait(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: counting nothing. Other keys are not held back."""
    person = await rig.customer()
    key = await door.make("slow", f"--account={person.account_id}", "--rate=0.5")
    answers = [await door.ask("GET", "/v1/sends/none", key=key) for _ in range(3)]
    limited = answers[-1]
    assert problem(limited)[:2] == (429, "too_many")
    assert int(limited.headers["retry-after"]) >= 1
    assert (await door.ask("GET", "/v1/sends/none")).status_code == 404


WRONG_OPTIONS = [
    ["caller", "create", "x"],
    ["caller", "create", "x", "--all-accounts", "--account=1"],
    ["caller", "create", "x", "--all-accounts", "--author=robot"],
    ["caller", "create", "x", "--all-accounts", "--lane=fast"],
    ["caller", "create", "x", "--all-accounts", "--rate=0"],
]


async def test_wrong_options_are_said(rig: DispatcherRig) -> None:
    for words in WRONG_OPTIONS:
        assert (await rig.kaiwa("keys", *words, check=False)).returncode == 2, words
    await rig.kaiwa("keys", "caller", "create", "twice", "--all-accounts")
    assert (
        await rig.kaiwa("keys", "caller", "create", "twice", "--all-accounts", check=False)
    ).returncode == 1
    assert (await rig.kaiwa("keys", "caller", "rotate", "nobody", check=False)).returncode == 1
