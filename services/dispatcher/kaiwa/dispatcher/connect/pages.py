"""The pages of a hosted login: plain, without a script, in English."""

from collections.abc import Sequence
from typing import Final

from jinja2 import DictLoader, Environment

from kaiwa.dispatcher.core.standing import Finding
from kaiwa.meta.login_answers import Page

POLICY: Final = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
"""Nothing is loaded. Without `form-action`, which counts for redirects too: the form's leads to Meta."""

_LAYOUT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0 }
.good { color: #176b2c } .bad { color: #a11 } .warn, .unknown { color: #865b00 }
button { font: inherit; padding: .5rem 1.2rem }
</style>
<h1>{{ title }}</h1>
{% block body %}{% endblock %}
</html>
"""

_PAGES: Final = {
    "layout": _LAYOUT,
    "start": """{% extends "layout" %}{% block body %}
<p>You will log in at {{ "Facebook" if login == "facebook" else "Instagram" }} and choose what this service may do. Leave
every permission ticked: without them no message arrives.</p>
{% if login == "facebook" %}<p>You need a professional Instagram account (business or creator) that is linked to a
Facebook Page which you manage. If one of these is missing, the dialog leads you through it.</p>
{% else %}<p>You need a professional Instagram account (business or creator).</p>{% endif %}
<form method="post"><input type="hidden" name="link" value="{{ link }}"><button>Log in</button></form>
{% endblock %}""",
    "choose": """{% extends "layout" %}{% block body %}
<form method="post"><input type="hidden" name="state" value="{{ state }}">
{% for page in pages %}<p><label><input type="radio" name="page" value="{{ page.page_id }}" required>
@{{ page.username or page.account_id }} – Page {{ page.name or page.page_id }}</label></p>{% endfor %}
<button>Connect</button></form>
{% endblock %}""",
    "report": """{% extends "layout" %}{% block body %}
<table>{% for finding in findings %}
<tr><th>{{ finding.check }}</th><td class="{{ finding.verdict }}">{{ words[finding.verdict] }}</td>
<td>{{ finding.says }}{% if finding.do %}<br><small>{{ finding.do }}</small>{% endif %}</td></tr>
{% endfor %}</table>
<p>{{ close }}</p>
{% endblock %}""",
    "problem": """{% extends "layout" %}{% block body %}<p>{{ says }}</p>{% endblock %}""",
}

_WORDS: Final = {"good": "ok", "bad": "missing", "warn": "look", "unknown": "not known"}
_pages = Environment(loader=DictLoader(_PAGES), autoescape=True)


def start(login: str, link: str) -> bytes:
    return _render("start", title="Connect an Instagram account", login=login, link=link)


def choose(pages: Sequence[Page], state: str) -> bytes:
    return _render("choose", title="Which account?", pages=pages, state=state)


def report(title: str, findings: Sequence[Finding], close: str) -> bytes:
    return _render("report", title=title, findings=findings, close=close, words=_WORDS)


def problem(title: str, says: str) -> bytes:
    return _render("problem", title=title, says=says)


def _render(name: str, **values: object) -> bytes:
    return _pages.get_template(name).render(**values).encode()
