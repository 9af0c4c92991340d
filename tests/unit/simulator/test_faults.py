"""Which faults strike reads: those that are meant for them, and no others."""

import pytest

from kaiwa.simulator.faults import Fault, Script


def test_a_read_meets_what_is_meant_for_reads() -> None:
    """Broken by: a fault of sends that a reading uses up, or one of readings that a send does."""
    script = Script(seed=1)
    for_all, for_reads = Fault(effect="error"), Fault(effect="error", kind="read", marker="thread_owner")
    script.add(for_all)
    script.add(for_reads)
    assert script.for_read("1784", "1029/conversations?platform=instagram") is None
    assert script.for_read("1784", "1029/thread_owner?recipient=1111") == for_reads
    assert script.for_read("1784", "1029/thread_owner?recipient=1111") is None
    script.add(for_reads)
    assert script.for_call("1784", "text", "thread_owner") == for_all
    assert script.for_call("1784", "text", "thread_owner") is None


def test_a_read_meets_nothing_else() -> None:
    with pytest.raises(ValueError, match="error or usage"):
        Fault(effect="reset", kind="read")
