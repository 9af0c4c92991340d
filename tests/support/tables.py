"""Looking into every table of every schema of a database."""

import asyncpg

_TABLES = """
select format('%I.%I', table_schema, table_name) from information_schema.tables
where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
"""


async def tables_with(dsn: str, marker: str) -> set[str]:
    """The tables in which any column of any row holds the marker, as text or as bytes."""
    connection = await asyncpg.connect(dsn)
    try:
        found = set()
        for (table,) in await connection.fetch(_TABLES):
            query = f"select exists (select from {table} t where t::text like any($1::text[]))"  # a catalogue's name
            if await connection.fetchval(query, [f"%{marker}%", f"%{marker.encode().hex()}%"]):
                found.add(table)
        return found
    finally:
        await connection.close()
