"""Every row of the platform's error table, met by a real call: what the caller is told and what becomes of the queue."""

import asyncio
from dataclasses import dataclass

import pytest
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.contracts.outcomes import Outcome
from kaiwa.meta.errors import TABLE, Action
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

ErrorNumbers = tuple[int, int | None]


@dataclass(frozen=True)
class Effect:
    """How the request goes on, its account's state and pause, and how often the message is posted."""

    state: str
    reason: str | None
    account: str = "active"
    paused: bool = False
    posts: int = 1


EFFECTS = {
    Action.UNKNOWN: Effect("failed", "not_found"),  # looked for in the thread, and not there
    Action.RETRY: Effect("sent", None, posts=2),
    Action.ONCE: Effect("failed", "platform", posts=2),
    Action.DROP: Effect("failed", "platform"),
    Action.FIX: Effect("failed", "platform"),
    Action.WAIT: Effect("deferred", "not_owner"),
    Action.PAUSE: Effect("deferred", "paused_by_platform", paused=True),
    Action.REAUTH: Effect("deferred", "account_paused", "needs_reauth"),
    Action.RESTRICTED: Effect("deferred", "account_paused", "restricted"),
    Action.INELIGIBLE: Effect("failed", "platform", "ineligible"),
}
LESSONS: dict[ErrorNumbers, str] = {
    (551, None): "recipient_unavailable",
    (10, 2018108): "recipient_unavailable",
    (10, 1893015): "recipient_unavailable",
    (100, 2018001): "recipient_unavailable",
    (100, 2534014): "recipient_unavailable",
    (27, None): "control_unavailable",
    (100, 2534037): "not_owner",
    (2018300, None): "not_owner",
    (10, 2534022): "window_closed",
    (10, 2018278): "window_closed",
    (10, 2018065): "window_closed",
}
OF_ONE_ACCOUNT = [numbers for numbers, row in TABLE.items() if row.action is not Action.PAUSE_APP]
OF_THE_APP = [numbers for numbers, row in TABLE.items() if row.action is Action.PAUSE_APP]


async def met(rig: DispatcherRig, person: Person, numbers: ErrorNumbers, text: str) -> Outcome:
    """The outcome of a message whose call meets this error, once it says what is expected of it."""
    code, subcode = numbers
    row = TABLE[numbers]
    times = 2 if row.action is Action.ONCE else 1
    rig.sim.fault(
        "error", when="before", times=times, account_id=person.account_id, code=code, subcode=subcode
    )
    request = await rig.ask(person, text, author=HUMAN)
    wanted = "deferred" if row.action is Action.PAUSE_APP else EFFECTS[row.action].state
    # It may have waited for knowledge first, where the machine was busy.
    return await rig.until(
        request, lambda outcome: outcome.state == wanted and outcome.reason != "state_stale", within=60
    )


async def test_every_row_has_its_effect(rig: DispatcherRig) -> None:
    """Promise 3, 4, 5. Breaks when a row of the table changes its meaning, when a verdict loses its effect on the
    account or on the request, and when 1 or 2 is given up at once, or tried again without the thread being read.
    """
    people = await rig.customers(len(OF_ONE_ACCOUNT))
    await rig.asked_about(*people)
    texts = [f"row {code}/{subcode}." for code, subcode in OF_ONE_ACCOUNT]
    outcomes = await asyncio.gather(
        *(met(rig, *case) for case in zip(people, OF_ONE_ACCOUNT, texts, strict=True))
    )
    rows = await rig.db.fetch(
        "select account_id, state, paused_until > now() as paused from dispatcher.accounts"
    )
    accounts = {row["account_id"]: row for row in rows}

    found, wanted = {}, {}
    for person, numbers, text, outcome in zip(people, OF_ONE_ACCOUNT, texts, outcomes, strict=True):
        account = accounts[person.account_id]
        row, effect = TABLE[numbers], EFFECTS[TABLE[numbers].action]
        explained = outcome.error.explanation if outcome.error else None
        found[numbers] = (
            Effect(
                outcome.state,
                outcome.reason,
                account["state"],
                bool(account["paused"]),
                len(rig.sim.books.posts(text)),
            ),
            explained,
        )
        reason = LESSONS.get(numbers, effect.reason)
        told = row.explanation if effect.state == "failed" else None
        wanted[numbers] = Effect(effect.state, reason, effect.account, effect.paused, effect.posts), told
    assert found == wanted


async def test_a_limit_of_the_app_pauses_all_of_its_accounts(rig: DispatcherRig) -> None:
    """Promise 5. Breaks when the pause stays with the account that met it."""
    assert len(OF_THE_APP) == 3
    for code, subcode in OF_THE_APP:
        unlucky, other = await rig.customers(2)
        outcome = await met(rig, unlucky, (code, subcode), f"limit of the app {code}")

        assert outcome.reason == "paused_by_platform"
        paused = "select paused_until > now() from dispatcher.accounts where account_id = $1"
        assert await rig.db.fetchval(paused, other.account_id)
        waiting = await rig.ask(other, f"not called {code}", author=HUMAN)
        await rig.accepted(waiting)
        assert not rig.sim.books.posts(f"not called {code}")

        await rig.db.execute("delete from dispatcher.throttles")
        await rig.db.execute("update dispatcher.accounts set paused_until = null")
        assert (await rig.final(waiting)).state == "sent", "nothing but the pause held it back"
