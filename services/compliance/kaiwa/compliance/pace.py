"""How fast the topics erase, read from the settings that are in effect, not from those somebody meant.

Read again now and then, and before each verification: a setting changed by hand changes when to write heartbeats and
when to look. What makes records stay longer than promised is an alarm, and nothing is verified until it is mended.
"""

from collections.abc import Mapping
from typing import Final

from kaiwa.bus.cluster import cluster
from kaiwa.bus.topics import Settings, bounds
from kaiwa.compliance.loops import keep
from kaiwa.contracts import topics
from kaiwa.runtime import logs, metrics
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka

ERASABLE: Final = tuple(topic.name for topic in topics.TABLE if topic.erasable)

_WATCHED: Final = {topic.name: topic for topic in topics.TABLE if topic.erasable or topic.content}
_ROLLED: Final = 300.0  # seconds until Kafka has looked for segments that are past retention

_EVERY: Final = 60.0

_log = logs.get_logger()


class Pace:
    """``heartbeat``: seconds between two of a partition. ``bound``: seconds from tombstone to erased. ``drift``: what
    keeps records longer than promised, a line each.
    """

    def __init__(self, kafka: Kafka, *, configured: float) -> None:
        self._kafka, self._configured = kafka, configured
        self.heartbeat = self.bound = float("inf")
        self.drift: tuple[str, ...] = ()

    async def read(self) -> None:
        """Raises DependencyError where Kafka is away or its topics never erase."""
        async with cluster(self._kafka) as found:
            existing = await found.existing(_WATCHED.keys())
            if missing := _WATCHED.keys() - existing.keys():
                raise DependencyError(f"no topic {', '.join(sorted(missing))}: run `kaiwa topics apply`")
            backoff = await found.cleaner_backoff_ms()
        effective = {name: topic.effective for name, topic in existing.items()}
        erasing = {name: effective[name] for name in ERASABLE}
        within = bounds(erasing, cleaner_backoff_ms=backoff)
        self._judge(effective, within)  # first: settings that never erase are the worst drift
        self._take(erasing, max(within.values()))

    async def follow(self) -> None:
        async def turn() -> bool:
            await self.read()
            return False

        await keep(turn, name="pace", every=_EVERY)

    def _take(self, effective: Mapping[str, Settings], bound: float) -> None:
        metrics.ERASURE_BOUND.set(bound)
        if bound == float("inf"):
            raise DependencyError("a topic's settings never erase anything: run `kaiwa topics apply`")
        lag = min(int(settings["max.compaction.lag.ms"]) for settings in effective.values())
        self.heartbeat, self.bound = topics.heartbeat_period(lag), bound

    def _judge(self, effective: Mapping[str, Settings], within: Mapping[str, float]) -> None:
        found = {name: topics.kept_longer(topic, effective[name]) for name, topic in _WATCHED.items()}
        for name, bound in within.items():
            if bound > self._configured:
                found[name].append(
                    f"{name} erases within {bound:g} s by its settings, and {self._configured:g} s are promised"
                )
        for name, lines in found.items():
            metrics.SETTINGS_DRIFT.labels(name).set(bool(lines))
        sends = effective[topics.SENDS]
        metrics.SENDS_BOUND.set((int(sends["retention.ms"]) + int(sends["segment.ms"])) / 1000 + _ROLLED)
        self.drift = tuple(line for lines in found.values() for line in lines)
        for line in self.drift:
            _log.error("topic_settings_drift", finding=line)
