"""A bot: it reads what customers write, and asks Kaiwa to answer them."""

import asyncio
import json
import os

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


async def main() -> None:
    kafka = {"bootstrap_servers": os.environ["KAIWA_KAFKA__BOOTSTRAP_SERVERS"]}
    group = {"group_id": "my-bot", "auto_offset_reset": "earliest", "enable_auto_commit": False}
    events = AIOKafkaConsumer("instagram.events.v1", **kafka, **group)
    async with events, AIOKafkaProducer(enable_idempotence=True, **kafka) as sends:
        async for record in events:
            event = json.loads(record.value or b"{}")  # a tombstone and a heartbeat have no value
            if event.get("kind") == "message.received" and event["stream"] == "messaging":
                request = {
                    "request_id": f"my-bot-{event['id']}",
                    "account_id": event["account_id"],
                    "recipient": {"customer_id": event["customer_id"]},
                    "author": {"kind": "automation", "id": "my-bot"},
                    "message": {"text": "Thank you! You will hear from us within the hour."},
                }
                key = f"{event['account_id']}:{event['customer_id']}".encode()
                await sends.send_and_wait("instagram.sends.v1", json.dumps(request).encode(), key=key)
            await events.commit()


asyncio.run(main())
