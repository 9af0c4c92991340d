"""Whose account it is: one tenant's secret cannot vouch for another tenant's account."""

import asyncio

from kaiwa.bus.errors import Unavailable
from kaiwa.bus.reader import TableView
from kaiwa.bus.records import Record
from kaiwa.contracts import accounts, topics
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.runtime import logs
from kaiwa.runtime.settings import Kafka

_log = logs.get_logger()


class Registry:
    """The app of each registered account, as ``instagram.accounts.v1`` has it. Run ``follow`` as a background loop."""

    def __init__(self, kafka: Kafka) -> None:
        self.app_of: dict[str, str] = {}
        self._view = TableView(kafka, topics.ACCOUNTS, self.apply, client_id="kaiwa-ingest-accounts")

    async def follow(self) -> None:
        await self._view.follow()

    async def read(self, *, within: float) -> None:
        """Return once the registry was read to its end; before that nobody's account is known to be their own.

        Raises Unavailable after ``within`` seconds.
        """
        if self._view.complete.is_set():
            return
        try:
            async with asyncio.timeout(within):
                await self._view.complete.wait()
        except TimeoutError as error:
            raise Unavailable("the registry of accounts was not read yet") from error

    def apply(self, record: Record) -> None:
        account_id = (record.key or b"").decode("utf-8", "replace")
        if not record.value:
            self.app_of.pop(account_id, None)
            return
        try:
            account = accounts.decode(record.value)
        except UNREADABLE as error:
            _log.warning("an account's record cannot be read, what was known of it stays", exc_info=error)
        else:
            self.app_of[account.account_id] = account.app_id
