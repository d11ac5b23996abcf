"""Threads for what strangers send: they end before what they remember of it has grown large.

lxml keeps every name, prefix and namespace that a thread ever parsed in that thread's dictionary, for as long as the
thread lives: measured, 2 MB for each 880 kB of invented names. They may stand in documents that are valid and signed,
too: in further headers of an envelope, in an Erweiterung of a Land, in what is encrypted. So nobody tells good from bad
here; a thread counts what it has parsed, and when one of a pool has parsed its share, all are replaced. New ones
compile the schemas again, some 10 ms each.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from gateway.envelope.parse import parsed_here

T = TypeVar("T")

#: Bytes that the threads of one pool may parse before they are replaced, each its part of it.
BUDGET = 128 << 20


class Threads:
    """At most `count` threads at a time, but for the moments in which old ones still finish. Safe to share."""

    def __init__(self, count: int, name: str, budget: int = BUDGET) -> None:
        """Starts none yet."""
        self._count = count
        self._name = name
        self._share = budget // count
        self._lock = threading.Lock()
        self._pool = self._new()

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Has it called in one of the threads."""
        with self._lock:
            if self._process != os.getpid():  # forked: the threads stayed behind
                self._pool = self._new()
            return self._pool.submit(self._call, self._pool, function)

    def run(self, function: Callable[[], T]) -> T:
        """What it returns or raises, called in one of the threads."""
        return self.submit(function).result()

    def _call(self, pool: ThreadPoolExecutor, function: Callable[[], T]) -> T:
        try:
            return function()
        finally:
            if parsed_here() >= self._share:
                self._replace(pool)

    def _replace(self, worn: ThreadPoolExecutor) -> None:
        """What waits for a worn thread is still done by one; then they end."""
        with self._lock:
            if self._pool is worn:
                self._pool = self._new()
                worn.shutdown(wait=False)

    def _new(self) -> ThreadPoolExecutor:
        self._process = os.getpid()
        return ThreadPoolExecutor(self._count, self._name)
