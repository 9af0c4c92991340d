"""What becomes of a request: a table, by whom it means and what is held."""

import pytest

from kaiwa.compliance.core.erasure import Subject, account_hash, customer_hash
from kaiwa.compliance.core.requests import Begin, Hold, Queue, Refusal, Refuse, Request, Route, route
from kaiwa.contracts.accounts import Account, login_user_hash

KEY = b"k" * 32
ACCOUNTS = (
    Account(account_id="A", app_id="1001", login_user_hash=login_user_hash("1001", "u")),
    Account(account_id="B", app_id="1001", login_user_hash=login_user_hash("1001", "u")),
    Account(account_id="C", app_id="1001"),
)
CALLBACK = Request("code", "callback", "1001", "u", None, None)
STRANGER = Request("code", "callback", "1001", "somebody", None, None)
OTHER_APP = Request("code", "callback", "2002", "u", None, None)
CUSTOMER = Request("code", "operator", None, None, "A", "c")
ACCOUNT = Request("code", "operator", None, None, "A", None)
GONE = Request("code", "deauthorisation", "1001", "u", None, None)

ON_A = Hold(account_hash(KEY, "A"), "")
ON_C_OF_A = Hold(account_hash(KEY, "A"), customer_hash(KEY, "A", "c"))
ON_D_OF_A = Hold(account_hash(KEY, "A"), customer_hash(KEY, "A", "d"))
ON_B = Hold(account_hash(KEY, "B"), "")

BOTH = Begin((Subject("A", None), Subject("B", None)))
HELD = Refuse(Refusal.LEGAL_HOLD)
TABLE: list[tuple[Request, list[Hold], Route]] = [
    (CALLBACK, [], BOTH),
    (STRANGER, [], Queue()),
    (OTHER_APP, [], Queue()),
    (CUSTOMER, [], Begin((Subject("A", "c"),))),
    (ACCOUNT, [], Begin((Subject("A", None),))),
    (CUSTOMER, [ON_A], HELD),
    (CUSTOMER, [ON_C_OF_A], HELD),
    (CUSTOMER, [ON_D_OF_A], Begin((Subject("A", "c"),))),
    (CUSTOMER, [ON_B], Begin((Subject("A", "c"),))),
    (ACCOUNT, [ON_D_OF_A], HELD),
    (CALLBACK, [ON_B], HELD),
    (STRANGER, [ON_A], Queue()),
    (GONE, [], BOTH),
    (GONE, [ON_B], Refuse(Refusal.LEGAL_HOLD, withdrawn=("A", "B"))),
]


@pytest.mark.parametrize(("request_", "holds", "expected"), TABLE)
def test_a_request_goes_its_way(request_: Request, holds: list[Hold], expected: Route) -> None:
    """Broken by: matching by the user alone (ids are app-scoped); a hold on one customer that lets the account go;
    a hold that keeps the tokens of whoever removed the app.
    """
    assert route(request_, ACCOUNTS, holds, KEY) == expected
