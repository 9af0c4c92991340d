"""What the shops of the demo are called at Meta."""

import re

import pytest

from kaiwa.devstack.demo.story import SHOPS
from kaiwa.devstack.shops import Shop


@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.name)
def test_every_shop_of_the_demo_has_a_name_that_meta_allows(shop: Shop) -> None:
    assert re.fullmatch(r"[a-z0-9._]{1,30}", shop.at_meta()["username"])


@pytest.mark.parametrize(
    ("shop", "username"),
    [
        (Shop("Blue Moon"), "blue.moon"),
        (Shop("Shop 7"), "shop.7"),
        (Shop("青い月", username="aoi.tsuki"), "aoi.tsuki"),
    ],
)
def test_a_username_follows_from_the_name_or_is_given(shop: Shop, username: str) -> None:
    assert shop.at_meta()["username"] == username
