"""When automation says that it is automation, on whose demand, in which words, and that they always fit one message."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import DAY, HOUR, MS, NOON, account, conversation
from moments import due as owed

from kaiwa.dispatcher.core import jurisdictions
from kaiwa.dispatcher.core.disclosure import due
from kaiwa.dispatcher.core.jurisdictions import DEFAULT, JURISDICTIONS, REVIEWED, rules
from kaiwa.dispatcher.core.wordings import WORDINGS, Own, Wording, own, wording

LONG_AGO = {"disclosed_at": NOON - 3 * DAY}
EVERY = frozenset({"start", "lapse", "after_human", "asked"})


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
    expected = None if trigger is None else owed(trigger, "en")
    assert due(conversation(**known), account(locale="en_US"), NOON) == expected


@pytest.mark.parametrize(
    ("markets", "companion", "disclosed", "again"),
    [
        (("US-NY",), True, 3 * HOUR, True),
        (("US-NY",), True, 3 * HOUR - MS, False),
        (("US",), True, 3 * HOUR, True),
        (("US-NY",), False, 3 * HOUR, False),
        (("DE",), True, 3 * HOUR, False),
        ((), True, 3 * HOUR, False),
        (("US-WA",), True, 3 * HOUR, False),  # from 2027
    ],
)
def test_reminders_where_a_market_asks_for_them(
    markets: tuple[str, ...], companion: bool, disclosed: timedelta, again: bool
) -> None:
    """Within a conversation that never pauses. Breaks when a reminder binds customer service, or before its day."""
    known = conversation(disclosed_at=NOON - disclosed, last_automated_at=NOON - MS)
    shop = account(markets=markets, disclosure=Own(companion=companion))
    assert due(known, shop, NOON) == (owed("lapse", "en") if again else None)


@pytest.mark.parametrize(
    ("markets", "today", "grounds"),
    [
        ((), REVIEWED, ("*",)),
        (("JP",), REVIEWED, ("*",)),
        (("DE",), REVIEWED, ("*", "EU", "DE")),
        (("de",), REVIEWED, ("*", "EU", "DE")),
        (("FR",), REVIEWED, ("*", "EU")),
        (("EU",), REVIEWED, ("*", "EU", "DE")),
        (("DE",), date(2026, 8, 1), ("*", "DE")),
        (("US-CA", "KR"), REVIEWED, ("*", "US-CA", "KR")),
        (("US",), REVIEWED, ("*", "US-CA", "US-UT", "US-ME")),
        (("US",), date(2019, 6, 30), ("*",)),
    ],
)
def test_grounds(markets: tuple[str, ...], today: date, grounds: tuple[str, ...]) -> None:
    """The evidence of an outcome. Breaks when a member state is not in the Union, or a law binds before its day."""
    assert rules(markets, companion=False, today=today).grounds == grounds


@given(st.lists(st.sampled_from([row.market for row in JURISDICTIONS] + ["US", "XX"])), st.booleans())
def test_markets_only_switch_rules_on(markets: list[str], companion: bool) -> None:
    """Promise 7: the customer's place is unknown. Breaks when a market takes a trigger of the default away."""
    assert rules(tuple(markets), companion=companion, today=REVIEWED).triggers == EVERY


def test_every_row_can_be_reviewed() -> None:
    for row in (DEFAULT, *JURISDICTIONS):
        assert row.triggers <= EVERY
        assert len(row.demand) > 10
        assert len(row.source) > 5
    assert not {row.market for row in JURISDICTIONS} & jurisdictions.NOTHING_ASKED.keys()
    assert "US-CO" in jurisdictions.NOTHING_ASKED, "repealed: nobody adds it again"


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
    assert wording(locale, Own()) == (language, WORDINGS[language])


OWN = Own(texts={"de": Wording("shop.v2", "{name}-Bot hier."), "nl": Wording("nl.v1", "De bot van {name}.")})


def test_an_account_may_use_its_own_words() -> None:
    """Breaks when they replace another language, or the version that an outcome reports is the shipped one."""
    said = due(conversation(disclosed_at=None), account(locale="nl_BE", disclosure=OWN), NOON)
    assert said is not None
    assert (said.language, said.wording.text_id, said.text("Shop")) == ("nl", "nl.v1", "De bot van Shop.")
    assert wording("de_AT", OWN)[1].text_id == "shop.v2"
    assert wording("it", OWN)[1] is WORDINGS["it"]
    assert own(msgspec.to_builtins(OWN)) == OWN
    assert own({}) == Own()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Automatic assistant of {name}", None),
        ("{name}: " + "x" * 739, None),
        ("{name}: " + "x" * 740, "too long"),
        ("Automatic assistant", "put {name}"),
    ],
)
def test_own_words_must_name_the_account_and_fit(text: str, says: str | None) -> None:
    fault = Own(texts={"en": Wording("own.v1", text)}).fault()
    assert fault is None if says is None else fault is not None and says in fault


@pytest.mark.parametrize(
    "given_",
    [
        {"texts": {"de": {"text_id": "Shop v2", "text": "Automatisch: {name}"}}},
        {"texts": {"de": {"text_id": "v1", "text": "{name}"}}},
        {"texts": {"de_AT": {"text_id": "v1", "text": "Automatisch: {name}"}}},
        {"texts": {"de": {"text": "Automatisch: {name}"}}},
        {"text": {}},
    ],
)
def test_own_words_of_another_shape_are_refused(given_: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        own(given_)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hi, this is Shop's automatic assistant. Write HUMAN for a person."),
        ("de", "Hier antwortet ein automatisches System von Shop. Für eine Person: MENSCH."),
        ("ja", "Shopの自動応答です。担当者をご希望の場合は「担当者」と送信してください。"),
    ],
)
def test_texts_are_those_of_the_platform_notes(language: str, text: str) -> None:
    assert owed("start", language).text("Shop") == text


def test_seven_languages_are_shipped_each_with_a_version() -> None:
    assert set(WORDINGS) == {"en", "de", "ja", "fr", "es", "pt", "it"}
    assert Own(texts=WORDINGS).fault() is None
    assert msgspec.convert(msgspec.to_builtins(WORDINGS), dict[str, Wording]) == WORDINGS


names = st.text(st.characters(exclude_categories=["Cs"])) | st.text("店😀é", min_size=60, max_size=600)


@given(st.sampled_from(sorted(WORDINGS)), names)
def test_any_name_leaves_a_text_that_fits_one_message(language: str, name: str) -> None:
    """Promise 7: a disclosure that did not fit could never be sent. Breaks when the name is not cut."""
    text = owed("start", language).text(name)
    assert len(text.encode()) <= 1000
    if len(name.encode()) <= 256:
        assert name in text


def test_a_long_name_is_cut_between_characters() -> None:
    assert (
        owed("start", "en").text("é" * 200)
        == f"Hi, this is {'é' * 128}…'s automatic assistant. Write HUMAN for a person."
    )
    assert "é" * 127 + "a…" in owed("start", "en").text("é" * 127 + "aé" + "é" * 9)


def test_braces_in_a_name_are_characters() -> None:
    assert "{name} {0}" in owed("start", "en").text("{name} {0}")
