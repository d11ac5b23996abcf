"""`gateway.ports.Laender` over OSCI: finds the Land, spares it when it does not answer, asks it."""

from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.envelope.osci.recipient import OsciSchluessel
from gateway.ports import Ausfall, Fremdantwort, LandNichtErreichbar
from gateway.vermittlung.eintrag import Eintrag
from gateway.vermittlung.gebiet import Gemeindeverzeichnis
from gateway.vermittlung.gegenstelle import (
    Gegenstelle,
    GegenstelleUnbekannt,
    VersionUnbekannt,
    Verzeichnis,
    VerzeichnisUnerreichbar,
)
from gateway.vermittlung.osci_client import OsciClient
from gateway.vermittlung.sicherung import Grund, NichtBegonnen, Sicherungen

_GRUND: Mapping[Grund, Ausfall] = {
    Grund.UNTERBROCHEN: Ausfall.AUSGESETZT,
    Grund.AUSGELASTET: Ausfall.BELEGT,
    Grund.GESAMT: Ausfall.BELEGT,
}
_UNBEKANNT: Mapping[type[GegenstelleUnbekannt], Ausfall] = {
    GegenstelleUnbekannt: Ausfall.NICHT_VERZEICHNET,
    VersionUnbekannt: Ausfall.VERSION,
    VerzeichnisUnerreichbar: Ausfall.VERBINDUNG,
}


class OsciLaender:
    """The other Laender. Safe to share between threads."""

    def __init__(
        self,
        client: OsciClient,
        verzeichnis: Verzeichnis,
        sicherungen: Sicherungen,
        autoren: Mapping[str, OsciSchluessel],
        *,
        eintrag: Callable[[str], Eintrag | None] = lambda land: None,
        gemeinden: Gemeindeverzeichnis | None = None,
    ) -> None:
        """`autoren`: the zentrale Stelle's keys with prefix, each with what it signs and opens answers with.

        `eintrag`: what the file of peers says of a Land; with `gemeinden` it decides how a Suchbereich is split.
        """
        self._client = client
        self._verzeichnis = verzeichnis
        self._sicherungen = sicherungen
        self._autoren = autoren
        self._eintrag = eintrag
        self._gemeinden = gemeinden

    def rufe_ab(self, ags: str, version: str, autor: str, nachricht: bytes, now: datetime) -> Fremdantwort:
        """See `gateway.ports.Laender.rufe_ab`."""
        gegenstelle = self._finde(ags, version)
        try:
            with self._sicherungen.fuer(gegenstelle.land, gegenstelle.gleichzeitig):
                vermittelt = self._client.mediate(gegenstelle, self._autoren[autor], nachricht, now)
        except NichtBegonnen as error:
            raise LandNichtErreichbar(_GRUND[error.grund], detail=str(error)) from None
        return Fremdantwort(vermittelt.nachricht, vermittelt.codes)

    def teile(self, bereich: str) -> tuple[str, ...]:
        """See `gateway.ports.Laender.teile`. A Land of which the file says nothing wants no parts."""
        eintrag = self._eintrag(bereich[:2])
        if eintrag is None or self._gemeinden is None or not eintrag.tabelle.je_gemeinde:
            return ()
        gemeinden = self._gemeinden.gemeinden(bereich)
        if len(gemeinden) > eintrag.tabelle.hoechstens_nachrichten or gemeinden == (bereich,):
            return ()
        return gemeinden

    def zustand(self) -> Mapping[str, str]:
        """See `gateway.ports.Laender.zustand`."""
        return {**self._sicherungen.zustand(), **self._verzeichnis.zustand()}

    def _finde(self, ags: str, version: str) -> Gegenstelle:
        try:
            return self._verzeichnis.finde(ags, version)
        except GegenstelleUnbekannt as error:
            raise LandNichtErreichbar(_UNBEKANNT[type(error)], detail=str(error)) from None
