"""What goes wrong with `kaiwa accounts connect`, and that it says what."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest
from dispatcher_rig import DispatcherRig
from logging_in import newcomer, spend, state, stored, visit

from kaiwa.simulator.model import Host

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


async def test_what_the_terminal_is_told_when_it_asks_wrongly(rig: DispatcherRig) -> None:
    for words, says in (
        (("--login", "myspace"), "--login facebook or --login instagram"),
        (("--login", "instagram", "--app", "404"), "no line of app 404"),
        (("--login", "instagram", "--port", str(rig.sim.port)), "choose another --port"),
    ):
        done = await rig.kaiwa("accounts", "connect", *words, "--no-browser", check=False)
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr


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
