"""The worker: rounds over what waits after answers, in a process of its own, off every answer's path."""

import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from gateway.errors import GatewayError, StoreError, place_of
from gateway.nacharbeit.lauf import Bilanz, Lauf
from gateway.protokoll import Aufbewahrung, Loeschbericht
from gateway.protokoll.ankerablage import Ankerablage
from gateway.vorgang import BERLIN

log = logging.getLogger(__name__)

#: Seconds before a worker that died is started again.
_RESTART = 2.0

#: Seconds that a stopping worker has for the thing that it is at, seconds between two looks at a signal, and between
#: two lines in the log.
_LAST_THING, _TICK, _TELL = 20.0, 0.2, 3600.0

#: Between two looks through the Protokoll for what is due.
_LOOK_THROUGH = timedelta(hours=1)

#: What `ps` and `top` show of supervisor and worker.
NAME, COMM = "xmeld-nachlauf", Path("/proc/self/comm")

#: Exchanges come first.
_NICE = 10


class _Stop:
    """Set by a signal: a plain flag, for a handler may not wait for a lock that its own thread holds."""

    def __init__(self) -> None:
        self.set = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def __call__(self) -> bool:
        return self.set

    def wait(self, seconds: float) -> bool:
        """Whether to stop, at the latest after `seconds`."""
        until = time.monotonic() + seconds
        while not self.set and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _TICK))
        return self.set

    def _note(self, *_: object) -> None:
        self.set = True


class Terminplan:
    """When the Protokoll is looked through for what is due: at the turn of each month, for what falls due then must be
    gone by then at the latest (§ 40 (5) BMG), and every hour, for what could not be done.
    """

    def __init__(self) -> None:
        self._last: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Whether it is time; asked anew, not before the next one."""
        last, turned = self._last, now.astimezone(BERLIN).month
        if last is not None and last.astimezone(BERLIN).month == turned and last <= now < last + _LOOK_THROUGH:
            return False
        self._last = now
        return True


def run(
    lauf: Lauf,
    aufbewahrung: Aufbewahrung,
    ablage: Ankerablage | None,
    pause: float,
    daneben: Callable[[], object] = lambda: None,
) -> None:
    """Rounds until SIGTERM or SIGINT, with `pause` seconds between them on average; ends between two things.

    `ablage` None: no anchors are written. `daneben` is called first, and may begin what goes on beside them in threads.
    """
    stop, termine = _Stop(), Terminplan()
    daneben()
    lauf = replace(lauf, halt=stop)
    if lauf.zustellung is None:
        log.warning("zustellung names no address: what follows neutral answers waits in the outbox")
    chance, told, summe = random.SystemRandom(), time.monotonic(), Bilanz()
    while not stop.wait(pause * chance.uniform(0.5, 1.5)):  # no beat that a sender could listen for
        try:
            summe += lauf.runde()
        except StoreError as error:
            log.error("the round was broken off: %s", error)
        if not stop() and termine.due(now := lauf.gateway.clock()):
            bewahre_auf(aufbewahrung, now)
        if ablage is not None and not stop():
            verankere(ablage, lauf.gateway.clock())
        if time.monotonic() > told + _TELL:
            _tell(summe)
            told, summe = time.monotonic(), Bilanz()
    _tell(summe)
    lauf.gateway.protokoll.close()


def bewahre_auf(aufbewahrung: Aufbewahrung, now: datetime) -> None:
    """Deletes what is due, and tells; what fails is tried again at the next time."""
    try:
        bericht = aufbewahrung.loesche(now)
    except GatewayError as error:
        log.error("what is due in the Protokoll was not deleted: %s", error)
        return
    if bericht is not None and bericht != Loeschbericht():
        months = " ".join(map(str, bericht.monate)) or "-"
        log.info("deleted: records=%d months=%s delivered=%d", bericht.eintraege, months, bericht.sendungen)


def verankere(ablage: Ankerablage, now: datetime) -> None:
    """Writes an anchor where one is due; what fails is tried again in the next round."""
    try:
        if path := ablage.schreibe(now):
            log.info("anchor written: %s", path.name)
    except GatewayError as error:
        log.error("no anchor was written: %s", error)


def _tell(summe: Bilanz) -> None:
    """Sums of an hour: of a single round they would say which exchange met somebody blocked."""
    log.info("what follows answers: %s", " ".join(f"{name}={wert}" for name, wert in vars(summe).items()))


class Supervisor:
    """A process that keeps the worker running: one that dies is replaced. To be started before any thread is."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._process = get_context("fork").Process(target=_supervise, args=(work,))
        self._process.start()
        self._stopping = False
        self.lost = False  # it is gone, and nobody stopped it
        threading.Thread(target=self._watch, name="nachlauf", daemon=True).start()

    def _watch(self) -> None:
        """Nobody may go on answering where nothing follows: without the supervisor the whole gateway stops."""
        self._process.join()
        if not self._stopping:
            self.lost = True
            log.critical("the supervisor of what follows answers is gone: the gateway stops")
            os.kill(os.getpid(), signal.SIGTERM)

    def stop(self, timeout: float) -> None:
        """The worker ends what it has begun; before `timeout` (seconds) is over it is killed, which does no harm."""
        self._stopping = True
        self._process.terminate()
        self._process.join(timeout)
        self._process.kill()
        self._process.join()


def _supervise(work: Callable[[], None]) -> None:
    COMM.write_text(NAME, encoding="ascii")
    stop = _Stop()
    while not stop():
        worker = get_context("fork").Process(target=_work, args=(work,))
        worker.start()
        while worker.is_alive() and not stop():
            worker.join(_TICK)
        if stop():
            worker.terminate()
            worker.join(_LAST_THING)
            worker.kill()
            worker.join()
        else:
            log.error("the worker ended with code %s and is started again", worker.exitcode)
            stop.wait(_RESTART)


def _work(work: Callable[[], None]) -> None:
    os.nice(_NICE)
    try:
        work()
    except Exception as error:  # its text may hold personal data
        log.error("the worker failed: %s at %s", type(error).__name__, place_of(error))
        raise SystemExit(1) from None
