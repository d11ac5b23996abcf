"""The worker's round: first what waits is looked at, then what came of it is delivered; each thing once.

A request is taken out in the transaction that takes in its messages, and a message when its receiver has acknowledged
it. After a crash in between it is delivered again with the same UUID, by which the receiver knows it.
"""

import hashlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from gateway.envelope.threads import Threads
from gateway.errors import GatewayError, StoreError, place_of
from gateway.nacharbeit.folgerung import folgere
from gateway.ports import Nachlauf, Protokolleintrag, Sendung, Wartend, Zurueckgestellt, Zustellung, ZustellungError
from gateway.vorgang import Gateway

log = logging.getLogger(__name__)

#: Requests that are looked at, or messages that are delivered, before the other kind has its turn.
STAPEL = 50

#: Between the tries of what fails: twice as long each time, up to the last of them for ever.
_ERSTER_ABSTAND, _LETZTER_ABSTAND = timedelta(seconds=30), timedelta(hours=1)

_UNLESBAR = "it cannot be read: is its key gone from the instance's key file?"


@dataclass
class Bilanz:
    """What a round did; not `allein`: nothing, for somebody else was at it."""

    allein: bool = True
    angesehen: int = 0
    entstanden: int = 0
    zugestellt: int = 0
    gescheitert: int = 0

    def __iadd__(self, other: "Bilanz") -> "Bilanz":
        self.allein = other.allein
        for name in ("angesehen", "entstanden", "zugestellt", "gescheitert"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass(frozen=True)
class Lauf:
    """Works through what waits. `zustellung` None: nobody is there to take messages, they wait.

    `streuung`: a message is delivered at a random moment within so long after its request was looked at, so that the
    work which follows cannot be seen from outside as belonging to a request.
    """

    gateway: Gateway
    nachlauf: Nachlauf
    zustellung: Zustellung | None
    streuung: timedelta = timedelta(0)
    uniform: Callable[[float, float], float] = field(default=random.SystemRandom().uniform)
    halt: Callable[[], bool] = lambda: False  # whether to stop before the next thing is begun
    threads: Threads = field(default_factory=lambda: Threads(1, "nachlauf"))  # which read what others have written

    def runde(self) -> Bilanz:
        """Everything that is due now, unless somebody else is at it. Raises StoreError."""
        bilanz = Bilanz()
        with self.nachlauf.allein() as allein:
            bilanz.allein = allein
            more = allein
            while more and not self.halt():
                more = self._folgere(bilanz)
                more |= self._stelle_zu(bilanz)
        return bilanz

    def _folgere(self, bilanz: Bilanz) -> bool:
        """Looks at some of what waits; whether there was any, and the mirror could be asked."""
        wartende = self.nachlauf.wartende(self.gateway.clock(), STAPEL)
        erledigt: list[bytes] = []
        sendungen: list[Sendung] = []
        away = False
        for wartend in wartende:
            try:
                entstanden = self._versuche(wartend)
            except StoreError as error:  # not this one's fault: all wait, and what is ready is delivered meanwhile
                log.error("what follows answers waits for the mirror: %s", error)
                away = True
                break
            if entstanden is None:
                bilanz.gescheitert += 1
                continue
            erledigt.append(wartend.id)
            sendungen += entstanden
        if erledigt:
            self.nachlauf.erledige(erledigt, sendungen, self.gateway.clock() + self.streuung * self.uniform(0, 1))
        bilanz.angesehen += len(erledigt)
        bilanz.entstanden += len(sendungen)
        return bool(wartende) and not away

    def _versuche(self, wartend: Wartend) -> tuple[Sendung, ...] | None:
        """What came of it; None when it failed, and is tried again later: nothing is given up.

        Raises StoreError when the mirror answers nothing at all; a search that only it gives up is put off like others.
        """
        if wartend.inhalt is None:
            self._vertage(wartend, _UNLESBAR)
            return None
        try:
            return self.threads.run(partial(folgere, wartend.inhalt, self.gateway))
        except Exception as error:  # a bug, or a search that takes too long: the others go on
            if isinstance(error, StoreError):
                self.gateway.spiegel.check()
            self._vertage(wartend, _reason(error))
            return None

    def _vertage(self, wartend: Wartend, grund: str) -> None:
        log.error("nacharbeit=%s failed: %s", wartend.id.hex(), grund)
        self.nachlauf.vertage(wartend, self._spaeter(wartend.versuche))

    def _stelle_zu(self, bilanz: Bilanz) -> bool:
        """Delivers some of what is due; whether there was any."""
        if self.zustellung is None:
            return False
        sendungen = self.nachlauf.sendungen(self.gateway.clock(), STAPEL)
        for sendung in sendungen:
            if self.halt():
                break
            try:
                self._deliver(sendung, self.zustellung)
                bilanz.zugestellt += 1
            except Zurueckgestellt:
                self.nachlauf.verschiebe(sendung, self._spaeter(0), versucht=False)
            except StoreError:
                raise
            except Exception as error:  # whatever it is: the others go on, and this one again later
                bilanz.gescheitert += 1
                log.error("message=%s not delivered: %s", sendung.uuid, _reason(error))
                self.nachlauf.verschiebe(sendung, self._spaeter(sendung.versuche), versucht=True)
        return bool(sendungen)

    def _deliver(self, sendung: Sendung, zustellung: Zustellung) -> None:
        """Recorded before it is struck off: what was delivered twice after a crash stands there twice."""
        if sendung.nachricht is None:
            raise ZustellungError(_UNLESBAR)
        begonnen = self.gateway.clock()
        deliver = partial(zustellung.deliver, sendung.empfaenger, sendung.uuid, sendung.nachricht, begonnen)
        quittung = self.threads.run(deliver)
        self.gateway.protokoll.record(
            Protokolleintrag(
                empfangen=begonnen,
                beantwortet=self.gateway.clock(),
                transport="soap",
                anfrage_digest=quittung.anfrage_digest,
                antwort_digest=quittung.antwort_digest,
                ergebnis="zustellung",
                codes=(sendung.art,),
                behoerde=sendung.empfaenger,
                nachrichtentyp=sendung.nachrichtentyp,
                nachricht_uuid=sendung.uuid,
                nachricht_digest=hashlib.sha256(sendung.nachricht).digest(),
            )
        )
        self.nachlauf.zugestellt(sendung, self.gateway.clock())

    def _spaeter(self, versuche: int) -> datetime:
        abstand: timedelta = min(_ERSTER_ABSTAND * 2 ** min(versuche, 16), _LETZTER_ABSTAND)
        return self.gateway.clock() + abstand


def _reason(error: Exception) -> str:
    """Ours in words; of others type and place: their text may hold personal data."""
    return str(error) if isinstance(error, GatewayError) else f"{type(error).__name__} at {place_of(error)}"
