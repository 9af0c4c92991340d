"""`kaiwa accounts connect` as a process, over real HTTP, into a real registry."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest
from dispatcher_rig import DispatcherRig
from logging_in import spend, state, verdicts, visit

from kaiwa.dispatcher.contents import Contents
from kaiwa.simulator.actions import Revoke
from kaiwa.simulator.model import Account, Host
from kaiwa.simulator.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = {"account", "permissions", "registry", "messaging", "subscription", "threads"}


def newcomer(rig: DispatcherRig, login: str, **fields: Any) -> tuple[Account, Person]:
    """An account that no app holds a token of, and somebody who can log in."""
    of_account = ("creator", "eligible", "messages_allowed", "has_role")
    given = {name: fields.pop(name) for name in of_account if name in fields}
    shop = rig.sim.account(login=login, tokens={}, username="shop", **given)
    return shop, rig.sim.person(shop, **fields)


async def stored(rig: DispatcherRig, account_id: str) -> Any:
    return await rig.db.fetchrow("select * from dispatcher.accounts where account_id = $1", account_id)


def tokens(rig: DispatcherRig, row: Any) -> str:
    """The token that was stored, unsealed."""
    vault = Contents.from_file(Path(rig.env["KAIWA_DISPATCHER__SEAL_KEY_FILE"]))
    return vault.open_token(row["account_id"], row["sealed_token"])


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


@pytest.mark.parametrize(
    ("login", "fields", "check", "says"),
    [
        ("instagram", {"cancels": True}, "login", "cancelled"),
        ("facebook", {"cancels": True}, "login", "cancelled"),
        (
            "instagram",
            {"withheld": ["instagram_business_manage_messages"]},
            "permissions",
            "instagram_business_manage_messages",
        ),
        ("facebook", {"withheld": ["instagram_manage_messages"]}, "permissions", "instagram_manage_messages"),
        ("facebook", {"withheld": ["pages_show_list"]}, "permissions", "pages_show_list"),
        ("facebook", {"account_ids": []}, "Page", "no Page was shared"),
        (
            "facebook",
            {"account_ids": [], "loose_pages": [{"page_id": "11", "name": "Loose"}]},
            "Page",
            "Loose",
        ),
    ],
)
async def test_what_is_missing_is_named_and_nothing_is_stored(
    rig: DispatcherRig, login: str, fields: dict[str, Any], check: str, says: str
) -> None:
    """Broken by: an account that is half there, or a failure without words."""
    shop, owner = newcomer(rig, login)
    owner = rig.sim.person(shop, **{"login": login, **fields})
    at = await visit(rig, login)
    await at.log_in(owner)
    code, came, _ = await at.ended()
    assert (code, came["state"]) == (1, None)
    (finding,) = came["findings"]
    assert (finding["check"], finding["verdict"]) == (check, "bad")
    assert says in finding["says"]
    assert finding["do"]
    assert await stored(rig, shop.account_id) is None


@pytest.mark.parametrize("login", ["instagram", "facebook"])
@pytest.mark.parametrize(
    ("fields", "state", "says"),
    [
        ({"eligible": False}, "ineligible", "36103"),
        ({"messages_allowed": False}, "needs_reauth", "connected tool"),
    ],
)
async def test_an_account_that_may_not_message(
    rig: DispatcherRig, login: str, fields: dict[str, Any], state: str, says: str
) -> None:
    """It is stored, so that it goes on by itself once Meta or its owner allows it."""
    shop, owner = newcomer(rig, login, **fields)
    at = await visit(rig, login)
    await at.log_in(owner)
    code, came, _ = await at.ended()
    assert (code, came["state"]) == (1, state)
    (finding,) = [each for each in came["findings"] if each["check"] == "messaging"]
    assert says in finding["says"]
    assert (await stored(rig, shop.account_id))["state"] == state


async def test_a_stolen_state_a_stranger_and_a_second_answer(rig: DispatcherRig) -> None:
    """Only the browser that brings our state ends the wait. Broken by: taking a code without it, or one that comes later."""
    shop, owner = newcomer(rig, "instagram")
    at = await visit(rig, "instagram")
    back = f"http://localhost:{at.port}/connect/callback"
    for query in ({"code": "stolen", "state": "guessed"}, {"code": "stolen"}, {}):
        assert (await at.browse(f"{back}?{urlencode(query)}")).status_code == 400
    assert (await at.browse(f"http://localhost:{at.port}/")).status_code == 404
    assert at.process.returncode is None
    state = parse_qs(urlsplit(at.url).query)["state"][0]
    assert (await at.browse(f"{back}?{urlencode({'state': state})}")).status_code == 400
    assert (await at.log_in(owner)).status_code == 200
    code, came, _ = await at.ended()
    assert (code, came["account_id"]) == (0, shop.account_id)


async def test_a_replayed_code_is_refused_in_words(rig: DispatcherRig) -> None:
    """Somebody saw the redirect and was quicker: the code is used up."""
    cases: list[tuple[Host, str]] = [("facebook", "was used before"), ("instagram", "used, expired")]
    for login, says in cases:
        _, owner = newcomer(rig, login)
        at = await visit(rig, login)
        redirect = await at.redirect(owner)
        assert (await spend(rig, login, redirect)).status_code == 200
        assert (await at.browse(redirect)).status_code == 200
        code, came, _ = await at.ended()
        assert code == 1
        assert says in came["findings"][0]["says"]


async def test_a_wrong_redirect_shows_at_meta(rig: DispatcherRig) -> None:
    """Broken by: a dialog that sends people, and their codes, anywhere."""
    app = state(rig).apps["1001"]
    state(rig).put_app(msgspec.structs.replace(app, redirect_uris=frozenset({"https://registered.example/"})))
    try:
        _, owner = newcomer(rig, "facebook")
        at = await visit(rig, "facebook")
        page = await at.log_in(owner)
        assert (page.status_code, "URL blocked" in page.text) == (400, True)
        at.process.terminate()
        await at.process.wait()
    finally:
        state(rig).put_app(app)


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
    await rig.until(request, lambda outcome: outcome.state == "deferred")

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


async def test_what_the_terminal_is_told_when_it_asks_wrongly(rig: DispatcherRig) -> None:
    for words, says in (
        (("--login", "myspace"), "--login facebook or --login instagram"),
        (("--login", "instagram", "--app", "404"), "no line of app 404"),
        (("--login", "instagram", "--port", str(rig.sim.port)), "choose another --port"),
    ):
        done = await rig.kaiwa("accounts", "connect", *words, "--no-browser", check=False)
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr


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


async def test_standard_access_is_recognised(rig: DispatcherRig) -> None:
    """S26. Broken by: a capability that is missing, told as a lost login, or without a word on roles and App Review."""
    app = state(rig).apps["1001"]
    state(rig).put_app(msgspec.structs.replace(app, access="standard"))
    try:
        shop, owner = newcomer(rig, "instagram", has_role=False)
        at = await visit(rig, "instagram")
        await at.log_in(owner)
        code, came, _ = await at.ended()
        assert (code, came["state"]) == (1, "ineligible")
        (finding,) = [each for each in came["findings"] if each["check"] == "messaging"]
        assert "error 3" in finding["says"]
        assert "Advanced Access" in finding["do"]

        stranger = rig.sim.person(shop, role=False)
        at = await visit(rig, "instagram")
        assert "developer role" in (await at.log_in(stranger)).text
        at.process.terminate()
        await at.process.wait()
    finally:
        state(rig).put_app(app)
