"""The simulator as Meta calls ingest about people, and about everything else there is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from doors import APP, PATH, SECRET, Door, written

from kaiwa.contracts import events, topics
from kaiwa.contracts.events import Event
from kaiwa.devstack.servers import Broker
from kaiwa.devstack.stack import Stack
from kaiwa.simulator.actions import Happen, PressTest, Refer
from kaiwa.simulator.simulator import Simulator

STATUS = "https://privacy.example/deletions/"


@pytest.fixture
async def office(stack: Stack, bootstrap_servers: str, tmp_path: Path) -> AsyncIterator[Door]:
    """Ingest with a page to point to."""
    more = {"KAIWA_INGEST__STATUS_URL": STATUS}
    async with Door.opened(stack.keeper, bootstrap_servers, tmp_path, **more) as opened:
        await opened.until_connected()
        yield opened


@pytest.fixture
async def meta(office: Door) -> AsyncIterator[Simulator]:
    async with Simulator(seed=None) as box:
        box.app(
            APP,
            secret=SECRET.decode(),
            callback_url=office.url + PATH,
            deletion_url=f"{office.url}/callbacks/data-deletion",
            deauthorize_url=f"{office.url}/callbacks/deauthorize",
        )
        yield box


async def privacy(bootstrap_servers: str, user_id: str) -> list[Event]:
    found = [
        events.decode(record.value or b"") for record in await written(bootstrap_servers, topics.PRIVACY)
    ]
    return [event for event in found if events.data_of(event).user_id == user_id]


async def test_a_wish_to_be_forgotten_is_in_kafka_before_it_is_answered(
    office: Door, meta: Simulator, bootstrap_servers: str, account: str
) -> None:
    """Promise 1 for callbacks. Broken by answering before ``publish`` returned."""
    answer = await meta.ask(account, "delete")
    [event] = await privacy(bootstrap_servers, account)
    code = events.data_of(event).code
    assert (answer.status, answer.url, answer.confirmation_code) == (200, STATUS + code, code)
    assert event.kind == "privacy.deletion_requested"
    assert account not in office.process.log.read_text()


async def test_an_app_that_was_removed(meta: Simulator, bootstrap_servers: str, account: str) -> None:
    assert (await meta.ask(account, "deauthorize")).status == 200
    assert [event.kind for event in await privacy(bootstrap_servers, account)] == ["privacy.app_deauthorized"]


async def test_without_a_page_the_callback_is_off_and_says_so(door: Door) -> None:
    assert (await door.http.post("/callbacks/data-deletion")).status_code == 404
    assert (await door.http.post("/callbacks/deauthorize")).status_code == 400
    assert "KAIWA_INGEST__STATUS_URL" in door.process.log.read_text()


async def test_while_kafka_is_away_the_callback_is_put_off(
    office: Door, meta: Simulator, broker: Broker, account: str
) -> None:
    assert await office.metric("kaiwa_kafka_connected") == 1
    await asyncio.to_thread(broker.stop)
    try:
        answer = await meta.ask(account, "delete")
    finally:
        await asyncio.to_thread(broker.start)
    assert answer.status == 503


async def test_everything_the_platform_sends(meta: Simulator, bootstrap_servers: str, account: str) -> None:
    shop = meta.account(account_id=account)
    alice = meta.customer(shop)
    who: dict[str, Any] = {"account_id": account, "customer_id": alice.customer_id}
    alice.write(attachments=["ig_post", "ephemeral", "template"], story_reply=True)
    alice.write("from an ad", referral={"ad_id": "1", "source": "ADS"})
    alice.tap("Start", "GO")
    alice.comment("nice")
    alice.comment("live", live=True)
    meta.act(Refer(ref="qr_7", **who))
    for part in (
        {"optin": {"type": "t"}},
        {"app_roles": {"1001": ["primary_receiver"]}},
        {"pass_thread_control": {"new_owner_app_id": 1001, "previous_owner_app_id": None}},
        {"field": "mentions", "value": {"media_id": "9"}},
        {"field": "story_insights", "value": {"media_id": "9", "reach": -1}},
    ):
        meta.act(Happen(part=part, **who))
    meta.act(PressTest(app_id=APP))
    assert await meta.settled(30)
    found = [events.decode(record.value or b"") for record in await written(bootstrap_servers, topics.EVENTS)]
    assert sorted(event.kind for event in found if event.account_id == account) == [
        "comment.received",
        "live_comment.received",
        "mention.received",
        "message.received",
        "message.received",
        "optin.received",
        "postback.received",
        "referral.received",
        "story_insights.received",
        "thread.control_passed",
        "thread.roles_changed",
    ]
    assert "test.received" in {event.kind for event in found if event.account_id == "0"}
