"""A real Prometheus over services that run, and what it answers."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from helm import unavailable

from kaiwa.devstack.ports import free_port
from kaiwa.devstack.processes import Keeper, Process


@dataclass
class Prometheus:
    client: httpx.AsyncClient

    async def ask(self, promql: str) -> list[dict[str, Any]]:
        """The samples of an instant query; fails with Prometheus' own words where it is none."""
        answer = await self.client.get("/api/v1/query", params={"query": promql})
        told = answer.json()
        assert told["status"] == "success", f"{promql}: {told.get('error')}"
        samples: list[dict[str, Any]] = told["data"]["result"]
        return samples

    async def has(self, promql: str, *, within: float) -> bool:
        """Whether the query comes to have data in that time."""
        try:
            async with asyncio.timeout(within):
                while not await self.ask(promql):  # noqa: ASYNC110 - no event announces a scrape
                    await asyncio.sleep(0.5)
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def scraping(
    keeper: Keeper, folder: Path, urls: Mapping[str, str], rules: Path
) -> AsyncIterator[Prometheus]:
    """`urls` by job; scraped every second, with these rules."""
    program = shutil.which("prometheus") or unavailable(
        "no prometheus: install Debian's package `prometheus`"
    )
    jobs = [
        {"job_name": job, "static_configs": [{"targets": [url.removeprefix("http://")]}]}
        for job, url in urls.items()
    ]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": jobs,
    }
    file, address = folder / "prometheus.yaml", f"127.0.0.1:{free_port()}"
    file.write_text(yaml.safe_dump(config))
    options = [
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
    ]
    process = Process(keeper, "prometheus", [program, *options], env={}, log=folder / "prometheus.log")
    process.start()
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=10) as client:
        async with asyncio.timeout(30):
            while not await _answers(client):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
        yield Prometheus(client)
    await process.terminate()


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/-/ready")).is_success
    except httpx.TransportError:
        return False
