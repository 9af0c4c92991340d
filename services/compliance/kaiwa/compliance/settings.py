"""What compliance needs to know."""

from pathlib import Path

from pydantic import Field

from kaiwa.contracts.topics import DEFAULT_BOUND
from kaiwa.runtime.settings import Group, Http, Kafka, KeyFile, Postgres, ReadableFile, ServiceSettings


class Compliance(Group):
    """Its own group; ``bound`` and ``retention`` in seconds."""

    signing_key_file: KeyFile
    """The first key signs checkpoints, all of them check signatures."""
    hash_key_file: KeyFile
    """The first key hashes the index and closed orders: a new one starts an empty index."""
    checkpoint_file: Path | None = None
    bound: float = Field(default=DEFAULT_BOUND, gt=0)
    retention: float = Field(default=259_200, gt=0)
    audit_patience: float = Field(default=600, gt=0)
    """Seconds that an echo may take to come, or the outcome that explains it, before the audit calls it missing."""


class Analytics(Group):
    """The key of ingest's pseudonyms, so that facts can be joined; without it analytics is off."""

    pseudonym_key_file: ReadableFile | None = None


class ComplianceSettings(ServiceSettings):
    http: Http = Http(port=8082)
    kafka: Kafka
    postgres: Postgres
    compliance: Compliance
    analytics: Analytics = Analytics()
