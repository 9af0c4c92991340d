from aiokafka import TopicPartition

from kaiwa.bus.progress import Progress

A, B = TopicPartition("t", 0), TopicPartition("t", 1)


def test_all_read_is_never_stuck() -> None:
    progress = Progress(patience=10, now=0)
    for now in range(0, 100, 5):
        progress.turned(now)
        progress.saw({A: 7, B: 0}, {A: 7, B: 0}, now=now)
    assert progress.stuck(99) is None
    assert progress.age(99) == 0


def test_records_that_nobody_reads_are_stuck() -> None:
    progress = Progress(patience=10, now=0)
    for now in range(0, 25, 5):
        progress.turned(now)
        progress.saw({A: 7, B: now + 1}, {A: 3, B: now}, now=now)
    assert progress.age(20) == 15
    assert progress.stuck(14) is None
    assert "records for 15 s" in (progress.stuck(20) or "")


def test_a_partition_that_moves_slowly_is_not() -> None:
    progress = Progress(patience=10, now=0)
    for now in range(0, 50, 5):
        progress.turned(now)
        progress.saw({A: 100}, {A: now}, now=now)
    assert progress.stuck(49) is None


def test_a_loop_that_does_not_come_round_is() -> None:
    progress = Progress(patience=10, now=0)
    progress.saw({A: 7}, {A: 7}, now=11)
    assert "has not come round for 11 s" in (progress.stuck(11) or "")


def test_kafka_away_is_not_held_against_it() -> None:
    progress = Progress(patience=10, now=0)
    progress.saw({A: 7}, {A: 3}, now=0)
    progress.saw({A: 7}, {A: 3}, now=5)
    progress.away(20)
    assert progress.stuck(29) is None
    assert progress.age(29) == 0


def test_a_failing_handler_is_not_held_against_it() -> None:
    progress = Progress(patience=10, now=0)
    for now in range(0, 50, 5):
        progress.saw({A: 7}, {A: 3}, now=now)
        progress.turned(now)
        progress.failed(now)
    assert progress.stuck(49) is None
    assert progress.age(49) == 44


def test_a_partition_that_moved_away_is_forgotten() -> None:
    progress = Progress(patience=10, now=0)
    for now in (0, 5):
        progress.saw({A: 7}, {A: 3}, now=now)
    progress.saw({B: 7}, {B: 7}, now=10)
    progress.turned(20)
    assert progress.stuck(20) is None


def test_the_lag_is_what_is_left_to_handle_of_the_partitions_that_are_ours() -> None:
    """Broken by: counting partitions of other members, or a partition that was cut below what was applied."""
    progress = Progress(patience=10, now=0)
    assert progress.lag == 0
    progress.saw({A: 107, B: 3, TopicPartition("t", 2): 50}, {A: 7, B: 5}, now=1)
    assert progress.lag == 100
    progress.saw({A: 107}, {A: 107}, now=2)
    assert progress.lag == 0
