"""The `fields` parameter of the Graph API: names, nested names, and `.limit(n)`. Pure."""

import re
from dataclasses import dataclass, field

from kaiwa.simulator.errors import Refusal, Rule, refuse

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|\.limit\(\d+\)|[{},])\s*")


@dataclass(frozen=True, slots=True)
class Selected:
    """What is asked of one field."""

    limit: int | None = None
    fields: "Fields" = field(default_factory=dict)


Fields = dict[str, Selected]


def parse_fields(text: str) -> Fields:
    """`id,messages.limit(20){id,from}` → what is asked for, in order."""
    tokens: list[str] = []
    at = 0
    while at < len(text):
        if (match := _TOKEN.match(text, at)) is None:
            raise _syntax()
        tokens.append(match[1])
        at = match.end()
    fields, rest = _list(tokens)
    if rest:
        raise _syntax()
    return fields


def _list(tokens: list[str]) -> tuple[Fields, list[str]]:
    fields: Fields = {}
    while True:
        match tokens:
            case [name, *tokens] if name[0].isalpha() or name[0] == "_":
                fields[name], tokens = _one(tokens)
            case _:
                raise _syntax()
        match tokens:
            case [",", *tokens]:
                continue
            case _:
                return fields, tokens


def _one(tokens: list[str]) -> tuple[Selected, list[str]]:
    limit: int | None = None
    if tokens and tokens[0].startswith(".limit("):
        limit, tokens = int(tokens[0][7:-1]), tokens[1:]
    if not tokens or tokens[0] != "{":
        return Selected(limit), tokens
    inner, tokens = _list(tokens[1:])
    if not tokens or tokens[0] != "}":
        raise _syntax()
    return Selected(limit, inner), tokens[1:]


def _syntax() -> Refusal:
    return refuse(Rule.BODY, "Syntax error in fields", code=2500)
