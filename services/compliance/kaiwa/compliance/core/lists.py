"""Lists of people to forget, as Meta mails them or as somebody keeps them: CSV or JSON, read whole before anything is done.

A row names a person of an app (``user_id``, app-scoped, with ``app_id``) or whom that means (``account_id``, and
``customer_id`` where only one customer is meant). A CSV without a header, of one column, is a list of ``user_id``.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kaiwa.contracts import ids

_COLUMNS: Final = ("user_id", "app_id", "account_id", "customer_id")
_ALIASES: Final = {"id": "user_id", "app_scoped_user_id": "user_id", "uid": "user_id"}
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Row:
    """``line``: of the file, or the item's number in JSON."""

    line: int
    user_id: str | None = None
    app_id: str | None = None
    account_id: str | None = None
    customer_id: str | None = None

    def code(self, key: bytes, digest: str) -> str:
        """Of the request: the same row of the same file is the same request, so an import can be run again."""
        who = (self.app_id, self.user_id, self.account_id, self.customer_id)
        return ids.opaque(key, "list", digest, *(each or "" for each in who))


@dataclass(frozen=True)
class Broken:
    line: int
    why: str


def parse(content: bytes, *, app_id: str | None) -> tuple[list[Row], list[Broken]]:
    """Every row, and every row that cannot be understood. ``app_id``: of rows that name none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [Broken(content.count(b"\n", 0, error.start) + 1, "is not UTF-8")]
    items = _from_json(text) if text.lstrip().startswith(("[", "{")) else _from_csv(text)
    rows: dict[tuple[str | None, ...], Row] = {}
    broken: list[Broken] = []
    for line, item in items:
        read = item if isinstance(item, str) else _row(line, item, app_id)
        if isinstance(read, str):
            broken.append(Broken(line, read))
        else:
            rows.setdefault((read.app_id, read.user_id, read.account_id, read.customer_id), read)
    return list(rows.values()), broken


Item = tuple[int, "Mapping[str, Any] | str"]
"""A line, and its fields or what is wrong with it."""


def _from_csv(text: str) -> Iterator[Item]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] | None = None
    try:
        for fields in lines:
            if not any(field.strip() for field in fields):
                continue
            if names is None:
                names = _header(fields)
                if unknown := [name for name in names if name not in _COLUMNS]:
                    yield (
                        lines.line_num,
                        f"has the unknown column {unknown[0]!r}: {', '.join(_COLUMNS)} are known",
                    )
                    return
                if len(fields) != 1 or fields[0].strip().lower() in {*_COLUMNS, *_ALIASES}:
                    continue
            if len(fields) != len(names):
                yield lines.line_num, f"has {len(fields)} fields, and the header has {len(names)}"
            else:
                yield lines.line_num, dict(zip(names, fields, strict=True))
    except csv.Error as error:
        yield lines.line_num, f"is no CSV ({error})"


def _header(fields: list[str]) -> list[str]:
    names = [_ALIASES.get(name, name) for name in (field.strip().lower() for field in fields)]
    return ["user_id"] if len(names) == 1 and names[0].isdigit() else names


def _from_json(text: str) -> Iterator[Item]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        yield error.lineno, f"is no JSON ({error.msg})"
        return
    except RecursionError:
        yield 1, "is nested beyond all reason"
        return
    if isinstance(found, dict):
        found = next((found[name] for name in ("data", "users", "user_ids") if name in found), None)
    if not isinstance(found, list):
        yield 1, "is no list of people"
        return
    for number, item in enumerate(found, start=1):
        match item:
            case str() | int() if not isinstance(item, bool):
                yield number, {"user_id": str(item)}
            case dict():
                yield number, {_ALIASES.get(str(name), str(name)): value for name, value in item.items()}
            case _:
                yield number, "names nobody"


def _row(line: int, item: Mapping[str, Any], app_id: str | None) -> Row | str:
    given = {
        name: str(value).strip() for name in _COLUMNS if (value := item.get(name)) is not None and value != ""
    }
    if wrong := [name for name, value in given.items() if not _ID.fullmatch(value)]:
        return f"has a {wrong[0]} that is no id"
    row = Row(line, **given)
    if row.account_id is not None:
        return "names a user and an account: one of them" if row.user_id else row
    if row.customer_id is not None:
        return "names a customer and no account_id"
    if row.user_id is None:
        return "names nobody"
    if row.app_id is None and app_id is None:
        return "names no app: add a column app_id, or give --app"
    return Row(line, user_id=row.user_id, app_id=row.app_id or app_id)
