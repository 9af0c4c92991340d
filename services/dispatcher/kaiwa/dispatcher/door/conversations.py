"""``/v1/accounts/{account_id}/conversations/{customer_id}``: may I write now, and a person takes over or hands back."""

from datetime import datetime
from http import HTTPStatus
from typing import Literal

from kaiwa.contracts.door import Control, ConversationState, May, WordBody
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.sends import AuthorKind, Recipient, SendRequest
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher import comments, rows
from kaiwa.dispatcher.core.control import standing
from kaiwa.dispatcher.core.decide import closes_at
from kaiwa.dispatcher.core.permission import permission
from kaiwa.dispatcher.core.state import FOREVER, Account, Conversation, Policy
from kaiwa.dispatcher.door.asking import Answer, Asked
from kaiwa.dispatcher.door.problems import unknown
from kaiwa.dispatcher.door.sends import Sends, name_of
from kaiwa.store.pool import Questions
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")


class Conversations:
    def __init__(self, questions: Questions, sends: Sends, *, policy: Policy, partitions: int) -> None:
        self._questions = questions
        self._sends = sends
        self._policy = policy
        self._partitions = partitions

    async def show(self, asked: Asked) -> Answer:
        """As of a moment ago, and changes nothing. A customer who was never heard of is no error."""
        asked.query()
        account_id, customer_id = asked.path("account_id"), asked.path("customer_id")
        asked.caller.require_account(account_id)
        if not _is_id(account_id) or not _is_id(customer_id) or comments.is_room(customer_id):
            raise unknown("there is no such conversation")
        partition = of_conversation(account_id, customer_id, self._partitions)
        room = {"account_id": account_id, "customer_id": customer_id, "partition": partition}
        async with self._questions.session() as connection:
            row = await _sql.conversation_facts(connection, **room)
        if row is None:
            raise unknown("there is no such account")
        account, known = rows.account(row), rows.conversation(row)
        found = self._state(account, known, customer_id, row["now"])
        return Answer(HTTPStatus.OK, found)

    async def escalate(self, asked: Asked) -> Answer:
        return await self._say(asked, "escalate")

    async def release(self, asked: Asked) -> Answer:
        return await self._say(asked, "release")

    async def _say(self, asked: Asked, kind: Literal["escalate", "release"]) -> Answer:
        asked.query()
        body = await asked.body(WordBody)
        request = SendRequest(
            request_id=name_of(asked, body.request_id),
            kind=kind,
            account_id=asked.path("account_id"),
            recipient=Recipient(customer_id=asked.path("customer_id")),
            author=body.author,
        )
        return await self._sends.put(asked.caller, request)

    def _state(
        self, account: Account, known: Conversation, customer_id: str, now: datetime
    ) -> ConversationState:
        held = None if known.human_until == FOREVER else known.human_until
        return ConversationState(
            account_id=account.account_id,
            customer_id=customer_id,
            at=rfc3339(now),
            known_at=_said(known.fresh_at),
            window_opened_at=_said(known.window_opened_at),
            window_closes_at=_said(closes_at(known.window_opened_at)),
            control=Control(
                holder=standing(known, account, now),
                since=_said(known.control_at),
                until=_said(known.control_until),
            ),
            escalated=known.escalated or known.human_until == FOREVER,
            human_until=_said(held),
            human=self._may("human", account, known, now),
            automation=self._may("automation", account, known, now),
        )

    def _may(self, kind: AuthorKind, account: Account, known: Conversation, now: datetime) -> May:
        found = permission(kind, known, account, self._policy, now)
        return May(
            verdict=found.verdict,
            until=_said(found.until),
            reason=found.reason,
            advice=found.reason and found.reason.advice,
            tag=found.tag,
            disclosure=found.disclosure,
        )


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isprintable()
