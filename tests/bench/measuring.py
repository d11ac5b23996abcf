"""Timing in small batches, turn by turn, so that what else the machine does falls on all that is compared alike."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from tests.bench.workload import Request

Work = Callable[[Request], object]


@dataclass
class Samples:
    """Seconds for one request, a figure for each batch: by the clock, and of the process's CPU time."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def ratio(own: Sequence[float], limit: Sequence[float]) -> float:
    """How fast the one is beside its limit: the median of what each pair of neighbouring batches says."""
    return median(there / here for here, there in zip(own, limit, strict=True))


class Crew:
    """So many threads that work off a batch together. They live from batch to batch, as a server's do."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads)

    def run(self, work: Work, requests: Iterable[Request]) -> None:
        """Returns when all are done; raises what one of them raised."""
        queue = deque(requests)
        if self.threads == 1:
            _drain(work, queue)
        else:
            self._all(lambda: _drain(work, queue))

    def warm(self, work: Work, requests: Iterable[Request]) -> None:
        """Every thread does one of `requests`, one for each: what a thread keeps for itself is made then."""
        queue = deque(requests)
        together = threading.Barrier(self.threads, timeout=60)

        def one() -> None:
            together.wait()
            work(queue.popleft())

        if self.threads == 1:
            work(queue.popleft())  # in the thread that `run` uses
        else:
            self._all(one)

    def close(self) -> None:
        self._pool.shutdown()

    def _all(self, task: Callable[[], None]) -> None:
        for done in [self._pool.submit(task) for _ in range(self.threads)]:
            done.result()


def _drain(work: Work, queue: deque[Request]) -> None:
    while True:
        try:
            request = queue.popleft()
        except IndexError:
            return
        work(request)


def alternate(
    works: Mapping[str, Work], sign: Callable[[int], Sequence[Request]], *, rounds: int, batch: int, threads: int
) -> dict[str, Samples]:
    """Each of `works` does each batch, one after the other and the next time the other way round.

    `sign` makes so many new requests, outside of what is timed.
    """
    crew = Crew(threads)
    samples = {name: Samples() for name in works}
    try:
        for work in works.values():
            crew.warm(work, sign(threads))
        order = list(works)
        for _ in range(rounds):
            requests = sign(batch)
            for name in order:
                wall, cpu = time.perf_counter(), time.process_time()
                crew.run(works[name], requests)
                samples[name].wall.append((time.perf_counter() - wall) / batch)
                samples[name].cpu.append((time.process_time() - cpu) / batch)
            order.reverse()
    finally:
        crew.close()
    return samples


@contextmanager
def one_core() -> Iterator[bool]:
    """Keeps this thread, and those that it starts within the block, on one core; False where the system cannot."""
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted `values` lie."""
    return values[min(len(values) - 1, int(share * len(values)))]


@dataclass(frozen=True)
class Goal:
    """Of what kind of query `share` are to take less than so many seconds."""

    name: str
    share: float
    seconds: float

    def met(self, seconds: Sequence[float]) -> bool:
        """Whether the sorted `seconds` keep it."""
        return quantile(seconds, self.share) < self.seconds

    def __str__(self) -> str:
        return f"{self.name}: {'all' if self.share == 1 else f'{self.share:.0%}'} below {1000 * self.seconds:.0f} ms"
