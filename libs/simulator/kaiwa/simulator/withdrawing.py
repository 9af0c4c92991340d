"""What is taken away from an app behind its back: uploads, tokens, subscriptions."""

from typing import assert_never

from kaiwa.simulator.actions import Expire, Revoke, Unsubscribe
from kaiwa.simulator.state import State


def withdraw(state: State, action: Expire | Revoke | Unsubscribe) -> None:
    """Take it from every app of the account."""
    account = state.account(action.account_id)
    match action:
        case Expire():
            state.uploads.pop(account.account_id, None)
        case Revoke(code=code, subcode=subcode):
            for token in state.tokens.values():
                if token.account_id == account.account_id:
                    token.dead = (code, subcode)
        case Unsubscribe():
            for app_id in account.tokens:
                state.subscriptions[account.account_id, app_id] = frozenset()
        case _:
            assert_never(action)
