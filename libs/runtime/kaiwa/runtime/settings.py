"""Settings: nested, typed, frozen, from `KAIWA_…` environment variables, checked before anything starts.

A service or command declares the groups it needs and nothing else:

    class DispatcherSettings(ServiceSettings):
        http: Http = Http(port=8081)
        kafka: Kafka
        postgres: Postgres
        meta: Meta
        dispatcher: Dispatcher          # its own group, in its own settings.py

    settings = load(DispatcherSettings)

The description of a field is the advice an operator reads when it is missing. Any variable may be a file of that name in
the folder `KAIWA_SECRETS_DIR` instead, so that a password stands in no environment; the variable itself wins.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from kaiwa.runtime.errors import SettingsError

SECRETS = "KAIWA_SECRETS_DIR"
_PREFIX = "KAIWA_"
_KEYS = "run `kaiwa keys generate DIR`, which makes every key file and prints the variables"


def _readable(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise PydanticCustomError("file", "cannot be read ({reason})", {"reason": reason}) from error
    if empty:
        raise PydanticCustomError("file", "is empty")
    return path


ReadableFile = Annotated[Path, AfterValidator(_readable)]
"""A file that exists, can be read and is not empty at start."""

KeyFile = Annotated[ReadableFile, Field(description=_KEYS)]
"""A file of keys as `kaiwa.runtime.keys` reads it."""


class Group(BaseModel):
    """One group of settings; a variable it does not know is a spelling mistake and refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Analytics(Group):
    """The key that makes pseudonyms of conversations; a new one begins new pseudonyms. Without it analytics is off."""

    pseudonym_key_file: ReadableFile | None = None


class Kafka(Group):
    """Where Kafka is and how to be let in; `session_timeout` in seconds."""

    bootstrap_servers: str = Field(
        description="give host:port of Kafka, comma-separated, or run `kaiwa stack up`", min_length=1
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: ReadableFile | None = None
    ssl_certfile: ReadableFile | None = None
    ssl_keyfile: ReadableFile | None = None
    group_instance_id: str | None = None
    session_timeout: float = Field(default=45, gt=0)


class Postgres(Group):
    """Where PostgreSQL is; the URI may carry a password, so it is a secret."""

    dsn: SecretStr = Field(description="give the PostgreSQL URI, or run `kaiwa stack up`", min_length=1)


class Http(Group):
    """Where a service listens; loopback unless the operator opens it."""

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)


class Meta(Group):
    """The platform: our apps, its two hosts, and where people log in. The verify token is ingest's alone, see
    `WebhookMeta`.
    """

    apps_file: ReadableFile = Field(description="name a file with a line `app_id secret` for each app secret")
    verify_token_file: Path | None = None
    facebook_graph_url: str = "https://graph.facebook.com"
    instagram_graph_url: str = "https://graph.instagram.com"
    facebook_login_url: str = "https://www.facebook.com"
    instagram_login_url: str = "https://api.instagram.com"
    graph_version: str = "v26.0"


class WebhookMeta(Meta):
    """What the service needs that answers the platform's webhook challenge."""

    verify_token_file: ReadableFile = Field(
        description=f"name a file with a verify token on each line, or {_KEYS}"
    )


class Otel(Group):
    """OpenTelemetry collector that takes OTLP over HTTP (`http://collector:4318`); off without an endpoint.

    `ratio`: the share of the traces begun here that is kept; one begun elsewhere brings its own decision.
    """

    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/]+")
    ratio: float = Field(default=1.0, ge=0, le=1)


class Settings(BaseSettings):
    """The root for commands: declare the groups needed."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        nested_model_default_partial_update=True,  # KAIWA_HTTP__HOST alone keeps the service's default port
        frozen=True,
        extra="forbid",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings' own names, given by keyword
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        folder = os.environ.get(SECRETS)
        if not folder:
            return init_settings, env_settings
        if not Path(folder).is_dir():
            raise SettingsError(f"{SECRETS} is {folder}, which is no folder: correct or unset it")
        files = NestedSecretsSettingsSource(
            file_secret_settings, secrets_dir=folder, secrets_prefix=_PREFIX, secrets_nested_delimiter="__"
        )
        return init_settings, env_settings, files


class ServiceSettings(Settings):
    """The root for services: each gives `http` its own default port."""

    http: Http
    otel: Otel = Otel()


S = TypeVar("S", bound=Settings)


def load(cls: type[S]) -> S:
    """The settings from the environment; `SettingsError` names every variable that is missing or wrong."""
    try:
        return cls()
    except ValidationError as error:
        problems = [line for detail in error.errors() for line in _explain(cls, detail)]
        # The cause quotes the values it was given, secrets included.
        raise SettingsError("; ".join(problems)) from None


def describe(settings: Settings) -> dict[str, object]:
    """What is in force, secrets masked, for the log line at start."""
    return settings.model_dump(mode="json", exclude_none=True)


def variable(*loc: str | int) -> str:
    return _PREFIX + "__".join(str(part) for part in loc).upper()


def _explain(cls: type[BaseModel], detail: ErrorDetails) -> list[str]:
    """One clause for each variable behind one complaint of pydantic."""
    loc = detail["loc"]
    if detail["type"] == "extra_forbidden":
        return [f"{variable(*loc)} is not a setting: correct or unset it"]
    if detail["type"] == "missing":
        return [f"{variable(*path)} is not set: {advice}" for path, advice in _required(cls, loc)]
    advice = " or ".join(dict.fromkeys(text for _, text in _required(cls, loc)))
    return [f"{variable(*loc)} is wrong, {detail['msg']}: {advice}"]


def _required(cls: type[BaseModel], loc: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], str]]:
    """The variables below `loc` that have no default, each with its advice: a group that is missing lacks all of them."""
    field = None
    model: object = cls
    for name in loc:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            break
        field = model.model_fields[str(name)]
        model = field.annotation
    if isinstance(model, type) and issubclass(model, BaseModel):
        names = [name for name, below in model.model_fields.items() if below.is_required()]
        return [found for name in names for found in _required(cls, (*loc, name))]
    return [(loc, (field.description if field else None) or "see the settings in the README")]
