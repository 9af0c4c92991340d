"""The README's way from an empty cluster to the first event: its commands, held against what they would make."""

import re
import shlex
from datetime import UTC, datetime
from functools import lru_cache

import yaml
from helm import ROOT, Object, helm, of, pods, secrets_of

from kaiwa.contracts.events import Kind
from kaiwa.ingest.normalise import normalise
from kaiwa.runtime.keys import FILES


@lru_cache
def commands() -> tuple[str, ...]:
    """The shell lines of the section, continued lines joined, comments away."""
    text = (ROOT / "README.md").read_text("utf-8").split("## On Kubernetes")[1].split("\n## ")[0]
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert block
    lines = block[1].replace("\\\n", " ").splitlines()
    return tuple(line for line in lines if line.strip() and not line.startswith("#"))


@lru_cache
def installed() -> tuple[Object, ...]:
    (line,) = (line for line in commands() if line.startswith("helm install"))
    words = [word for word in shlex.split(line)[2:] if word != "--wait"]
    words = [str(ROOT / word) if word.startswith("deploy/") else word for word in words]
    return tuple(found for found in yaml.safe_load_all(helm("template", *words)) if found)


def test_what_is_installed_asks_for_no_secret_that_was_not_made() -> None:
    """Breaks when the README forgets a Secret, or the values want another name, key or file."""
    made = {
        match[1]: match[2]
        for line in commands()
        if (match := re.search(r"create secret generic (\S+) --from-(?:file|literal)=(\w+)", line))
    }
    keys = {"kaiwa-keys": set(FILES.values()), "kaiwa-meta": {made["kaiwa-meta"]}}
    asked: dict[str, set[str]] = {}
    for _, pod in pods(installed()):
        for source in secrets_of(pod).values():
            asked.setdefault(source["secret"], set()).add(source["key"])
    assert asked.keys() == made.keys()
    for name in ("kaiwa-keys", "kaiwa-meta"):
        assert asked[name] <= keys[name]
    assert asked["kaiwa-postgres"] == {made["kaiwa-postgres"]}


def test_later_commands_name_what_is_there() -> None:
    objects = installed()
    text = "\n".join(commands())
    assert "port-forward svc/kaiwa-ingest 8080:80" in text
    assert of("Service", objects)["kaiwa-ingest"]["spec"]["ports"][0]["port"] == 80
    assert "exec kaiwa-dispatcher-0 " in text
    assert of("StatefulSet", objects)["kaiwa-dispatcher"]["spec"]["replicas"] == 1
    assert "helm test kaiwa" in text
    assert {found["metadata"]["namespace"] for found in objects} == {"kaiwa"}


def test_the_first_delivery_is_a_message() -> None:
    """Breaks when the README's body is not what ingest understands."""
    (line,) = (line for line in commands() if line.startswith("BODY="))
    body = "".join(shlex.split(line)).removeprefix("BODY=").replace("$NOW", "1764000000000")
    reading = normalise(
        body.encode(), app_id="1001", received_at=datetime(2026, 11, 22, tzinfo=UTC), id_key=b"k" * 32
    )
    (found,) = reading.found
    assert (found.event.kind, found.event.account_id, found.event.customer_id) == (
        Kind.MESSAGE_RECEIVED,
        "17841400000000001",
        "1111",
    )
    shown = "kaiwa conversations show 17841400000000001 1111"
    assert any(line.endswith(shown) for line in commands())
