"""Private replies and thread ownership (platform notes, sections 2.4 and 6)."""

from play import ALICE, NOW, SHOP, Play, code, text_to

from kaiwa.simulator.actions import EndLive, Hand, Remark
from kaiwa.simulator.model import DAY, Limits

CLOSED = (10, 2534022)


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
