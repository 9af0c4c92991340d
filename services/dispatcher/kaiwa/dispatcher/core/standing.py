"""What is found of an account: one line for each thing that was looked at."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "warn", "bad", "unknown"]


@dataclass(frozen=True)
class Finding:
    """``check`` is what was looked at, ``says`` how it is, ``do`` what a person does about it (None where it is well)."""

    check: str
    verdict: Verdict
    says: str
    do: str | None = None
