"""What is wrong with a request, and where in it."""

import re
from dataclasses import dataclass, replace

from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher.core import limits

_REFERENCE = re.compile(rf"[\x21-\x7e]{{1,{limits.ID.most}}}")


@dataclass(frozen=True)
class Fault:
    """Why a request is refused at intake; ``explanation`` goes to the outcome's ``error``, ``field`` is where it is wrong."""

    reason: Reason
    explanation: str
    field: str | None = None


def reference_fault(name: str, reference: str | None) -> Fault | None:
    return None if _REFERENCE.fullmatch(reference or "") else invalid(f"{name} must be an id of Meta's")


def worded(explanation: str | None) -> Fault | None:
    return None if explanation is None else invalid(explanation)


def invalid(explanation: str, field: str | None = None) -> Fault:
    return Fault(Reason.INVALID, explanation, field)


def placed(found: Fault | None, field: str) -> Fault | None:
    """The fault with its place in the request, where it has none yet."""
    return found if found is None or found.field else replace(found, field=field)
