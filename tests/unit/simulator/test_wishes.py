"""What a person asks of an app, and what the dashboard and the rest of the platform send."""

import time
from datetime import UTC, datetime

import pytest
from play import ALICE, NOW, SHOP, Play

from kaiwa.meta.signatures import App as Secret
from kaiwa.meta.signed_request import verify
from kaiwa.simulator.actions import Happen, PressTest
from kaiwa.simulator.callbacks import Answered, Wish, address, answered, form
from kaiwa.simulator.model import App, Host
from kaiwa.simulator.state import UnknownThingError

APP = App(
    app_id="1001", secret="s", instagram_secret="i", deletion_url="http://d", deauthorize_url="http://a"
)


@pytest.mark.parametrize(("login", "secret"), [("facebook", b"s"), ("instagram", b"i")])
def test_a_wish_is_signed_with_the_secret_of_its_login(login: Host, secret: bytes) -> None:
    now = int(time.time())
    sent = form(APP, login, "218471", now)["signed_request"]
    request = verify(sent, [Secret("1001", secret)], now=datetime.fromtimestamp(now, UTC))
    assert (request.user_id, request.issued_at) == ("218471", datetime.fromtimestamp(now, UTC))


def test_each_wish_has_its_address() -> None:
    wishes: tuple[Wish, ...] = ("delete", "deauthorize")
    assert [address(APP, wish) for wish in wishes] == ["http://d", "http://a"]
    for wish in wishes:
        with pytest.raises(ValueError, match=wish):
            address(App(app_id="1", secret="s"), wish)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"url":5}', b"<html>"])
def test_an_answer_that_is_none(body: bytes) -> None:
    assert answered(500, body) == Answered(status=500)


def test_an_answer() -> None:
    body = b'{"url":"u","confirmation_code":"c"}'
    assert answered(200, body) == Answered(status=200, url="u", confirmation_code="c")


def test_the_dashboards_test(play: Play) -> None:
    play.shop(tokens={"1001": "token-1001"})
    _, (event,) = play.act(PressTest(app_id="1001"))
    assert (event.account_id, event.stream, event.item["field"]) == ("0", "changes", "messages")
    assert event.item["value"]["timestamp"] == "1527459824"
    with pytest.raises(UnknownThingError):
        play.act(PressTest(app_id="9"))


@pytest.mark.parametrize(
    "part", [{"optin": {"type": "t"}}, {"field": "mentions", "value": {"media_id": "9"}}]
)
def test_anything_else_in_metas_own_form(play: Play, part: dict[str, object]) -> None:
    play.shop(tokens={"1001": "token-1001"})
    _, (event,) = play.act(Happen(account_id=SHOP, customer_id=ALICE, part=part))
    ours = {"sender": {"id": ALICE}, "recipient": {"id": SHOP}, "timestamp": int(NOW * 1000), **part}
    assert event.item == (part if "field" in part else ours)
    assert event.stream == ("changes" if "field" in part else "messaging")


def test_something_has_to_happen() -> None:
    with pytest.raises(ValueError, match="what happens"):
        Happen(account_id=SHOP, customer_id=ALICE, part={})
