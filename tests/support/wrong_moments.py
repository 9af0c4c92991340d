"""Processes whose moments are not what they believe: clocks that are wrong, and stretches in which nothing runs."""

import asyncio
import signal
from pathlib import Path

from kaiwa.devstack.processes import Process

STALL = 0.08  # seconds


def wrong_clock(seconds: float) -> dict[str, str]:
    """Settings of a process whose wall clock is ahead of everybody's by so much, or behind."""
    return {"PYTHONPATH": str(Path(__file__).with_name("skewed_clock")), "CLOCK_SKEW": str(seconds)}


async def stalled(*processes: Process, times: int, apart: float) -> None:
    """Nothing of them runs for a moment, again and again: at any instruction, as when a share of a processor is used up."""
    for _ in range(times):
        for process in processes:
            process.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(STALL)
        finally:
            for process in processes:
                process.send(signal.SIGCONT)
        await asyncio.sleep(apart)
