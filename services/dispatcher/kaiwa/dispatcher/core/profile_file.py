"""`profile.yaml`: read with line numbers, so that every complaint names its line.

"17841400000000001":
ice_breakers:
default:
- {question: "Where is my order?", payload: order}
persistent_menu:
default:
- {title: Talk to a person, payload: human}
- {title: Shop, url: "https://shop.example"}
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import yaml

from kaiwa.dispatcher.core.limits import ICE_BREAKERS, MENU_ITEMS, PAYLOAD, Limit
from kaiwa.dispatcher.core.profile import DEFAULT, LOCALES, SECTIONS, Locales, Section, Wanted

_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "greeting": "Instagram has no greeting text",
        "get_started": "Instagram has no get-started button: ice breakers take its place",
        "whitelisted_domains": "Instagram has no webview to allow domains for",
        "composer_input_disabled": "the field for typing cannot be hidden on Instagram",
        "webview_height_ratio": "Instagram has no webview",
        "call_to_actions": "a menu has one level on Instagram",
        "menu": "its name is persistent_menu",
    }
)
"""What Messenger's documentation offers and this API does not."""


class ProfileFileError(ValueError):
    """The file cannot be used; the message begins with the line."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line


def parse(text: str) -> list[Wanted]:
    """What the file wants of each account. Raises ProfileFileError for the first thing that is wrong."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ProfileFileError(mark.line + 1 if mark else 1, f"this is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ProfileFileError(1, f"this is not YAML: {error}") from None
    except RecursionError:
        raise ProfileFileError(1, "it is nested too deeply") from None
    if root is None:
        raise ProfileFileError(1, "it is empty: name an account, then ice_breakers or persistent_menu")
    accounts = _mapping(root, "account ids")
    return [Wanted(account_id, _sections(node)) for account_id, (_, node) in accounts.items()]


def _sections(node: yaml.Node) -> dict[Section, Locales]:
    found: dict[Section, Locales] = {}
    for name, (key, below) in _mapping(node, "sections").items():
        section = next((known for known in SECTIONS if known == name), None)
        if section is None:
            raise _unknown(key, name, SECTIONS)
        found[section] = _locales(below, section)
    return found


def _locales(node: yaml.Node, section: Section) -> Locales:
    """An empty section is a wish, too: it is removed."""
    if isinstance(node, yaml.ScalarNode) and node.value in ("", "~", "null"):
        return {}
    by_locale = _mapping(node, "locales")
    for locale, (key, _) in by_locale.items():
        if locale != DEFAULT and locale not in LOCALES:
            near = sorted(known for known in LOCALES if known[:2] == locale[:2].lower())
            hint = f": is it {' or '.join(near)}?" if near else ", for example ja_JP"
            raise ProfileFileError(_line(key), f"{locale} is no locale of Meta's{hint}")
    if by_locale and DEFAULT not in by_locale:
        raise ProfileFileError(
            _line(node), f"{section} needs the locale {DEFAULT}: whoever has another one sees it"
        )
    entry, limit = _ENTRIES[section]
    return {locale: _entries(below, section, entry, limit) for locale, (_, below) in by_locale.items()}


Entry = dict[str, str]


def _entries(
    node: yaml.Node, section: Section, entry: Callable[[yaml.Node], Entry], limit: Limit
) -> tuple[Entry, ...]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise ProfileFileError(
            _line(node), f"a list of {section.replace('_', ' ')} stands here, one at least"
        )
    if len(node.value) > limit.most:
        raise ProfileFileError(
            _line(node.value[limit.most]), f"more than {limit}: leave out {len(node.value) - limit.most}"
        )
    return tuple(entry(below) for below in node.value)


def _ice_breaker(node: yaml.Node) -> Entry:
    texts = _texts(node, ("question", "payload"))
    for name in ("question", "payload"):
        if name not in texts:
            raise ProfileFileError(
                _line(node), f"an ice breaker has a question and a payload: {name} is missing"
            )
    return {"question": texts["question"], "payload": texts["payload"]}


def _item(node: yaml.Node) -> Entry:
    texts = _texts(node, ("title", "payload", "url"))
    if "title" not in texts or ("payload" in texts) == ("url" in texts):
        raise ProfileFileError(_line(node), "a menu item has a title, and either a payload or a url")
    if "payload" in texts:
        return {"type": "postback", "title": texts["title"], "payload": texts["payload"]}
    if not texts["url"].startswith("https://"):
        raise ProfileFileError(_line(node), "a url begins with https://")
    return {"type": "web_url", "title": texts["title"], "url": texts["url"]}


_ENTRIES: Mapping[Section, tuple[Callable[[yaml.Node], Entry], Limit]] = MappingProxyType(
    {"ice_breakers": (_ice_breaker, ICE_BREAKERS), "persistent_menu": (_item, MENU_ITEMS)}
)


def _texts(node: yaml.Node, names: tuple[str, ...]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, (key, below) in _mapping(node, " and ".join(names)).items():
        if name not in names:
            raise _unknown(key, name, names)
        if not isinstance(below, yaml.ScalarNode) or not below.value.strip():
            raise ProfileFileError(_line(below), f"{name} is a text")
        if name == "payload" and len(below.value) > PAYLOAD.most:
            raise ProfileFileError(_line(below), f"payload is longer than {PAYLOAD}")
        texts[name] = below.value
    return texts


def _mapping(node: yaml.Node, what: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Names to their own node and what stands below."""
    if not isinstance(node, yaml.MappingNode):
        raise ProfileFileError(_line(node), f"{what} stand here, each with a colon and what belongs to it")
    found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, below in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ProfileFileError(_line(key), "a name stands before a colon")
        if key.value in found:
            raise ProfileFileError(_line(key), f"{key.value} stands here twice")
        found[key.value] = key, below
    return found


def _unknown(key: yaml.Node, name: str, known: tuple[str, ...]) -> ProfileFileError:
    why = _ELSEWHERE.get(name, f"{name} is not known here: {', '.join(known)}")
    return ProfileFileError(_line(key), why)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
