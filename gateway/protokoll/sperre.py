"""One process at a time writes a SQLite Protokoll: the kernel wakes the next one, nobody polls a busy database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Dateisperre:
    """A lock file beside the database; the kernel frees the lock of a process that dies. Of no use across a fork."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".protokoll.lock")
        self._descriptor: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits until this process alone holds the lock. Raises OSError when the file cannot be made."""
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Gives the file back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
