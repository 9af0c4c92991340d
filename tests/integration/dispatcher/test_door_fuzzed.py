"""schemathesis at a live door, from its published description: whatever comes, the answer is one that is described."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from dispatcher_rig import DispatcherRig
from door import DoorCaller
from published import CONTRACTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLES = 25

# What a description cannot say (a text is not blank, a URL is https) is refused all the same, so that data which fit the
# description may be refused: by 422, which is one of the answers described.
UNSAID = "positive_data_acceptance"


async def fuzz(door: DoorCaller, folder: Path, account_id: str, *options: str) -> tuple[int, str]:
    """Run the command as a user would; its exit code and what it said."""
    config = folder / "schemathesis.toml"
    config.write_text(f'[parameters]\n"path.account_id" = {json.dumps(account_id)}\n"query.wait" = 0\n')
    command = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
        *(
            f"--config-file={config}",
            "--no-color",
            "run",
            str(CONTRACTS / "openapi.json"),
            f"--url={door.url}",
        ),
        *(
            f"--header=Authorization: Bearer {door.key}",
            f"--max-examples={EXAMPLES}",
            "--continue-on-failure",
        ),
        *("--checks=all", f"--exclude-checks={UNSAID}", "--phases=examples,coverage,fuzzing", "--seed=1"),
        *options,
    ]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@pytest.mark.timeout(400)
async def test_nothing_is_found(rig: DispatcherRig, door: DoorCaller, tmp_path: Path) -> None:
    """Broken by: a 500, an answer without its description, bad data taken, a method or a key let through."""
    account = await rig.account()
    code, said = await fuzz(door, tmp_path, account.account_id)
    assert code == 0, said
    assert "door_failed" not in rig.log("door")
