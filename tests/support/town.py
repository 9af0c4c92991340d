"""The simulator with a shop on the Facebook host, a studio on the Instagram host, and a client of each."""

from typing import Any, Self

import httpx
from callback import Callback

from kaiwa.simulator.delivery import DeliverySettings
from kaiwa.simulator.model import Account
from kaiwa.simulator.simulator import Person, Simulator

SETTINGS = DeliverySettings(first_gap=0.02, longest_gap=0.1, timeout=1.5, linger=0.005)


class Town:
    """Everything a test of the simulator needs."""

    def __init__(self, sim: Simulator, hook: Callback) -> None:
        self.sim = sim
        self.hook = hook
        sim.app(
            "1001",
            secret="meta-secret",
            instagram_secret="instagram-secret",
            callback_url=hook.url,
            verify_token="open",
        )
        self.shop = sim.account(login="facebook", username="shop", human_agent=True)
        self.studio = sim.account(login="instagram", username="studio")
        self.alice = sim.customer(self.shop, username="alice")
        self.bob = sim.customer(self.studio, username="bob")
        self._http = httpx.AsyncClient(timeout=5.0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def send(self, account: Account, to: Person, text: str, **more: Any) -> httpx.Response:
        body = {"recipient": {"id": to.customer_id}, "message": {"text": text}}
        return await self.post(account, body, **more)

    async def post(self, account: Account, body: Any, *, patience: float = 5.0) -> httpx.Response:
        """POST to the messages edge and wait so many seconds for the answer."""
        url = f"{self._base(account)}/{account.node}/messages"
        limit = httpx.Timeout(5.0, read=patience)
        return await self._http.post(url, json=body, headers=_bearer(account), timeout=limit)

    async def get(self, account: Account, path: str, **query: str) -> httpx.Response:
        return await self._http.get(f"{self._base(account)}/{path}", params=query, headers=_bearer(account))

    def _base(self, account: Account) -> str:
        host = self.sim.facebook_url if account.login == "facebook" else self.sim.instagram_url
        return f"{host}/v26.0"


def _bearer(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.tokens['1001']}"}
