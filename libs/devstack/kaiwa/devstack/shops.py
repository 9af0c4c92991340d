"""Professional accounts of an installation: what Meta grants them, and what the registry says of them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kaiwa.simulator.model import Account


@dataclass(frozen=True, slots=True)
class Shop:
    """One account. `username` follows from a name in plain letters: "Blue Moon" is blue.moon. `text_per_second` binds both
    sides; None is the platform's own figure. `login_user_id`: who logged it in, app-scoped, as a data-deletion callback
    names them.
    """

    name: str
    login: Literal["facebook", "instagram"] = "facebook"
    locale: str = "en"
    human_agent: bool = True
    text_per_second: int | None = None
    login_user_id: str | None = None
    username: str | None = None

    def at_meta(self) -> dict[str, Any]:
        """For the simulator."""
        return {
            "login": self.login,
            "username": self.username or re.sub(r"[^a-z0-9]+", ".", self.name.lower()),
            "human_agent": self.human_agent,
            "limits": self._limits,
        }

    def registered(self, account: Account, *, app_id: str, token_file: Path) -> dict[str, Any]:
        """For `kaiwa accounts apply`."""
        return {
            "account_id": account.account_id,
            "login": self.login,
            "page_id": account.page_id,
            "app_id": app_id,
            "display_name": self.name,
            "token_file": str(token_file),
            "locale": self.locale,
            "human_agent": self.human_agent,
            "limits": self._limits,
            **({} if self.login_user_id is None else {"login_user_id": self.login_user_id}),
        }

    @property
    def _limits(self) -> dict[str, int]:
        return {} if self.text_per_second is None else {"text_per_second": self.text_per_second}
