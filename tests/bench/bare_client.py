"""What a send costs at the least: httpx on aiohttp's transport, so many calls at once, and nothing else.

``python bare_client.py URL CALLS CONCURRENCY NAME`` prints a JSON object: its processor seconds and how long it took.
"""

import asyncio
import json
import sys
import time

import httpx
import uvloop
from httpx_aiohttp import AiohttpTransport


async def main(url: str, calls: int, concurrency: int, name: str) -> None:
    transport = AiohttpTransport(limits=httpx.Limits(max_connections=concurrency))
    async with httpx.AsyncClient(transport=transport, timeout=20, trust_env=False) as client:
        numbers = iter(range(calls))

        async def work() -> None:
            for number in numbers:
                body = {
                    "recipient": {"id": f"11{number % 1000}"},
                    "messaging_type": "RESPONSE",
                    "message": {
                        "text": f"Thank you! Your parcel left the house this morning, number {name}-{number}"
                    },
                }
                response = await client.post(
                    f"{url}/v26.0/bare{number % 1000}/messages",
                    json=body,
                    headers={"authorization": "Bearer token-of-the-account"},
                )
                assert response.json()["message_id"]

        await asyncio.gather(
            *(work() for _ in range(min(concurrency, calls)))
        )  # its connections are warm now
        name += "-timed"
        numbers = iter(range(calls))
        burnt, started = time.process_time(), time.perf_counter()
        await asyncio.gather(*(work() for _ in range(concurrency)))
        said = {"cpu": time.process_time() - burnt, "wall": time.perf_counter() - started}
        sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
