"""A bot without Kafka: it asks whether it may write, writes, and looks what becomes of it."""

import asyncio
import os
import sys

from kaiwa.client.door import Door
from kaiwa.contracts.door import SendBody
from kaiwa.contracts.outcomes import FINAL
from kaiwa.contracts.sends import Author, Message, Recipient


async def main(account: str, customer: str, text: str) -> None:
    async with Door(os.environ["KAIWA_DOOR_URL"], os.environ["KAIWA_DOOR_KEY"]) as door:
        may = (await door.may_i_write(account, customer)).automation
        if may.verdict == "no":
            sys.exit(f"{may.reason}: {may.advice}")
        to, me = Recipient(customer_id=customer), Author("automation", "my-bot")
        body = SendBody(account_id=account, recipient=to, author=me, message=Message(text=text))
        asked = await door.send(body)
        while (standing := await door.show(asked.request_id, account)).state not in FINAL:
            await asyncio.sleep(1)
        sys.stdout.write(f"{standing.state} {standing.advice or ''}\n")


asyncio.run(main(*sys.argv[1:4]))
