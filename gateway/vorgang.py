"""What one exchange works with, and the trace that it leaves."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from lxml import etree

from gateway.envelope.opened import Opened
from gateway.envelope.parse import Limits
from gateway.errors import GatewayError, place_of
from gateway.meldewesen.anfrage import Nachrichtenkennung
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.reichweite import Reichweite
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.ports import Behoerden, Kontingente, Laender, Merkmale, Protokoll, Spiegel, Weg
from gateway.xmeld.mapping import Mapping as XmeldMapping
from gateway.xmeld.packs import Pack, Packs
from gateway.xmeld.schreiben import Schreiber

log = logging.getLogger(__name__)

#: Fingerprint of nobody's certificate, to ask whether the register of authorities answers.
_NOBODY = "0" * 64

BERLIN = ZoneInfo("Europe/Berlin")


class OwnMessageInvalid(GatewayError):
    """A message of ours breaks the schema; the text names place and rule, never a value."""


@dataclass
class Spur:
    """What is known of an exchange so far, for record, log and a message that goes back."""

    empfangen: datetime
    anfrage_digest: bytes  # SHA-256 of the request as received
    opened: Opened | None = None
    behoerde: Behoerde | None = None
    fassung: "Fassung | None" = None
    kennung: Nachrichtenkennung | None = None
    ergebnis: str = ""
    codes: tuple[str, ...] = ()
    wege: list[Weg] = field(default_factory=list)  # to other Laender, whatever becomes of the exchange
    zeiten: dict[str, int] = field(default_factory=dict)  # step → nanoseconds
    begonnen: float = field(default_factory=time.monotonic)  # which no setting of the clock changes
    _last: int = field(default_factory=time.perf_counter_ns)

    @property
    def vorgang(self) -> str:
        """The exchange's name in logs: the head of its digest in the Protokoll."""
        return self.anfrage_digest.hex()[:16]

    def done(self, step: str) -> None:
        """Marks the end of a step."""
        now = time.perf_counter_ns()
        self.zeiten[step] = self.zeiten.get(step, 0) + now - self._last
        self._last = now

    def log_bug(self, error: Exception) -> None:
        """Type and place only: an exception's text may hold personal data, unless it is one of ours."""
        text = str(error) if isinstance(error, GatewayError) else "-"
        log.error("bug exchange=%s type=%s place=%s text=%s", self.vorgang, type(error).__name__, place_of(error), text)


@dataclass(frozen=True)
class Fassung:
    """A version of the standard, or messages of our own, ready for use."""

    pack: Pack
    mapping: XmeldMapping
    schreiber: Schreiber

    def check(self, nachricht: bytes) -> None:
        """No message of ours leaves that a strict reader would send back. Raises OwnMessageInvalid."""
        root = etree.fromstring(nachricht)
        if not self.pack.is_valid(root):
            raise OwnMessageInvalid(self.pack.explain(root).hinweis)


@dataclass(frozen=True)
class Vermittlung:
    """How this Land's authorities reach the registers of others: § 2 (3) Nds. AG BMG."""

    laender: Laender
    kennungen: Mapping[Rolle, str]  # of the zentrale Stelle that retrieves, by the role of whom it retrieves for
    name: str  # of the zentrale Stelle
    gleichzeitig: int = 8  # exchanges that may wait for others at a time, or for a directory to find them


@dataclass(frozen=True)
class Gateway:
    """Everything that an exchange needs. Built in `bootstrap`."""

    land: str
    gemeinden: frozenset[str]  # AGS that the mirror serves; empty: every one of the Land
    reichweiten: Mapping[str, Reichweite]  # of a freie Suche, by Land
    dienste: frozenset[str]  # numbers of the messages that are answered
    packs: Packs
    fassungen: Mapping[str, Fassung]  # by pack name
    behoerden: Behoerden
    kontingente: Kontingente
    spiegel: Spiegel
    merkmale: Merkmale
    protokoll: Protokoll
    limits: Limits
    vermittlung: "Vermittlung | None"  # None: nothing is asked of other Laender
    clock: Callable[[], datetime]
    observe: Callable[[Spur], None]

    def serves(self, leser: str) -> bool:
        """Whether the reader's key names a municipality of this mirror."""
        prefix, _, key = leser.partition(":")
        try:
            ags = Gemeindeschluessel(key)
        except ValueError:
            return False
        return prefix == "ags" and (ags in self.gemeinden if self.gemeinden else ags.land == self.land)

    @property
    def wartende(self) -> int:
        """Exchanges that may wait for other Laender at a time: they need threads, and no time of this machine."""
        return self.vermittlung.gleichzeitig if self.vermittlung else 0

    def check_stores(self) -> None:
        """Raises StoreError unless an exchange could be answered and recorded now."""
        for check in self.store_checks().values():
            check()

    def store_checks(self) -> Mapping[str, Callable[[], object]]:
        """By store what raises StoreError unless it answers."""
        return {
            "spiegel": self.spiegel.check,
            "behoerden": lambda: self.behoerden.of_certificate(_NOBODY),
            "protokoll": self.protokoll.check,
        }

    def now(self) -> datetime:
        """The present moment in the time of messages."""
        return self.clock().astimezone(BERLIN)
