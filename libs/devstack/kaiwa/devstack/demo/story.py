"""What people do in the demo, act by act; all acts play at once. The first line of each is shown while it runs.

Numbers such as #0042 stand in a customer's message and in its answer, so that a fault can wait for a particular one.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.sends import Media, Message, SendRequest
from kaiwa.contracts.times import rfc3339
from kaiwa.devstack.demo.stage import CAMPAIGN, Stage, request
from kaiwa.devstack.shops import Shop
from kaiwa.simulator.actions import AnyAction, Edit, React, Remark, See, Tap, Unsend, Write
from kaiwa.simulator.delivery import DeliverySettings
from kaiwa.simulator.faults import Fault
from kaiwa.simulator.model import Customer

Act = Callable[[Stage], Awaitable[None]]

MOON: Final = "Blue Moon"
TSUKI: Final = "青い月"
MOND: Final = "Blauer Mond"
LUNE: Final = "Lune bleue"
OWNER: Final = "218471"
"""Who logged that shop in, as Meta names them to this app."""
SHOPS: Final = (
    Shop(MOON),
    Shop(TSUKI, login="instagram", locale="ja", human_agent=False, username="aoi.tsuki"),
    Shop(MOND, locale="de", text_per_second=5),
    Shop(LUNE, login_user_id=OWNER),
)
DELIVERY: Final = DeliverySettings(duplicate=0.15, reorder=0.3)
SETTINGS: Final = {"KAIWA_DISPATCHER__HUMAN_HOLD": "12"}

DAY: Final = 86_400.0
MARGIN: Final = 90.0  # KAIWA_DISPATCHER__WINDOW_MARGIN, its default
CROWD: Final = {MOON: 14, TSUKI: 12, MOND: 6}
CAMPAIGN_SIZE: Final = 30
_QUESTIONS: Final = ("{} Do you have it in blue?", "{} 青いのはありますか 🌙", "{} Can I see a picture?")


async def everybody_writes(stage: Stage) -> None:
    """Customers write; Meta delivers in batches, some of them twice, late, or out of order"""
    await stage.remote.fault(
        Fault(effect="drop_first", kind="message", times=3, probability=0.3),
        Fault(effect="duplicate", kind="message", times=5, probability=0.3),
    )
    for shop, size in CROWD.items():
        for customer in await asyncio.gather(*(stage.customer(shop) for _ in range(size))):
            first, second = stage.chance.sample(_QUESTIONS, 2)
            mid = await stage.write(customer, first.format(stage.number()))
            await stage.remote.act(
                [_writes(customer, second.format(stage.number())), *_gestures(stage, customer, mid)]
            )


def _writes(customer: Customer, text: str) -> Write:
    return Write(account_id=customer.account_id, customer_id=customer.customer_id, text=text)


def _gestures(stage: Stage, customer: Customer, mid: str) -> list[AnyAction]:
    account_id, customer_id = customer.account_id, customer.customer_id
    gestures: list[AnyAction] = [
        React(mid=mid),
        See(mid=mid),
        Tap(account_id=account_id, customer_id=customer_id, title="Opening hours", payload="HOURS"),
        Remark(account_id=account_id, customer_id=customer_id, text=f"{stage.number()} Lovely!"),
    ]
    return stage.chance.sample(gestures, 2)


async def messages_are_unsent(stage: Stage) -> None:
    """Messages are unsent: before they arrive, after, after an edit, and one of our own"""
    early, late, edited, ours = [await stage.customer(MOON) for _ in range(4)]
    unwritten = await stage.write(early, _secret(stage), delay=2.0)
    await stage.remote.unsend(unwritten)

    text, revised = _secret(stage), _secret(stage)
    mids = [await stage.write(late, text), await stage.write(edited, _secret(stage))]
    await stage.remote.act([Edit(mid=mids[1], text=revised)])
    greeted = await stage.write(ours, f"{stage.number()} Hello?")
    await stage.sent(await stage.answered(greeted))
    reply = await stage.say(ours, _secret(stage))
    await stage.sent(reply)
    mids += [part.mid for part in stage.watch.latest[reply].parts if part.mid]

    await stage.watch.until(lambda: all(stage.watch.by_mid[mid] for mid in mids), "the texts are in Kafka")
    stage.prove(text)
    await stage.remote.act([Unsend(mid=mid) for mid in mids])


def _secret(stage: Stage) -> str:
    return f"{stage.number()} my code is {secrets.token_hex(8)}"


async def an_owner_wants_to_be_forgotten(stage: Stage) -> None:
    """A shop's owner asks Meta for the deletion of their data: Meta's callback, and all of the account goes"""
    answers = []
    for customer in [await stage.customer(LUNE) for _ in range(2)]:
        mid = await stage.write(customer, _secret(stage))
        answers.append(await stage.answered(mid))
    for answer in answers:
        await stage.sent(answer)
    echoes = [part.mid for answer in answers for part in stage.watch.latest[answer].parts if part.mid]
    await stage.watch.until(lambda: all(stage.watch.by_mid[mid] for mid in echoes), "the echoes are in Kafka")
    stage.forgotten[stage.kaiwa.accounts[LUNE].account_id] = await stage.remote.forget_me(OWNER)
    await stage.watch.until(lambda: "data_deletion" in stage.watch.reasons, "the order to delete is out")


async def answers_get_lost(stage: Stage) -> None:
    """Meta's answers get lost: resets, a silence, an error page, an echo that never comes"""
    number = [stage.number() for _ in range(8)]
    await stage.remote.fault(
        Fault(effect="reset", when="after", marker=number[0]),
        Fault(effect="status", when="after", marker=number[1]),
        Fault(effect="hang", when="after", seconds=2, marker=number[2]),
        Fault(effect="garbled", marker=number[3]),
        Fault(effect="echo_first", marker=number[4], seconds=5),
        Fault(effect="reset", when="after", marker=number[5]),
        Fault(effect="lose", kind="echo", marker=number[5]),  # only the thread can tell
        Fault(effect="reset", when="before", marker=number[6]),  # and here it tells that there is nothing
        Fault(effect="error", when="before", code=551, subcode=1545041, marker=number[7]),
    )
    for each in number:
        await stage.write(await stage.customer(MOON), f"{each} Do you ship abroad?")


async def a_person_takes_over(stage: Stage) -> None:
    """A person takes a conversation over, and hands it back to the bot"""
    customer = await stage.customer(MOON)
    await stage.sent(await stage.answered(await stage.write(customer, f"{stage.number()} HUMAN, please")))
    await stage.ask(request(customer, None, kind="escalate"))
    await stage.sent(await stage.say(customer, f"{stage.number()} Kim here. How can I help?"))
    waiting = await stage.answered(await stage.write(customer, f"{stage.number()} Thanks, it is solved"))
    await stage.deferred(waiting, "human_handling")
    await stage.ask(request(customer, None, kind="release"))
    await stage.sent(waiting)


async def the_owner_uses_her_phone(stage: Stage) -> None:
    """The owner answers on her phone, and the bot waits; a customer asks whether this is a bot"""
    customer = await stage.customer(TSUKI)
    await stage.sent(await stage.answered(await stage.write(customer, f"{stage.number()} Is it open today?")))
    typed = await stage.type(customer, f"{stage.number()} Yes, until six!")
    await stage.watch.until(lambda: stage.watch.by_mid[typed], "what she typed is an event")
    await stage.held(customer)
    waiting = await stage.answered(await stage.write(customer, f"{stage.number()} And on Sunday?"))
    await stage.deferred(waiting, "human_handling")
    curious = await stage.customer(TSUKI)
    await stage.sent(await stage.answered(await stage.write(curious, f"{stage.number()} Hello")))
    await stage.sent(await stage.answered(await stage.write(curious, f"{stage.number()} Are you a bot?")))
    await stage.sent(waiting)


async def a_window_closes(stage: Stage) -> None:
    """A window closes: the bot is refused, a person may still answer where Meta granted it"""
    closing = await stage.customer(MOON)
    left = stage.watch.patience / 4  # seconds in which automation may still answer
    opened = time.time() - DAY + MARGIN + left
    mid = await stage.write(closing, f"{stage.number()} Any news?", ago=time.time() - opened)
    reminder = Message(text=f"{stage.number()} Shall we keep it for you?")
    due = rfc3339(datetime.fromtimestamp(opened + DAY - MARGIN + 0.5, UTC))
    refused = await stage.ask(request(closing, reminder, author=CAMPAIGN, not_before=due))

    for shop, last in ((MOON, stage.ends), (TSUKI, ("refused",))):
        late = await stage.customer(shop)
        delivered_late = await stage.write(late, f"{stage.number()} Is anybody there?", ago=DAY + 3600)
        await stage.ended(await stage.answered(delivered_late), "refused")
        await stage.ended(await stage.say(late, f"{stage.number()} Sorry for the wait!"), *last)
    await stage.sent(await stage.answered(mid))
    await stage.ended(refused, "refused")


async def a_campaign_meets_a_limit(stage: Stage) -> None:
    """A campaign of 30 messages meets a limit of 5 a second"""
    customers = [await stage.customer(MOND) for _ in range(6)]
    mids = [await stage.write(customer, f"{stage.number()} Tell me about the sale") for customer in customers]
    for mid in mids:
        await stage.answered(mid)
    await stage.ask(
        *(
            request(
                customers[n % len(customers)],
                Message(text=f"{stage.number()} Everything blue is half price."),
                author=CAMPAIGN,
                lane="bulk",
            )
            for n in range(CAMPAIGN_SIZE)
        )
    )


async def callers_make_mistakes(stage: Stage) -> None:
    """Callers make mistakes: a request twice, an unknown account, eleven images, and plain junk"""
    customer = await stage.customer(MOON)
    await stage.answered(await stage.write(customer, f"{stage.number()} I am here"))
    once = request(customer, Message(text=f"{stage.number()} The first body counts."))
    again = request(
        customer, Message(text=f"{stage.number()} This one must not go out."), request_id=once.request_id
    )
    images = tuple(Media(url=f"https://pictures.example.org/{n}.jpg") for n in range(11))
    stranger = Customer(account_id="17840000000000000", customer_id=customer.customer_id)
    wrong: list[SendRequest] = [
        request(stranger, Message(text=f"{stage.number()} Nobody's account")),
        request(customer, Message(images=images)),
    ]
    await stage.ask(once, again, once, *wrong)
    await stage.publish(Outgoing(topics.SENDS, b"junk", b'{"request_id": "no end'))
    for each in wrong:
        await stage.ended(each.request_id, "refused")
    await stage.watch.until(lambda: stage.watch.quarantined, "junk is in quarantine")


ACTS: Final[tuple[Act, ...]] = (
    messages_are_unsent,  # first: the bound of the erasure is what takes longest
    an_owner_wants_to_be_forgotten,
    everybody_writes,
    answers_get_lost,
    a_window_closes,
    a_person_takes_over,
    the_owner_uses_her_phone,
    a_campaign_meets_a_limit,
    callers_make_mistakes,
)
