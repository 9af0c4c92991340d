"""A PostgreSQL that is told to write as late as it may: what a session does not want durable is lost in a crash."""

import asyncpg

_LATE = (
    "alter system set synchronous_commit = off",
    "alter system set wal_writer_delay = '10s'",
    "select pg_reload_conf()",
)


async def make_lazy(dsn: str) -> None:
    """For all sessions that ask for nothing else, also after a restart."""
    connection = await asyncpg.connect(dsn)
    try:
        for statement in _LATE:
            await connection.execute(statement)
    finally:
        await connection.close()
