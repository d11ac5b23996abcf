"""The directory of peers as DVDV knows it, completed by the peers file with what DVDV cannot tell.

The file decides where it says something: a Land whose table names the whole way is not looked up at all. Whose
signatures count on a Land's answers is decided by the certificates that the file names and, beside them, the signature
certificates that DVDV shows in that very service description; where there is neither, nothing is sent.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gateway.envelope.zertifikate import fingerprint
from gateway.meldewesen.laender import LAENDER
from gateway.vermittlung.dvdv_dienst import Dienst, DienstUnbrauchbar
from gateway.vermittlung.dvdv_gedaechtnis import Frage, Gedaechtnis
from gateway.vermittlung.dvdv_zugang import DvdvError, DvdvZugang
from gateway.vermittlung.eintrag import Eintrag
from gateway.vermittlung.gegenstelle import Gegenstelle, GegenstelleUnbekannt, VerzeichnisUnerreichbar
from gateway.vermittlung.sicherung import NichtBegonnen, Schwelle, Sicherungen
from gateway.vermittlung.verzeichnis import DateiVerzeichnis, check_version, gegenstelle

log = logging.getLogger(__name__)

#: The service of a version, e.g. http://www.osci.de/xmeld2605/xmeld2605Personensuche.wsdl for "26.05".
DIENST = "http://www.osci.de/xmeld{version_compact}/xmeld{version_compact}Personensuche.wsdl"

_NAME = "DVDV"
GLEICHZEITIG = 4  # requests at a time; they come before the limits of the Land that is looked for
_SCHWELLE = Schwelle(fehlschlaege=1, pause=30.0, hoechstens=300.0)
_TTL_UNBEKANNT = 300.0  # seconds for which "there is none" counts at most
_GEMERKT = 50_000  # there are 11,000 municipalities


@dataclass(frozen=True)
class _Antwort:
    """What DVDV said, and until when it need not be asked again. No `dienst`: there is none."""

    dienst: Dienst | None
    bis: float


class DvdvVerzeichnis:
    """`Verzeichnis`. Thread-safe. While DVDV is away what it said last counts, however long ago; nobody waits for it
    longer than its timeout, and then it is left alone for a while.
    """

    def __init__(
        self,
        zugang: DvdvZugang,
        datei: DateiVerzeichnis,
        gedaechtnis: Gedaechtnis,
        *,
        land: str,
        dienst: str = DIENST,
        ttl: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`land` is our own, `dienst` the service URI, `ttl` the seconds for which an answer counts."""
        self._zugang = zugang
        self._datei = datei
        self._gedaechtnis = gedaechtnis
        self._land = land
        self._uri = dienst
        self._ttl = ttl
        self._clock = clock
        self._sicherungen = Sicherungen(GLEICHZEITIG, schwelle=_SCHWELLE, clock=clock)
        self._lock = threading.Lock()
        self._antworten = {frage: _Antwort(dienst, clock()) for frage, dienst in gedaechtnis.lies().items()}

    def finde(self, ags: str, version: str) -> Gegenstelle:
        """See `Verzeichnis.finde`."""
        land = ags[:2]
        if land not in LAENDER or land == self._land or not (len(ags) == 8 and ags.isascii() and ags.isdigit()):
            raise GegenstelleUnbekannt("the key is not that of a municipality of another Land")
        eintrag = self._datei.eintrag(land) or Eintrag()
        check_version(eintrag, land, version)
        if eintrag.weg:
            return gegenstelle(land, eintrag, eintrag.weg)
        dienst = self._dienst(land, (eintrag.tabelle.schluessel or f"ags:{ags}", self._uri_of(version)))
        if dienst is None:
            raise GegenstelleUnbekannt(f"DVDV knows no service of {version} for this key of Land {land}")
        return _ergaenzt(gegenstelle(land, eintrag, dienst.weg), dienst, version)

    def zustand(self) -> Mapping[str, str]:
        """See `Verzeichnis.zustand`."""
        return self._sicherungen.zustand()

    def _uri_of(self, version: str) -> str:
        return self._uri.replace("{version_compact}", version.replace(".", ""))

    def _dienst(self, land: str, frage: Frage) -> Dienst | None:
        bekannt = self._antworten.get(frage)
        if bekannt and self._clock() < bekannt.bis:
            return bekannt.dienst
        try:
            with self._sicherungen.fuer(_NAME, GLEICHZEITIG):
                dienst = self._frage(land, frage)
        except (DvdvError, NichtBegonnen) as error:
            if isinstance(error, DvdvError):
                log.warning("DVDV: %s", error)
            if bekannt and bekannt.dienst:
                return bekannt.dienst
            raise VerzeichnisUnerreichbar(f"DVDV does not say at the moment how to reach Land {land}") from None
        self._merke(frage, dienst, bekannt)
        return dienst

    def _frage(self, land: str, frage: Frage) -> Dienst | None:
        try:
            return self._zugang.dienst(*frage)
        except DienstUnbrauchbar as error:
            log.error("the service of Land %s in DVDV cannot be used: %s", land, error)
            return None

    def _merke(self, frage: Frage, dienst: Dienst | None, bekannt: _Antwort | None) -> None:
        ttl = self._ttl if dienst else min(self._ttl, _TTL_UNBEKANNT)
        with self._lock:
            gleich = next((one.dienst for one in self._antworten.values() if one.dienst == dienst), dienst)
            self._antworten[frage] = _Antwort(gleich, self._clock() + ttl)
            while len(self._antworten) > _GEMERKT:
                del self._antworten[next(iter(self._antworten))]
        if dienst != (bekannt and bekannt.dienst):
            self._gedaechtnis.merke(frage, dienst)


def _ergaenzt(eine: Gegenstelle, dienst: Dienst, version: str) -> Gegenstelle:
    autoren = eine.autoren | {fingerprint(one) for one in dienst.signaturen}
    if not autoren:
        raise GegenstelleUnbekannt(f"nobody is known who may sign answers of Land {eine.land}")
    return replace(
        eine,
        intermediaer_signatur=eine.intermediaer_signatur or dienst.intermediaer_signatur,
        autoren=autoren,
        versionen=frozenset({version}),
    )
