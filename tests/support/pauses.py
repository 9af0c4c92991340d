"""Pauses that the platform's throttling sets off: begun, seen from outside, and ended before their time."""

import asyncio

from dispatcher_rig import DispatcherRig

from kaiwa.contracts.outcomes import FINAL, Outcome
from kaiwa.simulator.simulator import Person

_LEFT = (
    "select extract(epoch from paused_until - now())::float from dispatcher.accounts where account_id = $1"
)


async def calm(rig: DispatcherRig) -> None:
    """Nobody is throttled."""
    await rig.db.execute("delete from dispatcher.throttles")
    await rig.db.execute("update dispatcher.accounts set paused_until = null")


async def paused(rig: DispatcherRig, account_id: str) -> float:
    """Seconds for which the account is paused still, once it is."""
    async with asyncio.timeout(30):
        while (left := await rig.db.fetchval(_LEFT, account_id)) is None or left <= 0:  # noqa: ASYNC110 - the event is in PostgreSQL
            await asyncio.sleep(0.02)
    return float(left)


async def time_passes(rig: DispatcherRig, account_id: str) -> None:
    """All pauses are over, and so is the time for which anything of the account was put off."""
    await calm(rig)
    for due in ("conversations set look_due", "conversations set owner_due", "comments set look_due"):
        await rig.db.execute(
            f"update dispatcher.{due} = now() where account_id = $1 and {due.split()[-1]} is not null",
            account_id,
        )
    await rig.db.execute(
        "update dispatcher.intents set next_at = now(), due_at = now() where account_id = $1 and state = 'queued'",
        account_id,
    )
    await rig.db.execute(
        "update dispatcher.conversations set wake_at = now() where account_id = $1 and next_due is not null",
        account_id,
    )


def throttled(rig: DispatcherRig, person: Person, marker: str, code: int, subcode: int | None = None) -> None:
    """The next read of that kind is."""
    rig.sim.fault(
        "error", kind="read", marker=marker, account_id=person.account_id, code=code, subcode=subcode
    )


def asked(rig: DispatcherRig, account_id: str) -> list[str]:
    """All that was read of an account, and every POST that is no message."""
    reads = [read.what for read in rig.sim.books.asked if read.account_id == account_id]
    calls = [call for call in rig.sim.books.calls if call.account_id == account_id]
    return reads + [call.kind or "" for call in calls if call.kind in {"upload", "action"}]


def paused_or_ended(outcome: Outcome) -> bool:
    return outcome.reason == "paused_by_platform" or outcome.state in FINAL


async def deferred(rig: DispatcherRig, request: str) -> None:
    """Its caller is told of the pause; on a busy machine they may have been told before that it takes long."""
    told = await rig.until(request, paused_or_ended)
    assert (told.state, told.reason) == ("deferred", "paused_by_platform")
