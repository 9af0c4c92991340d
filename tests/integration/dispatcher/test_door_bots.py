"""The README's bots without Kafka, as they are printed there, at a real door. (The one with Kafka: integration/contracts.)"""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest
from dispatcher_rig import DispatcherRig
from door import DoorCaller
from helm import unavailable

from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLES = Path(__file__).parents[3] / "libs/client/example"
BOTS = [[sys.executable, str(EXAMPLES / "bot.py")], ["bash", str(EXAMPLES / "bot.sh")]]
each_bot = pytest.mark.parametrize("bot", BOTS, ids=["python", "curl"])


async def run(bot: list[str], door: DoorCaller, key: str, person: Person, text: str) -> tuple[int, str]:
    if bot[0] == "bash" and shutil.which("jq") is None:
        unavailable("the bot in curl needs jq")
    env = {**os.environ, "KAIWA_DOOR_URL": door.url, "KAIWA_DOOR_KEY": key}
    process = await asyncio.create_subprocess_exec(
        *bot,
        *(person.account_id, person.customer_id, text),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@each_bot
async def test_it_sends_and_says_so(rig: DispatcherRig, door: DoorCaller, bot: list[str]) -> None:
    """Broken by: a path, a field or a word of the door that changes and the README does not."""
    person = await rig.customer()
    key = await door.make(f"bot-{person.account_id}", f"--account={person.account_id}")
    text = f"Your parcel {person.customer_id} is on its way."
    code, said = await run(bot, door, key, person, text)
    assert code == 0, said
    assert said.split() == ["sent"]
    assert len(rig.sim.books.posts(text)) == 1


@each_bot
async def test_text_arrives_as_it_was_written(rig: DispatcherRig, door: DoorCaller, bot: list[str]) -> None:
    """Broken by: a text that is pasted into JSON, so that a quote ends it, or says something else than was meant."""
    person = await rig.customer()
    key = await door.make(f"bot-{person.account_id}", f"--account={person.account_id}")
    text = f'{person.customer_id}: "yes", C:\\new $HOME `id`\n\tありがとう 👍","lane":"human'
    code, said = await run(bot, door, key, person, text)
    assert (code, said.split()) == (0, ["sent"]), said
    assert sum((call.text or "").endswith(text) for call in rig.sim.books.calls) == 1


@each_bot
async def test_it_does_not_write_where_it_may_not(
    rig: DispatcherRig, door: DoorCaller, bot: list[str]
) -> None:
    """The account cannot be written for at all. Broken by: asking first and not listening."""
    person = await rig.customer()
    key = await door.make(f"bot-{person.account_id}", f"--account={person.account_id}")
    await rig.asked_about(person)
    await rig.db.execute(
        "update dispatcher.accounts set state = 'ineligible' where account_id = $1", person.account_id
    )
    code, _ = await run(bot, door, key, person, "Never to be seen.")
    assert code == 1
    assert not rig.sim.books.posts("Never to be seen.")


async def test_curl_asked_twice_sends_once(rig: DispatcherRig, door: DoorCaller) -> None:
    person = await rig.customer()
    key = await door.make(f"bot-{person.account_id}", f"--account={person.account_id}")
    for _ in range(2):
        code, said = await run(BOTS[1], door, key, person, "Only this once.")
        assert code == 0, said
    assert len(rig.sim.books.posts("Only this once.")) == 1
