"""What becomes of somebody's request to delete: whom it means, and whether anything forbids it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from kaiwa.compliance.core.erasure import Reason, Subject, account_hash, customer_hash
from kaiwa.contracts.accounts import Account, login_user_hash

Source = Literal["callback", "deauthorisation", "operator", "list"]

REASONS: Final[dict[Source, Reason]] = {
    "callback": "data_deletion",
    "deauthorisation": "deauthorised",
    "operator": "operator",
    "list": "list",
}
"""Why the cases of a request were opened, as their orders say it."""


class Refusal(StrEnum):
    """Why a request was refused; the status page explains each to the person."""

    LEGAL_HOLD = "legal_hold"
    """The law obliges us to keep it for now."""
    UNMATCHED = "unmatched"
    """Nobody could tell whose data are meant."""
    NOT_OURS = "not_ours"
    """Whoever is meant never was with this installation."""
    WITHDRAWN = "withdrawn"
    """Whoever asked took it back."""


@dataclass(frozen=True)
class Request:
    """As it is recorded: a person of an app, or whom that was found to mean."""

    code: str
    source: Source
    app_id: str | None
    user_id: str | None
    account_id: str | None
    customer_id: str | None


@dataclass(frozen=True)
class Hold:
    """``customer_hash`` is empty where all of the account is held."""

    account_hash: str
    customer_hash: str


@dataclass(frozen=True)
class Begin:
    """Erase these."""

    subjects: tuple[Subject, ...]


@dataclass(frozen=True)
class Queue:
    """A person has to look: no account is logged in as this user."""


@dataclass(frozen=True)
class Refuse:
    """``withdrawn``: accounts whose owner took the access back. A hold keeps what was written, and no token."""

    refusal: Refusal
    withdrawn: tuple[str, ...] = ()


Route = Begin | Queue | Refuse


def route(request: Request, accounts: Iterable[Account], holds: Collection[Hold], key: bytes) -> Route:
    """What to do. An unsend never comes by here: nothing holds it."""
    subjects = _meant(request, accounts)
    if not subjects:
        return Queue()
    if any(_held(subject, holds, key) for subject in subjects):
        accounts_meant = tuple(subject.account_id for subject in subjects if subject.account_id)
        return Refuse(Refusal.LEGAL_HOLD, accounts_meant if request.source == "deauthorisation" else ())
    return Begin(subjects)


def _meant(request: Request, accounts: Iterable[Account]) -> tuple[Subject, ...]:
    if request.account_id is not None:
        return (Subject(request.account_id, request.customer_id),)
    if request.app_id is None or request.user_id is None:
        return ()
    wanted = login_user_hash(request.app_id, request.user_id)
    return tuple(
        Subject(account.account_id, None) for account in accounts if account.login_user_hash == wanted
    )


def _held(subject: Subject, holds: Collection[Hold], key: bytes) -> bool:
    """By a hold on the whole account, on the customer, or, for all of an account, on anybody in it."""
    account = account_hash(key, subject.account_id)
    names = {"", customer_hash(key, subject.account_id, subject.customer_id)}
    return any(
        hold.account_hash == account and (subject.customer_id is None or hold.customer_hash in names)
        for hold in holds
    )
