"""One process at a time does a thing with a SQLite database: the kernel wakes the next one, nobody polls."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Dateisperre:
    """A lock file beside the database; the kernel frees the lock of a process that dies."""

    def __init__(self, database: Path, what: str) -> None:
        self._database = database
        self._path = database.with_name(f"{database.name}.{what}.lock")
        self._descriptor: int | None = None
        self._owner = os.getpid()

    @contextmanager
    def held(self, *, wait: bool = True) -> Iterator[bool]:
        """This process alone holds the lock; without `wait` it may not get it, and is told.

        Raises OSError when the file cannot be made.
        """
        if self._owner != os.getpid():
            self.close()  # a lock goes with the open file, which a forked process shares with its parent
        if self._descriptor is None:
            self._owner = os.getpid()
            self._descriptor = self._open()
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def check(self) -> None:
        """Raises OSError unless the file is there, or can be made, and this process may lock it."""
        os.close(self._open())

    def _open(self) -> int:
        """Whose the database is, his is the lock, also where root was the first to take it: SQLite does the same."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0 and self._database.exists():
            owner = self._database.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return descriptor

    def close(self) -> None:
        """Gives the file back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
