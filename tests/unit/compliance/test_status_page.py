"""The status page: what it says, in which language, to whom, and what it never says."""

import base64
import hashlib
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from kaiwa.compliance.core.requests import Refusal
from kaiwa.compliance.status.limiter import Limiter
from kaiwa.compliance.status.page import HEADERS, Progress, Shown, render
from kaiwa.compliance.status.wording import Words
from kaiwa.compliance.status.words import WORDS, language

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CODE = "ABCDEFGHIJKLMNOPQRSTUVWX23"
STATES: tuple[Shown, ...] = ("received", "in_progress", "done", "refused", "unknown", "busy", "away")


def progress(state: str, refusal: str | None = None) -> Progress:
    ended = NOON + timedelta(minutes=90) if state in {"done", "refused"} else None
    return Progress(state, refusal, NOON, NOON + timedelta(days=30), ended)


def shown(state: Shown, lang: str = "en") -> str:
    refusal = Refusal.LEGAL_HOLD if state == "refused" else None
    found = state if state in {"unknown", "busy", "away"} else progress(state, refusal)
    return render(CODE, found, lang).decode()


class Outline(HTMLParser):
    """The page's elements, without what stands in them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def outline(page: str) -> Outline:
    made = Outline()
    made.feed(page)
    return made


@pytest.mark.parametrize("lang", WORDS)
@pytest.mark.parametrize("state", STATES)
def test_every_state_has_words_in_every_language(lang: str, state: Shown) -> None:
    page = shown(state, lang)
    words = WORDS[lang]
    assert f'<html lang="{lang}">' in page
    assert words.lead[state] in page
    assert page.count('aria-current="step"') == (state in {"received", "in_progress"})
    assert page.count("<li") == 3 + len(WORDS)
    assert page.count("<h1>") == 1


@pytest.mark.parametrize("lang", WORDS)
def test_no_language_lacks_a_sentence(lang: str) -> None:
    """Broken by: a reason that was added without its words."""
    words, english = WORDS[lang], WORDS["en"]
    for each in fields(Words):
        value, model = getattr(words, each.name), getattr(english, each.name)
        if isinstance(model, dict):
            assert value.keys() == model.keys()
            assert all(text or not model[key] for key, text in value.items())
        else:
            assert value
    assert words.refusal.keys() == set(Refusal)
    assert "{date}" in words.by


def test_a_refusal_says_why_and_what_is_queued_is_our_own_matter() -> None:
    assert WORDS["en"].refusal["legal_hold"] in shown("refused")
    assert render(CODE, progress("queued"), "en") == render(CODE, progress("received"), "en")
    assert "2026-12-22 12:00 UTC" in shown("in_progress")
    assert "2026-11-22 13:30 UTC" in shown("done")


def test_an_unknown_code_has_the_same_page() -> None:
    """Broken by: a page of its own for what is not there."""
    unknown, known = outline(shown("unknown")), outline(shown("received"))
    assert [tag for tag in known.tags if tag not in {"time", "span"}] == [
        tag for tag in unknown.tags if tag != "span"
    ]


def test_nothing_is_run_loaded_or_written_into_the_page() -> None:
    """Broken by: a script, a style of an element, a link elsewhere, a code that is markup."""
    page = shown("done")
    made = outline(page)
    assert not {"script", "img", "link", "iframe", "form"} & set(made.tags)
    assert not [name for name, _ in made.attributes if name == "style" or name.startswith("on")]
    assert all(value.startswith("?lang=") for name, value in made.attributes if name == "href")
    assert "<b>x" not in render("<b>x</b>", "unknown", "en").decode()


def test_the_policy_names_the_one_style_by_its_hash() -> None:
    style = re.search("<style>(.*)</style>", shown("done"), re.DOTALL)
    assert style is not None
    policy = dict(HEADERS)[b"content-security-policy"].decode()
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


LANGUAGES = {
    ("ja", None): "ja",
    ("xx", "de-AT,de;q=0.9,en;q=0.5"): "de",
    (None, "pt-BR"): "pt",
    (None, "ko, fr;q=0.3, es;q=0.8"): "es",
    (None, "en;q=0, fr;q=0.1"): "fr",
    (None, "*"): "en",
    (None, ";;q=,,=;"): "en",
    (None, "de;q=nonsense, fr"): "fr",
    (None, None): "en",
    ("'\"><script>", None): "en",
}


@pytest.mark.parametrize("asked", LANGUAGES)
def test_which_language(asked: tuple[str | None, str | None]) -> None:
    assert language(*asked) == LANGUAGES[asked]


def test_one_client_cannot_spend_what_others_need_nor_all_of_them_more_than_there_is() -> None:
    limiter = Limiter(rate=1, burst=3, all_rate=10, all_burst=5)
    assert [limiter.admits("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [limiter.admits("b", 0.0) for _ in range(3)] == [True, True, False]
    assert limiter.admits("a", 1.0)
    assert not limiter.admits("a", 1.0)
    assert limiter.admits("c", 1.0)
