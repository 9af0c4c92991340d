"""Measuring without the collector of garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """The collector walks through all of pytest, for tens of milliseconds: what waits meanwhile is measured as slow."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
