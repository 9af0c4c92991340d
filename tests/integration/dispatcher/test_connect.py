"""`kaiwa accounts connect` as a process, over real HTTP, into a real registry."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from dispatcher_rig import DispatcherRig
from logging_in import newcomer, state, stored, tokens, verdicts, visit

from kaiwa.simulator.actions import Revoke

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = {"account", "permissions", "registry", "messaging", "subscription", "threads"}


@pytest.mark.parametrize("login", ["instagram", "facebook"])
async def test_an_account_is_connected(rig: DispatcherRig, login: str) -> None:
    """Row by row: whom webhooks name, whose token is kept, that it is the long one, what is subscribed.

    Broken by: storing the app-scoped id as the account's, the short or the user's token, or a registry that is not told.
    """
    shop, owner = newcomer(rig, login)
    at = await visit(rig, login)
    page = await at.log_in(owner)
    assert page.status_code == 200
    code, came, _ = await at.ended()

    assert (code, came["account_id"], came["state"]) == (0, shop.account_id, "active")
    assert {check for check, verdict in verdicts(came).items() if verdict == "good"} == GOOD
    row = await stored(rig, shop.account_id)
    assert (row["login"], row["page_id"], row["app_id"], row["origin"]) == (
        login,
        shop.page_id,
        "1001",
        "connect",
    )
    assert row["login_user_id"] not in {None, shop.account_id}
    token = tokens(rig, row)
    assert token == state(rig).account(shop.account_id).tokens["1001"]
    assert rig.sim.subscribed(shop) > {"messages", "messaging_postbacks"}
    assert token not in await rig.everything_stored()


async def test_login_for_business_asks_for_what_its_configuration_says(
    rig: DispatcherRig, tmp_path: Path
) -> None:
    """Broken by: scopes beside the configuration, or a configuration that never reaches the dialog."""
    _, owner = newcomer(rig, "facebook")
    known = rig.env["KAIWA_META__APPS_FILE"]
    apps = tmp_path / "apps"
    apps.write_text("1001 {} proof config=4242\n".format(state(rig).apps["1001"].secret))
    rig.env["KAIWA_META__APPS_FILE"] = str(apps)
    try:
        at = await visit(rig, "facebook")
    finally:
        rig.env["KAIWA_META__APPS_FILE"] = known
    query = parse_qs(urlsplit(at.url).query)
    assert (query["config_id"], "scope" in query) == (["4242"], False)
    await at.log_in(owner)
    code, came, _ = await at.ended()
    assert (code, verdicts(came)["permissions"]) == (0, "good")


async def test_messages_flow_after_connecting_a_creator(rig: DispatcherRig) -> None:
    """S24: its webhooks begin with the first call of the Conversations API. Broken by: leaving that call to chance."""
    shop, owner = newcomer(rig, "instagram", creator=True)
    at = await visit(rig, "instagram")
    await at.log_in(owner)
    code, came, _ = await at.ended()
    assert code == 0
    assert "creator account" in came["findings"][0]["says"]
    person = rig.sim.customer(state(rig).account(shop.account_id))
    person.write("Is it in stock?")
    assert await rig.sim.settled()
    request = await rig.ask(person, "Yes")
    assert (await rig.final(request)).state == "sent"


async def test_the_file_configures_what_came_by_a_login_and_does_not_pause_it(rig: DispatcherRig) -> None:
    """Broken by: an `apply` that pauses every connected account, wants a token of it, or makes it active unasked."""
    shop, owner = newcomer(rig, "instagram", eligible=False)
    at = await visit(rig, "instagram")
    await at.log_in(owner)
    await at.ended()
    token = (await stored(rig, shop.account_id))["sealed_token"]
    await rig.apply()  # the file does not name it
    assert (await stored(rig, shop.account_id))["state"] == "ineligible"

    named = {"account_id": shop.account_id, "login": "instagram", "app_id": "1001", "display_name": "Blue"}
    file = Path(rig.env["KAIWA_META__APPS_FILE"]).with_name("more.json")
    file.write_text(json.dumps([*rig._entries, {**named, "locale": "ja"}]))
    await rig.kaiwa("accounts", "apply", str(file))
    row = await stored(rig, shop.account_id)
    assert (row["display_name"], row["locale"], row["state"]) == ("Blue", "ja", "ineligible")
    assert (row["sealed_token"], row["origin"]) == (token, "connect")
    again = json.loads((await rig.kaiwa("accounts", "apply", str(file), "--plan", "--json")).stdout)
    assert {"account_id": shop.account_id, "action": "keep"} in again

    file.write_text(json.dumps([*rig._entries, {**named, "account_id": "404"}]))
    refused = await rig.kaiwa("accounts", "apply", str(file), check=False)
    assert (refused.returncode, "kaiwa accounts connect" in refused.stderr) == (2, True)
    assert await stored(rig, "404") is None


async def test_a_login_brings_a_lost_account_back_with_what_waits(rig: DispatcherRig) -> None:
    """Its settings stay, its held message goes. Broken by: a login that resets an account, or wakes nobody."""
    person = await rig.customer(login="instagram", entry={"locale": "de", "human_agent": True})
    shop = state(rig).account(person.account_id)
    rig.sim.act(Revoke(account_id=shop.account_id, subcode=458))
    await rig.db.execute(
        "update dispatcher.health set probe_due = now() where account_id = $1", shop.account_id
    )
    await rig.until_stored(
        "select state from dispatcher.accounts where account_id = $1", shop.account_id, "needs_reauth"
    )
    request = await rig.ask(person, "Yes, it is")
    await rig.deferred(request, "account_paused")

    at = await visit(rig, "instagram")
    await at.log_in(rig.sim.person(shop))
    code, came, _ = await at.ended()
    assert (code, came["state"]) == (0, "active")
    assert (await rig.final(request)).state == "sent"
    row = await stored(rig, shop.account_id)
    assert (row["locale"], row["human_agent"], row["origin"]) == ("de", True, "file")
    await rig.apply()  # the file still names the old token
    assert (
        tokens(rig, await stored(rig, shop.account_id)) == state(rig).account(shop.account_id).tokens["1001"]
    )


@pytest.mark.parametrize(("cut", "code"), [(False, 0), (True, 1)])
async def test_a_pasted_address(rig: DispatcherRig, cut: bool, code: int) -> None:
    """Without a browser on this machine: the whole address with Meta's mark, or a part of it."""
    shop, owner = newcomer(rig, "instagram")
    at = await visit(rig, "instagram", "--paste")
    address = f"{await at.redirect(owner)}#_"
    assert at.process.stdin is not None
    at.process.stdin.write((address.partition("&state")[0] if cut else address).encode() + b"\n")
    ended, came, _ = await at.ended()
    assert (ended, came["account_id"]) == (code, None if cut else shop.account_id)
