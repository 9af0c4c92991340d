"""The accounts file: what it may say, and what making the registry equal to it would change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from kaiwa.dispatcher.core.wordings import SHIPPED, Own
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime.errors import SettingsError

Rate = Annotated[float, msgspec.Meta(gt=0)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What Meta grants this account; what is left out has the platform's default."""

    text_per_second: Rate | None = None
    media_per_second: Rate | None = None
    private_replies_per_hour: Rate | None = None
    live_replies_per_second: Rate | None = None
    conversations_per_second: Rate | None = None
    messages_per_day: Annotated[int, msgspec.Meta(gt=0)] | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account of the file."""

    account_id: str
    login: Literal["facebook", "instagram"]
    app_id: str
    token_file: Path | None = None
    """Without it the account came by a login, which keeps its token; the file has its settings."""
    page_id: str | None = None
    login_user_id: str | None = None
    display_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    """Stands in the disclosure, which has to fit one message."""
    locale: str = "en"
    markets: tuple[str, ...] = ()
    human_agent: bool = False
    default_app: bool = True
    """False where conversation routing is on and another app is the default one: idle threads are then not ours."""
    unknown_echo: Literal["hold", "ignore"] = "hold"
    limits: Limits = Limits()
    presence: Literal["off", "seen", "typing"] = "off"
    """What the customer sees before automation answers: their message seen, and somebody typing."""
    while_human: Literal["wait", "refuse"] = "wait"
    """What automation's messages do while a person handles the conversation."""
    human_hold: Annotated[float, msgspec.Meta(ge=0)] | Literal["release"] | None = None
    """For how many seconds a person's message holds automation, or until it is released; else the installation's."""
    disclosure: Own = SHIPPED


BY_LOGIN = frozenset({"account_id", "app_id", "login", "page_id", "login_user_id", "state"})
"""What a login says of an account; the file does not say it differently."""

Action = Literal["add", "change", "keep", "pause"]


@dataclass(frozen=True)
class Step:
    account_id: str
    action: Action


def read(path: Path) -> list[Entry]:
    """The accounts of a file. Raises SettingsError that says which entry is wrong and how."""
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[Entry], dec_hook=_path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: name the accounts file") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"{path} is not an accounts file: {error}") from error
    seen: set[str] = set()
    for entry in entries:
        if entry.account_id in seen:
            raise SettingsError(f"{path} names account {entry.account_id} twice: keep one entry")
        if entry.login == "facebook" and not entry.page_id:
            raise SettingsError(f"account {entry.account_id} logs in by Facebook: give its page_id")
        if wrong := entry.disclosure.fault():
            raise SettingsError(f"account {entry.account_id}: {wrong}")
        seen.add(entry.account_id)
    return entries


def plan(entries: Iterable[Entry], stored: Mapping[str, Row]) -> list[Step]:
    """What applying would do; a token alone is not compared: it is taken where it is another one than last time."""
    wanted = {entry.account_id: entry for entry in entries}
    steps = [
        Step(name, "add" if name not in stored else "keep" if _same(entry, stored[name]) else "change")
        for name, entry in wanted.items()
    ]
    gone = [name for name, row in stored.items() if name not in wanted and _leaves(row)]
    return steps + [Step(name, "pause") for name in gone]


def columns(entry: Entry) -> dict[str, Any]:
    """An entry as the registry's columns."""
    said = {name: getattr(entry, name) for name in entry.__struct_fields__ if name != "token_file"}
    limits = msgspec.to_builtins(entry.limits)
    hold = entry.human_hold
    return said | {
        "limits": {name: value for name, value in limits.items() if value is not None},
        "disclosure": msgspec.to_builtins(entry.disclosure),
        "human_hold": timedelta(seconds=hold) if isinstance(hold, float | int) else None,
        "hold_until_release": hold == "release",
    }


def _leaves(row: Row) -> bool:
    """An account that came by a login is not the file's to pause."""
    return bool(row["state"] != "paused" and row["origin"] == "file")


def _same(entry: Entry, row: Row) -> bool:
    said = columns(entry) | {"state": "active", "markets": list(entry.markets)}
    if entry.token_file is None:
        said = {name: value for name, value in said.items() if name not in BY_LOGIN}
        return row["state"] != "paused" and all(row[name] == value for name, value in said.items())
    return all(row[name] == value for name, value in said.items())


def _path(kind: type, value: object) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError
