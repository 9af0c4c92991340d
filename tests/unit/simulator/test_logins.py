"""The box's logins without their doors: dialogs, codes, tokens, what a token reads, subscriptions."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kaiwa.simulator.box import Box
from kaiwa.simulator.delivery import DeliverySettings
from kaiwa.simulator.dialogs import Stopped
from kaiwa.simulator.errors import Refusal
from kaiwa.simulator.model import Account, App, Host
from kaiwa.simulator.people import CODE_KEPT, LONG, Person
from kaiwa.simulator.tokens import SCOPES, subscribed

BACK = "http://localhost/back"
NOW = 1_000_000.0


class Town:
    """One app and one shop of each login, each with somebody who can log in."""

    def __init__(self, **app: Any) -> None:
        self.box = Box(seed=3, delivery=DeliverySettings(), time_scale=1.0)
        self.app: App = self.box.add_app(
            {"app_id": "1001", "secret": "fb", "instagram_secret": "ig", "instagram_app_id": "77", **app}
        )
        self.accounts: dict[Host, Account] = {}
        self.people: dict[Host, Person] = {}
        for login in SCOPES:
            account = self.box.add_account({"login": login, "tokens": {}})
            self.accounts[login] = account
            self.people[login] = self.box.add_person({"login": login, "account_ids": [account.account_id]})

    def dialog(self, login: Host, **query: str) -> dict[str, str]:
        """The query of the redirect."""
        asked = {
            "client_id": self.app.client_id(login),
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": ",".join(SCOPES[login]),
            "state": "s",
            "as": self.people[login].person_id,
        }
        url = self.box.dialogs.decide(login, asked | query, NOW)
        assert url is not None
        return {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}

    def redeem(self, login: Host, code: str, *, now: float = NOW, **query: str) -> dict[str, Any]:
        client = {
            "client_id": self.app.client_id(login),
            "client_secret": self.app.secret_for(login).decode(),
        }
        asked = {**client, "redirect_uri": BACK, "code": code}
        return self.box.dialogs.redeem(login, asked | query, now)


LOGINS: list[Host] = ["facebook", "instagram"]


@pytest.mark.parametrize("login", LOGINS)
def test_a_code_counts_once(login: Host) -> None:
    town = Town()
    back = town.dialog(login)
    assert back["state"] == "s"
    assert town.redeem(login, back["code"])
    with pytest.raises(Refusal):
        town.redeem(login, back["code"])


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "stolen"},
        {"redirect_uri": "http://evil/"},
        {"client_secret": "other"},
        {"client_id": "9"},
        {"now": NOW + CODE_KEPT + 1},
    ],
)
def test_a_code_is_good_for_nothing_else(login: Host, wrong: dict[str, Any]) -> None:
    town = Town()
    code = town.dialog(login)["code"]
    with pytest.raises(Refusal):
        town.redeem(login, **({"code": code} | wrong))


@pytest.mark.parametrize(
    ("app", "person", "query"),
    [
        ({"redirect_uris": ["http://other"]}, {}, {}),
        ({"access": "standard"}, {"role": False}, {}),
        ({}, {"professional": False}, {}),
        ({}, {}, {"client_id": "9"}),
        ({}, {}, {"response_type": "token"}),
    ],
)
def test_the_dialog_stops(app: dict[str, Any], person: dict[str, Any], query: dict[str, str]) -> None:
    town = Town(**app)
    town.people["instagram"] = town.box.add_person(
        {"login": "instagram", "account_ids": [town.accounts["instagram"].account_id], **person}
    )
    with pytest.raises(Stopped):
        town.dialog("instagram", **query)


def test_cancel_comes_back_without_a_code() -> None:
    back = Town().dialog("facebook", cancel="1")
    assert back["error"] == "access_denied"
    assert "code" not in back


def test_instagrams_tokens() -> None:
    """A short token becomes a long one; both stand for the account, and the long one ends after 60 days."""
    town = Town()
    short = town.redeem("instagram", town.dialog("instagram")["code"])["data"][0]
    asked = {"access_token": short["access_token"], "client_secret": "ig"}
    long = town.box.dialogs.lengthen("instagram", asked, NOW)
    shop = town.accounts["instagram"]
    assert short["user_id"] != shop.account_id
    for token, end in ((short["access_token"], NOW + 3600), (long["access_token"], NOW + LONG)):
        found, _ = town.box.state.authenticate("instagram", "v26.0", token, None, NOW)
        assert found.account_id == shop.account_id
        with pytest.raises(Refusal) as refused:
            town.box.state.authenticate("instagram", "v26.0", token, None, end)
        assert (refused.value.error.code, refused.value.error.subcode) == (190, 463)
    with pytest.raises(Refusal):
        town.box.dialogs.lengthen("instagram", asked | {"client_secret": "fb"}, NOW)


def test_the_older_shape_is_flat() -> None:
    town = Town(flat_token_answer=True)
    assert "access_token" in town.redeem("instagram", town.dialog("instagram")["code"])


def test_facebooks_tokens_and_pages() -> None:
    town = Town()
    shop = town.accounts["facebook"]
    town.people["facebook"] = town.box.add_person(
        {
            "login": "facebook",
            "account_ids": [shop.account_id],
            "loose_pages": [{"page_id": "11"}],
            "withheld": ["pages_messaging"],
        }
    )
    short = town.redeem("facebook", town.dialog("facebook")["code"])["access_token"]
    client = {"client_id": "1001", "client_secret": "fb"}
    long = town.box.dialogs.lengthen("facebook", {**client, "fb_exchange_token": short}, NOW)["access_token"]
    read = town.box.dialogs.read
    pages = read(long, "me/accounts", NOW)["data"]
    assert [page["id"] for page in pages] == [shop.page_id, "11"]
    assert pages[0]["instagram_business_account"]["id"] == shop.account_id
    assert "instagram_business_account" not in pages[1]
    statuses = {p["permission"]: p["status"] for p in read(long, "me/permissions", NOW)["data"]}
    assert statuses["pages_messaging"] == "declined"
    assert statuses["instagram_basic"] == "granted"
    told = town.box.dialogs.inspect(long, NOW)
    assert told is not None
    assert (told["data"]["app_id"], told["data"]["is_valid"]) == ("1001", True)
    assert town.box.dialogs.inspect(pages[0]["access_token"], NOW) is None
    with pytest.raises(Refusal):
        read(long, "me", NOW + LONG)


def test_without_a_permission_the_edge_is_closed() -> None:
    """Broken by: a simulator that lets everything pass, against which a missing permission shows nowhere."""
    town = Town()
    town.people["facebook"] = town.box.add_person(
        {
            "login": "facebook",
            "account_ids": [town.accounts["facebook"].account_id],
            "withheld": ["pages_manage_metadata", "instagram_manage_messages"],
        }
    )
    user = town.redeem("facebook", town.dialog("facebook")["code"])["access_token"]
    token = town.box.dialogs.read(user, "me/accounts", NOW)["data"][0]["access_token"]
    state = town.box.state
    account, app = state.authenticate("facebook", "v26.0", token, None, NOW)
    held = state.scopes_of(token)
    with pytest.raises(Refusal) as refused:
        subscribed("messages", "facebook", held)
    assert refused.value.error.code == 200
    with pytest.raises(Refusal) as refused:
        town.box.reading.read(
            account, app, "me/conversations", {"platform": "instagram"}, now=NOW, arrived=0, scopes=held
        )
    assert refused.value.error.code == 10


@pytest.mark.parametrize("login", LOGINS)
def test_each_topic_spells_its_own_fields(login: Host) -> None:
    """Broken by: a box that takes the other topic's names (surprise 7)."""
    own = {"facebook": "message_reads", "instagram": "messaging_seen"}
    assert subscribed(f"messages,{own.pop(login)}", login, SCOPES[login])
    for wrong in ("", f"messages,{own.popitem()[1]}"):
        with pytest.raises(Refusal):
            subscribed(wrong, login, SCOPES[login])
