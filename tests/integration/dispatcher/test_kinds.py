"""Every kind of message on the real thing: the simulator's strict check takes each body, and its echo finds its request."""

from typing import Any

import pytest
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.contracts.sends import Author, Media, MediaShare, Message, ReactionTo, Recipient, ReplyTo
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {"KAIWA_DISPATCHER__SETTLE_AFTER": "15", "KAIWA_DISPATCHER__DOUBT_BOUND": "30"}
"""Seconds; an echo explains a call before its thread is read, on a busy machine, too."""

BOT = Author("automation")
URL = "https://shop.example/media"
UPLOADED, POST = "778899", "556677"
REPLY = {"content_type": "text", "title": "Yes", "payload": "Y"}
BUTTON = {
    "template_type": "button",
    "text": "Sure?",
    "buttons": [{"type": "postback", "title": "Yes", "payload": "Y"}],
}

KINDS: list[tuple[str, Message, str]] = [
    ("quick replies", Message(text="Which?", quick_replies=(REPLY,) * 13), "text"),
    ("an image", Message(images=(Media(url=f"{URL}.png"),)), "media"),
    ("ten images", Message(images=(Media(url=URL), Media(attachment_id=UPLOADED)) * 5), "media"),
    ("audio", Message(audio=Media(url=f"{URL}.m4a")), "media"),
    ("video", Message(video=Media(attachment_id=UPLOADED)), "media"),
    ("a file", Message(file=Media(url=f"{URL}.pdf")), "media"),
    ("a heart", Message(sticker="like_heart"), "text"),
    ("a post", Message(media_share=MediaShare(POST)), "text"),
    ("a template", Message(template=BUTTON), "text"),
]


async def stocked(rig: DispatcherRig, **fields: Any) -> Person:
    return await rig.customer(uploads=frozenset({UPLOADED}), media=frozenset({POST}), **fields)


@pytest.mark.parametrize("fault", [None, "reset"])
@pytest.mark.parametrize(("message", "rate"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
async def test_every_kind_is_sent_once_and_explained(
    rig: DispatcherRig, message: Message, rate: str, fault: str | None
) -> None:
    """Promise 3 for each kind. Breaks when `body` has another shape than the platform's, when a kind counts against
    the wrong limit, when `ECHOED_AS` does not know what its echo is called.
    """
    person = await stocked(rig)
    if fault:
        rig.sim.fault(fault, when="after", times=1, account_id=person.account_id)
    outcome = await rig.final(await rig.ask(person, author=HUMAN, message=message))

    (call,) = [call for call in rig.sim.books.calls if call.account_id == person.account_id]
    assert (outcome.state, outcome.evidence) == ("sent", "content" if fault else "answer")
    assert [part.mid for part in outcome.parts] == [call.mid]
    assert call.rate == rate


async def test_an_answer_names_the_message_it_answers(rig: DispatcherRig) -> None:
    """Breaks when `reply_to` is not sealed with the message, or goes with the disclosure in front of it."""
    person = await rig.customer()
    asked = person.write("Which one?")
    assert await rig.sim.settled()
    await rig.final(await rig.ask(person, "x" * 1500, reply_to=ReplyTo(asked)))

    calls = rig.sim.books.accepted(account_id=person.account_id)
    assert [call.body.get("reply_to") for call in calls] == [None, {"mid": asked}, None]
    assert asked not in await rig.everything_stored(), "what is answered is sealed, too"


GESTURES = [
    ("react", lambda mid: Message(reaction=ReactionTo(mid, "love"))),
    ("unreact", lambda mid: Message(reaction=ReactionTo(mid))),
    ("typing", lambda _: Message(sender_action="typing_on")),
    ("seen", lambda _: Message(sender_action="mark_seen")),
]


@pytest.mark.parametrize("fault", [None, "reset"])
@pytest.mark.parametrize("gesture", [g[1] for g in GESTURES], ids=[g[0] for g in GESTURES])
async def test_a_gesture_is_no_message(rig: DispatcherRig, gesture: Any, fault: str | None) -> None:
    """No tag, no disclosure, nothing in doubt, nothing that counts as written. Breaks when `delivered` notes a gesture
    as sent: the next message of automation would need no disclosure; or when `doubt` waits for evidence of one.
    """
    person = await rig.customer()
    mid = person.write("hello?")
    assert await rig.sim.settled()
    if fault:
        rig.sim.fault(fault, when="after", times=1, account_id=person.account_id)
    first = await rig.final(await rig.ask(person, author=BOT, message=gesture(mid)))
    if fault:
        assert (first.state, first.reason) == ("failed", "unknown_harmless")
        assert {outcome.state for outcome in rig.outcomes[first.request_id]} == {"accepted", "failed"}
    else:
        assert (first.state, first.parts[0].mid, first.disclosure) == ("sent", None, None)

    known = await rig.db.fetchrow(
        "select last_automated_at, disclosed_at, in_flight from dispatcher.conversations where customer_id = $1",
        person.customer_id,
    )
    assert known is not None
    assert tuple(known) == (None, None, None)
    then = await rig.final(await rig.ask(person, "now in words"))
    assert then.disclosure is not None
    assert then.disclosure.trigger == "start"
    (call, _) = [call for call in rig.sim.books.calls if call.account_id == person.account_id]
    assert not {"message", "tag", "messaging_type"} & call.body.keys()


async def test_a_gesture_after_the_window_is_refused(rig: DispatcherRig) -> None:
    person = rig.sim.customer(await rig.account(human_agent=True))
    person.write("long ago", at=rig.sim.clock.now() - 30 * 3600)
    assert await rig.sim.settled()
    outcome = await rig.final(await rig.ask(person, author=HUMAN, message=Message(sender_action="typing_on")))

    assert (outcome.state, outcome.reason) == ("refused", "window_closed")


async def commented(rig: DispatcherRig, **fields: Any) -> tuple[Person, str]:
    """Somebody who never wrote has commented."""
    person = rig.sim.customer(await rig.account())
    comment = person.comment("How much is it?", **fields)
    assert await rig.sim.settled()
    return person, comment


@pytest.mark.parametrize("live", [False, True])
async def test_a_comment_is_answered_in_private_once(rig: DispatcherRig, live: bool) -> None:
    """Promises 4 and 7. Breaks when the grant is not taken in the transaction that commits `sending`, when the
    disclosure goes as a message of its own, when the commenter's conversation does not learn what was said.
    """
    person, comment = await commented(rig, live=live)
    asked = [await rig.ask(person, f"private {n}", recipient=Recipient(comment_id=comment)) for n in range(3)]
    ended = [await rig.final(request) for request in asked]

    assert sorted(outcome.state for outcome in ended) == ["refused", "refused", "sent"]
    assert {outcome.reason for outcome in ended} == {None, "comment_grant_used"}
    (call,) = [call for call in rig.sim.books.calls if call.account_id == person.account_id]
    assert (call.outcome, call.body["recipient"]) == ("accepted", {"comment_id": comment})
    assert call.rate == ("live_reply" if live else "private_reply")
    assert "automatic assistant" in (call.text or "")
    sent = next(outcome for outcome in ended if outcome.state == "sent")
    assert sent.customer_id == person.customer_id
    assert sent.disclosure is not None
    assert sent.disclosure.placement == "prefix"
    person.write("Thanks!")
    assert await rig.sim.settled()
    assert (await rig.final(await rig.ask(person, "You are welcome"))).disclosure is None


async def test_no_private_reply_without_room_for_its_disclosure(rig: DispatcherRig) -> None:
    person, comment = await commented(rig)
    to = Recipient(comment_id=comment)
    wordy = await rig.final(await rig.ask(person, "x" * 990, recipient=to))
    picture = Message(images=(Media(url=URL),))
    mute = await rig.final(await rig.ask(person, recipient=to, message=picture))
    human = await rig.final(await rig.ask(person, recipient=to, message=picture, author=HUMAN))

    assert [o.reason for o in (wordy, mute, human)] == [
        "disclosure_impossible",
        "disclosure_impossible",
        None,
    ]
    assert human.state == "sent", "what was refused used nothing up"


async def test_a_private_reply_waits_for_its_comment_and_is_refused_without(rig: DispatcherRig) -> None:
    """Promise 4. Breaks when a refusal does not need every partition to be fresh, or the room is never left."""
    person = rig.sim.customer(await rig.account())
    nothing = await rig.ask(person, "to nobody", recipient=Recipient(comment_id="404"))
    assert (await rig.final(nothing)).reason == "comment_grant_used"

    await rig.services["dispatcher"].terminate()
    comment = person.comment("How much?")
    early = await rig.ask(person, "quick as a flash", recipient=Recipient(comment_id=comment))
    assert await rig.sim.settled()
    await rig.dispatcher()
    assert (await rig.final(early)).state == "sent"
    assert {outcome.customer_id for outcome in rig.outcomes[early]} <= {None, person.customer_id}


async def test_a_private_reply_obeys_what_holds_for_its_commenter(rig: DispatcherRig) -> None:
    """Promise 4: it names a comment only, and a person has taken its author's conversation over. Breaks when it stays
    in the room that stands in for a customer, where nothing is known of holds, erasures or the order of messages.
    """
    person, comment = await commented(rig)
    await rig.final(await rig.ask(person, kind="escalate", author=HUMAN))
    request = await rig.ask(person, "not over Eve", recipient=Recipient(comment_id=comment))
    await rig.deferred(request, "human_handling")
    assert rig.sim.books.posts("not over Eve") == []
    await rig.ask(person, kind="release", author=HUMAN)
    assert (await rig.final(request)).state == "sent"


async def test_a_refusal_before_anything_left_gives_the_grant_back(rig: DispatcherRig) -> None:
    """Breaks when a grant is used up by a call that certainly sent nothing."""
    person, comment = await commented(rig)
    rig.sim.fault("error", marker="misfit", times=1, when="before", code=100)
    to = Recipient(comment_id=comment)
    assert (await rig.final(await rig.ask(person, "misfit", recipient=to))).state == "failed"
    assert (await rig.final(await rig.ask(person, "fits", recipient=to))).state == "sent"


async def test_the_private_reply_in_doubt_is_found_and_not_repeated(rig: DispatcherRig) -> None:
    person, comment = await commented(rig)
    rig.sim.fault("reset", marker="doubtful", times=1, when="after")
    to = Recipient(comment_id=comment)
    outcome = await rig.final(await rig.ask(person, "doubtful", recipient=to))
    again = await rig.final(await rig.ask(person, "once more", recipient=to))

    assert (outcome.state, outcome.evidence, again.reason) == ("sent", "content", "comment_grant_used")
    assert len(rig.sim.books.posts("doubtful")) == 1
    assert not [call for call in rig.sim.books.violations() if call.account_id == person.account_id]
