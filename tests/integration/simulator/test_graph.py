"""The Graph API over real HTTP, and its faults as a client meets them."""

import asyncio
import json
from time import monotonic

import httpx
import pytest
from callback import Callback
from town import Town

from kaiwa.simulator.errors import Rule
from kaiwa.simulator.simulator import Simulator

DAY = 86_400


async def test_message_answer_and_echo(town: Town) -> None:
    for account, person in ((town.shop, town.alice), (town.studio, town.bob)):
        person.write("hello")
        answer = await town.send(account, person, "会話 / ok")
        assert answer.status_code == 200
        mid = answer.json()["message_id"]
        assert answer.json()["recipient_id"] == person.customer_id
        assert await town.sim.settled()
        assert mid in [message["mid"] for message in town.hook.messages()]
    echoes = [message["text"] for message in town.hook.messages() if message.get("is_echo")]
    assert echoes == ["会話 / ok"] * 2
    assert town.sim.books.violations() == []


async def test_error_body_and_usage_headers(town: Town) -> None:
    town.alice.write("hello", at=town.sim.clock.now() - DAY)
    answer = await town.send(town.shop, town.alice, "late")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["error_subcode"]) == (403, 10, 2534022)
    assert error["type"] == "OAuthException"
    assert error["fbtrace_id"]
    business = json.loads(answer.headers["X-Business-Use-Case-Usage"])
    assert business[town.shop.node][0]["type"] == "messenger"
    assert "call_count" in json.loads(answer.headers["X-App-Usage"])
    refused = await town.send(town.studio, town.bob, "first")
    assert refused.json()["error"]["type"] == "IGApiException"
    assert "call_volume" in json.loads(refused.headers["X-App-Usage"])


async def test_a_moved_clock_closes_the_window(town: Town) -> None:
    town.alice.write("hello")
    town.sim.clock.advance(DAY)
    assert (await town.send(town.shop, town.alice, "late")).json()["error"]["code"] == 10
    human = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    body = {"recipient": {"id": town.alice.customer_id}, "message": {"text": "late"}, **human}
    assert (await town.post(town.shop, body)).status_code == 200
    assert [call.rule for call in town.sim.books.violations()] == [Rule.WINDOW]


async def test_token_in_the_query(town: Town) -> None:
    url = f"{town.sim.facebook_url}/v26.0/me/conversations"
    token = town.shop.tokens["1001"]
    async with httpx.AsyncClient() as http:
        query = {"platform": "instagram", "access_token": token}
        assert (await http.get(url, params=query)).json()["data"] == []
        assert (await http.get(url, params={"platform": "instagram"})).json()["error"]["code"] == 190
        assert (await http.post(url)).json()["error"]["code"] == 2500
        assert (
            await http.post(f"{town.sim.facebook_url}/v26.0/me/messages", content=b"{")
        ).status_code == 401


async def test_conversations_over_http(town: Town) -> None:
    mid = town.alice.write("hello")
    answer = await town.get(
        town.shop,
        f"{town.shop.node}/conversations",
        platform="instagram",
        user_id=town.alice.customer_id,
        fields="messages.limit(20){id,message}",
    )
    assert answer.json()["data"][0]["messages"]["data"] == [{"id": mid, "message": "hello"}]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_reset(town: Town, when: str) -> None:
    town.alice.write("hello")
    town.sim.fault("reset", when=when)
    with pytest.raises(httpx.ReadError):
        await town.send(town.shop, town.alice, "x")
    accepted = town.sim.books.accepted("x")
    assert [call.fault for call in accepted] == ([] if when == "before" else ["reset/after"])
    assert (await town.send(town.shop, town.alice, "next")).status_code == 200


@pytest.mark.parametrize("when", ["before", "after"])
async def test_hang(town: Town, when: str) -> None:
    town.alice.write("hello")
    town.sim.fault("hang", when=when, seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        await town.send(town.shop, town.alice, "x", patience=0.2)
    assert await town.sim.until(lambda: town.sim.books.posts("x"))
    assert len(town.sim.books.accepted("x")) == (1 if when == "after" else 0)
    assert town.sim.books.violations() == []


async def test_the_box_stops_while_a_call_hangs(hook: Callback) -> None:
    async with Simulator(seed=7) as sim, Town(sim, hook) as town:
        town.alice.write("hello")
        sim.fault("hang", seconds=30)
        call = asyncio.create_task(town.send(town.shop, town.alice, "x"))
        assert await sim.until(lambda: sim.books.accepted("x"))
        began = monotonic()
        await sim.__aexit__()
        assert monotonic() - began < 5
        with pytest.raises(httpx.TransportError):
            await call


@pytest.mark.parametrize("when", ["before", "after"])
async def test_500_without_a_graph_error(town: Town, when: str) -> None:
    town.alice.write("hello")
    town.sim.fault("status", when=when, status=503)
    answer = await town.send(town.shop, town.alice, "x")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert len(town.sim.books.accepted("x")) == (1 if when == "after" else 0)


async def test_an_answer_that_cannot_be_read(town: Town) -> None:
    town.alice.write("hello")
    town.sim.fault("garbled")
    answer = await town.send(town.shop, town.alice, "x")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert len(town.sim.books.accepted("x")) == 1


@pytest.mark.parametrize(("when", "accepted"), [("before", 0), ("after", 1)])
async def test_an_error_on_demand(town: Town, when: str, accepted: int) -> None:
    town.alice.write("hello")
    town.sim.fault("error", when=when, code=1, subcode=1357046)
    error = (await town.send(town.shop, town.alice, "x")).json()["error"]
    assert (error["code"], error["error_subcode"]) == (1, 1357046)
    assert len(town.sim.books.accepted("x")) == accepted
    assert town.sim.books.violations() == []


async def test_throttling_names_the_time_to_regain_access(town: Town) -> None:
    town.alice.write("hello")
    town.sim.fault("error", when="before", code=80002, usage=100, regain_minutes=7)
    answer = await town.send(town.shop, town.alice, "x")
    usage = json.loads(answer.headers["X-Business-Use-Case-Usage"])[town.shop.node][0]
    assert (usage["call_count"], usage["estimated_time_to_regain_access"]) == (100, 7)
    town.sim.fault("usage", usage=85)
    warned = await town.send(town.shop, town.alice, "y")
    assert (warned.status_code, json.loads(warned.headers["X-App-Usage"])["call_count"]) == (200, 85)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_latency(town: Town, when: str) -> None:
    town.alice.write("hello")
    town.sim.fault("latency", when=when, seconds=0.15)
    began = monotonic()
    assert (await town.send(town.shop, town.alice, "x")).status_code == 200
    assert monotonic() - began >= 0.15


async def test_the_echo_may_come_before_the_answer(town: Town) -> None:
    town.alice.write("hello")
    town.sim.fault("echo_first", seconds=5)
    mid = (await town.send(town.shop, town.alice, "x")).json()["message_id"]
    assert mid in [message["mid"] for message in town.hook.messages()]


async def test_rate_over_http(town: Town) -> None:
    town.bob.write("hello")
    answers = await asyncio.gather(*(town.send(town.studio, town.bob, f"n{n}") for n in range(130)))
    errors = [answer.json()["error"]["code"] for answer in answers if answer.status_code != 200]
    assert set(errors) <= {613}
    assert bool(errors) is (town.sim.books.peak(town.studio.account_id) > 100)
    assert len(town.sim.books.violations(Rule.RATE)) == len(errors)
    assert len(town.sim.books.accepted()) == 130 - len(errors)
