"""The languages that the page speaks, and which of them somebody wants."""

from typing import Final

from kaiwa.compliance.status.languages import de, en, es, fr, ja, pt
from kaiwa.compliance.status.wording import Words

WORDS: Final[dict[str, Words]] = {
    "en": en.WORDS,
    "de": de.WORDS,
    "ja": ja.WORDS,
    "fr": fr.WORDS,
    "es": es.WORDS,
    "pt": pt.WORDS,
}

FALLBACK: Final = "en"


def language(asked: str | None, accepted: str | None) -> str:
    """The one that was asked for by name, else the first that the browser accepts and the page speaks."""
    for tag in (asked or "", *_by_weight(accepted or "")):
        spoken = tag.strip().split("-")[0].lower()
        if spoken in WORDS:
            return spoken
    return FALLBACK


def _by_weight(accepted: str) -> list[str]:
    """The tags of an Accept-Language header (RFC 9110, 12.5.4), most wanted first; what is malformed comes last."""
    tags = [part.partition(";") for part in accepted.split(",")[:20]]
    weighted = [(tag, _weight(rest)) for tag, _, rest in tags]
    return [tag for tag, weight in sorted(weighted, key=lambda each: -each[1]) if weight > 0]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, float(value)) if name.strip() == "q" else 0.001
    except ValueError:
        return 0.001
