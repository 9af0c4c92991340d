"""Webhooks over real HTTP: signed, batched, retried until a 200, and disturbed when the script says so."""

from collections import Counter

from callback import Callback, callback
from town import SETTINGS, Town

from kaiwa.meta.signatures import App
from kaiwa.simulator.actions import Unsend, Write
from kaiwa.simulator.delivery import DeliverySettings
from kaiwa.simulator.simulator import Simulator


async def test_handshake(town: Town) -> None:
    assert await town.sim.handshake()
    town.sim.app("1001", secret="meta-secret", callback_url=town.hook.url, verify_token="wrong")
    assert not await town.sim.handshake()


async def test_each_product_signs_with_its_own_secret(town: Town) -> None:
    town.alice.write("to the shop")
    town.bob.write("to the studio")
    assert await town.sim.settled()
    assert town.hook.apps == ["1001", "1001"]
    assert len(town.hook.bodies) == 2  # one notification never mixes two products


async def test_many_items_share_notifications_and_all_arrive(town: Town) -> None:
    other = town.sim.account(login="facebook")
    people = [town.alice, town.sim.customer(other), town.sim.customer(town.shop)]
    mids = {person.write(f"n{n}") for n in range(100) for person in people}
    assert await town.sim.settled()
    assert {message["mid"] for message in town.hook.messages()} == mids
    assert len(town.hook.bodies) < 150
    assert any(len(body["entry"]) > 1 for body in town.hook.bodies)
    assert town.sim.books.unacknowledged() == []


async def test_a_notification_is_sent_again_until_200_with_a_new_entry_time(town: Town) -> None:
    town.hook.answers = [503, 401, None]
    mid = town.alice.write("hello")
    assert await town.sim.settled()
    assert len(town.hook.bodies) == 4
    assert [body["entry"][0]["messaging"] for body in town.hook.bodies].count(
        town.hook.bodies[0]["entry"][0]["messaging"]
    ) == 4
    times = [body["entry"][0]["time"] for body in town.hook.bodies]
    assert times == sorted(set(times))
    (event,) = town.sim.books.produced("message")
    assert (event.mid, event.attempts) == (mid, 4)
    assert event.acknowledged_at is not None


async def test_nobody_listens_at_first(hook: Callback) -> None:
    async with Simulator(seed=1, delivery=SETTINGS) as sim:
        sim.app("1001", secret="meta-secret", callback_url="http://127.0.0.1:1/hook")
        alice = sim.customer(sim.account())
        alice.write("hello")
        assert await sim.until(lambda: sim.books.events[0].attempts > 1)
        assert not await sim.settled(0.1)
        sim.app("1001", secret="meta-secret", callback_url=hook.url)
        assert await sim.settled()
    assert [message["text"] for message in hook.messages()] == ["hello"]


async def test_scripted_faults(town: Town) -> None:
    for effect in ("duplicate", "drop_first", "lose"):
        town.sim.fault(effect, marker=f"#{effect}")
    for effect in ("duplicate", "drop_first", "lose"):
        town.alice.write(f"with #{effect}")
    assert await town.sim.settled()
    counted = Counter(message["text"] for message in town.hook.messages())
    assert counted == {"with #duplicate": 2, "with #drop_first": 1}
    lost = [event.text for event in town.sim.books.events if event.lost]
    assert lost == ["with #lose"]


async def test_an_unsend_overtakes_its_message(town: Town) -> None:
    mid = town.alice.write("regret", delay=0.8)
    town.sim.act(Unsend(mid=mid))
    assert await town.sim.settled()
    first, second = town.hook.messages()
    assert first == {"mid": mid, "is_deleted": True}
    assert second["text"] == "regret"
    (unsent,) = town.sim.books.unsent()
    assert (unsent.mid, unsent.texts) == (mid, ["regret"])


async def test_order_holds_within_one_body_only() -> None:
    """With reordering on, some pair arrives the wrong way round; within one body none does."""
    settings = DeliverySettings(batch=3, linger=0.0, reorder=0.5, hold=0.05)
    async with callback([App("1001", b"s")]) as hook, Simulator(seed=3, delivery=settings) as sim:
        sim.app("1001", secret="s", callback_url=hook.url)
        alice = sim.customer(sim.account())
        for n in range(60):
            sim.act(
                Write(account_id=alice.account_id, customer_id=alice.customer_id, text=str(n), at=1000.0 + n)
            )
        assert await sim.settled()
        arrived = [int(message["text"]) for message in hook.messages()]
        assert sorted(arrived) == list(range(60))
        assert arrived != sorted(arrived)
        for body in hook.bodies:
            inside = [item["timestamp"] for item in body["entry"][0]["messaging"]]
            assert inside == sorted(inside)


async def test_duplicates_by_chance() -> None:
    settings = DeliverySettings(batch=1, duplicate=0.5)
    async with callback([App("1001", b"s")]) as hook, Simulator(seed=3, delivery=settings) as sim:
        sim.app("1001", secret="s", callback_url=hook.url)
        alice = sim.customer(sim.account())
        mids = [alice.write(str(n)) for n in range(20)]
        assert await sim.settled()
        await hook.until(lambda h: len(h.messages()) > 20)
        assert set(Counter(message["mid"] for message in hook.messages())) == set(mids)
