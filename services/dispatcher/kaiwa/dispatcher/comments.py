"""Private replies: which conversation they belong to, and the one that each comment allows.

Until its comment was read, a private reply whose caller named no customer waits in a room of its own; then it moves
into the conversation of the comment's author, so that erasures, holds and the order of messages concern it, too.
"""

from collections.abc import Collection

import asyncpg

from kaiwa.contracts.partition import of_conversation
from kaiwa.dispatcher import queues
from kaiwa.dispatcher.rows import Row, bucket_of
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_ROOM = "comment:"


def room(comment_id: str) -> str:
    """What stands in a customer's place while nobody knows who wrote the comment."""
    return _ROOM + comment_id


def is_room(customer_id: str) -> bool:
    return customer_id.startswith(_ROOM)


def customer(row: Row) -> str | None:
    """The customer of a request, None while a room stands in for them."""
    stands_in = row["comment_id"] is not None and row["customer_id"] == room(row["comment_id"])
    return None if stands_in else row["customer_id"]


async def commenters(source: asyncpg.Pool, asked: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Who wrote these comments of these accounts, as far as they were read."""
    if not asked:
        return {}
    accounts, comments = zip(*asked, strict=True)
    found = _sql.commenters(source, accounts=accounts, comments=comments)
    return {(row["account_id"], row["comment_id"]): row["customer_id"] async for row in found}


async def moved(connection: Connection, row: Row) -> bool:
    """Whether the request has to go to another room, or to another bucket, before anything is decided about it."""
    if row["comment_id"] is None or row["commenter"] is None:
        return False
    account_id, commenter = row["account_id"], row["commenter"]
    bucket = bucket_of(None, comment=True, live=row["comment_live"])
    if (commenter, bucket) == (row["customer_id"], row["bucket"]):
        return False
    # Whoever has that conversation now will be done in a moment: waiting for it here could close a circle.
    if await _sql.lock_room(connection, account_id=account_id, customer_id=commenter):
        await _sql.move_in(connection, intent_id=row["intent_id"], customer_id=commenter, bucket=bucket)
        await queues.refresh(connection, accounts=[account_id], customers=[commenter])
    return True


async def answered(connection: Connection, part: Row, recipient_id: str | None, *, partitions: int) -> Row:
    """The part, in the conversation of the customer whom the platform's answer named, should that be another one."""
    if part["comment_id"] is None or recipient_id in (None, part["customer_id"]):
        return part
    account_id, before = part["account_id"], part["customer_id"]
    intent = {"intent_id": part["intent_id"]}
    partition = of_conversation(account_id, str(recipient_id), partitions)
    await _sql.ensure_conversations(
        connection, accounts=[account_id], customers=[recipient_id], partitions=[partition]
    )
    await _sql.name_commenter(
        connection, account_id=account_id, comment_id=part["comment_id"], customer_id=recipient_id
    )
    await _sql.move_in(connection, **intent, customer_id=recipient_id, bucket=part["bucket"])
    await _sql.move_part(connection, part_id=part["part_id"], customer_id=recipient_id)
    await _sql.free(connection, **intent, account_id=account_id, customer_id=before)
    await queues.refresh(connection, accounts=[account_id], customers=[before])
    return {**part, "customer_id": recipient_id}
