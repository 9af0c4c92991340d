"""What is asked, in the order in which somebody on call asks: the questions of the dashboards.

A limit is that of the alert whose runbook is named; tests hold them together.
"""

from typing import Final

from kaiwa.runtime.top.figures import Line
from kaiwa.runtime.top.lines.accounts import ACCOUNTS
from kaiwa.runtime.top.lines.compliance import COMPLIANCE
from kaiwa.runtime.top.lines.health import HEALTH
from kaiwa.runtime.top.lines.messages import MESSAGES

QUESTIONS: Final[dict[str, tuple[Line, ...]]] = {
    "Is it healthy?": HEALTH,
    "Are messages going out?": MESSAGES,
    "Are we compliant?": COMPLIANCE,
    "Which account is in trouble?": ACCOUNTS,
}
