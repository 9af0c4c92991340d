"""`kaiwa up` and `kaiwa down`: the whole platform in the background, with a bot that answers.

Its process is a standing one as `kaiwa stack up`'s is, with servers, keys, tokens and data of its own, all of
which `down` removes.
"""

import shlex
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from anyio.from_thread import start_blocking_portal

from kaiwa.devstack import artifacts, standing
from kaiwa.devstack.demo.stage import opened
from kaiwa.devstack.installation import DOOR, SIMULATOR, Installation
from kaiwa.devstack.stack import Stack, running
from kaiwa.devstack.standing import Place, Standing, State
from kaiwa.runtime.cli import Json, emit

NAME: Final = "platform"
MODULE: Final = "kaiwa.devstack.up"  # not __name__, which is __main__ in the standing process


def up(*, as_json: Json = False) -> None:
    """Start the whole platform and leave it running; prints its URLs, its variables and a line to try."""
    place = _place()
    artifacts.ensure()  # here, where its progress is seen
    with place.one_at_a_time():
        state = place.read()
        already = state is not None
        state = state or standing.start(place)
    emit(
        {"up": True, "already": already, "environment": state.environment, **state.notes},
        as_json=as_json,
        table=_explained(state, already=already),
    )


def down(*, as_json: Json = False) -> None:
    """End the platform and remove its data."""
    place = _place()
    with place.one_at_a_time():
        state = place.read()
        if state is not None:
            standing.stop(place, state)
    said = "Kaiwa was not up." if state is None else "Kaiwa is down and its data removed."
    emit({"up": False, "was_up": state is not None}, as_json=as_json, table=said)


def _place() -> Place:
    return Place.of(name=NAME, module=MODULE)


def _explained(state: State, *, already: bool) -> str:
    """For people, and for `eval "$(kaiwa up)"`: what is not an export is a comment."""
    notes = state.notes
    urls = [f"#   {name:<12} {notes[name]}" for name in notes if notes[name].startswith("http")]
    who = f"{notes['account_id']} {notes['customer_id']}"
    return "\n".join(
        [
            f"# Kaiwa is up{' already' if already else ''}, until `kaiwa down`:",
            *urls,
            "# In your shell:",
            *(f"export {name}={shlex.quote(value)}" for name, value in state.environment.items()),
            "# Then try: a customer writes, and the bot answers.",
            f"#   kaiwa simulator write {who} 'Do you have it in blue?'",
            f"#   kaiwa conversations show {who}",
            f"#   kaiwa send --account {notes['account_id']} --to {notes['customer_id']} --human me --text Hello",
            "#   kaiwa sends list",
            "# Without Kafka, by HTTP: a key for the door, and a bot to try it with.",
            f"#   export KAIWA_DOOR_URL={notes[DOOR]}",
            f"#   export KAIWA_DOOR_KEY=$(kaiwa keys caller create me --account {notes['account_id']} | head -1)",
            f"#   libs/client/example/bot.sh {who} 'Yes, in blue too'",
        ]
    )


def main() -> None:
    standing.stand(_place(), _platform())


@contextmanager
def _platform() -> Iterator[Standing]:
    # Nothing of the environment: `up` after `down` in one shell must not find its own old variables there.
    with (
        running(environ={}) as stack,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_installed(stack)) as standing_platform,
    ):
        yield standing_platform


@asynccontextmanager
async def _installed(stack: Stack) -> AsyncIterator[Standing]:
    async with Installation(stack, stack.keeper.directory / NAME) as kaiwa, opened(kaiwa):
        (account,) = kaiwa.accounts.values()
        customer = await kaiwa.remote.customer(account.account_id)
        urls = {name: kaiwa.url(name) for name in (SIMULATOR, *kaiwa.services, DOOR)}
        people = {"account_id": account.account_id, "customer_id": customer.customer_id}
        yield kaiwa.env, {"webhook": kaiwa.webhook, **urls, **people}


if __name__ == "__main__":
    main()
