"""An intake on a real database beside a scheduler, and people's requests for it."""

import time
from typing import Any, cast

import asyncpg
import msgspec
from aiokafka import ConsumerRecord
from claiming import SHOP

from kaiwa.bus.records import Record
from kaiwa.contracts import topics
from kaiwa.contracts.sends import Author, Message, Recipient, SendRequest
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.contents import Contents, Ring
from kaiwa.dispatcher.ends import Ends
from kaiwa.dispatcher.handlers.sends import Sends
from kaiwa.dispatcher.intake import Intake
from kaiwa.dispatcher.knowledge import Knowledge
from kaiwa.dispatcher.scheduler import Scheduler

NOTHING_WAITS = "update dispatcher.conversations set next_due = null where account_id = $1"
OLDER = """
update dispatcher.conversations set next_due = now() - interval '1 minute' where account_id = $1 and customer_id = $2
"""


def asked(customer: str, request_id: str = "r") -> Record:
    request = SendRequest(
        request_id=f"{request_id} {customer}".replace(" ", "-"),
        account_id=SHOP,
        recipient=Recipient(customer),
        author=Author("human", "agent-7"),
        message=Message(text="Hello"),
    )
    written = round(time.time() * 1000)
    return ConsumerRecord(topics.SENDS, 0, 0, written, 0, b"k", msgspec.json.encode(request), None, 0, 0, ())


def intake_of(db: asyncpg.Pool, scheduling: Scheduler, bell: Bell) -> Sends:
    """One that takes in people's requests, for which Kafka is asked nothing."""
    ring = Ring([b"k" * 32])
    return Sends(
        db,
        cast("Any", None),
        Intake(Contents(lambda: ring), partitions=12),
        Ends(cast("Any", None)),
        knowledge=Knowledge(db, bell),
        scheduler=scheduling,
        bell=bell,
    )
