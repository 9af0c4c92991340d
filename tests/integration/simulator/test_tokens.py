"""The doors about tokens and subscriptions, as a client meets them."""

import httpx
import pytest
from town import Town

from kaiwa.simulator.actions import Unsubscribe
from kaiwa.simulator.model import DAY


async def get(url: str, **query: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(url, params=query)


async def test_a_subscription_is_made_listed_and_ended(town: Town) -> None:
    url = f"{town.sim.facebook_url}/v26.0/{town.shop.page_id}/subscribed_apps"
    bearer = {"authorization": f"Bearer {town.shop.tokens['1001']}"}
    town.sim.act(Unsubscribe(account_id=town.shop.account_id))
    async with httpx.AsyncClient(headers=bearer) as client:
        assert (await client.get(url)).json() == {"data": []}
        wrong = await client.post(url, params={"subscribed_fields": "no_such_field"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, 100)
        for sent in (
            {"params": {"subscribed_fields": "messages"}},
            {"json": {"subscribed_fields": "messages"}},
        ):
            assert (await client.post(url, **sent)).json() == {"success": True}  # type: ignore[arg-type]
            listed = (await client.get(url)).json()["data"]
            assert [app["subscribed_fields"] for app in listed] == [["messages"]]
            assert (await client.delete(url)).json() == {"success": True}
        assert (await client.get(url)).json() == {"data": []}


async def test_debug_token_is_for_the_tokens_own_app(town: Town) -> None:
    url = f"{town.sim.facebook_url}/v26.0/debug_token"
    token = town.shop.tokens["1001"]
    told = (await get(url, input_token=token, access_token="1001|meta-secret")).json()["data"]
    assert (told["is_valid"], told["app_id"], told["profile_id"]) == (True, "1001", town.shop.page_id)
    assert (await get(url, input_token=token, access_token="1001|guessed")).json()["error"]["code"] == 190
    town.sim.app("2002", secret="other")
    other = await get(url, input_token=token, access_token="2002|other")
    assert other.status_code == 400
    unknown = (await get(url, input_token="none", access_token="1001|meta-secret")).json()["data"]
    assert unknown["is_valid"] is False


async def test_a_refreshed_token_works_and_so_does_the_old_one(town: Town) -> None:
    url = f"{town.sim.instagram_url}/refresh_access_token"
    old = town.studio.tokens["1001"]
    asked = {"grant_type": "ig_refresh_token", "access_token": old}
    assert (await get(url, **asked)).json()["error"]["code"] == 100
    town.sim.clock.advance(DAY + 1)
    assert (await get(url, **asked | {"grant_type": "x"})).json()["error"]["code"] == 100
    new = (await get(url, **asked)).json()
    assert new["expires_in"] == 60 * DAY
    me = f"{town.sim.instagram_url}/v26.0/me/conversations"
    for token in (old, new["access_token"]):
        assert (await get(me, platform="instagram", access_token=token)).status_code == httpx.codes.OK
    town.sim.clock.advance(59 * DAY)
    ended = await get(me, platform="instagram", access_token=old)
    assert (ended.json()["error"]["code"], ended.json()["error"]["error_subcode"]) == (190, 463)


@pytest.mark.parametrize("path", ["facebook/v26.0/102/subscribed_apps", "instagram/v99.0/me/subscribed_apps"])
async def test_subscriptions_need_a_caller(town: Town, path: str) -> None:
    async with httpx.AsyncClient() as client:
        refused = await client.post(f"{town.sim.url}/{path}", params={"subscribed_fields": "messages"})
    assert refused.json()["error"]["code"] in {190, 2500}
