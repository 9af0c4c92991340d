"""`kaiwa accounts connect` with somebody at the browser."""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from dispatcher_rig import DispatcherRig

from kaiwa.devstack.ports import free_port
from kaiwa.dispatcher.contents import Contents
from kaiwa.simulator.model import Account, Host
from kaiwa.simulator.people import Person
from kaiwa.simulator.state import State

WITHIN = 30.0


@dataclass
class Visit:
    """The command while it waits: the dialog's address, and the port where it listens."""

    process: asyncio.subprocess.Process
    url: str
    port: int
    pages: list[httpx.Response] = field(default_factory=list)

    async def browse(self, url: str) -> httpx.Response:
        """What a browser does with an address, redirects included."""
        async with httpx.AsyncClient(follow_redirects=True) as browser:
            page = await browser.get(url)
        self.pages.append(page)
        return page

    async def log_in(self, person: Person, **more: str) -> httpx.Response:
        """Somebody goes through the dialog."""
        return await self.browse(f"{self.url}&{urlencode({'as': person.person_id, **more})}")

    async def redirect(self, person: Person, **more: str) -> str:
        """Where the dialog sends somebody, who does not go there."""
        query = {"as": person.person_id, **more}
        async with httpx.AsyncClient() as browser:
            answer = await browser.get(f"{self.url}&{urlencode(query)}")
        return answer.headers["location"].partition("#")[0]

    async def ended(self) -> tuple[int, Any, str]:
        """Exit code, the JSON it printed, and what it said on stderr since."""
        async with asyncio.timeout(WITHIN):
            out, err = await self.process.communicate()
        return self.process.returncode or 0, json.loads(out) if out else None, err.decode()


async def visit(rig: DispatcherRig, login: str, *words: str, url: str | None = None) -> Visit:
    """Start the command and wait for its link."""
    port = free_port()
    command = ["accounts", "connect", "--login", login, "--json", "--no-browser", "--port", str(port), *words]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from kaiwa.runtime.cli import main; main()",
        *command,
        env=rig.env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    found, said = url, ""
    async with asyncio.timeout(WITHIN):
        while line := (await process.stderr.readline()).decode():
            said += line
            if line.startswith("http"):
                found = line.strip()
            if found and line.startswith(("Waiting", "Then paste")):
                return Visit(process, found, port)
    raise AssertionError(said)


async def spend(rig: DispatcherRig, login: Host, redirect: str) -> httpx.Response:
    """Somebody who saw the redirect and knows the app's secret exchanges its code first."""
    app = state(rig).apps["1001"]
    split = urlsplit(redirect)
    form = {
        "client_id": app.client_id(login),
        "client_secret": app.secret_for(login).decode(),
        "grant_type": "authorization_code",
        "redirect_uri": f"{split.scheme}://{split.netloc}{split.path}",
        "code": parse_qs(split.query)["code"][0],
    }
    async with httpx.AsyncClient() as client:
        if login == "facebook":
            url = f"{rig.sim.facebook_url}/v26.0/oauth/access_token"
            return await client.get(url, params=form)
        return await client.post(f"{rig.sim.instagram_login_url}/oauth/access_token", data=form)


def state(rig: DispatcherRig) -> State:
    """What the platform remembers."""
    return rig.sim._box.state


def verdicts(came: Any) -> dict[str, str]:
    return {finding["check"]: finding["verdict"] for finding in came["findings"]}


def newcomer(rig: DispatcherRig, login: str, **fields: Any) -> tuple[Account, Person]:
    """An account that no app holds a token of, and somebody who can log in."""
    of_account = ("creator", "eligible", "messages_allowed", "has_role")
    given = {name: fields.pop(name) for name in of_account if name in fields}
    shop = rig.sim.account(login=login, tokens={}, username="shop", **given)
    return shop, rig.sim.person(shop, **fields)


async def stored(rig: DispatcherRig, account_id: str) -> Any:
    return await rig.db.fetchrow("select * from dispatcher.accounts where account_id = $1", account_id)


def tokens(rig: DispatcherRig, row: Any) -> str:
    """The token that was stored, unsealed."""
    vault = Contents.from_file(Path(rig.env["KAIWA_DISPATCHER__SEAL_KEY_FILE"]))
    return vault.open_token(row["account_id"], row["sealed_token"])
