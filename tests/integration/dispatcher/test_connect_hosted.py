"""The hosted login of a dispatcher's door: real HTTP, real cookies, a real registry, and everything that is not a login."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import pytest_asyncio
from dispatcher_rig import DispatcherRig
from logging_in import newcomer, spend, state, stored
from logging_in_hosted import HostedLogin, field

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hosted(rig: DispatcherRig) -> AsyncIterator[HostedLogin]:
    async with HostedLogin(rig) as made:
        yield made


@pytest.mark.parametrize("login", ["facebook", "instagram"])
async def test_an_owner_connects_their_account(rig: DispatcherRig, hosted: HostedLogin, login: str) -> None:
    """And the dispatcher reads its threads by itself. Broken by: a backfill that nobody runs, or a link that lives on."""
    shop, owner = newcomer(rig, login)
    link, browser = await hosted.link(login), await hosted.browser()
    for _ in range(2):  # a preview of the link uses nothing up
        assert (await browser.get(link)).status_code == 200
    page = await hosted.log_in(browser, link, owner)
    assert (page.status_code, "Connected" in page.text) == (200, True)
    assert (await stored(rig, shop.account_id))["state"] == "active"
    assert rig.sim.subscribed(shop) >= {"messages"}
    query = (
        "select finished_at is not null and wanted_at is null from dispatcher.backfills where account_id = $1"
    )
    await rig.until_stored(query, shop.account_id, value=True)
    again = await browser.get(link)
    assert (again.status_code, "was used" in again.text) == (410, True)


async def test_one_of_several_pages(rig: DispatcherRig, hosted: HostedLogin) -> None:
    """Broken by: connecting whichever comes first, or a choice that counts twice or in another browser."""
    shops = [rig.sim.account(login="facebook", tokens={}, username=f"shop{n}") for n in range(2)]
    owner = rig.sim.person(*shops)
    link, browser = await hosted.link("facebook"), await hosted.browser()
    back = await hosted.redirect(browser, link, owner)
    page = await browser.get(back)
    assert "Which account?" in page.text
    assert (
        await browser.get(back)
    ).status_code == 400  # an answer counts once, also where nothing is connected yet
    given = {"state": field(page, "state"), "page": str(shops[1].page_id)}
    stranger = await hosted.browser()
    assert (await stranger.post(f"{hosted.url}/connect/callback", data=given)).status_code == 400
    held = await rig.db.fetchval("select guest from dispatcher.connect_visits where guest is not null")
    assert state(rig).account(shops[1].account_id).tokens["1001"].encode() not in held
    done = await browser.post(f"{hosted.url}/connect/callback", data=given)
    assert (done.status_code, "Connected" in done.text) == (200, True)
    first, second = [await stored(rig, shop.account_id) for shop in shops]
    assert (first, second["state"]) == (None, "active")
    assert (await browser.post(f"{hosted.url}/connect/callback", data=given)).status_code == 400


async def test_who_does_not_choose_in_time_is_forgotten(rig: DispatcherRig, hosted: HostedLogin) -> None:
    """Promise 8. Broken by: tokens of people who closed the window, kept for ever."""
    owner = rig.sim.person(*(rig.sim.account(login="facebook", tokens={}) for _ in range(2)))
    browser = await hosted.browser()
    page = await hosted.log_in(browser, await hosted.link("facebook"), owner)
    waiting = "select count(*) from dispatcher.connect_visits where guest is not null and $1 <> ''"
    assert await rig.db.fetchval(waiting, "x") == 1
    await rig.db.execute("update dispatcher.connect_visits set expires_at = now() where guest is not null")
    await rig.until_stored(waiting, "x", 0)
    given = {"state": field(page, "state"), "page": str(owner.account_ids[0])}
    assert (await browser.post(f"{hosted.url}/connect/callback", data=given)).status_code == 400


async def test_a_login_that_came_to_nothing_can_be_tried_again(
    rig: DispatcherRig, hosted: HostedLogin
) -> None:
    """Cancelled, withheld, then granted: with the same link, and the dialog asks for what was refused."""
    shop, owner = newcomer(rig, "facebook")
    link, browser = await hosted.link("facebook"), await hosted.browser()
    rig.sim.person(shop, person_id=owner.person_id, cancels=True)
    assert "cancelled" in (await hosted.log_in(browser, link, owner)).text
    rig.sim.person(shop, person_id=owner.person_id, withheld=["instagram_manage_messages"])
    page = await hosted.log_in(browser, link, owner)
    assert "instagram_manage_messages" in page.text
    assert await stored(rig, shop.account_id) is None
    rig.sim.person(shop, person_id=owner.person_id)
    to = (await hosted.press(browser, link)).headers["location"]
    assert parse_qs(urlsplit(to).query)["auth_type"] == ["rerequest"]
    assert "Connected" in (await hosted.log_in(browser, link, owner)).text


async def test_what_is_stolen_or_sent_again_comes_to_nothing(rig: DispatcherRig, hosted: HostedLogin) -> None:
    """The answer counts once, in the browser that began. Broken by: a state without its cookie, or a second use of it."""
    shop, owner = newcomer(rig, "instagram")
    link, browser, stranger = await hosted.link("instagram"), await hosted.browser(), await hosted.browser()
    back = await hosted.redirect(browser, link, owner)
    assert (await stranger.get(back)).status_code == 400  # stolen: the state, the code, not the cookie
    await hosted.press(stranger, await hosted.link("instagram"))
    assert (await stranger.get(back)).status_code == 400  # with a cookie of another visit
    forged = f"{hosted.url}/connect/callback?{urlencode({'code': 'x', 'state': 'guessed'})}"
    assert (await browser.get(forged)).status_code == 400
    assert await stored(rig, shop.account_id) is None
    assert "Connected" in (await browser.get(back)).text
    assert (await browser.get(back)).status_code == 400  # sent again


async def test_a_replayed_code_and_one_of_another_app(rig: DispatcherRig, hosted: HostedLogin) -> None:
    """Broken by: an exchange whose refusal is a fault of ours, or a code that some other app's dialog gave."""
    shop, owner = newcomer(rig, "facebook")
    link, browser = await hosted.link("facebook"), await hosted.browser()
    back = await hosted.redirect(browser, link, owner)
    assert (await spend(rig, "facebook", back)).status_code == 200
    assert "used before" in (await browser.get(back)).text

    rig.sim.app("2002", secret="other")
    try:
        to = (await hosted.press(browser, link)).headers["location"]
        given = parse_qs(urlsplit(to).query)
        others = to.replace("client_id=1001", "client_id=2002")
        answer = await browser.get(f"{others}&as={owner.person_id}")
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        query = urlencode({"code": code, "state": given["state"][0]})
        page = await browser.get(f"{hosted.url}/connect/callback?{query}")
        assert "Not connected" in page.text
    finally:
        del state(rig).apps["2002"]
    assert await stored(rig, shop.account_id) is None


async def test_links_that_are_not_good(rig: DispatcherRig, hosted: HostedLogin) -> None:
    browser = await hosted.browser()
    link = await hosted.link("instagram")
    wrong = {
        f"{hosted.url}/connect/instagram?link=guessed": 404,
        f"{hosted.url}/connect/instagram": 404,
        link.replace("/connect/instagram", "/connect/facebook"): 404,
        link.replace("/connect/instagram", "/connect/myspace"): 404,
    }
    for url, status in wrong.items():
        assert (await browser.get(url)).status_code == status
        given = {"link": parse_qs(urlsplit(url).query).get("link", [""])[0]}
        assert (await browser.post(url, data=given)).status_code == status
    assert (await browser.post(link, content=b"\xff" * 10)).status_code == 404
    assert (await browser.post(link, content=b"link=" + b"x" * 10_000)).status_code == 400
    await rig.db.execute("update dispatcher.connect_links set expires_at = now() where used_at is null")
    expired = await browser.get(link)
    assert (expired.status_code, "expired" in expired.text) == (410, True)
    assert (await browser.post(link, data={"link": field_of(link)})).status_code == 410


async def test_pages_are_closed_to_scripts_frames_and_caches(rig: DispatcherRig, hosted: HostedLogin) -> None:
    """Broken by: a page that tells others of its link, or that may be framed under somebody's click."""
    link, browser = await hosted.link("instagram"), await hosted.browser()
    page = await browser.get(link)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    answer = await hosted.press(browser, link)
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/connect"} <= set(cookie.split("; "))
    evil = await browser.get(f"{hosted.url}/connect/instagram?{urlencode({'link': '<script>'})}")
    assert "<script>" not in evil.text
    everything = await rig.everything_stored()
    assert field_of(link) not in everything
    assert parse_qs(urlsplit(answer.headers["location"]).query)["state"][0] not in everything
    assert "link=" not in rig.log("hosted")


def field_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["link"][0]


@pytest.mark.usefixtures("hosted")
async def test_without_an_address_there_is_no_login(rig: DispatcherRig) -> None:
    """The other dispatcher's probes are a port of their own; `link` without the setting says which one is missing."""
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{rig.urls['dispatcher']}/connect/instagram?link=x")).status_code == 404
    url = rig.env.pop("KAIWA_DOOR__CONNECT_URL")
    try:
        refused = await rig.kaiwa("accounts", "link", "--login", "instagram", check=False)
    finally:
        rig.env["KAIWA_DOOR__CONNECT_URL"] = url
    assert (refused.returncode, "KAIWA_DOOR__CONNECT_URL" in refused.stderr) == (2, True)
