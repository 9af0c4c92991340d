"""Which account is in trouble?"""

from typing import Final

from kaiwa.runtime.top.figures import Line

ACCOUNTS: Final = (
    Line(what="accounts", metric="kaiwa_dispatcher_accounts_size", way="most", by="state"),
    Line(
        what="in trouble",
        metric="kaiwa_dispatcher_troubled_accounts_size",
        way="most",
        by="trouble",
        limit=0,
        runbook="KaiwaAccountsSilent",
    ),
)
