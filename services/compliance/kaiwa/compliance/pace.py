"""How fast the topics erase, read from the settings that are in effect, not from those somebody meant.

Read again now and then: a setting changed by hand changes when to write heartbeats and when to look, and a bound
above the configured one is an error in the log until it is mended.
"""

from collections.abc import Mapping
from typing import Final

from kaiwa.bus.cluster import cluster
from kaiwa.bus.topics import Settings, bounds
from kaiwa.compliance.loops import keep
from kaiwa.contracts import topics
from kaiwa.runtime import logs
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka

ERASABLE: Final = tuple(topic.name for topic in topics.TABLE if topic.erasable)

_EVERY: Final = 60.0

_log = logs.get_logger()


class Pace:
    """``heartbeat``: seconds between two of a partition. ``bound``: seconds from tombstone to erased."""

    def __init__(self, kafka: Kafka, *, configured: float) -> None:
        self._kafka, self._configured = kafka, configured
        self.heartbeat = self.bound = float("inf")

    async def read(self) -> None:
        """Raises DependencyError where Kafka is away or its topics never erase."""
        async with cluster(self._kafka) as found:
            existing = await found.existing(ERASABLE)
            if missing := set(ERASABLE) - existing.keys():
                raise DependencyError(f"no topic {', '.join(sorted(missing))}: run `kaiwa topics apply`")
            backoff = await found.cleaner_backoff_ms()
        effective = {name: topic.effective for name, topic in existing.items()}
        self._take(effective, max(bounds(effective, cleaner_backoff_ms=backoff).values()))

    async def follow(self) -> None:
        async def turn() -> bool:
            await self.read()
            return False

        await keep(turn, name="pace", every=_EVERY)

    def _take(self, effective: Mapping[str, Settings], bound: float) -> None:
        if bound == float("inf"):
            raise DependencyError("a topic's settings never erase anything: run `kaiwa topics apply`")
        lag = min(int(settings["max.compaction.lag.ms"]) for settings in effective.values())
        self.heartbeat, self.bound = topics.heartbeat_period(lag), bound
        if bound > self._configured:
            _log.error("erasure_bound_above_configured", bound=bound, configured=self._configured)
