"""Leaving a consumer group without waiting for its other members.

aiokafka lets a JoinGroup that is under way end before it leaves, and a broker answers that one only once every other
member has asked too: up to the rebalance timeout, for each group of a service, one after the other (0038).
"""

import asyncio
from typing import Final

from aiokafka import AIOKafkaConsumer

from kaiwa.runtime import logs

_PATIENCE: Final = 2.0  # seconds, for the request under way, for the goodbye, and for the end without one

_log = logs.get_logger()


async def leave(consumer: AIOKafkaConsumer, group: str) -> None:
    """Stop it. What is under way is cut off; the goodbye then takes a new connection. A member that could not say it
    is one whose session ends by itself.
    """
    leaving = asyncio.create_task(consumer.stop())
    for _ in range(2):
        if (await asyncio.wait([leaving], timeout=_PATIENCE))[0]:
            await leaving
            return
        _log.info("group_requests_cut_off", group=group)
        await consumer._client.close()  # noqa: SLF001 - nothing public closes connections alone
    leaving.cancel()
    await asyncio.wait([leaving])
