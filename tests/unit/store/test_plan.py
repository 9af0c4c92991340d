"""What is still to migrate: in order, never an edited file, never one that comes too late."""

import pytest

from kaiwa.store.migrate import Migration, MigrationError, plan

ONE, TWO, THREE = (Migration(f"000{n}-x", f"select {n}") for n in (1, 2, 3))


def applied(*migrations: Migration) -> dict[str, str]:
    return {migration.name: migration.checksum for migration in migrations}


@pytest.mark.parametrize(
    ("known", "done", "todo"),
    [
        ([], [], []),
        ([ONE, TWO], [], [ONE, TWO]),
        ([ONE, TWO], [ONE], [TWO]),
        ([ONE, TWO], [ONE, TWO], []),
        ([ONE], [ONE, TWO], []),
    ],
)
def test_what_is_not_applied_is_pending(
    known: list[Migration], done: list[Migration], todo: list[Migration]
) -> None:
    assert plan(known, applied(*done)) == todo


def test_an_edited_migration_is_refused() -> None:
    with pytest.raises(MigrationError, match="0001-x was edited after it was applied"):
        plan([Migration("0001-x", "select 'edited'"), TWO], applied(ONE))


def test_a_migration_before_an_applied_one_is_refused() -> None:
    with pytest.raises(MigrationError, match="0002-x comes before 0003-x"):
        plan([ONE, TWO, THREE], applied(ONE, THREE))
