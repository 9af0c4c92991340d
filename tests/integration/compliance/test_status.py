"""The status page at its door: the code's own case, nothing else, and nothing to be learnt from the clock."""

import asyncio
import time

import asyncpg
import httpx
import pytest
from compliance_rig import Rig

KNOWN, UNKNOWN = "QK7ZVXJ2R5M3NDTLWYB6HAC4EP", "QK7ZVXJ2R5M3NDTLWYB6HAC4EQ"


async def requested(rig: Rig) -> None:
    connection = await asyncpg.connect(rig.dsn)
    try:
        await connection.execute(
            "insert into compliance.requests (code, source, state, refusal, due_at, finished_at, user_id) values"
            " ($1, 'operator', 'refused', 'legal_hold', now(), now(), 'canary-user')",
            KNOWN,
        )
    finally:
        await connection.close()


@pytest.mark.timeout(240)
async def test_a_code_opens_its_own_case_and_no_other_answer_differs(rig: Rig) -> None:
    """Broken by: an answer at once for what is not there; a row's other columns on the page; no limit.

    One client has 20 looks at once, and here half of them go to each code.
    """
    service = rig.service()
    service.start()
    await rig.ready(service)
    await requested(rig)
    taken: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    answers: dict[str, httpx.Response] = {}
    began = time.perf_counter()
    async with httpx.AsyncClient(base_url=rig.url, trust_env=False) as http:
        for _ in range(8):
            for code, seconds in taken.items():
                started = time.perf_counter()
                answers[code] = await http.get(f"/deletions/{code}", headers={"accept-language": "ja"})
                seconds.append(time.perf_counter() - started)
        bad = await http.get("/deletions/%00%27;--")
        limited = await asyncio.gather(*(http.get(f"/deletions/{KNOWN}") for _ in range(40)))
        other = await http.get(f"/deletions/{KNOWN}?lang=de", headers={"x-forwarded-for": "1.2.3.4, 5.6.7.8"})
    known, unknown = answers[KNOWN], answers[UNKNOWN]
    assert (known.status_code, unknown.status_code, bad.status_code) == (200, 404, 404)
    assert "法令により" in known.text
    assert "canary" not in known.text + str(known.headers)
    assert unknown.headers["retry-after"] == "60"
    for name, value in known.headers.items():
        assert name in {"content-length", "date"} or unknown.headers[name] == value
    assert known.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert known.headers["cache-control"] == "no-store"
    assert abs(min(taken[KNOWN]) - min(taken[UNKNOWN])) < 0.05, "the rest of the spread is the machine's"
    assert min(taken[KNOWN] + taken[UNKNOWN]) >= 0.1
    refused = sum(answer.status_code == 429 for answer in limited)
    earned = 1 + (time.perf_counter() - began) / 2  # a client gets another look in two seconds
    assert 40 - refused <= 20 - len(taken) * 8 - 1 + earned
    assert refused
    assert (other.status_code, other.headers["content-language"]) == (200, "de")
    assert await service.terminate() == 0
