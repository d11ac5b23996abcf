"""Group commit: many threads hand in one item each and wait for it alone; one thread commits what has gathered."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gateway.errors import StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Commits the items durably; per item None or why it was not stored. What it raises goes to all of them.
Commit = Callable[[Sequence[T]], Sequence[Exception | None]]


class _Auftrag(Generic[T]):
    """One waiting item. A plain lock is the lightest thing to wait on with a timeout."""

    __slots__ = ("done", "error", "item")

    def __init__(self, item: T) -> None:
        self.item = item
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def finish(self, error: Exception | None) -> None:
        self.error = error
        self.done.release()


class Sammler(Generic[T]):
    """The queue and its thread, which starts with the first item. Not to be used across a fork."""

    def __init__(self, commit: Commit[T], *, timeout: float, capacity: int, batch: int) -> None:
        self._commit = commit
        self._timeout = timeout
        self._capacity = capacity
        self._batch = batch
        self._queue: deque[_Auftrag[T]] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, item: T) -> None:
        """Returns when `item` is durable. Raises what `commit` gave for it, or StoreError."""
        auftrag = _Auftrag(item)
        with self._changed:
            self._admit(auftrag)
        if not auftrag.done.acquire(timeout=self._timeout):
            self._abandon(auftrag)
            raise StoreError(f"the Protokoll did not store the entry within {self._timeout:g} s")
        if auftrag.error is not None:
            raise auftrag.error

    def close(self, timeout: float) -> bool:
        """Commits what waits, takes in nothing more. Whether the thread has ended within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _admit(self, auftrag: _Auftrag[T]) -> None:
        if self._closed:
            raise StoreError("the Protokoll is closed")
        if len(self._queue) >= self._capacity:
            raise StoreError(f"{self._capacity} entries wait for the Protokoll already")
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="protokoll", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                raise StoreError("the Protokoll's thread cannot be started") from None
            self._thread = thread
        self._queue.append(auftrag)
        self._changed.notify()

    def _abandon(self, auftrag: _Auftrag[T]) -> None:
        """Takes back what no commit has begun with, so that a late one does not store an exchange that has failed."""
        with self._changed:
            if auftrag in self._queue:
                self._queue.remove(auftrag)

    def _run(self) -> None:
        while batch := self._next():
            self._finish(batch)

    def _next(self) -> list[_Auftrag[T]]:
        """What has gathered, at least one item; empty when closed and drained."""
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            return [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]

    def _finish(self, batch: list[_Auftrag[T]]) -> None:
        try:
            errors = self._commit([auftrag.item for auftrag in batch])
        except Exception as error:  # the thread outlives every failure; each waiting exchange is told
            # The kind only: a database error's text holds the parameters.
            log.error("protokoll: %d entries not stored: %s", len(batch), _reason(error))
            errors = [StoreError(f"the Protokoll could not be written: {_reason(error)}") for _ in batch]
        for auftrag, outcome in zip(batch, errors, strict=True):
            auftrag.finish(outcome)


def _reason(error: Exception) -> str:
    """Kind of a failure without any value: ours in words, others by class and the database's own code."""
    if isinstance(error, StoreError):
        return str(error)
    cause: object = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
