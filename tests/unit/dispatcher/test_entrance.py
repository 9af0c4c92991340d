"""From a code to a newcomer, against scripted answers of Meta: what a simulator would never say."""

import json
from datetime import timedelta
from typing import Any

import pytest
from replies import Asked, Scripted

from kaiwa.dispatcher.connect.entrance import Entrance, Guest, Newcomer, Unwelcome
from kaiwa.dispatcher.core.onboarding import Several
from kaiwa.meta.http import NoReply, Reply
from kaiwa.meta.logins import Client
from kaiwa.meta.oauth import OAuth
from kaiwa.meta.permissions import scopes
from kaiwa.meta.signatures import Host, appsecret_proof, parse_apps

APPS = parse_apps("1001 fb proof-facebook\n1001 ig instagram=77\n")
HOSTS: dict[Host, str] = {"facebook": "https://fb", "instagram": "https://ig"}
DOORS: dict[Host, str] = {"facebook": "https://www", "instagram": "https://api"}
BACK = "https://me/callback"
SHOP = {
    "id": "10",
    "name": "Shop",
    "access_token": "PAGE",
    "tasks": ["MANAGE"],
    "instagram_business_account": {"id": "178", "username": "shop"},
}


class Meta(Scripted):
    """Where all is well, but for these answers; `__` in a name is a slash."""

    def __init__(self, **answers: Any) -> None:
        granted = [{"permission": name, "status": "granted"} for name in scopes("facebook")]
        short = {"access_token": "SHORT", "permissions": ",".join(scopes("instagram"))}
        well = {
            "api/oauth/access_token": {"data": [short]},
            "ig/access_token": {"access_token": "LONG", "expires_in": 5_184_000},
            "ig/v1/me": {"id": "999", "user_id": "178", "username": "shop", "account_type": "BUSINESS"},
            "fb/v1/oauth/access_token": {"access_token": "USER", "expires_in": 5_184_000},
            "fb/v1/debug_token": {"data": {"app_id": "1001", "is_valid": True, "scopes": []}},
            "fb/v1/me/permissions": {"data": granted},
            "fb/v1/me/accounts": {"data": [SHOP]},
            "fb/v1/me": {"id": "999"},
        }
        super().__init__(well | {name.replace("__", "/"): answer for name, answer in answers.items()})

    def answer(self, asked: Asked) -> Reply:
        assert (asked.method, asked.content) == ("POST" if asked.form else "GET", b"")
        return super().answer(asked)


def entrance(meta: Meta) -> Entrance:
    return Entrance(OAuth(meta, hosts=HOSTS, doors=DOORS, version="v1"), lambda: APPS)


async def admitted(meta: Meta, login: Host) -> tuple[Guest, Newcomer | Several]:
    door = entrance(meta)
    client = door.client("1001", login)
    assert client is not None
    guest = await door.admit(client, "CODE", BACK)
    return guest, door.settle(guest, None)


async def why(meta: Meta, login: Host) -> str:
    with pytest.raises(Unwelcome) as unwelcome:
        await admitted(meta, login)
    (finding,) = unwelcome.value.findings
    assert finding.do
    return finding.says


async def test_instagrams_own_login() -> None:
    """Broken by: the other product's id or secret, a version where there is none, or the app-scoped id for the account."""
    meta = Meta()
    _, newcomer = await admitted(meta, "instagram")
    assert isinstance(newcomer, Newcomer)
    assert (newcomer.account_id, newcomer.login_user_id, newcomer.token) == ("178", "999", "LONG")
    assert newcomer.life == timedelta(days=60)
    form = meta.asked[0].form
    assert form["client_id"] == "77"
    assert (form["client_secret"], form["redirect_uri"], form["code"]) == ("ig", BACK, "CODE")
    assert meta.asked[1].params["client_secret"] == "ig"


async def test_facebooks_login() -> None:
    """Broken by: the person's token kept in place of the Page's, or calls without the proof that the app asks for."""
    meta = Meta()
    guest, newcomer = await admitted(meta, "facebook")
    assert isinstance(newcomer, Newcomer)
    assert (newcomer.account_id, newcomer.page_id, newcomer.token, newcomer.life) == (
        "178",
        "10",
        "PAGE",
        None,
    )
    assert "PAGE" not in repr([guest, newcomer])
    by_path = {asked.path: asked for asked in meta.asked}
    assert by_path["fb/v1/me/accounts"].params["appsecret_proof"] == appsecret_proof(b"fb", "USER")
    assert by_path["fb/v1/debug_token"].headers["authorization"] == "Bearer 1001|fb"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"app_id": "2002", "is_valid": True}, "another app (2002)"),
        ({"app_id": "1001", "is_valid": False}, "another app"),
        ({"is_valid": True}, "not named"),
    ],
)
async def test_a_token_of_another_app_is_not_believed(told: dict[str, Any], says: str) -> None:
    """Broken by: taking whatever token comes back for one of ours. Nothing else is asked with it."""
    meta = Meta(fb__v1__debug_token={"data": told})
    assert says in await why(meta, "facebook")
    assert meta.asked[-1].path == "fb/v1/debug_token"


@pytest.mark.parametrize(
    ("login", "answers", "says"),
    [
        (
            "facebook",
            {"fb__v1__oauth__access_token": {"error": {"code": 100, "error_subcode": 36009}}},
            "used before",
        ),
        ("facebook", {"fb__v1__me__accounts": {"error": {"code": 190, "error_subcode": 460}}}, "password"),
        ("facebook", {"fb__v1__me__accounts": (200, b"<html>")}, "cannot be read"),
        ("facebook", {"fb__v1__me__accounts": (500, b"sorry")}, "HTTP 500"),
        ("facebook", {"fb__v1__me__permissions": {"data": []}}, "instagram_basic"),
        ("facebook", {"fb__v1__me__accounts": {"data": []}}, "no Page"),
        (
            "instagram",
            {"api__oauth__access_token": {"error_type": "x", "code": 400, "error_message": "gone"}},
            "gone",
        ),
        (
            "instagram",
            {"api__oauth__access_token": NoReply("ClientConnectorError", left=False)},
            "ClientConnectorError",
        ),
        ("instagram", {"ig__access_token": {"error": {"code": 101}}}, "app id with this secret"),
        ("instagram", {"ig__v1__me": {"id": "999", "username": "shop"}}, "which account"),
        (
            "instagram",
            {"ig__v1__me": {"id": "9", "user_id": "178", "account_type": "PERSONAL"}},
            "professional",
        ),
        ("instagram", {"api__oauth__access_token": {"access_token": "S", "permissions": []}}, "withheld"),
    ],
)
async def test_whatever_fails_has_words(login: Host, answers: dict[str, Any], says: str) -> None:
    """Broken by: an exception that reaches a terminal or a page."""
    assert says in await why(Meta(**answers), login)


async def test_pages_come_in_several_answers() -> None:
    """Broken by: the first 25 Pages taken for all of them."""
    first = {"data": [SHOP], "paging": {"cursors": {"after": "c"}, "next": "https://…"}}
    second = {"data": [SHOP | {"id": "11", "instagram_business_account": {"id": "179"}}]}

    class Paged(Meta):
        def answer(self, asked: Asked) -> Reply:
            if asked.path == "fb/v1/me/accounts":
                return Reply(200, json.dumps(second if "after" in asked.params else first).encode())
            return super().answer(asked)

    _, several = await admitted(Paged(), "facebook")
    assert isinstance(several, Several)
    assert [page.account_id for page in several.pages] == ["178", "179"]


async def test_the_account_that_was_meant() -> None:
    meta = Meta()
    guest, _ = await admitted(meta, "instagram")
    with pytest.raises(Unwelcome, match="not 179"):
        entrance(meta).settle(guest, "179")
    assert isinstance(entrance(meta).settle(guest, "178"), Newcomer)


def test_where_people_are_sent() -> None:
    door = entrance(Meta())
    for login, start in (
        ("facebook", "https://www/v1/dialog/oauth?"),
        ("instagram", "https://api/oauth/authorize?"),
    ):
        client = Client("facebook" if login == "facebook" else "instagram", "1001", "77", "hidden")
        url = door.dialog(client, redirect_uri=BACK, state="s")
        assert url.startswith(start)
        assert "hidden" not in url
    assert door.client("404", "facebook") is None
