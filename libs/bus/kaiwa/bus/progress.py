"""Whether a consumer moves, judged from what was seen of it: time is an argument, nothing here does I/O.

It is stuck when Kafka answers and, for longer than ``patience`` seconds, either its loop came round not once, or a
partition had records to read and not one of them was. Kafka or PostgreSQL being away is not being stuck: a handler
that fails comes round, and while Kafka does not answer nothing is held against the consumer.
"""

from collections.abc import Mapping

from aiokafka import TopicPartition

Offsets = Mapping[TopicPartition, int]


class Progress:
    def __init__(self, *, patience: float, now: float) -> None:
        self.patience = patience
        self._turned = now
        self._tried = now
        self._applied: Offsets = {}
        self._behind: dict[TopicPartition, float] = {}
        self.lag = 0
        """Offsets between what is applied and the partitions' ends, as they were last seen."""

    def turned(self, now: float) -> None:
        """The loop came round."""
        self._turned = now

    def failed(self, now: float) -> None:
        """A batch was tried, and will be again: its partitions wait, but the consumer does what it can."""
        self._tried = now

    def away(self, now: float) -> None:
        """Kafka did not answer: forget what is held against the consumer."""
        self._turned = now
        self._behind.clear()

    def saw(self, ends: Offsets, applied: Offsets, *, now: float) -> None:
        """Where the partitions end, and how far each is applied."""
        self._behind = {
            partition: self._behind.get(partition, now)
            for partition, at in applied.items()
            if at < ends.get(partition, at) and at == self._applied.get(partition)
        }
        self._applied = dict(applied)
        self.lag = sum(max(0, ends.get(partition, at) - at) for partition, at in applied.items())

    def age(self, now: float) -> float:
        """Seconds that the partition worst off has been waiting; 0 when all move or are read to their ends."""
        return now - min(self._behind.values(), default=now)

    def stuck(self, now: float) -> str | None:
        if (idle := now - self._turned) > self.patience:
            return f"the consumer's loop has not come round for {idle:.0f} s"
        if (age := min(self.age(now), now - self._tried)) > self.patience:
            return f"a partition has had records for {age:.0f} s and none was handled"
        return None
