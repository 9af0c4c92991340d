"""`kaiwa profile`: planned, applied, shown again; and what Meta refuses."""

import json
from pathlib import Path

import pytest
from dispatcher_rig import DispatcherRig

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

FILE = """\
"{account}":
  ice_breakers:
    default:
      - {{question: "Where is my order?", payload: order}}
    ja_JP:
      - {{question: 注文はどこですか, payload: order}}
  persistent_menu:
    default:
      - {{title: A person, payload: human}}
      - {{title: Shop, url: "https://shop.example"}}
"""


@pytest.mark.parametrize("login", ["facebook", "instagram"])
async def test_a_profile_is_planned_applied_and_shown_as_it_was_written(
    rig: DispatcherRig, tmp_path: Path, login: str
) -> None:
    """Broken by: a plan that changes something, or a second run that is not quiet."""
    shop = await rig.account(login=login, username="my.shop")
    file = tmp_path / "profile.yaml"
    file.write_text(FILE.format(account=shop.account_id))

    async def actions(*words: str) -> list[str]:
        done = await rig.kaiwa("profile", "apply", str(file), "--json", *words)
        return [step["action"] for step in json.loads(done.stdout)["steps"]]

    assert await actions("--plan") == ["add", "add"]
    assert await actions("--plan") == ["add", "add"]
    assert await actions() == ["add", "add"]
    assert await actions() == ["keep", "keep"]
    file.write_text((await rig.kaiwa("profile", "show", shop.account_id)).stdout)
    assert await actions("--plan") == ["keep", "keep"]
    table = (await rig.kaiwa("profile", "apply", str(file))).stdout
    assert "not shown on desktop" in " ".join(table.split())
    file.write_text(f'"{shop.account_id}":\n  ice_breakers:\n')
    assert await actions() == ["remove"]
    shown = json.loads((await rig.kaiwa("profile", "show", shop.account_id, "--json")).stdout)[
        shop.account_id
    ]
    assert (shown["ice_breakers"], len(shown["persistent_menu"]["default"])) == ({}, 2)

    made = await rig.kaiwa("profile", "link", shop.account_id, "qr_7", "--json")
    (link,) = json.loads(made.stdout)
    assert link == "https://ig.me/m/my.shop?ref=qr_7"
    assert (await rig.kaiwa("profile", "check-link", link, "--account", shop.account_id)).returncode == 0


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ('"{account}":\n  ice_breakers: [\n', 2, "line 3"),
        ('"{account}":\n  ice_breakers:\n    xx: []\n', 2, "line 3: xx is no locale"),
        ('"404":\n  ice_breakers:\n', 1, "no account 404"),
    ],
)
async def test_files_that_cannot_be_applied(
    rig: DispatcherRig, tmp_path: Path, text: str, code: int, says: str
) -> None:
    shop = await rig.account()
    file = tmp_path / "profile.yaml"
    file.write_text(text.replace("{account}", shop.account_id))
    refused = await rig.kaiwa("profile", "apply", str(file), check=False)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert says in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


async def test_links_of_strangers_are_told(rig: DispatcherRig) -> None:
    shop = await rig.account(username="mine")
    stranger = "https://ig.me/m/theirs?ref=a"
    wrong = await rig.kaiwa("profile", "check-link", stranger, "--account", shop.account_id, check=False)
    assert (wrong.returncode, "theirs" in wrong.stderr) == (1, True)
    assert (await rig.kaiwa("profile", "link", shop.account_id, "a b", check=False)).returncode == 2
    assert (await rig.kaiwa("profile", "show", "404", check=False)).returncode == 1
