"""Callers' keys: what each opens, how it turns, and that nobody finds it."""

import json

import pytest
from dispatcher_rig import DispatcherRig
from door import DoorCaller, body, on_the_topic, problem

from kaiwa.contracts import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_bots_key_cannot_claim_to_be_human(rig: DispatcherRig, door: DoorCaller) -> None:
    """Promise 4 and 7: who wrote it decides on tag and disclosure. Broken by: believing the body."""
    person = await rig.customer()
    key = await door.make("a-bot", f"--account={person.account_id}")
    claim = body(person, request_id=ids.random(), author={"kind": "human", "id": "agent-7"})
    refused = await door.ask("POST", "/v1/sends", json=claim, key=key)
    assert problem(refused) == (403, "not_yours", None, "author.kind")
    assert await on_the_topic(rig, claim["request_id"]) == 0
    honest = await door.ask("POST", "/v1/sends", json=body(person, request_id=ids.random()), key=key)
    assert honest.status_code == 202


async def test_a_key_is_for_its_accounts_and_lanes(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: checking the account of the one who writes and not of the one who reads or cancels."""
    mine, theirs = await rig.customers(2)
    key = await door.make("mine-alone", f"--account={mine.account_id}")
    other = await door.ask("POST", "/v1/sends", json=body(theirs, request_id=ids.random()), key=key)
    assert problem(other) == (403, "not_yours", None, "account_id")
    faster = await door.ask("POST", "/v1/sends", json=body(mine, request_id="r", lane="human"), key=key)
    assert problem(faster) == (403, "not_yours", None, "lane")
    hidden = body(theirs, request_id=ids.random(), not_before="2099-01-01T00:00:00Z")
    href = (await door.ask("POST", "/v1/sends", json=hidden)).json()["href"]
    plain = href.partition("?")[0]
    for path, status in ((href, 403), (plain, 404)):
        for method in ("GET", "DELETE"):
            assert (await door.ask(method, path, key=key)).status_code == status
    by_person = body(
        mine, request_id=ids.random(), author={"kind": "human"}, not_before="2099-01-01T00:00:00Z"
    )
    href = (await door.ask("POST", "/v1/sends", json=by_person)).json()["href"]
    assert problem(await door.ask("DELETE", href, key=key))[:2] == (403, "not_yours")


async def test_keys_are_rotated_and_revoked_while_the_door_is_open(
    rig: DispatcherRig, door: DoorCaller
) -> None:
    """Broken by: a revoked key that still opens, or an old one that closes at once."""
    first = await door.make("turning", "--all-accounts")
    name = first.split("_")[1]
    turned = await rig.kaiwa("keys", "caller", "rotate", name, "--json")
    second = json.loads(turned.stdout)["key"]
    await door.opens(second)
    await door.opens(first)
    third = json.loads((await rig.kaiwa("keys", "caller", "rotate", name, "--overlap=0", "--json")).stdout)[
        "key"
    ]
    await door.opens(second, status=401)
    await door.opens(third)
    await rig.kaiwa("keys", "caller", "revoke", name)
    await door.opens(third, status=401)
    again = await rig.kaiwa("keys", "caller", "revoke", name, check=False)
    assert again.returncode == 1
    changes = await rig.db.fetch(
        "select change from dispatcher.caller_changes where caller_id = $1 order by id", name
    )
    assert [row["change"] for row in changes] == ["created", "rotated", "rotated", "revoked"]


async def test_no_secret_is_stored(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: keeping the key, or what it opens with, anywhere in the database, the log or the list."""
    secret = door.key.split("_", 2)[2]
    listed = (await rig.kaiwa("keys", "caller", "list", "--json")).stdout
    assert secret not in await rig.everything_stored() + rig.log("door") + listed
    assert "everything" in listed


async def test_above_its_rate_a_key_has_to_wait(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: counting nothing. Other keys are not held back."""
    person = await rig.customer()
    key = await door.make("slow", f"--account={person.account_id}", "--rate=0.5")
    answers = [await door.ask("GET", "/v1/sends/none", key=key) for _ in range(3)]
    limited = answers[-1]
    assert problem(limited)[:2] == (429, "too_many")
    assert int(limited.headers["retry-after"]) >= 1
    assert (await door.ask("GET", "/v1/sends/none")).status_code == 404


WRONG_OPTIONS = [
    ["caller", "create", "x"],
    ["caller", "create", "x", "--all-accounts", "--account=1"],
    ["caller", "create", "x", "--all-accounts", "--author=robot"],
    ["caller", "create", "x", "--all-accounts", "--lane=fast"],
    ["caller", "create", "x", "--all-accounts", "--rate=0"],
]


async def test_wrong_options_are_said(rig: DispatcherRig) -> None:
    for words in WRONG_OPTIONS:
        assert (await rig.kaiwa("keys", *words, check=False)).returncode == 2, words
    await rig.kaiwa("keys", "caller", "create", "twice", "--all-accounts")
    assert (
        await rig.kaiwa("keys", "caller", "create", "twice", "--all-accounts", check=False)
    ).returncode == 1
    assert (await rig.kaiwa("keys", "caller", "rotate", "nobody", check=False)).returncode == 1
