"""What a language has to say for the page to speak it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Words:
    """``lead`` and ``detail`` by what the page shows: a state, or ``unknown``, ``busy``, ``away``."""

    name: str
    title: str
    code: str
    progress: str
    languages: str
    received: str
    in_progress: str
    done: str
    refused: str
    by: str
    now: str
    finished: str
    coming: str
    reload: str
    keep: str
    lead: dict[str, str]
    detail: dict[str, str]
    refusal: dict[str, str]
