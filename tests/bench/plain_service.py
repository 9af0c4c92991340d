"""The service one writes first, to compare with: FastAPI, json, and each event awaited before the next.

It does the same work (signature, ids, times, headers, a partition per conversation), idempotent and acknowledged by all
replicas, and runs as installing its parts leaves it, but for the access log.
"""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from fastapi import FastAPI, HTTPException, Request
from prometheus_client import make_asgi_app

SECRET = os.environ["PLAIN_SECRET"].encode()
TOPIC = os.environ["PLAIN_TOPIC"]
PARTITIONS = 12


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AIOKafkaProducer(
        bootstrap_servers=os.environ["PLAIN_KAFKA"], acks="all", enable_idempotence=True
    ) as producer:
        app.state.producer = producer
        yield


app = FastAPI(lifespan=lifespan)
app.mount("/metrics", make_asgi_app())


@app.get("/readyz")
async def ready() -> None:
    """Nothing is served before the producer is connected."""


@app.post("/webhooks/instagram")
async def deliver(request: Request) -> None:
    body = await request.body()
    signature = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature, request.headers.get("x-hub-signature-256", "")):
        raise HTTPException(401)
    received_at = rfc3339(datetime.now(UTC))
    for entry in json.loads(body)["entry"]:
        for item in entry["messaging"]:
            await publish(request.app.state.producer, event_of(entry["id"], item, received_at))


def event_of(account_id: str, item: dict[str, Any], received_at: str) -> dict[str, Any]:
    message = item["message"]
    kind = "message.received"
    mac = hmac.new(SECRET, f"{account_id}:{kind}:{message['mid']}".encode(), hashlib.sha256).digest()
    return {
        "id": base64.b32encode(mac[:16]).decode().rstrip("="),
        "kind": kind,
        "app_id": "1001",
        "account_id": account_id,
        "customer_id": item["sender"]["id"],
        "occurred_at": rfc3339(datetime.fromtimestamp(item["timestamp"] / 1000, UTC)),
        "time_source": "event",
        "received_at": received_at,
        "stream": "messaging",
        "data": {"mid": message["mid"], "text": message.get("text")},
        "raw": None,
    }


async def publish(producer: AIOKafkaProducer, event: dict[str, Any]) -> None:
    headers = {
        "ce_specversion": "1.0",
        "content-type": "application/json",
        "ce_id": event["id"],
        "ce_source": f"/instagram/{event['account_id']}",
        "ce_type": f"instagram.{event['kind']}.v1",
        "ce_time": event["occurred_at"],
    }
    conversation = f"{event['account_id']}:{event['customer_id']}"
    await producer.send_and_wait(
        TOPIC,
        json.dumps(event).encode(),
        key=event["id"].encode(),
        partition=(murmur2(conversation.encode()) & 0x7FFFFFFF) % PARTITIONS,
        headers=[(name, value.encode()) for name, value in headers.items()],
    )


def rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(os.environ["PLAIN_PORT"]),
        log_level="warning",
        access_log=False,
        loop="asyncio",  # what `pip install fastapi uvicorn aiokafka` gives; the faster parts are ours to bring
        http="h11",
    )
