"""All of them, in the order in which somebody on call asks."""

from typing import Final

from kaiwa.devstack.monitoring.boards.accounts import ACCOUNTS
from kaiwa.devstack.monitoring.boards.compliance import COMPLIANCE
from kaiwa.devstack.monitoring.boards.health import HEALTH
from kaiwa.devstack.monitoring.boards.messages import MESSAGES
from kaiwa.devstack.monitoring.boards.objectives import OBJECTIVES

DASHBOARDS: Final = (HEALTH, MESSAGES, COMPLIANCE, ACCOUNTS, OBJECTIVES)
