"""A file that may change while we run: secrets are rotated without a restart.

Looked at on access, at most once a second, by modification time, inode and size through links, so that both an edit
and Kubernetes' swap of a symlink are seen. A new version that cannot be read or parsed is logged once and the last
good one stays in force: a slip of the pen must not close the door.
"""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Generic, TypeVar

from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.logs import get_logger

T = TypeVar("T")

_EVERY: Final = 1.0

_log = get_logger()


class Watched(Generic[T]):
    """`value` is `parse` of the newest good text of the file; the first version must be good.

    `parse` raises a `KaiwaError` for what it cannot use: its message is logged, and ends a start with one line.
    """

    def __init__(
        self, path: Path, parse: Callable[[str], T], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._parse = parse
        self._monotonic = monotonic
        self._looked_at = monotonic()
        try:
            self._version = self._fingerprint()
            self._value = self._read()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read: check that it exists and who may read it") from error

    @property
    def value(self) -> T:
        now = self._monotonic()
        if now - self._looked_at >= _EVERY:
            self._looked_at = now
            self._refresh()
        return self._value

    def _refresh(self) -> None:
        try:
            # The fingerprint is taken before the text: a change in between is seen again at the next look.
            version = self._fingerprint()
            if version == self._version:
                return
            self._version = version
            self._value = self._read()
        except Exception:  # noqa: BLE001  # whatever the parser raises, the last good version stays in force
            _log.exception(
                "the new version of a watched file is not usable, the last good one stays", path=self._path
            )
        else:
            _log.info("a watched file was read again", path=self._path)

    def _read(self) -> T:
        return self._parse(self._path.read_text("utf-8"))

    def _fingerprint(self) -> tuple[int, int, int] | None:
        stat = self._path.stat()
        return stat.st_mtime_ns, stat.st_ino, stat.st_size


def state_folder(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Where it is written down what stands for this user; not made by this."""
    base = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "kaiwa" / name
