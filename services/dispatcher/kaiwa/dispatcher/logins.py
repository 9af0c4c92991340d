"""Who calls Meta: an account's token unsealed, where it sends, and the proof that the app's secret is ours."""

from collections.abc import Callable, Sequence

from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.rows import Row
from kaiwa.meta.graph import Sender
from kaiwa.meta.signatures import App, AppsFileError, parse_apps, proof_of
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.files import Watched
from kaiwa.runtime.settings import Meta


class Logins:
    """The apps' secrets are looked up at each call: a rotated secret or a refreshed token needs no restart."""

    def __init__(self, vault: Contents, apps: Callable[[], Sequence[App]]) -> None:
        self._vault = vault
        self.apps = apps

    @classmethod
    def from_settings(cls, meta: Meta, vault: Contents) -> "Logins":
        apps = Watched(meta.apps_file, _apps)
        return cls(vault, lambda: apps.value)

    def sender(self, row: Row) -> Sender:
        """The caller for an account's row. Raises Unsealable where the key of its token is gone."""
        token = self._vault.open_token(row["account_id"], row["sealed_token"])
        node = row["page_id"] if row["login"] == "facebook" else row["account_id"]
        proof = proof_of(self.apps(), row["app_id"], row["login"], token)
        return Sender(row["login"], node, token, proof, row["account_id"], row["app_id"])


def apps_of(meta: Meta) -> list[App]:
    """The apps of the settings' file, as it is now."""
    return _apps(meta.apps_file.read_text("utf-8"))


def _apps(text: str) -> list[App]:
    try:
        return parse_apps(text)
    except AppsFileError as error:
        raise SettingsError(f"KAIWA_META__APPS_FILE: {error}") from error
