"""The file of checkpoints, which outlives a full disk and a crash, and shows who touched it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kaiwa.compliance.core.check import Tampered
from kaiwa.compliance.core.checkpoints import sign, signing_key
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.compliance.ledger import write
from kaiwa.compliance.proof.witnesses import written
from kaiwa.contracts.erasures import Checkpoint

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = signing_key(b"k" * 32)
HEADS = [sign(KEY, Frontier().extended([bytes([n]) * 32 for n in range(size)]), NOON) for size in (1, 2, 3)]


def read(file: Path) -> list[Checkpoint]:
    return [witness.checkpoint for witness in written(file)]


@pytest.mark.parametrize("left", [1, 100, -1])
def test_a_line_that_was_cut_short_is_written_once_more(tmp_path: Path, left: int) -> None:
    """Broken by: calling it tampering, for ever; writing on behind it; taking off a line that is whole."""
    file = tmp_path / "checkpoints.jsonl"
    assert read(file) == []
    write(file, HEADS[:1])
    whole = file.read_bytes()
    write(file, HEADS[1:2])
    file.write_bytes(whole + file.read_bytes()[len(whole) :][:left])
    assert read(file) == HEADS[:1]
    write(file, HEADS[1:2])
    write(file, HEADS[2:])
    assert read(file) == HEADS


def test_a_file_of_one_line_cut_short_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints.jsonl"
    file.write_bytes(b"{")
    write(file, HEADS)
    assert read(file) == HEADS


def test_a_line_in_the_middle_is_never_cut_short_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints.jsonl"
    write(file, HEADS)
    first, *rest = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([first[:100], b"\n", *rest]))
    with pytest.raises(Tampered, match="a checkpoint in the file cannot be read"):
        read(file)
