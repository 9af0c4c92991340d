"""What the logins' answers say, whichever shape they come in."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from kaiwa.meta import login_answers, logins
from kaiwa.meta.login_answers import Fault, Token
from kaiwa.meta.logins import Cancelled, Client, Code, Failed, Nothing, Returned
from kaiwa.meta.signatures import AppsFileError, Host, parse_apps

BACK = "http://localhost:8910/connect/callback"


def test_a_token_comes_flat_or_wrapped() -> None:
    """Broken by: reading one shape alone, or a number of seconds as something else."""
    permissions = frozenset({"instagram_business_basic", "instagram_business_manage_messages"})
    inner = {"access_token": "IG1", "user_id": 178, "permissions": ",".join(sorted(permissions))}
    listed = inner | {"permissions": sorted(permissions)}
    for body in (inner, {"data": [inner]}, listed):
        assert login_answers.token(json.dumps(body).encode()) == Token("IG1", None, permissions)
    long = {"access_token": "IG2", "token_type": "bearer", "expires_in": 5_184_000}
    assert login_answers.token(json.dumps(long).encode()) == Token("IG2", timedelta(days=60), None)


@pytest.mark.parametrize(
    "body", ["{}", '{"data":[]}', '{"data":[{"access_token":"a"},{"access_token":"b"}]}', "[]"]
)
def test_what_is_no_token(body: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        login_answers.token(body.encode())


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"code": "AQ1#_", "state": "s"}, Code("AQ1")),
        ({"code": "AQ1", "state": "s"}, Code("AQ1")),
        ({"code": "#_", "state": "s"}, Nothing()),
        ({"error": "access_denied", "error_reason": "user_denied", "error_code": "200"}, Cancelled()),
        ({"error": "access_denied"}, Cancelled()),
        ({"error_code": "1349126", "error_message": "App not active"}, Failed("App not active")),
        ({"error": "server_error"}, Failed("")),
        ({"state": "s"}, Nothing()),
        ({}, Nothing()),
    ],
)
def test_what_a_redirect_says(query: dict[str, str], said: Returned) -> None:
    """Broken by: keeping the mark behind the code, or taking a cancel for a fault."""
    assert logins.returned(query) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"code": 100, "error_subcode": 36009, "message": "used"}}, Fault(100, 36009, "used")),
        ({"error_type": "OAuthException", "code": 400, "error_message": "used"}, Fault(400, None, "used")),
        ({"error": {"code": "odd"}}, Fault(None, None, "")),
        ({"access_token": "a"}, None),
        ([], None),
    ],
)
def test_both_shapes_of_a_fault(body: object, said: Fault | None) -> None:
    assert login_answers.fault(json.dumps(body).encode()) == said


def test_a_fault_is_not_looked_for_in_a_page() -> None:
    assert login_answers.fault(b"<html>sorry</html>") is None


def test_pages_with_and_without_a_link() -> None:
    body = {
        "data": [
            {
                "id": "10",
                "name": "Shop",
                "access_token": "EA1",
                "tasks": ["MESSAGING"],
                "instagram_business_account": {"id": "178", "username": "shop"},
            },
            {"id": "11", "name": "Loose", "access_token": "EA2"},
        ],
        "paging": {"cursors": {"after": "c"}, "next": "https://…"},
    }
    found, after = login_answers.pages(json.dumps(body).encode())
    assert [(page.page_id, page.account_id, page.username) for page in found] == [
        ("10", "178", "shop"),
        ("11", None, None),
    ]
    assert after == "c"
    assert login_answers.pages(b'{"data":[],"paging":{"cursors":{"after":"c"}}}') == ([], None)


def test_two_instagram_ids() -> None:
    """Broken by: taking the app-scoped id for the one that webhooks carry (surprise 46)."""
    who = login_answers.identity(
        b'{"id":"999","user_id":17841,"username":"shop","account_type":"MEDIA_CREATOR"}'
    )
    assert (who.account_id, who.login_user_id, who.kind) == ("17841", "999", "MEDIA_CREATOR")


def test_only_what_is_granted_counts() -> None:
    body = b'{"data":[{"permission":"a","status":"granted"},{"permission":"b","status":"declined"}]}'
    assert login_answers.permissions(body) == {"a"}


APPS = parse_apps("1001 new instagram=77\n1001 fb\n1001 old proof-instagram instagram=76\n2002 only\n")


@pytest.mark.parametrize(
    ("app_id", "login", "client"),
    [
        ("1001", "instagram", Client("instagram", "1001", "77", "new")),
        ("1001", "facebook", Client("facebook", "1001", "1001", "fb")),
        ("2002", "instagram", Client("instagram", "2002", "2002", "only")),
        ("3003", "facebook", None),
    ],
)
def test_each_login_has_its_own_client(app_id: str, login: Host, client: Client | None) -> None:
    assert logins.client_of(APPS, app_id, login) == client


def test_the_dialog_of_each_login() -> None:
    """Broken by: a redirect that is not encoded, or a state that is left out."""
    for login in ("facebook", "instagram"):
        client = Client(login, "1001", "77", "hidden")
        url = logins.dialog(
            client, "https://x/dialog", redirect_uri=BACK, state="s+/=", scopes=["a", "b"], again=True
        )
        query = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        assert (
            query
            | {
                "client_id": "77",
                "redirect_uri": BACK,
                "state": "s+/=",
                "scope": "a,b",
                "response_type": "code",
            }
            == query
        )
        assert "hidden" not in url
        assert ("auth_type" in query) == (login == "facebook")


def test_a_configuration_of_business_login_stands_in_place_of_scopes() -> None:
    """Of Facebook's dialog alone. Broken by: scopes beside it, which Meta refuses for some."""
    apps = parse_apps("1001 fb\n1001 new config=4242\n1001 ig instagram=77\n")
    wanted: dict[Host, dict[str, list[str]]] = {
        "facebook": {"config_id": ["4242"]},
        "instagram": {"scope": ["a,b"]},
    }
    for login, asked in wanted.items():
        client = logins.client_of(apps, "1001", login)
        assert client
        url = logins.dialog(client, "https://x/dialog", redirect_uri=BACK, state="s", scopes=["a", "b"])
        query = parse_qs(urlsplit(url).query)
        assert {name: query[name] for name in ("config_id", "scope") if name in query} == asked
    for line in ("1 s config=4 config=5", "1 s config=x", "1 s instagram=7 config=4"):
        with pytest.raises(AppsFileError):
            parse_apps(line)


def test_secrets_do_not_show() -> None:
    assert "hidden" not in repr([Client("facebook", "1", "2", "hidden"), Token("hidden"), Code("hidden")])
