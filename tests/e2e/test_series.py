"""The number of time series of a service, with ten accounts and with a thousand.

Broken by: a label that names an account, a customer or a message.
"""

import asyncio
import re
import urllib.request

import msgspec
import pytest
from stacks import NewStack

from kaiwa.devstack.demo.stage import Stage, opened
from kaiwa.devstack.installation import APP_ID, COMPLIANCE, DISPATCHER, INGEST, Installation
from kaiwa.devstack.shops import Shop
from kaiwa.runtime.top.scrapes import Scrape, read

FEW, MANY = 10, 1_000
AT_ONCE = 50
SERVICES = (INGEST, DISPATCHER, COMPLIANCE)
NEW_KINDS = 8
"""Series that may appear because something happened for the first time (a call that waited, a batch that came again)."""

Series = frozenset[tuple[str, frozenset[tuple[str, str]]]]


def scraped(url: str) -> Scrape:
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        return read(answer.read().decode(), at=0)


def series(kaiwa: Installation) -> dict[str, Series]:
    found = {name: scraped(kaiwa.url(name)).samples for name in SERVICES}
    return {
        name: frozenset((metric, labels) for metric, values in samples.items() for labels in values)
        for name, samples in found.items()
    }


async def register(kaiwa: Installation, total: int) -> None:
    """Open shops at Meta until there are that many, and make the registry equal to them."""
    for number in range(len(kaiwa.accounts), total):
        shop = Shop(f"Shop {number}")
        kaiwa.accounts[shop.name] = await kaiwa.remote.account(**shop.at_meta())
    entries = []
    for name, account in kaiwa.accounts.items():
        token = kaiwa.folder / f"token-{account.account_id}"
        token.write_text(account.tokens[APP_ID])
        entries.append(Shop(name).registered(account, app_id=APP_ID, token_file=token))
    registry = kaiwa.folder / "accounts.json"
    registry.write_bytes(msgspec.json.encode(entries))
    await kaiwa.kaiwa("accounts", "apply", str(registry))


async def talk(stage: Stage, shops: list[str]) -> None:
    """A question to each of the shops, and the bot's answer, sent."""
    for first in range(0, len(shops), AT_ONCE):
        some = shops[first : first + AT_ONCE]
        customers = [await stage.customer(shop) for shop in some]
        mids = [await stage.write(customer, f"{stage.number()} Hello") for customer in customers]
        requests = await asyncio.gather(*(stage.answered(mid) for mid in mids))
        await asyncio.gather(*(stage.sent(request) for request in requests))


@pytest.mark.timeout(600)
async def test_a_thousand_accounts_have_the_series_of_ten(new_stack: NewStack) -> None:
    with new_stack() as stack:
        kaiwa = Installation(stack, stack.keeper.directory / "kaiwa", shops=[Shop("Shop 0")])
        async with kaiwa, opened(kaiwa, patience=120) as stage:
            await register(kaiwa, FEW)
            await talk(stage, list(kaiwa.accounts))
            few = series(kaiwa)
            await register(kaiwa, MANY)
            await talk(stage, list(kaiwa.accounts))
            many = series(kaiwa)
            told = await stage.kaiwa.kaiwa("accounts", "health", "--json")
            states = msgspec.json.decode(told)["states"]
        names = {account.account_id for account in kaiwa.accounts.values()}
        names |= {customer.customer_id for customer in stage.customers}
    assert states == {"active": MANY}
    for service in SERVICES:
        added = many[service] - few[service]
        assert len(added) <= NEW_KINDS, sorted(added, key=str)[:20]
        values = {value for _, labels in many[service] for _, value in labels}
        assert not names & values
        assert not {value for value in values if re.search(r"\d{9}", value)}
