"""The search of PostgreSQL's files finds what is there before anybody trusts it to find nothing."""

import asyncpg
import pytest

from kaiwa.devstack.heap import files_with
from kaiwa.devstack.postgres import Postgres
from kaiwa.devstack.stack import Stack


@pytest.mark.parametrize("how", ["raw", "compressed"])
async def test_what_a_row_held_is_found_until_its_file_is_rewritten(
    stack: Stack, database: str, how: str
) -> None:
    """Broken by: asking the database instead of its files (a deleted row is not there); searching bytes alone."""
    assert isinstance(stack.postgres, Postgres), (
        "this test reads the server's own files: let it start the server"
    )
    folder, marker = stack.postgres.data_dir, "canary-0123456789-abcdefghijklmnopqrstuvwxyz"
    text = marker if how == "raw" else f"{'a' * 3000}{marker}{'b' * 3000}"
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("create table secrets (text text)")
        await connection.execute("alter table secrets alter column text set statistics 0")
        await connection.execute("insert into secrets values ($1)", text)
        assert await files_with(database, folder, marker) == {f"secrets {how}"}
        await connection.execute("delete from secrets")
        assert await files_with(database, folder, marker) == {f"secrets {how}"}
        await connection.execute("vacuum full secrets")
        assert await files_with(database, folder, marker) == set()
    finally:
        await connection.close()
