from pathlib import Path

from kaiwa.devstack.standing import Place, State

STATE = State(pid=1, environment={"KAIWA_POSTGRES__DSN": "postgresql://db.example/kaiwa"})


def test_a_state_is_believed_while_its_stack_lives(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.alive():
        place.write(STATE)
        assert place.read() == STATE


def test_a_state_that_a_crash_left_is_not_believed_and_removed(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.alive():
        place.write(STATE)
    assert place.state.exists()
    assert place.read() is None
    assert not place.state.exists()


def test_a_stack_that_is_only_starting_is_not_up(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.alive():
        assert place.read() is None


def test_the_folder_is_the_users_own(tmp_path: Path) -> None:
    place = Place.of({"XDG_STATE_HOME": str(tmp_path)})
    assert place.folder == tmp_path / "kaiwa" / "stack"
    assert place.folder.stat().st_mode & 0o077 == 0
