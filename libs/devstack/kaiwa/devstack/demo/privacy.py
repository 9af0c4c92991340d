"""Is gone what should be, and did automation say what it is? A pure function for each promise."""

from http import HTTPStatus
from typing import Final

from kaiwa.devstack.demo.check import Check, listed
from kaiwa.devstack.demo.evidence import Evidence, texts_of

DISCLOSURES: Final = ("automatic assistant", "自動応答", "automatisches System")
"""Words that tell a customer that no person writes, in the languages of the story's shops."""


def deleted(e: Evidence) -> Check:
    unsent = e.books.unsent()
    texts = {text for each in unsent for text in each.texts}
    where = "topics, tables and segment files" if e.proven is not None else "topics and tables"
    unfinished = [f"erasure {name} is {state}" for name, state in e.erasures.items() if state != "closed"]
    forgotten = ["there are fewer erasures than unsent messages"] if len(e.erasures) < len(unsent) else []
    blind = ["the scanner of files found nothing before either"] if e.proven == frozenset() else []
    ledger = [e.ledger] if e.ledger.startswith("not") else []
    return Check(
        "Deleted is deleted, with a proof",
        f"{len(unsent)} messages unsent, their {len(texts)} texts are gone from {where}; ledger: {e.ledger}",
        (*(f"still in {place}" for place in sorted(e.remains)), *unfinished, *forgotten, *blind, *ledger),
    )


def forgotten(e: Evidence) -> Check:
    texts = texts_of(e.books, e.forgotten)
    codes = {account: answer.confirmation_code or "" for account, answer in e.forgotten.items()}
    refused = [
        f"the callback was answered {a.status}" for a in e.forgotten.values() if a.status != HTTPStatus.OK
    ]
    open_ = [
        f"the request {code} is {e.deletions.get(code, 'unknown')}"
        for code in codes.values()
        if e.deletions.get(code) != "done"
    ]
    kept = [
        f"offset {w.offset} of partition {w.partition} is of an account that is forgotten"
        for w in e.written
        if w.event.account_id in e.forgotten
    ]
    return Check(
        "Whoever asks to be forgotten is",
        f"{len(codes)} account by Meta's callback, its {len(texts)} texts are gone; its status: "
        + listed(e.deletions.values()),
        (*refused, *open_, *kept, *([] if texts else ["there was nothing to forget"])),
    )


def disclosed(e: Evidence) -> Check:
    writers = e.writers
    faults: list[str] = []
    told_first = 0
    for talk, calls in e.conversations.items():
        informed = False
        for call in calls:
            if writers.get(call.mid) == "human":
                informed = False  # the next automated message has to say again what it is
                continue
            fresh = any(words in (call.text or "") for words in DISCLOSURES)
            informed = informed or fresh
            told_first += fresh
            if not informed:
                faults.append(f"call {call.n} of account {talk[0]} is automated and undisclosed")
    return Check(
        "Automation says what it is",
        f"{told_first} disclosures in {len(e.conversations)} conversations",
        tuple(faults),
    )


def audited(e: Evidence) -> Check:
    """The audit reads the topics alone, and has to come to what Meta's books say."""
    found = {name: n for name, n in e.audit.items() if name.startswith("disclosure ") and n}
    due, made = e.audit.get("due", 0), e.audit.get("made in time", 0)
    blind = [] if due else ["the audit saw no automated message at which a disclosure was due"]
    return Check(
        "An independent audit of the topics finds the same",
        f"{made} of {due} disclosures that were due were made in time; findings: {len(found)}",
        (*blind, *(f"{n} {name}" for name, n in found.items())),
    )


def silent(e: Evidence) -> Check:
    content = {text for event in e.books.events if (text := event.text)} | {
        call.text for call in e.books.calls if call.text
    }
    people = {name for c in e.customers for name in (c.customer_id, c.username)}
    tokens = {token for account in e.accounts for token in account.tokens.values()}
    found = [
        f"{kind} in {place}"
        for place, said in e.spoken.items()
        for kind, needles in (("content", content), ("a customer", people), ("a token", tokens))
        if any(needle in said for needle in needles)
    ]
    size = sum(len(said) for said in e.spoken.values())
    return Check(
        "No content where nobody erases",
        f"{len(content)} texts, {len(people)} names and ids, {len(tokens)} tokens looked for in {size:,} characters "
        f"of logs and metrics",
        tuple(found),
    )
