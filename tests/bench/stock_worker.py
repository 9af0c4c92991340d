"""The worker one writes first: a FastStream subscriber with 200 at a time, and an httpx client that posts each message.

``STOCK_KAFKA``, ``STOCK_TOPIC``, ``STOCK_URL``. It knows no limit, no window, no disclosure and no second attempt; it
says how much processor time it took on ``http://127.0.0.1:$PLAIN_PORT/metrics``.
"""

import asyncio
import os
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from faststream.kafka import KafkaBroker
from prometheus_client import make_asgi_app

broker = KafkaBroker(os.environ["STOCK_KAFKA"])
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=200), timeout=20)
app = FastAPI()
app.mount("/metrics", make_asgi_app())


@broker.subscriber(os.environ["STOCK_TOPIC"], group_id="stock", auto_offset_reset="earliest", max_workers=200)
async def send(request: dict[str, Any]) -> None:
    response = await client.post(
        f"{os.environ['STOCK_URL']}/v26.0/{request['account_id']}/messages",
        json={
            "recipient": {"id": request["recipient"]["customer_id"]},
            "messaging_type": "RESPONSE",
            "message": {"text": request["message"]["text"]},
        },
        headers={"authorization": "Bearer token-of-the-account"},
    )
    response.raise_for_status()


@app.get("/readyz")
async def ready() -> None:
    """The broker is connected before the port is open."""


async def main() -> None:
    config = uvicorn.Config(app, port=int(os.environ["PLAIN_PORT"]), log_level="warning", access_log=False)
    async with broker:
        await broker.start()
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main())
