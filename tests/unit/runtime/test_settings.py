"""Settings: every missing or wrong variable is named with advice, and no secret is ever shown."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.settings import (
    Group,
    Http,
    Kafka,
    KeyFile,
    Meta,
    Postgres,
    ServiceSettings,
    WebhookMeta,
    describe,
    load,
)


class Own(Group):
    seal_key_file: KeyFile
    lease: float = Field(default=30, gt=0)


class Example(ServiceSettings):
    http: Http = Http(port=8081)
    kafka: Kafka
    postgres: Postgres
    meta: Meta
    dispatcher: Own


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    apps, key = tmp_path / "apps", tmp_path / "key"
    apps.write_text("1001 secret\n")
    key.write_text("a key\n")
    monkeypatch.setenv("KAIWA_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("KAIWA_POSTGRES__DSN", "postgresql://u:hunter2@127.0.0.1/k")
    monkeypatch.setenv("KAIWA_META__APPS_FILE", str(apps))
    monkeypatch.setenv("KAIWA_DISPATCHER__SEAL_KEY_FILE", str(key))
    return monkeypatch


def test_defaults_stand_beside_what_is_set(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAIWA_HTTP__HOST", "0.0.0.0")
    environment.setenv("KAIWA_DISPATCHER__LEASE", "5")
    settings = load(Example)
    assert settings.http == Http(host="0.0.0.0", port=8081)
    assert settings.kafka.session_timeout == 45
    assert settings.meta.instagram_graph_url == "https://graph.instagram.com"
    assert settings.dispatcher.lease == 5


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        (
            "KAIWA_POSTGRES__DSN",
            None,
            "KAIWA_POSTGRES__DSN is not set: give the PostgreSQL URI, or run `kaiwa stack up`",
        ),
        ("KAIWA_POSTGRES__DSN", "", "KAIWA_POSTGRES__DSN is not set"),
        ("KAIWA_KAFKA__BOOTSTRAP_SERVERS", None, "KAIWA_KAFKA__BOOTSTRAP_SERVERS is not set: give host:port"),
        ("KAIWA_META__APPS_FILE", None, "KAIWA_META__APPS_FILE is not set: name a file"),
        (
            "KAIWA_META__APPS_FILE",
            "/nowhere/apps",
            "KAIWA_META__APPS_FILE is wrong, cannot be read (No such file",
        ),
        ("KAIWA_META__APPS_FILE", "/dev/null", "KAIWA_META__APPS_FILE is wrong, is empty: name a file"),
        ("KAIWA_META__APPS_FILE", "/", "KAIWA_META__APPS_FILE is wrong, cannot be read (Is a directory)"),
        (
            "KAIWA_DISPATCHER__SEAL_KEY_FILE",
            None,
            "KAIWA_DISPATCHER__SEAL_KEY_FILE is not set: run `kaiwa keys generate",
        ),
        ("KAIWA_DISPATCHER__LEASE", "soon", "KAIWA_DISPATCHER__LEASE is wrong, "),
        ("KAIWA_DISPATCHER__LEASE", "0", "KAIWA_DISPATCHER__LEASE is wrong, "),
        ("KAIWA_DISPATCHER__LAESE", "5", "KAIWA_DISPATCHER__LAESE is not a setting: correct or unset it"),
        ("KAIWA_KAFKA__SECURITY_PROTOCOL", "TLS", "KAIWA_KAFKA__SECURITY_PROTOCOL is wrong, "),
        ("KAIWA_HTTP__PORT", "70000", "KAIWA_HTTP__PORT is wrong, "),
    ],
)
def test_a_wrong_setting_is_named_with_advice(
    environment: pytest.MonkeyPatch, variable: str, value: str | None, complaint: str
) -> None:
    if value is None:
        environment.delenv(variable)
    else:
        environment.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load(Example)
    message = str(caught.value)
    assert message.startswith(complaint)
    assert "\n" not in message
    assert caught.value.code == 2


def test_all_that_is_missing_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAIWA_KAFKA__BOOTSTRAP_SERVERS", "KAIWA_POSTGRES__DSN", "KAIWA_META__APPS_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError) as caught:
        load(Example)
    assert str(caught.value).count(" is not set: ") == 4


def test_the_webhook_needs_the_verify_token_too(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Door(ServiceSettings):
        http: Http = Http(port=8080)
        meta: WebhookMeta

    with pytest.raises(SettingsError, match="KAIWA_META__VERIFY_TOKEN_FILE is not set"):
        load(Door)
    environment.setenv("KAIWA_META__VERIFY_TOKEN_FILE", str(tmp_path / "key"))
    assert load(Door).meta.verify_token_file == tmp_path / "key"


def test_no_secret_is_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAIWA_KAFKA__SASL_PASSWORD", "hunter2")
    environment.setenv("KAIWA_KAFKA__SESSION_TIMEOUT", "hunter2")
    with pytest.raises(SettingsError) as caught:
        load(Example)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    environment.delenv("KAIWA_KAFKA__SESSION_TIMEOUT")
    settings = load(Example)
    assert settings.kafka.sasl_password == SecretStr("hunter2")
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(describe(settings))


def test_a_password_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As Kubernetes mounts it: behind two links, beside files of groups that nobody asked for."""
    behind = tmp_path / "secrets/..2026"
    behind.mkdir(parents=True)
    (behind.parent / "..data").symlink_to("..2026")
    for name, text in (("KAIWA_POSTGRES__DSN", "postgresql://file/k\n"), ("KAIWA_OTHER__THING", "1")):
        (behind / name).write_text(text)
        (behind.parent / name).symlink_to(f"..data/{name}")
    environment.setenv("KAIWA_SECRETS_DIR", str(behind.parent))
    assert load(Example).postgres.dsn.get_secret_value() == "postgresql://u:hunter2@127.0.0.1/k"
    environment.delenv("KAIWA_POSTGRES__DSN")
    assert load(Example).postgres.dsn.get_secret_value() == "postgresql://file/k"


def test_a_folder_of_secrets_that_is_not_there_is_named(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("KAIWA_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"KAIWA_SECRETS_DIR is .*nowhere, which is no folder"):
        load(Example)


def test_a_wrong_setting_in_a_file_is_named_as_its_variable(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "KAIWA_KAFKA__SESSION_TIMEOUT").write_text("soon")
    environment.setenv("KAIWA_SECRETS_DIR", str(tmp_path))
    with pytest.raises(SettingsError, match="KAIWA_KAFKA__SESSION_TIMEOUT is wrong"):
        load(Example)
