"""`profile.yaml`, the plan that follows from it, and ig.me links; every bad line is answered with its number."""

from typing import Any

import pytest

from kaiwa.dispatcher.core.igme import LinkError, checked, made
from kaiwa.dispatcher.core.profile import LOCALES, Wanted, body, plan
from kaiwa.dispatcher.core.profile_file import ProfileFileError, parse

GOOD = """\
"1784":
  ice_breakers:
    default:
      - {question: "Where is my order?", payload: order}
    ja_JP:
      - {question: 注文はどこですか, payload: order}
  persistent_menu:
    default:
      - {title: A person, payload: human}
      - {title: Shop, url: "https://shop.example"}
1785:
  ice_breakers:
"""
BREAKER = {"question": "Where is my order?", "payload": "order"}


def test_a_file_says_what_each_account_shows() -> None:
    first, second = parse(GOOD)
    assert (first.account_id, second.account_id) == ("1784", "1785")
    assert first.sections["ice_breakers"]["default"] == (BREAKER,)
    assert first.sections["persistent_menu"]["default"] == (
        {"type": "postback", "title": "A person", "payload": "human"},
        {"type": "web_url", "title": "Shop", "url": "https://shop.example"},
    )
    assert second.sections == {"ice_breakers": {}}


def breakers(*lines: str) -> str:
    return "\n".join(['"1784":', "  ice_breakers:", *lines])


ONE = "      - {question: q, payload: p}"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "empty"),
        ('"1784":\n  ice_breakers: [\n', 3, "not YAML"),
        ('"1784":\n\tice_breakers:\n', 2, "not YAML"),
        ("a: &x [*x, {]", 1, "not YAML"),
        ("- 1784", 1, "account ids stand here"),
        ('"1784":\n  ice_breaker: {}', 2, "not known here"),
        ('"1784":\n  greeting: hi', 2, "no greeting text"),
        ('"1784":\n  menu: {}', 2, "persistent_menu"),
        (breakers("    default: []"), 3, "one at least"),
        (breakers("    default: hello"), 3, "a list of ice breakers"),
        (breakers("    ja_JP:", ONE), 3, "needs the locale default"),
        (breakers("    default:", ONE, "    xx_YY:", ONE), 5, "no locale of Meta's, for example"),
        (breakers("    default:", ONE, "    ja:", ONE), 5, "ja_JP?"),
        (breakers("    default:", ONE, "    default:", ONE), 5, "twice"),
        (breakers("    default:", *[ONE] * 5), 8, "more than 4 ice breakers"),
        (breakers("    default:", "      - {question: q}"), 4, "payload is missing"),
        (breakers("    default:", "      - {payload: p}"), 4, "question is missing"),
        (breakers("    default:", "      - {question: q, payload: [p]}"), 4, "payload is a text"),
        (breakers("    default:", '      - {question: " ", payload: p}'), 4, "question is a text"),
        (breakers("    default:", f"      - {{question: q, payload: {'p' * 1001}}}"), 4, "1000 characters"),
        (breakers("    default:", "      - {question: q, payload: p, emoji: x}"), 4, "not known here"),
        (breakers("    ? [a]", "    : b"), 3, "a name stands before a colon"),
        ('"1784":\n  persistent_menu:\n    default:\n      - {title: t}', 4, "either a payload or a url"),
        ('"1784":\n  persistent_menu:\n    default:\n      - {title: t, payload: p, url: u}', 4, "either"),
        ('"1784":\n  persistent_menu:\n    default:\n      - {title: t, url: "http://x"}', 4, "https"),
        (
            '"1784":\n  persistent_menu:\n    default:\n      - {title: t, call_to_actions: []}',
            4,
            "one level",
        ),
        ('"1784":\n  persistent_menu:\n    composer_input_disabled: true', 3, "no locale"),
        ("[" * 2000, 1, "nested"),
    ],
)
def test_what_is_wrong_is_answered_with_its_line(text: str, line: int, says: str) -> None:
    """Broken by: an error without a line, or the parser's own stack."""
    with pytest.raises(ProfileFileError) as wrong:
        parse(text)
    if says != "nested":
        assert wrong.value.line == line
        assert says in str(wrong.value)
    assert str(wrong.value).startswith("line ")


@pytest.mark.parametrize(
    ("wanted", "stored", "action", "what"),
    [
        ({"default": (BREAKER,)}, {}, "add", ("+ default: Where is my order?",)),
        ({"default": (BREAKER,)}, {"default": (BREAKER,)}, "keep", ()),
        ({}, {"default": (BREAKER,)}, "remove", ("- default: Where is my order?",)),
        ({}, {}, "keep", ()),
        (
            {"default": ({"question": "New?", "payload": "n"},), "ja_JP": (BREAKER,)},
            {"default": (BREAKER,), "de_DE": (BREAKER,)},
            "change",
            (
                "- de_DE: Where is my order?",
                "~ default: Where is my order? → New?",
                "+ ja_JP: Where is my order?",
            ),
        ),
    ],
)
def test_a_plan_names_each_locale_that_changes(wanted: Any, stored: Any, action: str, what: Any) -> None:
    (step,) = plan(Wanted("1784", {"ice_breakers": wanted}), {"ice_breakers": stored})
    assert (step.action, step.what) == (action, what)


def test_what_a_file_leaves_out_stays() -> None:
    assert plan(Wanted("1784"), {"ice_breakers": {"default": (BREAKER,)}}) == []


def test_the_body_is_metas() -> None:
    assert body("ice_breakers", {"default": (BREAKER,)}) == {
        "platform": "instagram",
        "ice_breakers": [{"locale": "default", "call_to_actions": [BREAKER]}],
    }
    assert all(len(locale) == 5 for locale in LOCALES)


@pytest.mark.parametrize(
    ("name", "ref", "link"),
    [
        ("my.shop_1", "qr_7", "https://ig.me/m/my.shop_1?ref=qr_7"),
        ("shop", None, "https://ig.me/m/shop"),
        ("shop", "a" * 2083, None),
    ],
)
def test_links_lead_back_to_what_made_them(name: str, ref: str | None, link: str | None) -> None:
    url = made(name, ref)
    assert link in (None, url)
    assert checked(url) == (name, ref)


@pytest.mark.parametrize(
    ("name", "ref"),
    [("", None), ("a/b", None), ("shop", ""), ("shop", "a b"), ("shop", "é"), ("shop", "a" * 2084)],
)
def test_links_that_are_not_made(name: str, ref: str | None) -> None:
    with pytest.raises(LinkError):
        made(name, ref)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://ig.me/m/shop", "https://ig.me"),
        ("https://instagram.com/shop", "https://ig.me"),
        ("https://ig.me/shop", "the account's name"),
        ("https://ig.me/m/", "the account's name"),
        ("https://ig.me/m/shop/more", "the account's name"),
        ("https://ig.me/m/shop?text=hi", "only parameter"),
        ("https://ig.me/m/shop?ref=a&utm=b", "only parameter"),
        ("https://ig.me/m/shop?ref=a&ref=b", "only parameter"),
        ("https://ig.me/m/shop?ref=", "one at least"),
        ("https://ig.me/m/shop?ref=a%20b", "escaped"),
        ("https://ig.me/m/shop?ref=a!", "letters, digits"),
        ("https://[", "no address"),
    ],
)
def test_links_that_would_not_work(url: str, says: str) -> None:
    """Broken by: taking a ref that Meta drops without a word."""
    with pytest.raises(LinkError, match=says):
        checked(url)
