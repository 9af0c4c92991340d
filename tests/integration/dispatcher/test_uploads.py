"""Media that is uploaded once, on the real thing: uploaded before its message, reused, forgotten, and never in clear."""

from typing import Any

import pytest
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.contracts.outcomes import Outcome
from kaiwa.contracts.sends import Media, Message
from kaiwa.simulator.actions import Expire
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = "https://shop.example/price-list.pdf"


def calls(rig: DispatcherRig, person: Person) -> list[str | None]:
    return [call.kind for call in rig.sim.books.calls if call.account_id == person.account_id]


def named(rig: DispatcherRig, person: Person) -> list[Any]:
    """By what each message named its media."""
    accepted = rig.sim.books.accepted(account_id=person.account_id)
    return [call.body["message"]["attachment"]["payload"] for call in accepted if call.kind == "media"]


async def sent(rig: DispatcherRig, person: Person, url: str = LIST) -> Outcome:
    message = Message(file=Media(url=url, reusable=True))
    return await rig.final(await rig.ask(person, message=message, author=HUMAN))


async def test_it_is_uploaded_once_and_sent_by_its_id(rig: DispatcherRig) -> None:
    """Breaks when each message uploads anew, when the address is sent after all, or is kept in clear."""
    person = await rig.customer()
    outcomes = [await sent(rig, person) for _ in range(3)]
    assert {outcome.state for outcome in outcomes} == {"sent"}
    assert calls(rig, person) == ["upload", "media", "media", "media"]
    (payload, *others) = named(rig, person)
    assert payload.keys() == {"attachment_id"}
    assert others == [payload, payload]
    assert LIST not in await rig.everything_stored()


async def test_what_the_platform_forgot_is_uploaded_again(rig: DispatcherRig) -> None:
    """Error 100/2018074. Breaks when the message fails with it, or the forgotten id is used again."""
    person = await rig.customer()
    await sent(rig, person)
    rig.sim.act(Expire(account_id=person.account_id))
    await rig.db.execute("update dispatcher.uploads set uploaded_at = now() - interval '1 hour'")
    outcome = await sent(rig, person)
    assert (outcome.state, len(outcome.parts)) == ("sent", 1)
    assert calls(rig, person) == ["upload", "media", "media", "upload", "media"]
    first, second = named(rig, person)
    assert first != second


async def test_an_id_that_was_never_known_does_not_turn_in_circles(rig: DispatcherRig) -> None:
    """Breaks when an upload of just now is taken for a forgotten one, again and again."""
    person = await rig.customer()
    rig.sim.fault(
        "error",
        when="before",
        kind="media",
        times=None,
        account_id=person.account_id,
        code=100,
        subcode=2018074,
    )
    outcome = await sent(rig, person)
    assert (outcome.state, outcome.reason) == ("failed", "platform")
    assert calls(rig, person) == ["upload", "media"]


@pytest.mark.parametrize("fault", [{"effect": "error", "code": 100, "subcode": 2018047}, {"effect": "reset"}])
async def test_without_an_upload_the_address_itself_is_sent(
    rig: DispatcherRig, fault: dict[str, Any]
) -> None:
    """Breaks when a failed upload fails its message, or puts it in doubt."""
    person = await rig.customer()
    rig.sim.fault(when="before", kind="upload", times=1, account_id=person.account_id, **fault)
    outcomes = [await sent(rig, person) for _ in range(2)]
    assert [(o.state, o.evidence) for o in outcomes] == [("sent", "answer")] * 2
    assert calls(rig, person) == ["upload", "media", "media"]
    assert named(rig, person) == [{"url": LIST}] * 2


async def test_instagram_login_sends_the_address(rig: DispatcherRig) -> None:
    person = await rig.customer(login="instagram")
    assert (await sent(rig, person)).state == "sent"
    assert calls(rig, person) == ["media"]


async def test_ten_images_some_of_them_uploaded(rig: DispatcherRig) -> None:
    person = await rig.customer()
    picture = "https://shop.example/{}.png"
    images = [Media(url=picture.format(n % 2), reusable=n < 4) for n in range(10)]
    outcome = await rig.final(await rig.ask(person, message=Message(images=tuple(images)), author=HUMAN))
    assert outcome.state == "sent"
    assert calls(rig, person) == ["upload", "upload", "media"]
    (call,) = rig.sim.books.accepted(account_id=person.account_id)[2:]
    payloads = [part["payload"] for part in call.body["message"]["attachments"]]
    assert ["attachment_id" in payload for payload in payloads] == [True] * 4 + [False] * 6
