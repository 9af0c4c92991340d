"""Looking into every table of every schema of a database: the other place that a deletion must have emptied."""

from kaiwa.store.pool import connection

_TABLES = """
select format('%I.%I', table_schema, table_name) from information_schema.tables
where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
"""


async def tables_with(dsn: str, *markers: str) -> set[str]:
    """The tables in which any column of any row holds a marker, as text or as bytes."""
    wanted = [f"%{form}%" for marker in markers for form in (marker, marker.encode().hex())]
    async with connection(dsn, application="scanner") as database:
        found = set()
        for (table,) in await database.fetch(_TABLES):
            query = f"select exists (select from {table} t where t::text like any($1::text[]))"  # noqa: S608 - a catalogue's name
            if await database.fetchval(query, wanted):
                found.add(table)
        return found
