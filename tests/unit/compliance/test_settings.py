"""Without its settings the service does not start, and says which ones it lacks."""

from pathlib import Path

import pytest

from kaiwa.compliance.app import build
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.keys import generate

OTHERS = {
    "KAIWA_KAFKA__BOOTSTRAP_SERVERS": "localhost:1",
    "KAIWA_POSTGRES__DSN": "postgresql://localhost/none",
}
KEYS = ("KAIWA_COMPLIANCE__SIGNING_KEY_FILE", "KAIWA_COMPLIANCE__HASH_KEY_FILE")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    paths = generate(tmp_path / "keys")
    for name, value in {**OTHERS, **{name: str(paths[name]) for name in KEYS}}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_with_its_settings_it_is_built(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("KAIWA_HTTP__PORT", raising=False)
    assert build().settings.http.port == 8082


@pytest.mark.parametrize("name", [*OTHERS, *KEYS])
def test_a_missing_setting_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(SettingsError, match=f"^{name} is not set: "):
        build()


@pytest.mark.parametrize("name", ["BOUND", "RETENTION"])
def test_no_time_at_all_is_no_bound(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv(f"KAIWA_COMPLIANCE__{name}", "0")
    with pytest.raises(SettingsError, match=f"KAIWA_COMPLIANCE__{name} is wrong"):
        build()
