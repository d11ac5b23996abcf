"""Anchors written regularly into a folder, from where they go to where nobody who runs the database can write."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from gateway import files
from gateway.errors import ConfigError
from gateway.protokoll.anker import make_anker
from gateway.protokoll.schluessel import Protokollschluessel

_NAME = "anker-%Y-%m-%dT%H%M%SZ.json"
MUSTER = "anker-*.json"


class Ankerablage:
    """`engine` may be read-only. `aenderungen` tells number and hash of the newest change of the authorities."""

    def __init__(
        self,
        engine: Engine,
        schluessel: Protokollschluessel,
        ordner: Path,
        abstand: timedelta,
        aenderungen: Callable[[], tuple[int, str]],
    ) -> None:
        self._engine = engine
        self._schluessel = schluessel
        self._ordner = ordner
        self._abstand = abstand
        self._aenderungen = aenderungen
        self._zuletzt: datetime | None = None  # by this process: what is there may be taken away

    def schreibe(self, now: datetime) -> Path | None:
        """A new anchor once the newest is older than `abstand`; None where nothing is due.

        Raises StoreError, ConfigError where the folder cannot be written.
        """
        known = max(filter(None, (self._zuletzt, neuester(self._ordner, now))), default=None)
        if known is not None and known <= now < known + self._abstand:
            return None
        text = make_anker(self._engine, self._schluessel, now, self._aenderungen())
        path = self._ordner / now.astimezone(UTC).strftime(_NAME)
        try:
            files.replace(path, text.encode("ascii"))
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
        self._zuletzt = now
        return path


def neuester(ordner: Path, now: datetime) -> datetime | None:
    """When the newest that is not ahead of `now` was made; None where there is none."""
    moments = (_moment(path.name) for path in ordner.glob(MUSTER))
    return max((moment for moment in moments if moment is not None and moment <= now), default=None)


def _moment(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None
