"""Media that is uploaded once and sent by its id from then on. What was uploaded is known by a keyed fingerprint.

An upload reaches no customer, so nothing of it is ever in doubt: what Meta did not take is sent by its address. An id
that Meta forgot (error 100/2018074) is forgotten here, too, and its message tried again with a new upload.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.core.unit import Reusable
from kaiwa.dispatcher.slots import Slots, Want
from kaiwa.dispatcher.throttling import Throttled
from kaiwa.meta import attachments
from kaiwa.meta.answers import Answer, Refused
from kaiwa.meta.graph import Graph, Sender
from kaiwa.runtime import metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_FORGOTTEN: Final = (100, 2018074)


@dataclass(frozen=True)
class Errand:
    """Uploads that a message needs before it can go; its claim stands meanwhile."""

    account_id: str
    rank: int
    login: Sender
    missing: Mapping[bytes, Reusable] = field(repr=False)


@dataclass(frozen=True)
class Found:
    """Ids for what a message shows, and the fingerprints of those that are used; ``missing`` has to be uploaded first."""

    ids: Mapping[Reusable, str] = field(repr=False)
    used: tuple[bytes, ...]
    missing: Mapping[bytes, Reusable] = field(repr=False)


async def look_up(
    connection: Connection, vault: Contents, account_id: str, wanted: Sequence[Reusable]
) -> Found:
    """What is known of some media of an account."""
    named = {vault.media_fingerprint(account_id, *media): media for media in wanted}
    known = {
        row["fingerprint"]: row["attachment_id"]
        async for row in _sql.use_uploads(connection, account_id=account_id, fingerprints=list(named))
    }
    used = tuple(name for name, found in known.items() if found)
    return Found(
        ids={named[name]: known[name] for name in used},
        used=used,
        missing={name: media for name, media in named.items() if name not in known},
    )


class Uploads:
    def __init__(self, pool: asyncpg.Pool, graph: Graph, slots: Slots) -> None:
        self._pool = pool
        self._graph = graph
        self._slots = slots

    async def run(self, errand: Errand) -> None:
        """Upload what is missing, each in a slot of the media limit, and keep its id.

        What Meta throttles is left for later, as its message will be: it is decided about again before it goes.
        """
        for fingerprint, (kind, url) in errand.missing.items():
            await self._slots.turn(Want(Desk(errand.account_id, "media"), errand.rank))
            try:
                attachment_id = await attachments.upload(self._graph, errand.login, kind, url)
            except Throttled:
                return
            metrics.UPLOADS.labels("taken" if attachment_id else "refused").inc()
            await _sql.note_upload(
                self._pool,
                account_id=errand.account_id,
                fingerprint=fingerprint,
                attachment_id=attachment_id,
            )

    async def forgotten(self, account_id: str, used: Sequence[bytes], answer: Answer) -> bool:
        """Whether Meta refused because it forgot an id of ours: then it is uploaded anew at the next try."""
        if not used or not isinstance(answer, Refused) or (answer.code, answer.subcode) != _FORGOTTEN:
            return False
        gone = _sql.forget_uploads(self._pool, account_id=account_id, fingerprints=list(used))
        return bool([row async for row in gone])
