"""Meta has no account of another name than these."""

import pytest

from kaiwa.simulator.model import Account, Customer


@pytest.mark.parametrize("username", ["shop", "blue.moon", "b_2", "x" * 30])
def test_names_that_meta_has(username: str) -> None:
    assert _account(username).username == _customer(username).username == username


@pytest.mark.parametrize(
    "username", ["", "Blue Moon", "Shop", "blue moon", "青い月", "ü", "a-b", "x" * 31, "shop\n"]
)
def test_names_that_meta_does_not_have(username: str) -> None:
    for named in (_account, _customer):
        with pytest.raises(ValueError, match="username"):
            named(username)


def _account(username: str) -> Account:
    return Account(account_id="178", login="instagram", page_id=None, tokens={}, username=username)


def _customer(username: str) -> Customer:
    return Customer(account_id="178", customer_id="55", username=username)
