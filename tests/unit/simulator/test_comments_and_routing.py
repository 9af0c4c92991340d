"""Private replies and thread ownership (platform notes, sections 2.4 and 6)."""

from typing import Any

import pytest
from play import ALICE, NOW, SHOP, Play, code, text_to

from kaiwa.simulator.actions import EndLive, Hand, Remark
from kaiwa.simulator.model import DAY, Limits

CLOSED = (10, 2534022)
INBOX = "1217981644879628"
NOT_OWNER = (100, 2534037)


def comment(play: Play, at: float = NOW, *, live: bool = False) -> str:
    return play.act(Remark(account_id=SHOP, customer_id=ALICE, text="price?", at=at, live=live))[0]


def private_reply(play: Play, comment_id: str) -> tuple[int, int | None] | None:
    return code(play.send({"recipient": {"comment_id": comment_id}, "message": {"text": "12 EUR"}}))


def test_one_private_reply_per_comment_and_no_window(play: Play) -> None:
    comment_id = comment(play)
    assert private_reply(play, comment_id) is None
    assert play.last.customer_id == ALICE
    assert private_reply(play, comment_id) == (100, 2534025)
    assert code(play.send()) == CLOSED


def test_private_reply_ends_after_seven_days_or_with_the_broadcast(play: Play) -> None:
    assert private_reply(play, comment(play, NOW - 7 * DAY + 1)) is None
    assert private_reply(play, comment(play, NOW - 7 * DAY)) == (100, 2534025)
    assert private_reply(play, "17900000000000000") == (100, 2534025)
    live, later = comment(play, live=True), comment(play, live=True)
    assert private_reply(play, live) is None
    play.act(EndLive(account_id=SHOP))
    assert private_reply(play, later) == (100, 2534025)


def test_routing_owner_alone_sends(play: Play) -> None:
    play.shop(default_app="1001")
    play.write()
    assert code(play.send()) is None
    assert code(play.send(token="token-2002")) == (2018300, None)
    play.act(Hand(account_id=SHOP, customer_id=ALICE, app_id="2002"))
    assert code(play.send()) == (2018300, None)
    assert code(play.send(token="token-2002")) is None


def test_routing_idle_thread_belongs_to_the_default_app(play: Play) -> None:
    play.shop(default_app="1001")
    play.write()
    play.act(Hand(account_id=SHOP, customer_id=ALICE))
    assert code(play.send(token="token-2002")) == (100, 2534037)
    assert code(play.send()) is None
    assert play.thread.owner(NOW) == "1001"
    assert play.thread.owner(NOW + DAY) is None


def test_zero_config_everybody_may_answer(play: Play) -> None:
    play.write()
    assert code(play.send()) is None
    assert code(play.send(token="token-2002")) is None


def test_inline_pass_hands_the_thread_over_and_tells_the_new_owner(play: Play) -> None:
    play.shop(default_app="1001")
    play.write()
    control = {"control_type": "pass", "app_id": "2002"}
    events = play.send(text_to(ALICE, thread_control=control)).events
    told = [event for event in events if event.kind == "pass"]
    assert [event.app_id for event in told] == ["2002"]
    part = {"previous_owner_app_id": "1001", "new_owner_app_id": "2002"}
    assert told[0].item["pass_thread_control"] == part
    assert play.thread.owner(NOW) == "2002"


def test_a_live_comment_has_its_own_rate(play: Play) -> None:
    play.shop(limits=Limits(private_replies_per_hour=1, live_replies_per_second=2))
    comments = [comment(play, live=True), comment(play), comment(play, live=True), comment(play)]
    body = {"message": {"text": "12 EUR"}}
    codes = [
        code(play.send({"recipient": {"comment_id": comment_id}, **body}, arrived=5.0))
        for comment_id in comments
    ]
    assert codes == [None, None, None, (613, 2534040)]


def control(play: Play, edge: str, app: str = "1001", to: str = ALICE, **params: Any) -> Any:
    """The refusal's code, or the events that the call made: who was told what."""
    body = {"recipient": {"id": to}, **params}
    verdict = play.send(body, edge=f"{edge}_thread_control", token=f"token-{app}")
    return code(verdict) or [(event.app_id, event.kind, event.stream) for event in verdict.events]


def test_passing_tells_the_new_owner(play: Play) -> None:
    play.shop(default_app="1001")
    play.write()
    assert control(play, "pass", "2002", target_app_id="1001") == NOT_OWNER
    assert control(play, "pass", target_app_id="2002") == [("2002", "pass", "messaging")]
    assert play.thread.owner(NOW) == "2002"
    assert control(play, "pass", "2002") == [("1001", "pass", "messaging")], "to the default app"
    assert control(play, "pass", target_app_id=INBOX) == []
    assert play.thread.owner(NOW) == INBOX


def test_an_idle_thread_may_be_passed_by_anyone(play: Play) -> None:
    play.shop(default_app="1001")
    play.write()
    control(play, "release")
    assert control(play, "pass", "2002", target_app_id=INBOX) == []
    assert play.thread.owner(NOW) == INBOX


@pytest.mark.parametrize("target", ["1001", "9999", ""])
def test_nobody_passes_to_itself_or_to_a_stranger(play: Play, target: str) -> None:
    play.shop(default_app="1001")
    play.write()
    assert control(play, "pass", target_app_id=target) == (100, None)


def test_taking_tells_the_previous_owner_unless_there_was_none(play: Play) -> None:
    play.shop(default_app="1001")
    play.write()
    assert control(play, "take", "2002") == [("1001", "take", "messaging")]
    assert control(play, "take", "2002") == [], "it is the owner already"
    assert control(play, "release", "2002") == []
    assert control(play, "take") == [], "taken from idle"
    assert play.thread.owner(NOW) == "1001"


def test_only_apps_that_were_granted_it_take_control(play: Play) -> None:
    play.shop(default_app="1001", may_take=frozenset({"1001"}))
    play.write()
    assert control(play, "take", "2002") == (2018171, None)
    assert control(play, "request", "2002") == (100, None), "with routing there is nothing to request"


def test_the_owner_alone_releases_and_extends(play: Play) -> None:
    play.shop(default_app="1001")
    play.write()
    assert control(play, "extend", duration=3 * 86_400) == []
    assert play.thread.owner(NOW + 3 * DAY - 1) == "1001"
    assert control(play, "release", "2002") == NOT_OWNER
    assert control(play, "release") == []
    assert control(play, "release") == NOT_OWNER
    assert control(play, "extend", duration=60) == NOT_OWNER
    for wrong in (0, 604_801, "60", None):
        assert control(play, "extend", duration=wrong) == (100, None)


def test_without_routing_control_is_requested_and_never_taken(play: Play) -> None:
    play.write()
    assert control(play, "take") == (27, None)
    assert control(play, "request") == [("1001", "pass", "messaging")], "idle: passed at once"
    assert control(play, "request") == []
    assert control(play, "request", "2002") == [("1001", "request", "messaging")]
    assert play.thread.owner(NOW) == "1001"
    assert control(play, "pass") == (100, None), "there is no default app"
    assert control(play, "pass", target_app_id="2002") == [("2002", "pass", "messaging")]


def test_control_calls_are_for_known_people_and_the_facebook_host(play: Play) -> None:
    play.shop(default_app="1001")
    play.write()
    assert control(play, "take", to="404") == (100, 2534014)
    assert control(play, "take", seconds=1) == (100, None)
    assert code(play.send({"recipient": "x"}, edge="take_thread_control")) == (100, None)
    play.shop(login="instagram", page_id=None)
    body = {"recipient": {"id": ALICE}}
    assert code(play.send(body, edge="take_thread_control", host="instagram", node="me")) == (2500, None)


@pytest.mark.parametrize(
    ("shop", "routed", "several"),
    [
        ({"default_app": "1001"}, True, False),
        ({}, False, True),
        ({"tokens": {"1001": "token-1001"}}, False, False),
    ],
)
def test_the_mode_can_be_asked(play: Play, shop: dict[str, Any], routed: bool, several: bool) -> None:
    play.shop(**shop)
    status = play.read("me", {"fields": "messaging_feature_status"})["messaging_feature_status"]
    assert (status["hop_v2"], status["ig_multi_app"]) == (routed, several)
