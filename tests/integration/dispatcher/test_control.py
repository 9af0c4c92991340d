"""Thread control on the real thing: the five calls by record and by command, silent changes, and both modes of routing.

A second app is connected in each, as an inbox or another bot would be.
"""

import json
from typing import Any

import pytest
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.contracts.outcomes import Outcome
from kaiwa.contracts.sends import ThreadControl
from kaiwa.simulator.actions import Hand
from kaiwa.simulator.model import Account
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS, THEIRS = "1001", "2002"
INBOX = "1217981644879628"


async def shop(rig: DispatcherRig, *, default_app: str | None = OURS, **entry: Any) -> Account:
    """A shop with two apps, and routing on unless it has no default app."""
    rig.sim.app(THEIRS)
    return await rig.account(
        default_app=default_app, entry={"default_app": default_app in {None, OURS}, **entry}
    )


async def written(rig: DispatcherRig, account: Account, *, routing: str | None = "routed") -> Person:
    """A customer who has just written, and is heard, once the account's mode is known."""
    await rig.until_stored(
        "select routing from dispatcher.accounts where account_id = $1", account.account_id, routing
    )
    person = rig.sim.customer(account)
    person.write("Anybody there?")
    assert await rig.sim.settled()
    await rig.known()  # it would make a thread ours again that a test has just given away
    return person


async def control(rig: DispatcherRig, person: Person, action: Any, **fields: Any) -> Outcome:
    asked = ThreadControl(action, **fields)
    return await rig.final(await rig.ask(person, kind="thread_control", author=HUMAN, thread_control=asked))


async def said(rig: DispatcherRig, person: Person, text: str) -> tuple[str, str | None]:
    outcome = await rig.final(await rig.ask(person, text, author=HUMAN))
    return outcome.state, outcome.reason


def hand(rig: DispatcherRig, person: Person, app_id: str | None) -> None:
    """The other side acts: passes or takes (which the platform tells), or releases or takes silently."""
    rig.sim.act(Hand(account_id=person.account_id, customer_id=person.customer_id, app_id=app_id))


def refused(rig: DispatcherRig, person: Person) -> list[tuple[int | None, int | None]]:
    calls = [call for call in rig.sim.books.violations() if call.account_id == person.account_id]
    return [(call.code, call.subcode) for call in calls]


async def test_a_thread_is_passed_taken_extended_and_released(rig: DispatcherRig) -> None:
    """Promise 4. Breaks when our own pass is not remembered (no event tells the one who passed), when a taken thread
    counts as another's, when a word about control waits for a window.
    """
    person = await written(rig, await shop(rig))
    assert (await control(rig, person, "pass", target_app_id=INBOX)).state == "sent"
    assert await said(rig, person, "not ours any more") == ("refused", "not_owner")
    assert (await control(rig, person, "release")).reason == "not_owner"
    taken = await control(rig, person, "take")
    assert (taken.state, taken.evidence, taken.parts[0].mid) == ("sent", "answer", None)
    assert await said(rig, person, "ours again") == ("sent", None)
    assert (await control(rig, person, "extend", seconds=3 * 86_400)).state == "sent"
    assert (await control(rig, person, "release")).state == "sent"
    assert refused(rig, person) == []


async def test_what_others_do_silently_is_asked_for(rig: DispatcherRig) -> None:
    """Promise 4: the other app releases the thread and no event tells. Breaks when an old word refuses unasked, or
    when the platform's answer is not believed.
    """
    person = await written(rig, await shop(rig))
    hand(rig, person, THEIRS)  # the platform tells the new owner only, which is not us
    await control(rig, person, "pass", target_app_id=INBOX)  # refused or not: the thread is theirs
    await grown_old(rig, person)
    assert await said(rig, person, "it is theirs") == ("refused", "not_owner")
    hand(rig, person, None)
    await grown_old(rig, person)
    assert await said(rig, person, "released meanwhile") == ("sent", None)
    assert rig.sim.books.posts("it is theirs") == []


async def grown_old(rig: DispatcherRig, person: Person) -> None:
    """What was known of the owner is an hour old."""
    await rig.db.execute(
        "update dispatcher.conversations set control_at = now() - interval '1 hour', control = 'other',"
        " owner_asked_at = null where account_id = $1 and customer_id = $2",
        person.account_id,
        person.customer_id,
    )


async def test_an_app_that_is_not_the_default_one_answers_only_what_is_its_own(rig: DispatcherRig) -> None:
    """The customer's message comes in standby. Breaks when standby counts as ours, or a pass to us is not heard."""
    person = await written(rig, await shop(rig, default_app=THEIRS))
    assert await said(rig, person, "not my thread") == ("refused", "not_owner")
    hand(rig, person, OURS)
    assert await rig.sim.settled()
    assert await said(rig, person, "mine now") == ("sent", None)
    assert refused(rig, person) == []


async def test_without_routing_control_is_requested_and_somebody_is_warned(rig: DispatcherRig) -> None:
    """Breaks when the mode is not asked for, when `take` is called where it cannot work, when nobody is told."""
    account = await shop(rig, default_app=None)
    person = await written(rig, account, routing="open")
    assert (await control(rig, person, "take")).reason == "control_unavailable"
    assert (await control(rig, person, "request")).state == "sent"
    assert await said(rig, person, "everybody may") == ("sent", None)
    assert refused(rig, person) == []
    assert "zero_config" in rig.log("dispatcher")
    listed = json.loads((await rig.kaiwa("accounts", "list", "--json")).stdout)
    assert next(row["routing"] for row in listed if row["account_id"] == account.account_id) == "open"


async def test_the_platform_teaches_the_mode_where_nobody_knew_it(rig: DispatcherRig) -> None:
    """Error 27. Breaks when it is only an error: the next `take` would be called, too."""
    person = await written(rig, await shop(rig))
    rig.sim.fault("error", when="before", kind="control", times=1, account_id=person.account_id, code=27)
    assert (await control(rig, person, "take")).reason == "control_unavailable"
    calls = len(rig.sim.books.calls)
    assert (await control(rig, person, "take")).reason == "control_unavailable"
    assert len(rig.sim.books.calls) == calls


async def test_a_call_about_control_whose_answer_is_lost_is_not_repeated_but_asked_about(
    rig: DispatcherRig,
) -> None:
    """Promise 3. Breaks when it is made again, when it stays in doubt for ever, or when what it did is not asked for."""
    person = await written(rig, await shop(rig))
    hand(rig, person, THEIRS)
    await grown_old(rig, person)
    rig.sim.fault("reset", when="after", kind="control", times=1, account_id=person.account_id)
    lost = await control(rig, person, "take")
    assert (lost.state, lost.reason) == ("failed", "control_unknown")
    assert await said(rig, person, "it was taken") == ("sent", None)
    assert [call.kind for call in rig.sim.books.calls if call.account_id == person.account_id] == [
        "control",
        "text",
    ]


async def test_control_by_command(rig: DispatcherRig) -> None:
    person = await written(rig, await shop(rig))
    room = (person.account_id, person.customer_id)

    async def done(*words: str) -> str:
        asked = await rig.kaiwa("conversations", *words, "--json")
        return (await rig.final(json.loads(asked.stdout)["request_id"])).state

    assert await done("extend", *room, "--seconds", "60") == "sent"
    shown = json.loads((await rig.kaiwa("conversations", "show", *room, "--json")).stdout)
    assert (shown["control"], shown["routing"]) == ("ours", "routed")
    assert shown["control_until"]
    assert await done("pass", *room, "--to", INBOX, "--human", "Eve") == "sent"
    assert await done("request", *room) == "refused"
    assert await done("hand-back", *room) == "sent"
    wrong = await rig.kaiwa("conversations", "extend", *room, "--seconds", "604801", check=False)
    assert (wrong.returncode, "1 to 604800 seconds" in wrong.stderr) == (2, True)
