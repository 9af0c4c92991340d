"""Five thousand accounts stay cheap: one look counts their troubles, and the loop takes a few at a time."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from kaiwa.dispatcher.commands.check import examined
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

MANY = 5000
FILL = """
insert into dispatcher.accounts (
    account_id, app_id, login, page_id, display_name, locale, human_agent, default_app, unknown_echo, limits, state,
    sealed_token, paused_until
)
select '1784' || n, '1001', 'facebook', 'p' || n, 'Shop ' || n, 'en', false, true, 'hold', '{}',
    case when n % 100 = 0 then 'paused' when n % 100 = 1 then 'needs_reauth' else 'active' end, 'sealed',
    case when n % 100 = 4 then now() + interval '1 hour' end
from generate_series(1, $1::integer) as n
"""
STATE = """
update dispatcher.health set token_valid = n % 100 <> 1, probed_at = now(), eligible = true, token_expires_at = 'infinity',
    error_code = case when n % 100 = 1 then 190 end,
    scopes = array['instagram_basic', 'instagram_manage_messages', 'pages_manage_metadata', 'pages_read_engagement',
        'pages_show_list', 'instagram_manage_comments', 'pages_messaging', 'business_management'],
    fields = case when n % 100 = 2 then '{}'::text[] else '{messages}' end,
    heard_at = now() - interval '1 hour', silent_from = now() + case when n % 100 in (0, 3) then -1 else 1 end * interval '1 hour'
from (select account_id as name, substr(account_id, 5)::integer as n from dispatcher.accounts) as a
where health.account_id = a.name;
update dispatcher.health set probe_due = now() - interval '1 day' where right(account_id, 2) in ('00', '04')
"""


@pytest.fixture
async def crowd(database: str) -> AsyncIterator[asyncpg.Connection]:
    await migrate(database, rooms())
    async with connection(database, application="test") as session:
        await session.execute(FILL, MANY)
        await session.execute(STATE)
        await session.execute("analyze")
        yield session


async def test_troubles_are_counted_in_one_look(crowd: asyncpg.Connection) -> None:
    """Broken by: a look per account, or counting those that were taken out (they are all silent here)."""
    started = time.perf_counter()
    found = dict(await _sql.troubles(crowd))
    taken = time.perf_counter() - started
    assert found == {"silent": 50, "token_ending": 0, "unsubscribed": 50, "unanswered": 0, "crowded": 0}
    assert taken < 1, f"{taken:.3f} s for {MANY} accounts"


async def test_all_of_them_are_examined_at_once(crowd: asyncpg.Connection) -> None:
    started = time.perf_counter()
    found = await examined(crowd, None)
    taken = time.perf_counter() - started
    assert len(found) == MANY
    # A dead login, no subscription, silence, throttled; those that were taken out are silent and in no trouble.
    assert sum(each.verdict == "bad" for each in found) == 4 * 50
    assert taken < 10, f"{taken:.3f} s for {MANY} accounts"


async def test_the_loop_takes_a_few_and_nobody_takes_them_again(crowd: asyncpg.Connection) -> None:
    """Broken by: no lease, or taking accounts that were taken out or that Meta throttles, which are due longest here."""
    lease = timedelta(minutes=1)
    rounds = [
        [row["account_id"] async for row in _sql.take_probes(crowd, lease=lease, most=10)] for _ in range(3)
    ]
    taken = [name for each in rounds for name in each]
    assert [len(each) for each in rounds] == [10, 10, 10]
    assert len(set(taken)) == 30
    assert not [name for name in taken if int(name[4:]) % 100 in (0, 4)]


async def test_who_asks_for_another_look_meanwhile_gets_it(crowd: asyncpg.Connection) -> None:
    """Broken by: an answer, or none, that puts off a look which was asked for after the question."""
    lease, day = timedelta(minutes=1), timedelta(days=1)
    first, second = [row async for row in _sql.take_probes(crowd, lease=lease, most=2)]
    for row in first, second:
        await _sql.probe_soon(crowd, account_id=row["account_id"])
    nothing = dict.fromkeys(("valid", "code", "subcode", "eligible", "fields", "scopes", "expires_at"))
    said = {name: first[name] for name in ("account_id", "sealed_token")} | nothing | {"endless": False}
    assert await _sql.note_probe(crowd, **said, due=first["probe_due"], pause=day)
    await _sql.probe_failed(crowd, account_id=second["account_id"], due=second["probe_due"], pause=day)
    again = [row async for row in _sql.take_probes(crowd, lease=lease, most=MANY)]
    due = {row["account_id"]: row["probe_due"] for row in again}
    assert {first["account_id"], second["account_id"]} <= due.keys()
    await _sql.note_probe(crowd, **said, due=due[first["account_id"]], pause=day)
    await _sql.probe_failed(crowd, account_id=second["account_id"], due=due[second["account_id"]], pause=day)
    waits = "select bool_and(probe_due > now() + interval '20 hours') from dispatcher.health where account_id = any($1)"
    assert await crowd.fetchval(waits, [first["account_id"], second["account_id"]])


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("lock_buckets", [["17841"], ["text"]]),
        ("lock_ready", [["17841"], ["text"], [0], [1]]),
    ],
)
async def test_a_pace_is_looked_up_by_its_account(
    crowd: asyncpg.Connection, query: str, arguments: list[list[object]]
) -> None:
    """Broken by: a join with a view that asks for the time, which PostgreSQL makes for all accounts first (0033)."""
    plan = await crowd.fetch(f"explain {getattr(_sql, query).sql}", *arguments)
    assert "Seq Scan on accounts" not in "\n".join(row[0] for row in plan)
