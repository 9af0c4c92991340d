"""What can go wrong while records move.

Exception
├── PublishFailed      perhaps written, perhaps not: publish again, readers dedupe by id
│   └── Unavailable    nothing was handed to Kafka
└── Unpublishable      this record can never be written; again would not help
"""

from collections.abc import Collection

from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka


class PublishFailed(Exception):
    """Not every record was acknowledged in time. Any of them may be in its topic, now or later."""


class Unavailable(PublishFailed):
    """There is no connection to Kafka at the moment; nothing was written."""


class Unpublishable(ValueError):
    """The record has no key, names no partition of its topic, or is larger than a record may be."""


def away(kafka: Kafka) -> DependencyError:
    return DependencyError(
        f"Kafka does not answer at {kafka.bootstrap_servers}: start it, or correct KAIWA_KAFKA__BOOTSTRAP_SERVERS"
    )


def missing(topics: Collection[str]) -> DependencyError:
    return DependencyError(f"Kafka has no topic {', '.join(sorted(topics))}: run `kaiwa topics apply`")
