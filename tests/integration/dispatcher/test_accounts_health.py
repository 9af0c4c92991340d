"""What `kaiwa accounts check` tells of an account, row by row: ill, and well again."""

import asyncio
import json

import pytest
from asking import WITHIN
from checking import check, ill, stored, until
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.simulator.actions import Unsubscribe

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_new_account_is_well_once_it_was_heard(rig: DispatcherRig) -> None:
    """Broken by: a row that is unknown although Meta was asked, or a pulse that nobody writes down."""
    person = await rig.customer()
    assert (await rig.final(await rig.ask(person, "hello", author=HUMAN))).state == "sent"
    async with asyncio.timeout(WITHIN):
        while await stored(rig, "sent_at is null or heard_at is null", person.account_id):  # noqa: ASYNC110 - the event is in PostgreSQL
            await asyncio.sleep(0.05)
    code, rows = await check(rig, person.account_id)
    assert (code, ill(rows)) == (0, {})
    table = (await rig.kaiwa("accounts", "check", person.account_id)).stdout
    assert "does not end by itself" in table
    assert (await rig.kaiwa("accounts", "check", "404", check=False)).returncode == 1


async def test_missing_permissions_and_subscriptions_are_named(rig: DispatcherRig) -> None:
    shop = await rig.account(scopes=["instagram_basic", "pages_show_list"])
    rig.sim.act(Unsubscribe(account_id=shop.account_id))
    code, rows = await check(rig, shop.account_id)
    assert code == 1
    assert rows["permissions"][0] == rows["subscription"][0] == "bad"
    assert "instagram_manage_messages" in rows["permissions"][1]


async def test_when_meta_is_away_what_was_known_is_told(rig: DispatcherRig) -> None:
    """Broken by: an outage that reads as a lost login."""
    shop = await rig.account()
    await until(rig, "token_valid", shop.account_id, value=True)
    nowhere = {"KAIWA_META__FACEBOOK_GRAPH_URL": "http://127.0.0.1:9", "KAIWA_META__INSTAGRAM_GRAPH_URL": ""}
    before = {name: rig.env[name] for name in nowhere}
    rig.env |= nowhere
    done = await rig.kaiwa("accounts", "check", shop.account_id, check=False)
    rig.env |= before
    assert (done.returncode, await stored(rig, "state", shop.account_id)) == (3, "active")
    assert "known before" in done.stderr


async def counted(rig: DispatcherRig, account_id: str, events: int) -> None:
    """So many webhooks are written down, which is done every few seconds."""
    query = f"select sum(events) >= {events} from dispatcher.traffic where account_id = $1"
    await rig.until_stored(query, account_id, value=True)


async def test_silence_is_unusual_where_there_was_traffic(rig: DispatcherRig) -> None:
    person = await rig.customer()
    for n in range(25):
        person.write(f"message {n}")
    assert await rig.sim.settled()
    await counted(rig, person.account_id, 26)  # what is written down after this would end the silence
    assert (await check(rig, person.account_id, "--stored"))[1]["silence"][0] == "good"
    await rig.db.execute(
        "update dispatcher.health set heard_at = heard_at - interval '3 hours', silent_from = silent_from - interval"
        " '3 hours' where account_id = $1",
        person.account_id,
    )
    code, rows = await check(rig, person.account_id, "--stored")
    assert (code, rows["silence"][0]) == (1, "bad")
    listed = await rig.kaiwa("accounts", "health", "--all", "--json", check=False)
    rows_in_trouble = {row["account_id"] for row in json.loads(listed.stdout)["rows"]}
    assert (listed.returncode, person.account_id in rows_in_trouble) == (1, True)
    shown = await rig.kaiwa("accounts", "health", "--all", check=False)
    assert f"│ {person.account_id} │" in shown.stdout  # whole, although it is printed as for 80 columns
    everybody = await rig.kaiwa("accounts", "check", check=False)
    assert everybody.returncode == 1
    assert "unusual" in " ".join(everybody.stdout.split())
    person.write("back")
    assert await rig.sim.settled()
    await until(rig, "silent_from > now()", person.account_id, value=True)
    assert (await check(rig, person.account_id, "--stored"))[1]["silence"][0] == "good"


async def test_the_rows_of_traffic_are_seen_ill_and_well(rig: DispatcherRig) -> None:
    """Broken by: a row that does not look at its fact, or stays ill when that is mended."""
    shop = await rig.account()
    person = rig.sim.customer(shop)
    await rig.asked_about(person)
    looked = (
        "select routing_due > now() + interval '2 minutes' from dispatcher.accounts where account_id = $1"
    )
    await rig.until_stored(looked, shop.account_id, value=True)  # its answer would end what is written here
    await rig.db.execute(
        "update dispatcher.accounts set routing = 'open' where account_id = $1", shop.account_id
    )
    _, rows = await check(rig, shop.account_id, "--stored")
    assert (rows["routing"][0], rows["last webhook"][0]) == ("bad", "warn")

    person.write("hello")
    assert await rig.sim.settled()
    rig.sim.fault("error", marker="no role", times=1, when="before", code=200, subcode=2018028)
    assert (await rig.final(await rig.ask(person, "no role", author=HUMAN))).state == "failed"
    await until(rig, "failed_code", shop.account_id, 200)
    rig.sim.fault("error", marker="too many", times=1, when="before", code=613)
    request = await rig.ask(person, "too many", author=HUMAN)
    await until(rig, "paused_until > now()", shop.account_id, value=True)
    _, rows = await check(rig, shop.account_id, "--stored")
    assert {name: rows[name][0] for name in ("last send", "limits", "last webhook")} == {
        "last send": "bad",
        "limits": "bad",
        "last webhook": "good",
    }

    await rig.db.execute("update dispatcher.throttles set resumes_at = now() where id = $1", shop.account_id)
    await rig.db.execute(
        "update dispatcher.accounts set paused_until = now(), routing_due = now() where account_id = $1",
        shop.account_id,
    )
    await rig.db.execute(
        "update dispatcher.intents set next_at = now(), due_at = now() where account_id = $1 and state = 'queued'",
        shop.account_id,
    )
    await rig.db.execute(
        "update dispatcher.conversations set wake_at = now() where account_id = $1 and next_due is not null",
        shop.account_id,
    )
    assert (await rig.final(request)).state == "sent"
    await until(rig, "routing", shop.account_id, None)
    await until(rig, "sent_at > failed_at", shop.account_id, value=True)
    assert ill((await check(rig, shop.account_id))[1]) == {}
