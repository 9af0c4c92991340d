"""The proof leaves the house: keys change, files convince offline, and a rewritten ledger meets what others kept."""

import base64
import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from compliance_rig import SLACK, Rig, until
from happenings import message, record, unsend

from kaiwa.compliance.core.checkpoints import sign, signing_key
from kaiwa.compliance.core.entries import Entry
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Checkpoint, decode_checkpoint
from kaiwa.devstack.tables import tables_with
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.keys import read_keys

CUSTOMER, TEXT = secrets.token_hex(12), f"canary-{secrets.token_hex(12)}"


def alone(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as an auditor has it: no variable of ours, no server, another folder."""
    command = [sys.executable, "-c", "from kaiwa.runtime.cli import main; main()", *words]
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        command, env={"PATH": "/usr/bin:/bin"}, cwd=folder, capture_output=True, text=True, check=False
    )


async def told(rig: Rig, *words: str) -> Any:
    done = await rig.kaiwa(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def heads(rig: Rig) -> list[Checkpoint]:
    return sorted(
        (decode_checkpoint(value) for value in await rig.values(topics.CHECKPOINTS)),
        key=lambda h: h.tree_size,
    )


async def sealed(rig: Rig, entries: int) -> None:
    async def reached() -> bool:
        found = await heads(rig)
        return bool(found) and found[-1].tree_size >= entries

    await until(reached, within=SLACK, what=f"{entries} entries sealed and published")


class KeyFile:
    """The signing key's file, as an operator edits it."""

    def __init__(self, rig: Rig) -> None:
        self.path = Path(rig.env["KAIWA_COMPLIANCE__SIGNING_KEY_FILE"])

    def put_first(self) -> None:
        self.path.write_text(f"{_line()}\n{self.path.read_text()}")

    def keep_first(self) -> str:
        self.path.write_text(self.path.read_text().splitlines()[0])
        return self.path.read_text()

    def hold(self, text: str) -> None:
        self.path.write_text(text)


def _line() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


@pytest.mark.timeout(180)
async def test_a_proof_holds_offline_across_a_change_of_keys(rig: Rig, tmp_path: Path) -> None:
    """Broken by: calling an announced key tampering, or an unannounced one genuine; a proof that needs the database;
    a check that trusts the stored leaves or the database's own checkpoints.
    """
    keys, mids = KeyFile(rig), [f"m_{secrets.token_hex(16)}" for _ in range(3)]
    [old_public] = [each["public_key"] for each in await told(rig, "ledger", "public-key")]

    service = rig.service()
    service.start()
    await rig.write(*(record(message(mid, TEXT, customer=CUSTOMER)) for mid in mids))
    await rig.write(*(record(unsend(mid, customer=CUSTOMER)) for mid in mids[:2]))
    await sealed(rig, 4)
    assert await service.terminate() == 0
    held = (await heads(rig))[0]

    keys.put_first()
    service = rig.service()
    service.start()
    await rig.write(record(unsend(mids[2], customer=CUSTOMER)))

    async def handed_over() -> bool:
        found = await heads(rig)
        return any(head.succession for head in found) and found[-1].succession is None

    await until(handed_over, within=SLACK, what="the old key's last checkpoint and one of the new key")
    assert await service.terminate() == 0
    new = keys.keep_first()
    await verified_in_two_steps(rig, str(tmp_path / "notes.json"))
    file = tmp_path / "proof.json"
    await proven(rig, file, held, canaries=(CUSTOMER, TEXT, *mids))
    convinces(tmp_path / "auditor", file, old_public, held)

    keys.hold(_line())
    assert "has no valid signature" in (await rig.kaiwa("ledger", "verify")).stderr
    keys.hold(new)
    await rewritten(rig, keys.path)
    caught = await rig.kaiwa("ledger", "verify")
    assert caught.returncode == 1
    assert "are not those of the checkpoint of" in caught.stderr
    assert "in the topic" in caught.stderr


async def verified_in_two_steps(rig: Rig, notes: str) -> None:
    first = await told(rig, "ledger", "verify", "--notes", notes, "--jobs", "1")
    assert first["ok"]
    assert (await told(rig, "ledger", "verify", "--notes", notes))["entries"] == first["entries"]


async def proven(rig: Rig, file: Path, held: Checkpoint, *, canaries: tuple[str, ...]) -> None:
    """A proof of the newest erasure; neither the file nor the ledger's tables hold an id or content."""
    erasure = (await rig.cases())[-1]["erasure_id"]
    words = ("ledger", "prove", erasure, "--out", str(file), "--since", str(held.tree_size))
    assert (await told(rig, *words))["entries"][:2] == ["erasure.received", "erasure.tombstoned"]
    assert not [canary for canary in canaries if canary in _text(file)]
    for canary in canaries:
        found = {name.rpartition(".")[2] for name in await tables_with(rig.dsn, canary)}
        assert not {"entries", "checkpoints"} & found
    assert (await rig.kaiwa("ledger", "prove", "nobody")).returncode == 1


def _text(file: Path) -> str:
    return file.read_text()


def convinces(folder: Path, file: Path, key: str, held: Checkpoint) -> None:
    """An auditor, who kept the first key and the first checkpoint, is convinced; by an altered file not."""
    kept = file.with_name("held.json")
    kept.write_bytes(msgspec.json.encode(held))
    checked = alone(folder, "ledger", "check-proof", str(file), "--key", key, "--held", str(kept))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert f"which only grew since it had {held.tree_size}" in checked.stdout
    file.write_text(file.read_text().replace("erasure.received", "erasure.verified"))
    doubted = alone(folder, "ledger", "check-proof", str(file), "--key", key)
    assert (doubted.returncode, doubted.stdout) == (1, "")
    assert doubted.stderr.startswith("not proven: entry ")
    for bad in (("nothing.json", "--key", key), (str(file), "--key", "a key")):
        refused = alone(folder, "ledger", "check-proof", *bad)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr


async def rewritten(rig: Rig, keys: Path) -> None:
    """The thorough forger: a superuser who has the signing key, alters an entry and makes everything fit again."""
    key = signing_key(read_keys(keys)[0])
    connection = await asyncpg.connect(rig.dsn)
    try:
        await connection.execute("set session_replication_role = replica")
        await connection.execute("update compliance.entries set commitment = $1 where seq = 0", b"\xff" * 32)
        rows = await connection.fetch("select * from compliance.entries where seq is not null order by seq")
        leaves = [Entry(row["kind"], row["recorded_at"], row["commitment"]).leaf for row in rows]
        await connection.execute("update compliance.entries set leaf = $1 where seq = 0", leaves[0])
        await connection.execute("delete from compliance.checkpoints")
        tree = Frontier().extended(leaves)
        head = sign(key, tree, utc_now())
        await connection.execute(
            "insert into compliance.checkpoints (tree_size, root, signed_at, key_id, signature, peaks)"
            " values ($1, $2, $3, $4, $5, $6)",
            head.tree_size,
            head.root,
            head.signed_at,
            head.key_id,
            head.signature,
            list(tree.peaks),
        )
    finally:
        await connection.close()
