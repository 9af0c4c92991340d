"""The two logins as a browser and a server meet them: dialog, code, tokens, and what a person's token reads."""

import hmac
import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kaiwa.simulator.errors import Refusal, Rule, refuse
from kaiwa.simulator.model import App, Host
from kaiwa.simulator.people import CODE_KEPT, LONG, SHORT, Code, Person, UserToken
from kaiwa.simulator.state import State
from kaiwa.simulator.tokens import SCOPES

Json = dict[str, Any]
Query = Mapping[str, str]


class Stopped(Exception):
    """The dialog shows an error of its own and sends nobody back; the message is what it shows."""


class Dialogs:
    """What people and servers ask of the login products."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._codes: dict[str, Code] = {}
        self._users: dict[str, UserToken] = {}

    # The dialog.

    def decide(self, login: Host, query: Query, now: float) -> str | None:
        """Where the dialog sends the person (`as` names them); None while nobody has said who they are."""
        app, back = self._client(login, query.get("client_id", "")), query.get("redirect_uri", "")
        if app.redirect_uris and back not in app.redirect_uris:
            raise Stopped("URL blocked: the redirect URI is not in the app's list")
        if query.get("response_type") != "code":
            raise Stopped("response_type must be code")
        person = self._state.people.get(query.get("as", ""))
        if person is None or person.login != login:
            return None
        if app.access == "standard" and not person.role:
            raise Stopped("Insufficient developer role")
        if login == "instagram" and not person.professional:
            raise Stopped("This account is not a professional account")
        kept = {"state": query["state"]} if "state" in query else {}
        if person.cancels or "cancel" in query:
            denied = {"error": "access_denied", "error_code": "200", "error_reason": "user_denied"}
            return f"{back}?{urlencode({**denied, 'error_description': 'Permissions error', **kept})}"
        asked = SCOPES[login]
        if "config_id" not in query:  # a configuration of Login for Business asks for all of them here
            asked &= frozenset(query.get("scope", "").replace(" ", ",").split(","))
        code = self._state.ids.token(login)
        self._codes[code] = Code(
            app_id=app.app_id,
            person=person,
            redirect_uri=back,
            permissions=asked - person.withheld,
            made_at=now,
        )
        return f"{back}?{urlencode({'code': code, **kept})}#_"

    def page(self, login: Host, query: Query) -> str:
        """The dialog for people: who may continue, and cancel."""
        persons = [person for person in self._state.people.values() if person.login == login]
        links = [
            f'<li><a href="?{_escaped({**query, "as": person.person_id})}">Continue as {self._name(person)}</a>'
            f' · <a href="?{_escaped({**query, "as": person.person_id, "cancel": "1"})}">Cancel</a></li>'
            for person in persons
        ]
        asked = html.escape(query.get("scope", ""))
        listed = "".join(links) or "<li>Nobody can log in here: add a person to the box.</li>"
        return f"<!doctype html><title>Log in ({login})</title><h1>Simulated {login} login</h1><p>Asked for: {asked}</p><ul>{listed}</ul>"

    def _name(self, person: Person) -> str:
        names = [self._state.account(name).username for name in person.account_ids]
        return html.escape(", ".join(names) or person.person_id)

    # Codes and tokens.

    def redeem(self, login: Host, form: Query, now: float) -> Json:
        """A short-lived token for a code."""
        app = self._known(login, form)
        given = self._codes.get(form.get("code", ""))
        if given is None or given.app_id != app.app_id or given.person.login != login or given.used:
            raise _code(36009, "This authorization code has been used.")
        if given.redirect_uri != form.get("redirect_uri"):
            raise _code(36008, "Make sure your redirect_uri is identical to the one of the dialog.")
        if now - given.made_at > CODE_KEPT:
            raise _code(36007, "This authorization code has expired.")
        given.used = True
        if login == "facebook":
            return self._user_token(given.app_id, given.person, given.permissions, now, SHORT)
        account = self._state.account(given.person.account_ids[0])
        token = self._state.connect(account.account_id, app.app_id, given.permissions, now, now + SHORT)
        answer = {
            "access_token": token,
            "user_id": self._state.scoped(account.account_id, app.app_id),
            "permissions": ",".join(sorted(given.permissions)),
        }
        return answer if app.flat_token_answer else {"data": [answer]}

    def lengthen(self, login: Host, query: Query, now: float) -> Json:
        """A long-lived token for a short one."""
        if login == "facebook":
            app = self._known(login, query)
            user = self._user(query.get("fb_exchange_token", ""), now)
            if user.app_id != app.app_id:
                raise refuse(Rule.AUTH, "The access token does not belong to this application")
            return self._user_token(user.app_id, user.person, user.permissions, now, LONG)
        held = self._state.tokens.get(query.get("access_token", ""))
        if held is None or held.login != login or held.fault(now):
            raise refuse(Rule.AUTH, "Invalid OAuth access token", code=190, status=401)
        secret = self._state.app(held.app_id).secret_for(login)
        if not hmac.compare_digest(query.get("client_secret", "").encode(), secret):
            raise refuse(Rule.AUTH, "Error validating client secret", code=101)
        token = self._state.connect(held.account_id, held.app_id, held.scopes, now, now + LONG)
        return {"access_token": token, "token_type": "bearer", "expires_in": int(LONG)}

    def knows(self, token: str | None) -> bool:
        """Whether this is a Facebook user's token."""
        return token in self._users

    def read(self, token: str, path: str, now: float) -> Json:
        """What a Facebook user's token reads."""
        user = self._user(token, now)
        match path:
            case "me":
                return {"id": user.person.person_id}
            case "me/permissions":
                every = SCOPES["facebook"]
                return {
                    "data": [
                        {"permission": name, "status": "granted" if name in user.permissions else "declined"}
                        for name in sorted(every & (user.permissions | user.person.withheld))
                    ]
                }
            case "me/accounts" if "pages_show_list" in user.permissions:
                return {"data": self._pages(user, now)}
            case "me/accounts":
                return {"data": []}
        raise refuse(Rule.PATH, "Unknown path components", code=2500)

    def _pages(self, user: UserToken, now: float) -> list[Json]:
        found: list[Json] = []
        for name in user.person.account_ids:
            account = self._state.account(name)
            ends = None if user.expires_at - now > SHORT else user.expires_at
            token = self._state.connect(name, user.app_id, user.permissions, now, ends)
            linked = {"id": name, "username": account.username}
            page = {"id": account.page_id, "name": account.username.title(), "access_token": token}
            shown = {"instagram_business_account": linked} if "instagram_basic" in user.permissions else {}
            found.append(page | shown | {"tasks": list(user.person.tasks)})
        for loose in user.person.loose_pages:
            token = self._state.ids.token("facebook")
            page = {"id": loose.page_id, "name": loose.name, "access_token": token}
            found.append(page | {"tasks": list(user.person.tasks)})
        return found

    def inspect(self, token: str, now: float) -> Json | None:
        """`debug_token`'s answer for a Facebook user's token; None where it is none."""
        user = self._users.get(token)
        if user is None:
            return None
        told = {"app_id": user.app_id, "type": "USER", "user_id": user.person.person_id}
        ends = {"is_valid": user.expires_at > now, "expires_at": int(user.expires_at)}
        return {"data": {**told, **ends, "scopes": sorted(user.permissions)}}

    def _user_token(
        self, app_id: str, person: Person, permissions: frozenset[str], now: float, life: float
    ) -> Json:
        token = self._state.ids.token("facebook")
        self._users[token] = UserToken(
            app_id=app_id, person=person, permissions=permissions, expires_at=now + life
        )
        return {"access_token": token, "token_type": "bearer", "expires_in": int(life)}

    def _user(self, token: str, now: float) -> UserToken:
        user = self._users.get(token)
        if user is None or user.expires_at <= now:
            raise refuse(Rule.AUTH, "Invalid OAuth access token", code=190, status=401)
        return user

    def _client(self, login: Host, client_id: str) -> App:
        for app in self._state.apps.values():
            if app.client_id(login) == client_id:
                return app
        raise Stopped("Invalid platform app")

    def _known(self, login: Host, query: Query) -> App:
        """The app whose id and secret these are."""
        try:
            app = self._client(login, query.get("client_id", ""))
        except Stopped:
            raise refuse(Rule.AUTH, "Error validating application", code=101) from None
        if not hmac.compare_digest(app.secret_for(login), query.get("client_secret", "").encode()):
            raise refuse(Rule.AUTH, "Error validating client secret.", code=1)
        return app


def _code(subcode: int, message: str) -> Refusal:
    return refuse(Rule.AUTH, message, subcode=subcode)


def _escaped(query: Query) -> str:
    return html.escape(urlencode(query))
