"""The worker: rounds over what waits after answers, in a process of its own, off every answer's path."""

import logging
import os
import random
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from gateway.errors import GatewayError, StoreError
from gateway.nacharbeit.lauf import Bilanz, Lauf

log = logging.getLogger(__name__)

#: Seconds before a worker that died is started again.
_RESTART = 2.0

#: What `ps` and `top` show of supervisor and worker.
NAME, COMM = "xmeld-nachlauf", Path("/proc/self/comm")

#: Exchanges come first.
_NICE = 10


def run(lauf: Lauf, pause: float) -> None:
    """Rounds until SIGTERM or SIGINT, with `pause` seconds between them on average; ends between two things."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lauf = replace(lauf, halt=stop.is_set)
    if lauf.zustellung is None:
        log.warning("zustellung names no address: what follows neutral answers waits in the outbox")
    chance = random.SystemRandom()
    while not stop.wait(pause * chance.uniform(0.5, 1.5)):  # no beat that a sender could listen for
        try:
            _tell(lauf.runde())
        except StoreError as error:
            log.error("the round was broken off: %s", error)
    lauf.gateway.protokoll.close()


def _tell(bilanz: Bilanz) -> None:
    """Numbers only, and only where something happened beyond looking."""
    if bilanz.entstanden or bilanz.zugestellt or bilanz.gescheitert:
        log.info("what follows answers: %s", " ".join(f"{name}={wert}" for name, wert in vars(bilanz).items()))


class Supervisor:
    """A process that keeps the worker running: one that dies is replaced. To be started before any thread is."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._process = get_context("fork").Process(target=_supervise, args=(work,))
        self._process.start()

    def stop(self, timeout: float) -> None:
        """The worker ends what it has begun, for `timeout` seconds at most."""
        self._process.terminate()
        self._process.join(timeout)
        self._process.kill()
        self._process.join()


def _supervise(work: Callable[[], None]) -> None:
    COMM.write_text(NAME, encoding="ascii")
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    while not stopped.is_set():
        worker = get_context("fork").Process(target=_work, args=(work,))
        worker.start()
        while worker.is_alive() and not stopped.is_set():
            worker.join(0.2)
        if stopped.is_set():
            worker.terminate()
            worker.join()
        else:
            log.error("the worker ended with code %s and is started again", worker.exitcode)
            stopped.wait(_RESTART)


def _work(work: Callable[[], None]) -> None:
    os.nice(_NICE)
    try:
        work()
    except Exception as error:  # its text may hold personal data, unless it is one of ours
        log.error("the worker failed: %s", error if isinstance(error, GatewayError) else type(error).__name__)
        raise SystemExit(1) from None
