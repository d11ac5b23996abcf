"""Group commit: many threads hand in one item each and wait for it alone; one thread commits what has gathered.

An item that finds nobody waiting or writing may be committed in its own thread: that spares the way to the other one.
"""

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

#: The same without waiting for anybody: None when that is not possible now.
CommitNow = Callable[[Sequence[T]], Sequence[Exception | None] | None]


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

    def __init__(
        self, commit: Commit[T], now: CommitNow[T] | None = None, *, timeout: float, capacity: int, batch: int
    ) -> None:
        self._commit = commit
        self._now = now
        self._writing = False
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
        if not self._submit_alone(auftrag):
            self._submit_to_queue(auftrag)
        if auftrag.error is not None:
            raise auftrag.error

    def _submit_alone(self, auftrag: _Auftrag[T]) -> bool:
        """Whether the item was committed, or could not be, in its own thread."""
        with self._changed:
            if self._now is None or self._writing or self._queue or self._closed:
                return False
            self._writing = True
        try:
            outcomes = self._committed([auftrag], self._now)
        finally:
            self._written()
        if outcomes is None:
            return False
        auftrag.error = outcomes[0]
        return True

    def _submit_to_queue(self, auftrag: _Auftrag[T]) -> None:
        with self._changed:
            self._admit(auftrag)
        if not auftrag.done.acquire(timeout=self._timeout):
            self._abandon(auftrag)
            raise StoreError(f"the Protokoll did not store the entry within {self._timeout:g} s")

    def close(self, timeout: float) -> bool:
        """Commits what waits, takes in nothing more. Whether the thread has ended within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: not self._writing or self._thread is not None, timeout):
                return False
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
            while self._writing or not (self._queue or self._closed):
                self._changed.wait()
            self._writing = bool(self._queue)
            return [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]

    def _finish(self, batch: list[_Auftrag[T]]) -> None:
        outcomes = self._committed(batch, self._commit) or ()
        self._written()
        for auftrag, outcome in zip(batch, outcomes, strict=True):
            auftrag.finish(outcome)

    def _committed(self, batch: list[_Auftrag[T]], commit: CommitNow[T]) -> Sequence[Exception | None] | None:
        try:
            return commit([auftrag.item for auftrag in batch])
        except Exception as error:  # the thread outlives every failure; each waiting exchange is told
            # The kind only: a database error's text holds the parameters.
            log.error("protokoll: %d entries not stored: %s", len(batch), _reason(error))
            return [StoreError(f"the Protokoll could not be written: {_reason(error)}") for _ in batch]

    def _written(self) -> None:
        with self._changed:
            self._writing = False
            if self._queue or self._closed:
                self._changed.notify_all()


def _reason(error: Exception) -> str:
    """Kind of a failure without any value: ours in words, others by class and the database's own code."""
    if isinstance(error, StoreError):
        return str(error)
    cause: object = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
