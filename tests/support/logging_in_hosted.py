"""An account's owner at a dispatcher's hosted login, in a browser of their own."""

import json
import re
from contextlib import AsyncExitStack
from typing import Self

import httpx
from dispatcher_rig import DispatcherRig

from kaiwa.devstack.ports import free_port
from kaiwa.simulator.people import Person


class HostedLogin:
    """``rig``'s second dispatcher, whose door lets account owners in."""

    def __init__(self, rig: DispatcherRig) -> None:
        self.rig = rig
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        port = free_port()
        self.url = f"http://localhost:{port}"
        self.rig.env["KAIWA_DOOR__CONNECT_URL"] = self.url
        await self.rig.dispatcher("hosted", KAIWA_DOOR__PORT=str(port), KAIWA_DOOR__CONNECT_URL=self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()
        await self.rig.services["hosted"].terminate()

    async def link(self, login: str, *words: str) -> str:
        made = await self.rig.kaiwa("accounts", "link", "--login", login, "--json", *words)
        return str(json.loads(made.stdout)["link"])

    async def browser(self) -> httpx.AsyncClient:
        """Keeps cookies, follows nothing by itself."""
        return await self._exit.enter_async_context(httpx.AsyncClient(timeout=30))

    @staticmethod
    async def press(browser: httpx.AsyncClient, link: str) -> httpx.Response:
        """Open the link and press the button: the redirect to the dialog."""
        page = await browser.get(link)
        assert page.status_code == 200, page.text
        return await browser.post(link, data={"link": field(page, "link")})

    async def redirect(self, browser: httpx.AsyncClient, link: str, person: Person) -> str:
        """The whole way to the callback's address, without going there."""
        to = (await self.press(browser, link)).headers["location"]
        answer = await browser.get(f"{to}&as={person.person_id}")
        return answer.headers["location"].partition("#")[0]

    async def log_in(self, browser: httpx.AsyncClient, link: str, person: Person) -> httpx.Response:
        return await browser.get(await self.redirect(browser, link, person))


def field(page: httpx.Response, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]
