"""The postbox of the bodies that are written to: what was taken, in memory or as one file a message."""

import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from threading import Lock

from osci_stub.xml import XmlRefused
from osci_stub.zustellung import NotTaken, Zustellung, read


class Posteingang:
    """Takes each UUID once. With a `folder` a message is a file there, and what lies there at the start is known.

    One process at a time works on a folder. Raises ValueError for a file that is no message, OSError.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = Lock()
        self._genommen: dict[str, Zustellung] = {}
        self._wiederholt: Counter[str] = Counter()
        self._zuletzt = 0  # arrival of the newest in nanoseconds
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._lies(folder)

    @property
    def nachrichten(self) -> tuple[Zustellung, ...]:
        """What was taken, in order of arrival; over restarts too."""
        with self._lock:
            return tuple(self._genommen.values())

    @property
    def wiederholungen(self) -> Counter[str]:
        """How often a message that was there already came again, by its UUID; since this start."""
        with self._lock:
            return self._wiederholt.copy()

    def nimm(self, zustellung: Zustellung) -> None:
        """Returns when the message is durable. Raises NotTaken for a UUID that stands for other bytes, OSError."""
        with self._lock:  # held while writing: of two deliveries at once, one is the repetition
            da = self._genommen.get(zustellung.schluessel)
            if da is None:
                if self._folder is not None:
                    self._schreibe(self._folder, zustellung)
                self._genommen[zustellung.schluessel] = zustellung
            elif da.inhalt == zustellung.inhalt:
                self._wiederholt[da.uuid] += 1
            else:
                raise NotTaken("a message with this nachrichtenUUID and other content was taken before")

    def _lies(self, folder: Path) -> None:
        for rest in folder.glob("*.neu"):
            rest.unlink()  # never acknowledged
        _fsync(folder)  # a renaming that a crash left half-way counts from here on
        for file in sorted(folder.glob("*.xml"), key=_arrival):
            try:
                genommen = read(file.read_bytes())
            except (NotTaken, XmlRefused) as error:
                raise ValueError(f"{file}: {error}") from None
            if file.stem != genommen.schluessel:
                raise ValueError(f"{file}: is not named by its nachrichtenUUID")
            self._genommen[genommen.schluessel] = genommen
            self._zuletzt = _arrival(file)

    def _schreibe(self, folder: Path, zustellung: Zustellung) -> None:
        neu = folder / f"{zustellung.schluessel}.neu"
        self._zuletzt = max(time.time_ns(), self._zuletzt + 1)
        try:
            with neu.open("wb") as file:
                file.write(zustellung.inhalt)
                file.flush()
                os.utime(file.fileno(), ns=(self._zuletzt, self._zuletzt))
                os.fsync(file.fileno())
            neu.replace(folder / f"{zustellung.schluessel}.xml")
        except OSError:
            with suppress(OSError):
                neu.unlink()
            raise
        _fsync(folder)


def _arrival(file: Path) -> int:
    return file.stat().st_mtime_ns


def _fsync(folder: Path) -> None:
    """Makes the renaming durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
