"""Which permissions Kaiwa needs of a login, and what is lost without the others (platform.md 9)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kaiwa.meta.signatures import Host

_COMMENTS: Final = "comments do not come and private replies are refused"
_UPLOADS: Final = "no uploads and no private replies"
_PORTFOLIO: Final = "Pages that a business portfolio owns may not be listed"

NEEDED: Final[Mapping[Host, frozenset[str]]] = MappingProxyType(
    {
        "facebook": frozenset(
            {
                "instagram_basic",
                "instagram_manage_messages",
                "pages_manage_metadata",
                "pages_read_engagement",
                "pages_show_list",
            }
        ),
        "instagram": frozenset({"instagram_business_basic", "instagram_business_manage_messages"}),
    }
)
"""Without one of these nothing is received or sent."""

USEFUL: Final[Mapping[Host, Mapping[str, str]]] = MappingProxyType(
    {
        "facebook": MappingProxyType(
            {
                "instagram_manage_comments": _COMMENTS,
                "pages_messaging": _UPLOADS,
                "business_management": _PORTFOLIO,
            }
        ),
        "instagram": MappingProxyType({"instagram_business_manage_comments": _COMMENTS}),
    }
)
"""The others, each with what does not work without it."""


def scopes(login: Host) -> tuple[str, ...]:
    """Everything a login asks for."""
    return (*sorted(NEEDED[login]), *sorted(USEFUL[login]))
