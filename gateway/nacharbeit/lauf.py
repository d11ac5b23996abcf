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

from gateway.errors import GatewayError, place_of
from gateway.nacharbeit.folgerung import folgere
from gateway.ports import Nachlauf, Protokolleintrag, Sendung, Wartend, Zustellung, ZustellungError
from gateway.vorgang import Gateway

log = logging.getLogger(__name__)

#: Of one transaction, and of one look at the outbox.
STAPEL = 50

#: Between the tries of what fails: twice as long each time, up to the last of them for ever.
_ERSTER_ABSTAND, _LETZTER_ABSTAND = timedelta(seconds=30), timedelta(hours=1)

_UNLESBAR = "it cannot be read: is its key gone from the instance's key file?"


@dataclass
class Bilanz:
    """What a round did."""

    angesehen: int = 0
    entstanden: int = 0
    zugestellt: int = 0
    gescheitert: int = 0


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

    def runde(self) -> Bilanz:
        """Everything that is due now, unless somebody else is at it. Raises StoreError."""
        bilanz = Bilanz()
        with self.nachlauf.allein() as allein:
            if allein:
                self._folgere(bilanz)
                self._stelle_zu(bilanz)
        return bilanz

    def _folgere(self, bilanz: Bilanz) -> None:
        while not self.halt() and (wartende := self.nachlauf.wartende(self.gateway.clock(), STAPEL)):
            erledigt: list[bytes] = []
            sendungen: list[Sendung] = []
            for wartend in wartende:
                entstanden = self._versuche(wartend)
                if entstanden is None:
                    bilanz.gescheitert += 1
                    continue
                erledigt.append(wartend.id)
                sendungen += entstanden
            faellig = self.gateway.clock() + self.streuung * self.uniform(0, 1)
            self.nachlauf.erledige(erledigt, sendungen, faellig)
            bilanz.angesehen += len(erledigt)
            bilanz.entstanden += len(sendungen)

    def _versuche(self, wartend: Wartend) -> tuple[Sendung, ...] | None:
        """What came of it; None when it failed, and is tried again later: nothing is ever given up."""
        if wartend.inhalt is None:
            self._vertage(wartend, _UNLESBAR)
            return None
        try:
            return folgere(wartend.inhalt, self.gateway)
        except Exception as error:  # a bug, or a store that is away: the others go on
            text = str(error) if isinstance(error, GatewayError) else type(error).__name__
            self._vertage(wartend, f"{text} at {place_of(error)}")
            return None

    def _vertage(self, wartend: Wartend, grund: str) -> None:
        log.error("nacharbeit=%s failed: %s", wartend.id.hex(), grund)
        self.nachlauf.vertage(wartend, self._spaeter(wartend.versuche))

    def _stelle_zu(self, bilanz: Bilanz) -> None:
        if self.zustellung is None:
            return
        while not self.halt() and (sendungen := self.nachlauf.sendungen(self.gateway.clock(), STAPEL)):
            for sendung in sendungen:
                if self.halt():
                    return
                try:
                    self._deliver(sendung, self.zustellung)
                    bilanz.zugestellt += 1
                except ZustellungError as error:
                    bilanz.gescheitert += 1
                    log.error("message=%s to=%s not delivered: %s", sendung.uuid, sendung.empfaenger, error)
                    self.nachlauf.verschiebe(sendung, self._spaeter(sendung.versuche))

    def _deliver(self, sendung: Sendung, zustellung: Zustellung) -> None:
        """Recorded before it is struck off: what was delivered twice after a crash stands there twice."""
        if sendung.nachricht is None:
            raise ZustellungError(_UNLESBAR)
        begonnen = self.gateway.clock()
        quittung = zustellung.deliver(sendung.empfaenger, sendung.uuid, sendung.nachricht, begonnen)
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
