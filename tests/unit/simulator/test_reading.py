"""What the Conversations API returns, and what it hides (platform notes, section 5 and 6)."""

from typing import Any

import pytest
from play import ALICE, NOW, SHOP, Play

from kaiwa.simulator.actions import Hand, Unsend
from kaiwa.simulator.model import DAY


def conversation(play: Play, **query: str) -> Any:
    return play.read("me/conversations", {"platform": "instagram", **query})["data"][0]


def test_a_thread_with_its_messages_in_one_call(play: Play) -> None:
    mid = play.write("hello", at=NOW - 60)
    sent = play.send().answer["message_id"]
    found = conversation(
        play, user_id=ALICE, fields="messages.limit(20){id,created_time,from,to,message},participants"
    )
    shop, alice = {"username": "shop", "id": SHOP}, {"username": "alice", "id": ALICE}
    assert found["participants"] == {"data": [shop, alice]}
    newest, oldest = found["messages"]["data"]
    assert newest == {
        "id": sent,
        "created_time": "2026-11-18T11:06:40+0000",
        "from": shop,
        "to": {"data": [alice]},
        "message": "Yes",
    }
    assert (oldest["id"], oldest["from"], oldest["message"]) == (mid, alice, "hello")


def test_only_the_twenty_newest_can_be_read(play: Play) -> None:
    mids = [play.write(f"n{n}", at=NOW - 100 + n) for n in range(21)]
    assert play.read(mids[0], {"fields": "message"}) == (9000001, None)
    assert play.read(mids[1], {"fields": "message"})["message"] == "n1"
    listed = conversation(play, fields="messages.limit(25){id,message}")["messages"]["data"]
    assert [row.get("message") for row in listed] == [f"n{n}" for n in range(20, 0, -1)] + [None]
    assert listed[-1]["id"] == mids[0]


def test_an_unsent_message_is_gone(play: Play) -> None:
    mid = play.write()
    play.write("later")
    play.act(Unsend(mid=mid))
    assert play.read(mid) == (9000001, None)
    assert len(conversation(play, fields="messages{id}")["messages"]["data"]) == 1


def test_requests_idle_for_thirty_days_are_not_returned(play: Play) -> None:
    play.write()
    assert play.read("me/conversations", {"platform": "instagram"}, now=NOW + 30 * DAY)["data"] == []
    play.send()
    assert play.read("me/conversations", {"platform": "instagram"}, now=NOW + 30 * DAY)["data"] != []


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("me/conversations", {}, (100, None)),
        ("me/conversations", {"platform": "instagram", "fields": "unread_count"}, (100, None)),
        (f"{SHOP}/conversations", {"platform": "instagram"}, (100, 2534013)),
        ("aWdfZAG1nothing", {}, (100, 33)),
        ("me/likes", {}, (2500, None)),
        ("me/thread_owner", {"recipient": "42"}, (100, 2534014)),
    ],
)
def test_refusals(play: Play, path: str, query: dict[str, str], expected: tuple[int, int | None]) -> None:
    play.write()
    assert play.read(path, query) == expected


def test_an_account_that_is_not_eligible(play: Play) -> None:
    play.shop(eligible=False)
    assert play.read("me/conversations", {"platform": "instagram"}) == (36103, None)


def test_two_reads_a_second(play: Play) -> None:
    codes = [play.read("me/conversations", {"platform": "instagram"}, arrived=5.0 + n / 10) for n in range(3)]
    assert codes[2] == (613, 2534040)
    assert play.state.books.peak(SHOP, rate="read") == 3


def test_thread_owner(play: Play) -> None:
    play.shop(default_app="1001")
    play.write()
    shown = {"thread_owner": {"app_id": "1001", "expiration": int(NOW + DAY)}}
    assert play.read("me/thread_owner", {"recipient": ALICE}) == {"data": [shown]}
    assert conversation(play, fields="is_owner")["is_owner"] is True
    play.act(Hand(account_id=SHOP, customer_id=ALICE))
    assert play.read("me/thread_owner", {"recipient": ALICE}) == {"data": []}
