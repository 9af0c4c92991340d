"""A CRM's notes: kept in SQLite, deleted on order, with a receipt."""

import asyncio
import sqlite3

from kaiwa.client.holder import Holder
from kaiwa.contracts.erasures import Erasure

notes = sqlite3.connect("notes.db", isolation_level=None)
notes.execute("create table if not exists notes (account_id, customer_id, mid, text)")


async def delete(order: Erasure) -> int:
    match order.scope:
        case "message":
            return sum(notes.execute("delete from notes where mid = ?", [mid]).rowcount for mid in order.mids)
        case "customer":
            whose = [order.account_id, order.customer_id]
            return notes.execute("delete from notes where account_id = ? and customer_id = ?", whose).rowcount
        case "account":
            return notes.execute("delete from notes where account_id = ?", [order.account_id]).rowcount


asyncio.run(Holder("crm", delete).run())
