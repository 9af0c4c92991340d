"""The dispatcher's settings; all times in seconds."""

from datetime import timedelta

from pydantic import Field

from kaiwa.dispatcher.core.state import Policy
from kaiwa.runtime.settings import Analytics, Group, Http, Kafka, KeyFile, Meta, Postgres, ServiceSettings


class Dispatcher(Group):
    seal_key_file: KeyFile
    window_margin: float = Field(default=90, ge=0, lt=43_200)
    """Kept on both sides of the 24-hour window's end."""
    human_hold: float = Field(default=1800, ge=0)
    """How long automation waits after a person wrote."""
    lease: float = Field(default=30, gt=0)
    """A claim or a call of a process that is gone is taken over after this."""
    settle_after: float = Field(default=60, ge=0)
    """A call without an answer waits this long for its echo before the thread is read."""
    doubt_bound: float = Field(default=120, gt=0)
    """A conversation waits this long for a message in doubt."""
    content_grace: float = Field(default=3600, ge=0)
    """A settled message keeps its sealed content this long."""
    content_slice: float = Field(default=900, gt=0)
    """Contents are stored in slices of this length; what is erased is off the disk after three of them at most."""
    probe_every: float = Field(default=10_800, gt=0)
    """Meta is asked about each account this often: token, eligibility, subscription."""
    silence: float = Field(default=7200, gt=0)
    """An account that is silent for less than this is never called silent."""
    calls: int = Field(default=400, gt=0)
    """Calls to the platform at once, per process."""

    @property
    def probe_period(self) -> timedelta:
        return timedelta(seconds=self.probe_every)

    @property
    def policy(self) -> Policy:
        return Policy(
            window_margin=timedelta(seconds=self.window_margin),
            human_hold=timedelta(seconds=self.human_hold),
            lease=timedelta(seconds=self.lease),
        )


class Door(Group):
    """Where callers without Kafka are let in; closed without a port.

    ``connect_url``: the door's public address, where accounts' owners log in by an operator's link; off without it.
    """

    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=0, le=65535)
    connect_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#]+$",
        description="the door's public address without a path, such as https://messages.example.com",
    )


class DispatcherSettings(ServiceSettings):
    http: Http = Http(port=8081)
    kafka: Kafka
    postgres: Postgres
    meta: Meta
    dispatcher: Dispatcher
    door: Door = Door()
    analytics: Analytics = Analytics()
