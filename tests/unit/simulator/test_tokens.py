"""Tokens and subscriptions of the box: how they end, and what `debug_token` says (platform notes, sections 1.1 and 9)."""

import pytest
from play import ALICE, NOW, SHOP, Play, code, text_to

from kaiwa.simulator.actions import Revoke, Unsubscribe
from kaiwa.simulator.errors import Refusal
from kaiwa.simulator.model import DAY
from kaiwa.simulator.tokens import SCOPES, debugged, refreshed, subscribed


@pytest.mark.parametrize("dead", [(190, 460), (190, 458), (102, None), (200, None)])
def test_a_token_that_its_owner_ended_is_refused_everywhere(play: Play, dead: tuple[int, int | None]) -> None:
    """Broken by: a token that only the messages edge takes for dead."""
    play.write()
    play.act(Revoke(account_id=SHOP, code=dead[0], subcode=dead[1]))
    assert code(play.send(text_to(ALICE))) == dead
    with pytest.raises(Refusal):
        play.state.authenticate("facebook", "v26.0", "token-1001", None, NOW)
    told = debugged(play.state.tokens["token-1001"], play.state.account(SHOP), NOW)["data"]
    assert (told["is_valid"], told["error"]["code"], told["error"]["subcode"]) == (False, *dead)
    play.shop(tokens={"1001": "new"})
    assert code(play.send(text_to(ALICE), token="new")) is None


def test_instagrams_tokens_end_after_sixty_days_and_those_of_pages_do_not(play: Play) -> None:
    page = play.state.tokens["token-1001"]
    assert debugged(page, play.state.account(SHOP), NOW)["data"]["expires_at"] == 0
    play.shop(login="instagram", page_id=None, tokens={"1001": "ig"})
    token = play.state.tokens["ig"]
    assert token.fault(NOW + 60 * DAY - 1) is None
    fault = token.fault(NOW + 60 * DAY)
    assert fault is not None
    assert (fault.code, fault.subcode) == (190, 463)


@pytest.mark.parametrize(("age", "refused"), [(DAY - 1, 100), (DAY, None), (60 * DAY, 190)])
def test_a_token_is_refreshed_after_a_day_and_before_its_end(
    play: Play, age: float, refused: int | None
) -> None:
    play.shop(login="instagram", page_id=None, tokens={"1001": "ig"})
    token = play.state.tokens["ig"]
    if refused is None:
        assert refreshed(token, NOW + age).expires_at == NOW + age + 60 * DAY
        return
    with pytest.raises(Refusal) as no:
        refreshed(token, NOW + age)
    assert no.value.error.code == refused


def test_what_was_not_granted_is_not_told(play: Play) -> None:
    play.shop(scopes=frozenset({"instagram_basic"}))
    told = debugged(play.state.tokens["token-1001"], play.state.account(SHOP), NOW)["data"]
    assert told["scopes"] == ["instagram_basic"]
    assert "instagram_manage_messages" in SCOPES["facebook"]
    unknown = debugged(None, None, NOW)["data"]
    assert (unknown["is_valid"], unknown["error"]["code"]) == (False, 190)


def test_without_a_subscription_nobody_is_told(play: Play) -> None:
    """Broken by: a subscription that is listed as gone while its events still flow."""
    play.write("heard")
    play.act(Unsubscribe(account_id=SHOP))
    play.write("unheard")
    assert play.read("me/subscribed_apps") == {"data": []}
    assert {event.text for event in play.state.books.events} == {"heard"}
    play.state.subscriptions[SHOP, "1001"] = subscribed("messages,standby", "facebook", SCOPES["facebook"])
    play.write("heard again")
    assert {event.text for event in play.state.books.events} == {"heard", "heard again"}
    assert play.read("me/subscribed_apps") == {
        "data": [{"id": "1001", "subscribed_fields": ["messages", "standby"]}]
    }


@pytest.mark.parametrize("fields", ["", ",", "messages,message_edits"])
def test_fields_that_are_none(fields: str) -> None:
    with pytest.raises(Refusal):
        subscribed(fields, "instagram", SCOPES["instagram"])
