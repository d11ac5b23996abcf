"""Two Laender in one process: what one gateway forwards, the other answers. No transport between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from lxml import etree

from gateway.envelope.client import SoapFault
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.reichweite import Offen, Reichweite
from gateway.ports import Ausfall, Fremdantwort, LandNichtErreichbar
from gateway.sending import client_of
from gateway.vorgang import Vermittlung
from tests.betrieb import Betrieb, betrieb, register_authority

EINFACH, SICHERHEIT = "dbs:030010010000", "dbs:030030010000"
AMT, POLIZEI, WACHE = "dbs:030010990000", "dbs:030030020000", "dbs:030030020001"
DORT, STADT, KREISGEMEINDE = "09000009", "09162000", "09161000"

#: What a test does to an answer on its way.
Eingriff = Callable[[bytes], bytes]


@dataclass
class Leitung:
    """`gateway.ports.Laender` straight into the other gateway's exchange. Keeps what was sent."""

    dort: Betrieb
    gesendet: list[bytes] = field(default_factory=list)
    gemeinden: Sequence[str] = ()
    eingriff: Eingriff = bytes

    def rufe_ab(self, ags: str, version: str, autor: str, nachricht: bytes, now: datetime) -> Fremdantwort:
        if ags[:2] != "09":
            raise LandNichtErreichbar(Ausfall.NICHT_VERZEICHNET)
        self.gesendet.append(nachricht)
        reply = self.dort.exchange(client_of(self.dort.here, autor).request(nachricht, now))
        answer = client_of(self.dort.here, autor).reply(reply.body, now)
        assert not isinstance(answer, SoapFault), answer
        return Fremdantwort(self.eingriff(answer), ("0801",))

    def teile(self, bereich: str) -> Sequence[str]:
        return tuple(ags for ags in self.gemeinden if ags.startswith(bereich)) if len(bereich) < 8 else ()

    def zustand(self) -> Mapping[str, str]:
        return {}

    def zuletzt(self) -> etree._Element:
        return etree.fromstring(self.gesendet[-1])


@dataclass
class Nachbarn:
    """Land 03, which asks, and Land 09, which is asked."""

    hier: Betrieb
    dort: Betrieb
    leitung: Leitung

    def close(self) -> None:
        self.hier.close()
        self.dort.close()

    def mit(self, **changes: object) -> "Nachbarn":
        """The same with another line between. With `gemeinden` Land 09 is open to us for one Gemeinde at a time."""
        leitung = replace(self.leitung, **changes)  # type: ignore[arg-type]
        vermittlung, reichweiten = self.hier.gateway.vermittlung, dict(self.hier.gateway.reichweiten)
        assert vermittlung is not None
        if leitung.gemeinden:
            reichweiten["09"] = Reichweite("09", {"gemeinde": Offen.ALLE, "land": Offen.SICHERHEIT})
        gateway = replace(self.hier.gateway, vermittlung=replace(vermittlung, laender=leitung), reichweiten=reichweiten)
        return Nachbarn(replace(self.hier, gateway=gateway), self.dort, leitung)


def nachbarn(folder: Path) -> Nachbarn:
    """With an Amt and two bodies of the police of Land 03 (one leaves the Protokoll to the gateway, one keeps its own),
    known there, whose zentrale Stelle is known in Land 09 by two keys.
    """
    hier, dort = betrieb(folder / "03", land="03"), betrieb(folder / "09")
    register_authority(hier, Behoerde(POLIZEI, "Polizei Musterland", Rolle.SICHERHEIT, protokoll_beauftragt=True))
    register_authority(hier, Behoerde(WACHE, "Wache Musterland", Rolle.SICHERHEIT))
    for kennung, rolle in ((EINFACH, Rolle.EINFACH), (SICHERHEIT, Rolle.SICHERHEIT)):
        register_authority(dort, Behoerde(kennung, "Zentrale Stelle Niedersachsen", rolle, zentrale_stelle=True))
    leitung = Leitung(dort)
    kennungen = {Rolle.EINFACH: EINFACH, Rolle.SICHERHEIT: SICHERHEIT}
    vermittlung = Vermittlung(leitung, kennungen, "Zentrale Stelle Niedersachsen")
    hier.gateway = replace(hier.gateway, vermittlung=vermittlung)
    return Nachbarn(hier, dort, leitung)
