"""Tokens that people put into files, and how they are known again once they were refreshed."""

import hashlib
from pathlib import Path

from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime.errors import SettingsError
from kaiwa.store.sealing import Unsealable


def given(account_id: str, file: Path) -> str:
    """The token in a file. Raises SettingsError that names the account."""
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"token_file of account {account_id} cannot be read: put its access token there"
        ) from error
    if not token:
        raise SettingsError(f"token_file of account {account_id} is empty: put its access token there")
    return token


def mark_of(account_id: str, token: str) -> str:
    """By which a token is known again; it is long and random, so its hash says nothing."""
    return hashlib.sha256(f"{account_id}:{token}".encode()).hexdigest()


def still_held(held: Row | None, mark: str, vault: Contents) -> bytes | None:
    """The sealed token that is held, where the file still has the one that it came from: it may have been refreshed since.

    One that no key opens any more is not worth keeping.
    """
    if held is None or held["token_mark"] != mark or not held["sealed_token"]:
        return None
    sealed: bytes = held["sealed_token"]
    try:
        vault.open_token(held["account_id"], sealed)
    except Unsealable:
        return None
    return sealed
