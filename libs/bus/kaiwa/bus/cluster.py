"""Kafka's topics as they are, and how to change them. aiokafka returns errors of single topics in its answers instead
of raising them, so each answer is searched for them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

from kaiwa.bus.clients import connecting
from kaiwa.bus.errors import away
from kaiwa.bus.topics import Alter, Create, Existing, Settings, Step
from kaiwa.runtime.errors import DependencyError, KaiwaError
from kaiwa.runtime.settings import Kafka

_SET_ON_TOPIC: Final = 1  # Kafka's DYNAMIC_TOPIC_CONFIG
_CLEANER_BACKOFF: Final = "log.cleaner.backoff.ms"
_READY_WITHIN: Final = 60.0  # seconds for leaders to be elected and settings to arrive everywhere
_LOOK_AGAIN: Final = 0.1


class Rejected(KaiwaError):
    """Kafka would not create or change a topic; the message has its reason."""


class NotThereYet(Rejected):
    """The broker that was asked has not heard of the topic; another one has just created it."""


class Cluster:
    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def existing(self, names: Collection[str]) -> dict[str, Existing]:
        """Those of the topics that exist."""
        # Asking for the topics by name would create them where auto-creation is on.
        found = {
            topic["topic"]: topic for topic in await self._admin.describe_topics() if topic["topic"] in names
        }
        entries = await self._settings(ConfigResourceType.TOPIC, found)
        return {
            name: Existing(
                partitions=len(topic["partitions"]),
                replication=min(len(partition["replicas"]) for partition in topic["partitions"]),
                effective={entry["config_names"]: entry["config_value"] for entry in entries[name]},
                overrides={
                    entry["config_names"]: entry["config_value"]
                    for entry in entries[name]
                    if entry["config_source"] == _SET_ON_TOPIC
                },
            )
            for name, topic in found.items()
        }

    async def cleaner_backoff_ms(self) -> int:
        """The longest of all brokers: ours to know for the erasure bound, not ours to set. Raises DependencyError."""
        brokers = [str(broker["node_id"]) for broker in (await self._admin.describe_cluster())["brokers"]]
        if not brokers:  # each of them has just started, or was too slow for its controller
            raise DependencyError("Kafka names no broker that is up: look at the brokers")
        found = await self._settings(ConfigResourceType.BROKER, brokers, only=_CLEANER_BACKOFF)
        return max(int(entry["config_value"]) for entries in found.values() for entry in entries)

    async def apply(self, steps: Iterable[Step]) -> None:
        """Create and alter, and return when every partition has a leader. Raises Rejected."""
        creates = [step.wanted for step in steps if isinstance(step, Create)]
        if creates:
            answer: Any = await self._admin.create_topics(
                [
                    NewTopic(w.topic.name, w.partitions, w.replication, topic_configs=dict(w.settings))
                    for w in creates
                ]
            )
            _check((name, code, message) for name, code, message in answer.topic_errors)
        alters = [step for step in steps if isinstance(step, Alter)]
        if alters:
            answers = await self._admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, step.name, dict(step.overrides)) for step in alters]
            )
            resources = [found for answer in answers for found in answer.to_object()["resources"]]
            _check(
                (found["resource_name"], found["error_code"], found["error_message"]) for found in resources
            )

    async def ready(self, expected: Mapping[str, Settings]) -> dict[str, Existing]:
        """The topics, once each has a leader for every partition and the expected settings. Raises Rejected.

        Kafka answers before all brokers know of a change, and a new topic refuses records until it is led.
        """
        try:
            async with asyncio.timeout(_READY_WITHIN):
                while True:
                    with contextlib.suppress(NotThereYet):
                        found = await self.existing(expected.keys())
                        if _as_expected(found, expected) and await self._led(expected.keys()):
                            return found
                    await asyncio.sleep(_LOOK_AGAIN)
        except TimeoutError as error:
            raise Rejected(
                f"the topics were not ready within {_READY_WITHIN:g} s: look at the brokers"
            ) from error

    async def _led(self, names: Collection[str]) -> bool:
        topics = [topic for topic in await self._admin.describe_topics() if topic["topic"] in names]
        return all(partition["leader"] >= 0 for topic in topics for partition in topic["partitions"])

    async def _settings(
        self, kind: ConfigResourceType, names: Iterable[str], *, only: str | None = None
    ) -> dict[str, list[dict[str, Any]]]:
        keys = None if only is None else {only: ""}
        answers = await self._admin.describe_configs([ConfigResource(kind, name, keys) for name in names])
        resources = [found for answer in answers for found in answer.to_object()["resources"]]
        _check((found["resource_name"], found["error_code"], found["error_message"]) for found in resources)
        return {found["resource_name"]: found["config_entries"] for found in resources}


def _as_expected(found: Mapping[str, Existing], expected: Mapping[str, Settings]) -> bool:
    return found.keys() == expected.keys() and all(
        settings.items() <= found[name].effective.items() for name, settings in expected.items()
    )


def _check(results: Iterable[tuple[str, int, str | None]]) -> None:
    reasons: dict[str, list[str]] = {}
    found = list(results)
    for name, code, message in found:
        if code:
            reasons.setdefault(message or for_code(code).__name__, []).append(name)
    if reasons:
        unknown = {code for _, code, _ in found if code} == {UnknownTopicOrPartitionError.errno}
        raise (NotThereYet if unknown else Rejected)(
            "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
        )


@asynccontextmanager
async def cluster(kafka: Kafka) -> AsyncIterator[Cluster]:
    """A connection for administration. Raises DependencyError when Kafka is away, also later inside."""
    admin = AIOKafkaAdminClient(**connecting(kafka, client_id="kaiwa-topics"))
    try:
        await admin.start()
        yield Cluster(admin)
    except (KafkaError, OSError, TimeoutError) as error:
        raise away(kafka) from error
    finally:
        await admin.close()
