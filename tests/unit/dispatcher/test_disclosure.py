"""When automation says that it is automation, in which language, and that the words always fit one message."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import DAY, HOUR, MS, NOON, conversation

from kaiwa.dispatcher.core.disclosure import TEXTS, Due, asks, due, language_of

LONG_AGO = {"disclosed_at": NOON - 3 * DAY}


@pytest.mark.parametrize(
    ("known", "trigger"),
    [
        ({"disclosed_at": None}, "start"),
        ({"disclosed_at": None, "asked_at": NOON, "last_human_at": NOON}, "start"),
        ({}, None),
        # a considerable lapse: 24 h after the last delivered automated message
        ({"disclosed_at": NOON - DAY, "last_automated_at": NOON - DAY}, "lapse"),
        ({"disclosed_at": NOON - DAY + MS, "last_automated_at": NOON - DAY + MS}, None),
        (LONG_AGO | {"last_automated_at": NOON - DAY}, "lapse"),
        (LONG_AGO | {"last_automated_at": NOON - DAY + MS}, None),
        ({"disclosed_at": NOON - DAY, "last_automated_at": None}, "lapse"),
        ({"disclosed_at": NOON - HOUR, "last_automated_at": NOON - 2 * DAY}, None),
        # a person wrote since
        ({"disclosed_at": NOON - HOUR, "last_human_at": NOON - HOUR + MS}, "after_human"),
        ({"disclosed_at": NOON - HOUR, "last_human_at": NOON - HOUR}, None),
        ({"disclosed_at": NOON - HOUR, "last_human_at": NOON - HOUR - MS}, None),
        # the customer asked since
        ({"disclosed_at": NOON - HOUR, "asked_at": NOON - HOUR + MS}, "asked"),
        ({"disclosed_at": NOON - HOUR, "asked_at": NOON - HOUR}, None),
        ({"disclosed_at": NOON - HOUR, "asked_at": NOON, "last_human_at": NOON}, "asked"),
        (LONG_AGO | {"last_automated_at": NOON - 2 * DAY, "last_human_at": NOON - DAY}, "after_human"),
    ],
)
def test_triggers(known: dict[str, Any], trigger: Any) -> None:
    """Promise 7 (platform.md 7). Breaks when a trigger goes, when the lapse is counted from the disclosure alone, or
    when something from before the disclosure makes it due again.
    """
    expected = None if trigger is None else Due(trigger, "en")
    assert due(conversation(**known), "en_US", NOON) == expected


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("en", "en"),
        ("en_US", "en"),
        ("de_AT", "de"),
        ("de-CH", "de"),
        ("DE", "de"),
        ("ja_JP", "ja"),
        ("fr_CA", "fr"),
        ("es_419", "es"),
        ("pt_BR", "pt"),
        ("it_IT", "it"),
        ("zh_TW", "en"),
        ("", "en"),
        ("deutsch", "en"),
    ],
)
def test_language(locale: str, language: str) -> None:
    assert language_of(locale) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hi, this is Shop's automatic assistant. Write HUMAN for a person."),
        ("de", "Hier antwortet ein automatisches System von Shop. Für eine Person: MENSCH."),
        ("ja", "Shopの自動応答です。担当者をご希望の場合は「担当者」と送信してください。"),
    ],
)
def test_texts_are_those_of_the_platform_notes(language: str, text: str) -> None:
    assert Due("start", language).text("Shop") == text


def test_seven_languages_are_shipped() -> None:
    assert set(TEXTS) == {"en", "de", "ja", "fr", "es", "pt", "it"}


names = st.text(st.characters(exclude_categories=["Cs"])) | st.text("店😀é", min_size=60, max_size=600)


@given(st.sampled_from(sorted(TEXTS)), names)
def test_any_name_leaves_a_text_that_fits_one_message(language: str, name: str) -> None:
    """Promise 7: a disclosure that did not fit could never be sent. Breaks when the name is not cut."""
    text = Due("start", language).text(name)
    assert len(text.encode()) <= 1000
    if len(name.encode()) <= 256:
        assert name in text


def test_a_long_name_is_cut_between_characters() -> None:
    assert (
        Due("start", "en").text("é" * 200)
        == f"Hi, this is {'é' * 128}…'s automatic assistant. Write HUMAN for a person."
    )
    assert "é" * 127 + "a…" in Due("start", "en").text("é" * 127 + "aé" + "é" * 9)


def test_braces_in_a_name_are_characters() -> None:
    assert "{name} {0}" in Due("start", "en").text("{name} {0}")


@pytest.mark.parametrize(
    "text",
    [
        "Are you a bot?",
        "hey,\n are   YOU a bot",
        "ＡＲＥ ＹＯＵ Ａ ＢＯＴ",
        "Are you a human or what",
        "is this a bot",
        "Bist du ein Bot?",
        "Sind Sie ein Mensch?",
        "Bist du eine KI",
        "ボットですか？",
        "ﾎﾞｯﾄですか",
        "あなたは人間ですか",
        "Es-tu un robot ?",
        "Êtes-vous humain ?",
        "e\u0302tes-vous un robot",
        "¿Eres un robot?",
        "¿Es usted humano?",
        "Você é um robô?",
        "voce e um robo",
        "Sei un bot?",
        "Lei è umano?",
    ],
)
def test_questions(text: str) -> None:
    """Promise 7. Breaks when case, accents, width or white space hide a question, or when a language has none."""
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I bought a robot from you",
        "both please",
        "ホットですか",  # is it hot: the voicing mark is what makes it a bot
        "Ist der Mensch da?",
        "un robot de cocina",
    ],
)
def test_no_questions(text: str) -> None:
    assert not asks(text)
