"""Which account is in trouble?"""

from typing import Final

from kaiwa.devstack.monitoring.causes.alert import Alert

ACCOUNTS: Final = (
    Alert(
        "KaiwaAccountsNeedLogin",
        "ticket",
        'max(kaiwa_dispatcher_accounts_size{state=~"needs_reauth|restricted"}) > 0',
        "15m",
        "Accounts cannot send",
        "Their messages wait until the owner logs in again or the platform lifts its restriction.",
    ),
    Alert(
        "KaiwaAccountsSilent",
        "ticket",
        'max(kaiwa_dispatcher_troubled_accounts_size{trouble="silent"}) > 0',
        "30m",
        "Accounts that used to be busy get no webhooks",
        "What customers write to them does not reach us; Meta keeps it for hours at most.",
    ),
    Alert(
        "KaiwaAccountsUnsubscribed",
        "page",
        'max(kaiwa_dispatcher_troubled_accounts_size{trouble="unsubscribed"}) > 0',
        "15m",
        "Meta sends no webhooks for some accounts",
        "Their subscription is gone and could not be made again: nothing that customers write reaches us.",
    ),
    Alert(
        "KaiwaTokensEnd",
        "ticket",
        'max(kaiwa_dispatcher_troubled_accounts_size{trouble="token_ending"}) > 0',
        "1h",
        "Tokens end within a week",
        "They could not be refreshed for weeks. Once they have ended, only a new login helps.",
    ),
    Alert(
        "KaiwaAccountsUnanswered",
        "ticket",
        'max(kaiwa_dispatcher_troubled_accounts_size{trouble="unanswered"}) > 0',
        "1h",
        "Meta does not answer questions about some accounts",
        "A login that ends, or a subscription that is gone, is not noticed meanwhile.",
    ),
)
