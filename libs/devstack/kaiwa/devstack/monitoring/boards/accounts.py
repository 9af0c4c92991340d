"""Which account is in trouble? Labels name none: numbers say that one is, commands and logs say which."""

from typing import Final

from kaiwa.devstack.monitoring.panels import Dashboard, Note, Panel, Query, Row, rate

_WHERE = """
No metric names an account: there are too many, and their number would be yours to pay for. To find the one:

| question | command |
|---|---|
| Which accounts are in trouble, and what to do? | `kaiwa accounts health` |
| How is this account? | `kaiwa accounts check ID` |
| Which requests wait or failed? | `kaiwa sends list --account ID` |
| May this conversation be written to now? | `kaiwa conversations show ID CUSTOMER` |

Logs carry `account_id`, `reason` and `trace_id`; a trace shows one message from webhook to call.
"""

ACCOUNTS: Final = Dashboard(
    uid="kaiwa-accounts",
    title="Kaiwa · Which account is in trouble?",
    description="States, refusals and pauses, and the way from a number to the account.",
    rows=(
        Row(
            "Accounts",
            (
                Panel(
                    "By state",
                    "The registry. `needs_reauth`: its owner has to log in again. `restricted`: held back by the platform.",
                    [Query("max by (state) (kaiwa_dispatcher_accounts_size{@})", "{{state}}")],
                    kind="bargauge",
                    runbook="KaiwaAccountsNeedLogin",
                ),
                Panel(
                    "Over time",
                    "A step in anything but `active` is somebody's outage.",
                    [Query("max by (state) (kaiwa_dispatcher_accounts_size{@})", "{{state}}")],
                    stacked=True,
                ),
                Panel(
                    "In trouble",
                    "Active accounts that are silent, unsubscribed, whose token ends, or about which Meta does not answer.",
                    [Query("max by (trouble) (kaiwa_dispatcher_troubled_accounts_size{@})", "{{trouble}}")],
                    kind="bargauge",
                    runbook="KaiwaAccountsSilent",
                ),
                Panel(
                    "Looks at accounts",
                    "Every account is asked about every three hours: `ill` is a login or an eligibility that is gone.",
                    [Query(rate("kaiwa_dispatcher_probes_total", "outcome"), "{{outcome}}")],
                    unit="cps",
                    quiet=True,
                    runbook="KaiwaAccountsUnanswered",
                ),
                Panel(
                    "Mended by itself",
                    "Tokens refreshed and subscriptions made again, by what came of it.",
                    [
                        Query(
                            rate("kaiwa_dispatcher_tokens_refreshed_total", "outcome"), "token {{outcome}}"
                        ),
                        Query(
                            rate("kaiwa_dispatcher_resubscribed_total", "outcome"), "subscription {{outcome}}"
                        ),
                    ],
                    unit="cps",
                    quiet=True,
                    runbook="KaiwaTokensEnd",
                ),
                Note(text=_WHERE),
            ),
        ),
        Row(
            "What it looks like from outside",
            (
                Panel(
                    "Held for the account",
                    "Messages put off because their account is paused, throttled, restricted or logged out.",
                    [
                        Query(
                            rate(
                                "kaiwa_dispatcher_decisions_total",
                                "reason",
                                match='verdict="defer",reason=~"account_paused|paused_by_platform"',
                            ),
                            "{{reason}}",
                        )
                    ],
                    unit="cps",
                    quiet=True,
                ),
                Panel(
                    "Signatures refused",
                    "Somebody signs with a secret that we do not have: a rotated secret, or not Meta.",
                    [Query(rate("kaiwa_ingest_webhooks_total", match='outcome="bad_signature"'), "refused")],
                    unit="reqps",
                    quiet=True,
                    runbook="KaiwaSignaturesRefused",
                ),
                Panel(
                    "Callbacks",
                    "Deletion and deauthorisation, by what became of them.",
                    [
                        Query(
                            rate("kaiwa_ingest_callbacks_total", "callback", "outcome"),
                            "{{callback}} {{outcome}}",
                        )
                    ],
                    unit="cps",
                    quiet=True,
                ),
            ),
        ),
    ),
)
