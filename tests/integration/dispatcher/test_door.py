"""The door for callers: what comes in over HTTP is sent once, under every rule, by whoever may."""

import asyncio

import pytest
from conditions import eventually_true
from dispatcher_rig import DispatcherRig
from door import DoorCaller, body, ended, on_the_topic, problem

from kaiwa.contracts import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
