"""What an account wants around its automation, on the real thing: signs of presence, holds, words of its own."""

from typing import Any

import pytest
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.contracts.sends import Message, Recipient
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAYS = 86_400.0


def shown(rig: DispatcherRig, person: Person) -> list[str]:
    """The calls that were made for somebody, in their order."""
    calls = [call for call in rig.sim.books.calls if call.account_id == person.account_id]
    return [call.body.get("sender_action") or call.text or "?" for call in calls]


@pytest.mark.parametrize(
    ("presence", "first"), [("off", []), ("seen", ["mark_seen"]), ("typing", ["mark_seen", "typing_on"])]
)
async def test_presence_is_shown_before_an_automated_reply_and_counts_as_nothing(
    rig: DispatcherRig, presence: str, first: list[str]
) -> None:
    """Breaks when it goes before each part, before a person's message or another sign, when it is a part or an attempt
    of its request, or when a disclosure is thought to have been made by it.
    """
    for _ in range(10):
        person = await rig.customer(entry={"presence": presence})
        outcome = await rig.final(await rig.ask(person, "A long answer. " * 130))
        assert (outcome.state, outcome.attempt, len(outcome.parts)) == ("sent", 3, 3)
        signs = [call for call in shown(rig, person) if call in {"mark_seen", "typing_on"}]
        assert signs == [sign for sign in first if sign in signs]
        assert shown(rig, person)[: len(signs)] == signs
        await rig.final(await rig.ask(person, "by hand", author=HUMAN))
        await rig.final(await rig.ask(person, message=Message(sender_action="typing_off"), author=HUMAN))
        assert shown(rig, person)[len(signs) + 3 :] == ["by hand", "typing_off"]
        if signs == first:
            return  # else a busy machine let a sign's slot pass, which is then left out
    pytest.fail("no reply of ten was announced")


@pytest.mark.parametrize("fault", [{"effect": "hang", "seconds": 5.0}, {"effect": "error", "code": 100}])
async def test_presence_holds_nothing_up_and_is_never_in_doubt(
    rig: DispatcherRig, fault: dict[str, Any]
) -> None:
    """Breaks when its answer is waited for, or what becomes of it is written down."""
    person = await rig.customer(entry={"presence": "typing"})
    rig.sim.fault(when="before", kind="action", times=None, account_id=person.account_id, **fault)
    outcome = await rig.final(await rig.ask(person, "in time"))
    assert (outcome.state, outcome.attempt) == ("sent", 1)
    assert [o.state for o in rig.outcomes[outcome.request_id]] == ["accepted", "sent"]
    (call,) = rig.sim.books.accepted("in time", account_id=person.account_id)
    first = next(call for call in rig.sim.books.calls if call.account_id == person.account_id)
    assert call.arrived - first.arrived < 3.0


async def test_a_person_holds_automation_until_they_hand_back(rig: DispatcherRig) -> None:
    """Promise 7. Breaks when the hold ends by time although the account says otherwise, when a hand-back is not heard,
    or when automation then goes on as if nobody had written.
    """
    person = await rig.customer(entry={"human_hold": "release"})
    await rig.final(await rig.ask(person, "bot first"))
    await rig.final(await rig.ask(person, "Eve here", author=HUMAN))
    held = await rig.ask(person, "bot waits")
    await rig.deferred(held, "human_handling")
    until = "select human_until = 'infinity' from dispatcher.conversations where customer_id = $1"
    assert await rig.db.fetchval(until, person.customer_id)
    await rig.ask(person, kind="release", author=HUMAN)
    after = await rig.final(held)
    assert after.state == "sent"
    assert after.disclosure is not None
    assert (after.disclosure.trigger, after.disclosure.grounds) == ("after_human", ("*",))


async def test_a_hold_of_the_accounts_own_length_ends_by_itself(rig: DispatcherRig) -> None:
    """Breaks when the installation's half hour is used: this test would wait for it."""
    person = await rig.customer(entry={"human_hold": 0.5})
    await rig.final(await rig.ask(person, "Eve here", author=HUMAN))
    assert (await rig.final(await rig.ask(person, "bot soon"))).state == "sent"


@pytest.mark.parametrize("how", ["escalate", "phone"])
async def test_automation_may_be_refused_instead_of_waiting(rig: DispatcherRig, how: str) -> None:
    person = await rig.customer(entry={"while_human": "refuse"})
    if how == "escalate":
        await rig.final(await rig.ask(person, kind="escalate", author=HUMAN))
    else:
        person.hear("Hi, Eve on my phone")
        assert await rig.sim.settled()
    outcome = await rig.final(await rig.ask(person, "not now"))
    assert (outcome.state, outcome.reason) == ("refused", "human_handling")
    assert rig.sim.books.posts("not now") == []


async def test_an_accounts_own_words_and_grounds_are_said_and_reported(rig: DispatcherRig) -> None:
    """Promise 7. Breaks when the shipped text is said, or the outcome names another version than the customer read."""
    words = {"text_id": "shop.v2", "text": "{name}s Bot antwortet."}
    entry = {"locale": "de_AT", "markets": ["AT"], "disclosure": {"texts": {"de": words}}}
    person = await rig.customer(entry=entry)
    outcome = await rig.final(await rig.ask(person, "Guten Tag"))
    (call,) = rig.sim.books.accepted(account_id=person.account_id)
    assert call.text == "Shops Bot antwortet.\n\nGuten Tag"
    said = outcome.disclosure
    assert said is not None
    assert (said.text_id, said.language, said.grounds, said.mid) == ("shop.v2", "de", ("*", "EU"), call.mid)


async def test_a_customer_who_asks_is_told(rig: DispatcherRig) -> None:
    """Promise 7. Breaks when the question is not heard in the events, or a disclosure before it counts as the answer."""
    person = await rig.customer()
    await rig.final(await rig.ask(person, "bot speaks"))
    person.write("Am I talking to a robot?")
    assert await rig.sim.settled()
    outcome = await rig.final(await rig.ask(person, "yes"))
    assert outcome.disclosure is not None
    assert outcome.disclosure.trigger == "asked"


@pytest.mark.parametrize(("made_days_ago", "state"), [(6.5, "sent"), (7.0, "refused"), (None, "refused")])
async def test_an_old_comment_is_read_for_its_own_time(
    rig: DispatcherRig, made_days_ago: float | None, state: str
) -> None:
    """Promise 4: its webhook came six days ago, perhaps late. Breaks when its age is guessed from the delivery, when it
    is refused unread, or answered although nobody could read it.
    """
    person = rig.sim.customer(await rig.account())
    made = rig.sim.clock.now() - (made_days_ago or 0) * DAYS
    comment = person.comment("Still there?", at=made)
    assert await rig.sim.settled()
    name = comment if made_days_ago is not None else f"{comment}404"
    await rig.until_stored("select true from dispatcher.comments where comment_id = $1", comment, True)
    await rig.db.execute(
        "update dispatcher.comments set seen_at = now() - interval '6 days', comment_id = $2 where comment_id = $1",
        comment,
        name,
    )
    outcome = await rig.final(await rig.ask(person, "late answer", recipient=Recipient(comment_id=name)))
    assert (outcome.state, outcome.reason) == (state, None if state == "sent" else "comment_grant_used")
    assert not [call for call in rig.sim.books.violations() if call.account_id == person.account_id]
