"""Entry points of an account (platform.md 2.5): what a file wants, what Meta has, and what lies between the two.

A section is kept as Meta writes it, one entry for each locale. What the API does not offer on Instagram is refused with
that reason, since Messenger's documentation offers much of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Section = Literal["ice_breakers", "persistent_menu"]
SECTIONS: tuple[Section, ...] = ("ice_breakers", "persistent_menu")

Locales = Mapping[str, tuple[Mapping[str, str], ...]]
"""The entries of a section by locale: `question` and `payload`, or `type`, `title` and `payload` or `url`."""

DEFAULT = "default"

LOCALES = frozenset(
    [
        "af_ZA",
        "ar_AR",
        "bg_BG",
        "bn_IN",
        "ca_ES",
        "cs_CZ",
        "cy_GB",
        "da_DK",
        "de_DE",
        "el_GR",
        "en_GB",
        "en_US",
        "es_ES",
        "es_LA",
        "et_EE",
        "fa_IR",
        "fi_FI",
        "fr_CA",
        "fr_FR",
        "gu_IN",
        "he_IL",
        "hi_IN",
        "hr_HR",
        "hu_HU",
        "id_ID",
        "is_IS",
        "it_IT",
        "ja_JP",
        "km_KH",
        "kn_IN",
        "ko_KR",
        "lt_LT",
        "lv_LV",
        "ml_IN",
        "mr_IN",
        "ms_MY",
        "my_MM",
        "nb_NO",
        "ne_NP",
        "nl_NL",
        "pa_IN",
        "pl_PL",
        "pt_BR",
        "pt_PT",
        "ro_RO",
        "ru_RU",
        "si_LK",
        "sk_SK",
        "sl_SI",
        "sq_AL",
        "sr_RS",
        "sv_SE",
        "sw_KE",
        "ta_IN",
        "te_IN",
        "th_TH",
        "tl_PH",
        "tr_TR",
        "uk_UA",
        "ur_PK",
        "vi_VN",
        "zh_CN",
        "zh_HK",
        "zh_TW",
    ]
)
"""Messenger's list, from memory; nobody has seen Instagram's. One that is missing here is added, not worked around."""

CANNOT = (
    "Ice breakers are not shown on desktop, and only to people who have not written yet.",
    "Nobody is told which locale a customer was shown; a tap arrives as `postback.received` with its payload.",
    "A menu has one level, and the field for typing cannot be hidden.",
    "Greeting texts and a get-started button do not exist on Instagram; the flows of ads belong to the ads.",
)
"""What the API cannot do, to be said beside what it did."""


@dataclass(frozen=True)
class Wanted:
    """What a file says of one account; a section that it leaves out stays as it is, an empty one is removed."""

    account_id: str
    sections: Mapping[Section, Locales] = field(default_factory=dict)


Action = Literal["add", "change", "keep", "remove"]


@dataclass(frozen=True)
class Step:
    """One section of one account; ``what`` names each locale that changes."""

    account_id: str
    section: Section
    action: Action
    what: tuple[str, ...] = ()
    locales: Locales = field(default_factory=dict)


def plan(wanted: Wanted, stored: Mapping[Section, Locales]) -> list[Step]:
    """What applying would do; Meta replaces a section as a whole."""
    return [
        _step(wanted.account_id, section, locales, stored.get(section, {}))
        for section, locales in wanted.sections.items()
    ]


def _step(account_id: str, section: Section, wanted: Locales, stored: Locales) -> Step:
    if dict(wanted) == dict(stored):
        return Step(account_id, section, "keep")
    what = tuple(_differences(wanted, stored))
    action: Action = "remove" if not wanted else "change" if stored else "add"
    return Step(account_id, section, action, what, wanted)


def _differences(wanted: Locales, stored: Locales) -> Iterable[str]:
    for locale in sorted({*wanted, *stored}):
        new, old = wanted.get(locale), stored.get(locale)
        if new is None:
            yield f"- {locale}: {_titles(old or ())}"
        elif old is None:
            yield f"+ {locale}: {_titles(new)}"
        elif new != old:
            yield f"~ {locale}: {_titles(old)} → {_titles(new)}"


def _titles(entries: Iterable[Mapping[str, str]]) -> str:
    return ", ".join(entry.get("question") or entry.get("title") or "?" for entry in entries)


def body(section: Section, locales: Locales) -> dict[str, Any]:
    """The section as it is sent."""
    return {
        "platform": "instagram",
        section: [
            {"locale": locale, "call_to_actions": [dict(entry) for entry in entries]}
            for locale, entries in locales.items()
        ],
    }
