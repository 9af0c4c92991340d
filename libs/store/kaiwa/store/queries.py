"""Named SQL: a room's queries stand in its `sql/*.sql` and are called by name.

    -- name: claim(account_ids, now)
    -- Lock the conversation rows that have something due.
    select c.id, c.account_id
      from dispatcher.conversations c
     where c.account_id = any(:account_ids::text[]) and c.due_at <= :now
       for update skip locked;

    sql = load("kaiwa.dispatcher")
    rows = [row async for row in sql.claim(conn, account_ids=["1784"], now=now)]

The mark behind the parameters says what comes back (aiosql):

    (none)  rows: an async generator, always exhausted as above    ^   one row or None        $   one value
    !       the command's status, such as "INSERT 0 2"             <!  the returned row, or its only column
    *!      executemany, of a list of dicts, nothing comes back    #   a script without parameters

Conventions, each tried against the library:

- Parameters are declared (`name(a, b)`): a wrong name fails while loading; they are given by keyword.
- Batches are arrays, `unnest(:ids::int[], :tags::text[])`: one round trip, and `RETURNING` works (with `*!` it does not).
- Comments stand on lines of their own: behind code an apostrophe or a colon would be read as SQL.
- No array slices (`a[1:2]` reads as a parameter). Casts (`::text[]`) and `'quoted:text'` are fine.
- Names are unique in a room; table names carry their schema.
- `conn` is a connection, not the pool, where the rows are iterated or a transaction is open.
"""

from collections.abc import AsyncGenerator
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from aiosql.adapters.asyncpg import AsyncPGAdapter
from aiosql.queries import Queries
from aiosql.query_loader import QueryLoader


class _Adapter(AsyncPGAdapter):
    """aiosql lists every name of a connection before each query, to see whether it is a pool; that costs as much as half
    a read by primary key. A pool has the same methods, so there is nothing to find out. No query has a record class.
    """

    async def select(
        self, conn: Any, query_name: str, sql: str, parameters: Any, _: Any = None
    ) -> AsyncGenerator[Any, None]:
        for row in await conn.fetch(sql, *self._ordered(query_name, parameters)):
            yield row

    async def select_one(self, conn: Any, query_name: str, sql: str, parameters: Any, _: Any = None) -> Any:
        return await conn.fetchrow(sql, *self._ordered(query_name, parameters))

    async def select_value(self, conn: Any, query_name: str, sql: str, parameters: Any) -> Any:
        return await conn.fetchval(sql, *self._ordered(query_name, parameters))

    async def insert_update_delete(self, conn: Any, query_name: str, sql: str, parameters: Any) -> Any:
        return await conn.execute(sql, *self._ordered(query_name, parameters))

    def _ordered(self, query_name: str, parameters: Any) -> Any:
        return self.maybe_order_params(query_name, parameters)  # type: ignore[no-untyped-call]


@cache
def load(package: str) -> Any:
    """Every named query of a room, as methods; `sql/migrations` is not among them. Read once, as every module of it asks:
    aiosql takes some 0.1 s for a service's.
    """
    adapter = _Adapter()  # type: ignore[no-untyped-call]  # aiosql leaves this one bare
    loader = QueryLoader(adapter, record_classes=None)
    queries = Queries(adapter)
    with as_file(files(package) / "sql") as folder:
        for path in sorted(folder.glob("*.sql")):
            queries.load_from_list(loader.load_query_data_from_file(path))
    return queries
