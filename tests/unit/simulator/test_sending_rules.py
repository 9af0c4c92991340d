"""Who may send what, when: each rule with the platform's code (platform notes, sections 2 to 4 and 6)."""

from typing import Any

import pytest
from play import ALICE, HUMAN, NOW, PAGE, SHOP, Play, code, text_to

from kaiwa.meta.signatures import appsecret_proof
from kaiwa.simulator.actions import Edit, React, Refer, Remark, See, Tap, Unreact, Unsend
from kaiwa.simulator.errors import Rule
from kaiwa.simulator.faults import Fault
from kaiwa.simulator.model import DAY, Limits
from kaiwa.simulator.state import UnknownThingError

CLOSED = (10, 2534022)


@pytest.mark.parametrize(
    ("age", "tag", "expected"),
    [
        (0.0, {}, None),
        (DAY - 1, {}, None),
        (DAY, {}, CLOSED),
        (DAY, HUMAN, None),
        (7 * DAY - 1, HUMAN, None),
        (7 * DAY, HUMAN, CLOSED),
        (60.0, HUMAN, None),
    ],
)
def test_window_by_the_events_own_time(
    play: Play, age: float, tag: dict[str, str], expected: tuple[int, int] | None
) -> None:
    play.shop(human_agent=True)
    play.write(at=NOW - age)
    assert code(play.send(text_to(ALICE, **tag))) == expected
    assert [call.rule for call in play.state.books.violations()] == ([Rule.WINDOW] if expected else [])


def test_late_delivery_of_an_old_message_does_not_shorten_the_window(play: Play) -> None:
    play.write(at=NOW - 60)
    play.write(at=NOW - 2 * DAY)
    assert code(play.send()) is None


def test_human_agent_needs_its_feature(play: Play) -> None:
    play.write()
    assert code(play.send(text_to(ALICE, **HUMAN))) == (3, None)


OPENERS = [
    lambda mid: React(mid=mid),
    lambda _: Tap(account_id=SHOP, customer_id=ALICE, title="Menu", payload="menu"),
    lambda _: Refer(account_id=SHOP, customer_id=ALICE, ref="camp"),
]
NO_OPENERS = [
    lambda mid: Unreact(mid=mid),
    lambda mid: Edit(mid=mid, text="better"),
    lambda mid: Unsend(mid=mid),
    lambda mid: See(mid=mid),
    lambda _: Remark(account_id=SHOP, customer_id=ALICE, text="nice"),
]


@pytest.mark.parametrize(("make", "opens"), [(o, True) for o in OPENERS] + [(n, False) for n in NO_OPENERS])
def test_what_opens_the_window(play: Play, make: Any, opens: bool) -> None:
    mid = play.write(at=NOW - 2 * DAY)
    play.act(make(mid))
    assert code(play.send()) == (None if opens else CLOSED)


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        ({"node": "me"}, None),
        ({"node": PAGE}, None),
        ({"node": SHOP}, (100, 2534013)),
        ({"node": "999"}, (100, 33)),
        ({"token": None}, (190, None)),
        ({"token": "stolen"}, (190, None)),
        ({"host": "instagram"}, (190, None)),
        ({"version": "v19.0"}, (2500, None)),
        ({"proof": "0" * 64}, (100, None)),
        ({"proof": appsecret_proof(b"secret-1001", "token-1001")}, None),
        ({"body": "not an object"}, (100, None)),
    ],
)
def test_who_calls(play: Play, post: dict[str, Any], expected: tuple[int, int | None] | None) -> None:
    play.write()
    assert code(play.send(**post)) == expected


def test_instagram_login_sends_to_the_accounts_own_id(play: Play) -> None:
    play.shop(login="instagram", page_id=None)
    play.write()
    assert code(play.send(host="instagram", node=SHOP)) is None
    assert code(play.send(host="facebook", node=SHOP)) == (190, None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"eligible": False}, (36103, None)), ({"messages_allowed": False}, (200, 2534041))],
)
def test_account_state(play: Play, fields: dict[str, Any], expected: tuple[int, int | None]) -> None:
    play.write()
    play.shop(**fields)
    assert code(play.send()) == expected


def test_unknown_recipient(play: Play) -> None:
    assert code(play.send(text_to("42"))) == (100, 2534014)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"attachment": {"type": "image", "payload": {"attachment_id": "77"}}}, None),
        ({"attachment": {"type": "image", "payload": {"attachment_id": "78"}}}, (100, 2018074)),
        ({"attachment": {"type": "MEDIA_SHARE", "payload": {"id": "179"}}}, None),
        ({"attachment": {"type": "MEDIA_SHARE", "payload": {"id": "180"}}}, (100, 2534015)),
    ],
)
def test_what_a_body_points_to_is_the_accounts_own(
    play: Play, message: dict[str, Any], expected: tuple[int, int] | None
) -> None:
    play.shop(uploads=frozenset({"77"}), media=frozenset({"179"}))
    play.write()
    assert code(play.send({"recipient": {"id": ALICE}, "message": message})) == expected


def test_reply_to_a_message_of_this_thread_only(play: Play) -> None:
    mid = play.write()
    assert code(play.send(text_to(ALICE, reply_to={"mid": mid}))) is None
    assert code(play.send(text_to(ALICE, reply_to={"mid": "aWdfZAG1other"}))) == (100, None)
    play.act(Unsend(mid=mid))
    assert code(play.send(text_to(ALICE, reply_to={"mid": mid}))) == (100, None)


@pytest.mark.parametrize(("login", "limit"), [("facebook", 300), ("instagram", 100)])
def test_text_rate_per_login(play: Play, login: str, limit: int) -> None:
    play.shop(login=login, page_id=PAGE if login == "facebook" else None)
    play.write()
    codes = [code(play.send(host=login, arrived=5.0 + n / 1000)) for n in range(limit + 1)]
    assert codes == [None] * limit + [(613, 2534040)]
    assert play.state.books.peak(SHOP) == limit + 1
    assert code(play.send(host=login, arrived=8.0)) is None


def test_rate_is_per_app_and_class(play: Play) -> None:
    play.shop(limits=Limits(text_per_second=1, media_per_second=1))
    play.write()
    image = {"attachment": {"type": "image", "payload": {"url": "https://a/b.png"}}}
    assert code(play.send(arrived=5.0)) is None
    assert code(play.send(arrived=5.1, token="token-2002")) is None
    assert code(play.send({"recipient": {"id": ALICE}, "message": image}, arrived=5.2)) is None
    assert code(play.send(arrived=5.3)) == (613, 2534040)


def test_sender_actions_leave_no_message(play: Play) -> None:
    mid = play.write()
    typing = play.send({"recipient": {"id": ALICE}, "sender_action": "typing_on"})
    love = {"message_id": mid, "reaction": "love"}
    react = play.send({"recipient": {"id": ALICE}, "sender_action": "react", "payload": love})
    assert typing.answer == react.answer == {"recipient_id": ALICE}
    assert not typing.events
    assert not react.events


def test_a_call_is_broken_until_it_is_judged(play: Play) -> None:
    """Breaks when a call that the server cuts off counts as accepted, or is blamed on the caller."""
    play.write()
    play.script.add(Fault(effect="reset", when="before", marker="Yes"))
    received = play.receive()
    assert (play.last.outcome, play.last.fault) == ("broken", "reset/before")
    assert play.state.books.accepted() == play.state.books.violations() == []
    assert code(play.desk.judge(received, NOW)) is None
    assert play.last.outcome == "accepted"


def test_what_was_taken_back_cannot_be_touched_again(play: Play) -> None:
    mid = play.write()
    play.act(Unsend(mid=mid))
    for action in (Unsend(mid=mid), Edit(mid=mid, text="x"), React(mid=mid)):
        with pytest.raises(UnknownThingError, match="unsent"):
            play.act(action)


def test_an_account_changes_its_token(play: Play) -> None:
    play.write()
    play.shop(tokens={"1001": "renewed"})
    assert code(play.send()) == (190, None)
    assert code(play.send(token="renewed")) is None
