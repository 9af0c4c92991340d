"""Conversations in bulk, as benchmarks of compliance write them into Kafka."""

from collections.abc import Sequence
from datetime import UTC, datetime

from compliance_rig import Rig
from happenings import ACCOUNT, message, record

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.events import Kind
from kaiwa.contracts.outcomes import Disclosure, Outcome, Part, encode
from kaiwa.contracts.times import rfc3339

_PAGE = 2_000


def talk(number: int, series: int) -> list[Outgoing]:
    """A customer asks, a bot answers and discloses: two events and an outcome."""
    customer, mid = f"c{series}-{number}", f"m_{series}_{number}_{'x' * 90}"
    asked = message(f"q{mid}", "Do you have it in blue? ありがとう", customer=customer)
    answered = message(
        mid, "Hi, this is the automatic assistant. Yes.", customer=customer, kind=Kind.MESSAGE_ECHOED
    )
    outcome = Outcome(
        id=f"o{mid}",
        seq=2,
        request_id=f"r{mid}",
        account_id=ACCOUNT,
        customer_id=customer,
        state="sent",
        parts=(Part(1, "sent", mid),),
        disclosure=Disclosure("start", "assistant.v1", "en", "prefix", mid),
        author_kind="automation",
        lane="transactional",
        decided_at=rfc3339(datetime.now(UTC)),
    )
    sent = Outgoing(topics.OUTCOMES, f"{ACCOUNT}:{customer}".encode(), encode(outcome))
    return [record(asked), record(answered), sent]


def events(talks: int, series: int) -> list[Outgoing]:
    """The events alone of so many conversations."""
    found = [each for number in range(talks) for each in talk(number, series)]
    return [each for each in found if each.topic == topics.EVENTS]


async def write(rig: Rig, records: Sequence[Outgoing]) -> None:
    async with Producer(rig.kafka, client_id="bench") as producer:
        for first in range(0, len(records), _PAGE):
            await producer.publish(records[first : first + _PAGE], within=60)
