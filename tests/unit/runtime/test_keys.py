"""Key files: base64 or hex, the first line is current, made once and readable by their owner alone."""

import base64
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kaiwa.runtime.cli import Failure
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.keys import FILES, generate, keys, read_keys

ONE, TWO = bytes(range(32)), bytes(range(100, 132))


def test_every_form_of_a_key_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# current\n{base64.b64encode(ONE).decode()}  # since May\n\n{TWO.hex()}\n")
    assert read_keys(path) == [ONE, TWO]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no key"),
        ("# nothing\n", "holds no key"),
        ("c2hvcnQ=", "line 1 is a key of 5 bytes"),
        ("ff" * 31, "line 1 is a key of 31 bytes"),
        (f"{'ff' * 32}\nhunter2!", "line 2 is neither base64 nor hex"),
        ("f" * 65, "line 1 is neither"),
        ("ü", "cannot be read as a key file"),
    ],
)
def test_what_is_not_a_key_is_refused_without_showing_it(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=complaint) as caught:
        read_keys(path)
    assert "hunter2" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing-here cannot be read"):
        read_keys(tmp_path / "nothing-here")


def test_generate_makes_every_file_for_its_owner_alone(tmp_path: Path) -> None:
    paths = generate(tmp_path / "new" / "keys")
    assert set(paths) == set(FILES)
    assert {path.stat().st_mode & 0o777 for path in paths.values()} == {0o600}
    made = [read_keys(path) for name, path in paths.items() if name.endswith("_KEY_FILE")]
    assert len(made) == 5
    assert all(len(key) == 32 for (key,) in made)
    assert len({key for (key,) in made}) == 5
    assert len(paths["KAIWA_META__VERIFY_TOKEN_FILE"].read_text().strip()) == 43


def test_generate_overwrites_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "compliance-hash.key"
    kept.write_text("precious")
    with pytest.raises(Failure, match=r"already has compliance-hash\.key:"):
        generate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["compliance-hash.key"]
    assert kept.read_text() == "precious"


def test_the_command_prints_variables_that_a_shell_can_read(tmp_path: Path) -> None:
    directory = tmp_path / "with space"
    result = CliRunner().invoke(keys, [str(directory)])
    assert result.exit_code == 0, result.output
    assert f"export KAIWA_INGEST__ID_KEY_FILE='{directory}/ingest-id.key'\n" in result.stdout


def test_the_command_speaks_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(keys, [str(tmp_path), "--json"])
    assert json.loads(result.stdout)["KAIWA_META__VERIFY_TOKEN_FILE"] == str(tmp_path / "verify-tokens")
