"""Write an analytics topic to standard output, a record a line, each with its ``ce_id``: python export.py TOPIC."""

import asyncio
import json
import os
import sys

from aiokafka import AIOKafkaConsumer


async def main(topic: str) -> None:
    kafka = {"bootstrap_servers": os.environ["KAIWA_KAFKA__BOOTSTRAP_SERVERS"]}
    async with AIOKafkaConsumer(topic, auto_offset_reset="earliest", **kafka) as facts:
        for partition, end in (await facts.end_offsets(facts.assignment())).items():
            while await facts.position(partition) < end:
                for records in (await facts.getmany(partition, timeout_ms=1000)).values():
                    for record in records:
                        fact = {"ce_id": dict(record.headers)["ce_id"].decode(), **json.loads(record.value)}
                        sys.stdout.write(json.dumps(fact) + "\n")


asyncio.run(main(sys.argv[1]))
