"""A member of a consumer group as a process of its own, to be killed: ``python bus_member.py SERVERS TOPIC GROUP FILE``.

It appends a line per handled record to the file, which outlives it; each batch takes a moment, so that a kill falls
into the middle of one.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

from kaiwa.bus.batches import Batches
from kaiwa.bus.records import Record
from kaiwa.runtime.settings import Kafka


async def main(servers: str, topic: str, group: str, path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def handle(records: Sequence[Record]) -> None:
        for record in records:
            await asyncio.sleep(0.002)
            os.write(file, f"{record.partition} {record.offset}\n".encode())

    kafka = Kafka(bootstrap_servers=servers, session_timeout=6)
    async with Batches(kafka, [topic], group=group, handle=handle, max_records=50):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
