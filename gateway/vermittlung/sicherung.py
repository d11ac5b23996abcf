"""A Land that does not answer costs its own callers only: a circuit breaker and a bulkhead for each.

The breaker is a transition table over what happened; who may pass, and how many at a time, is decided under one lock
and at once: nobody waits here.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from gateway.errors import GatewayError

log = logging.getLogger(__name__)


class Uebertragungsfehler(GatewayError):
    """The other side could not be reached, broke off or did not answer in time: what a breaker counts."""


class Grund(Enum):
    """Why an exchange was not even begun."""

    UNTERBROCHEN = "it did not answer just now"
    AUSGELASTET = "as many exchanges with it as are allowed at a time are under way"
    GESAMT = "as many exchanges with others as are allowed at a time are under way"


class NichtBegonnen(GatewayError):
    """Refused at once; nothing was sent."""

    def __init__(self, land: str, grund: Grund) -> None:
        super().__init__(f"{_named(land)}: {grund.value}")
        self.land = land
        self.grund = grund


class Zustand(Enum):
    """What a breaker does with who comes: let pass, refuse, or refuse but the one probe that is under way."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Ereignis(Enum):
    """What can happen to a breaker."""

    ERFOLG = "an exchange came to its end"
    FEHLSCHLAG = "an exchange failed, not yet too often"
    ZU_OFT = "an exchange failed, too often in a row"
    PROBE = "the pause is over and somebody comes"
    OHNE_BEFUND = "an exchange ended for a reason that says nothing of the other side"


_C, _O, _H = Zustand.CLOSED, Zustand.OPEN, Zustand.HALF_OPEN

#: A probe that failed is too often; one without finding leaves the next caller to be the probe.
UEBERGANG: Mapping[tuple[Zustand, Ereignis], Zustand] = {
    (_C, Ereignis.ERFOLG): _C,
    (_C, Ereignis.FEHLSCHLAG): _C,
    (_C, Ereignis.ZU_OFT): _O,
    (_C, Ereignis.OHNE_BEFUND): _C,
    (_O, Ereignis.PROBE): _H,
    (_H, Ereignis.ERFOLG): _C,
    (_H, Ereignis.ZU_OFT): _O,
    (_H, Ereignis.OHNE_BEFUND): _O,
}


@dataclass(frozen=True)
class Schwelle:
    """When a breaker opens, and for how long: `pause` seconds, doubled by each failed probe up to `hoechstens`."""

    fehlschlaege: int = 3
    pause: float = 10.0
    hoechstens: float = 300.0


@dataclass
class _Sicherung:
    """One Land. `wechsel` counts changes of state: what was begun before the last one says nothing about it."""

    zustand: Zustand = Zustand.CLOSED
    in_folge: int = 0
    pause: float = 0.0
    bis: float = 0.0
    laufend: int = 0
    wechsel: int = 0


class Sicherungen:
    """All of them. Thread-safe; each process has its own."""

    def __init__(
        self, gesamt: int, *, schwelle: Schwelle = Schwelle(), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`gesamt`: exchanges at a time over all Laender, so that threads are left for everybody else."""
        self._gesamt = gesamt
        self._schwelle = schwelle
        self._clock = clock
        self._lock = threading.Lock()
        self._laufend = 0
        self._je_land: defaultdict[str, _Sicherung] = defaultdict(_Sicherung)

    @contextmanager
    def fuer(self, land: str, gleichzeitig: int) -> Iterator[None]:
        """Encloses one exchange with `land`, of which at most `gleichzeitig` run at a time.

        Uebertragungsfehler raised inside counts against the Land; another exception says nothing of it.
        Raises NichtBegonnen at once when it may not begin.
        """
        wechsel = self._beginne(land, gleichzeitig)
        ereignis = Ereignis.OHNE_BEFUND
        try:
            yield
            ereignis = Ereignis.ERFOLG
        except Uebertragungsfehler:
            ereignis = Ereignis.FEHLSCHLAG
            raise
        finally:
            self._beende(land, wechsel, ereignis)

    def zustand(self) -> Mapping[str, str]:
        """Land → "closed", "open" or "half-open", of all with whom an exchange was tried."""
        with self._lock:
            return {land: one.zustand.value for land, one in sorted(self._je_land.items())}

    def _beginne(self, land: str, gleichzeitig: int) -> int:
        with self._lock:
            one = self._je_land[land]
            grund = self._hindernis(one, gleichzeitig)
            if grund:
                raise NichtBegonnen(land, grund)
            if one.zustand is Zustand.OPEN:
                self._wechsle(one, Ereignis.PROBE)
            one.laufend += 1
            self._laufend += 1
            return one.wechsel

    def _hindernis(self, one: _Sicherung, gleichzeitig: int) -> Grund | None:
        ruht = one.zustand is Zustand.OPEN and self._clock() < one.bis
        if ruht or one.zustand is Zustand.HALF_OPEN:
            return Grund.UNTERBROCHEN
        if one.laufend >= gleichzeitig:
            return Grund.AUSGELASTET
        return Grund.GESAMT if self._laufend >= self._gesamt else None

    def _beende(self, land: str, wechsel: int, ereignis: Ereignis) -> None:
        with self._lock:
            one = self._je_land[land]
            one.laufend -= 1
            self._laufend -= 1
            if wechsel != one.wechsel:
                return
            vorher = one.zustand
            self._wechsle(one, self._gezaehlt(one, ereignis))
            nachher, pause = one.zustand, one.pause
        if nachher is not vorher and nachher is not Zustand.OPEN:
            log.info("%s answers again", _named(land))
        elif ereignis is Ereignis.FEHLSCHLAG and nachher is Zustand.OPEN:
            log.warning("%s does not answer and is left alone for %g seconds", _named(land), pause)

    def _gezaehlt(self, one: _Sicherung, ereignis: Ereignis) -> Ereignis:
        if ereignis is not Ereignis.FEHLSCHLAG:
            return ereignis
        one.in_folge += 1
        zu_oft = one.zustand is Zustand.HALF_OPEN or one.in_folge >= self._schwelle.fehlschlaege
        return Ereignis.ZU_OFT if zu_oft else ereignis

    def _wechsle(self, one: _Sicherung, ereignis: Ereignis) -> None:
        vorher, one.zustand = one.zustand, UEBERGANG[one.zustand, ereignis]
        if one.zustand is not vorher:
            one.wechsel += 1
        if ereignis is Ereignis.ERFOLG:
            one.in_folge, one.pause = 0, 0.0
        elif ereignis is Ereignis.ZU_OFT:
            one.pause = min(one.pause * 2 or self._schwelle.pause, self._schwelle.hoechstens)
            one.bis = self._clock() + one.pause


def _named(land: str) -> str:
    return f"Land {land}" if land.isdigit() else land
