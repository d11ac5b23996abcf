"""What the demo asks for, as whom, and how each must end. The requests are kept in the instance's folder `anfragen`."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from gateway import instance
from gateway.bootstrap import Instance
from gateway.errors import GatewayError
from gateway.meldewesen.anfrage import (
    BESTAETIGT,
    NICHT_BESTAETIGT,
    Auswahldaten,
    Bestaetigungsdaten,
    FreieAuswahl,
    Suchbereich,
)
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.spiegel.musterpersonen import DEMO, Demofrage
from gateway.spiegel.musterspiegel import mustergemeinden
from gateway.xmeld.anfragen import (
    DATENBESTAETIGUNG,
    Bestaetigungsfrage,
    Frage,
    Fragenschreiber,
    Fragesteller,
    FreieFrage,
)
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.packs import Pack, Packs

LAND = "03"

#: What the demo asks for: names, birth, sex, dwellings, marital status.
GRUNDDATEN = tuple(str(code) for code in (*range(1, 17), 19, 41, *range(43, 57), 74, 94, 172))
AUSWEISDATEN = ("163", "170")


class DemoError(GatewayError):
    """Something was not as it must be."""


@dataclass(frozen=True)
class Fall:
    """One request of the demo, sent in a signed envelope or, not `signed`, in a bare one."""

    name: str  # of its file
    was: str
    wer: str
    erwartet: str
    nachricht: bytes
    signed: bool = True
    osci: bool = False  # not over SOAP: through an intermediary


def stellen() -> tuple[Behoerde, Behoerde, Behoerde]:
    polizei, zentrale, amt = (muster.behoerde for muster in instance.sample_authorities(LAND))
    return polizei, zentrale, amt


def faelle_von(here: Instance) -> list[Fall]:
    """The demo's requests; each is written to the instance's folder `anfragen` as well."""
    polizei, _, amt = stellen()
    schreiber = _Schreibtisch(here)
    faelle = [
        Fall(
            f"0{number}-{frage.status}", frage.zweck, wer.kennung, f"status {frage.status}", schreiber.frage(wer, frage)
        )
        for number, (wer, frage) in enumerate(zip((polizei, amt, amt, amt), DEMO, strict=True), start=1)
    ]
    faelle += [
        Fall(
            "05-rueckweisung",
            "claims to be a Sicherheitsbehörde, asks for passports",
            amt.kennung,
            "Rückweisung 03 07",
            schreiber.frage(amt, DEMO[0], AUSWEISDATEN, sicherheitsbehoerde=True),
        ),
        Fall(
            "06-schema",
            "breaks the schema",
            amt.kennung,
            "0910 X001",
            schreiber.frage(amt, DEMO[0]).replace(b"aktenzeichen>", b"geschaeftszeichen>"),
        ),
        Fall(
            "07-unsigniert",
            "is not signed",
            amt.kennung,
            "fault NOT_SIGNED",
            schreiber.frage(amt, DEMO[0]),
            signed=False,
        ),
        Fall(
            "08-fremd", "is not XMeld", amt.kennung, "fault NOT_XMELD", b"<bestellung><artikel>7</artikel></bestellung>"
        ),
    ]
    faelle += _freie_suchen(schreiber, polizei, amt) + _datenbestaetigungen(schreiber, amt)
    for fall in faelle:
        schreiber.keep(fall)
    return faelle


def _freie_suchen(schreiber: "_Schreibtisch", polizei: Behoerde, amt: Behoerde) -> list[Fall]:
    """Persons who are not named: 1332."""
    muster = FreieAuswahl(familienname="Tjardsen*", vornamen="J?n")
    kreis = Suchbereich(schreiber.ags[:5])
    return [
        Fall(
            "10-freie-suche",
            "freie Suche with wildcards in a Kreis",
            polizei.kennung,
            "status 04",
            schreiber.freie_suche(polizei, muster, kreis),
        ),
        Fall(
            "11-freie-suche-neutral",
            "freie Suche for one whom the police had blocked",
            amt.kennung,
            "status 03",
            schreiber.freie_suche(amt, FreieAuswahl(familienname="Schutzbedarf", vornamen="Kurt"), Suchbereich(LAND)),
        ),
        Fall(
            "12-freie-suche-zu-viel",
            "wildcard first, arms, another Land",
            amt.kennung,
            "Rückweisung 05 17 22",
            schreiber.freie_suche(amt, FreieAuswahl(familienname="*er", waffenbesitzverbot=True), Suchbereich("09")),
        ),
    ]


def _datenbestaetigungen(schreiber: "_Schreibtisch", amt: Behoerde) -> list[Fall]:
    """Do these data agree with the register? 9910, a message of the house."""
    geboren = Bestaetigungsdaten(geburtsdatum=Teildatum(DEMO[0].geburtsdatum or ""))
    return [
        Fall(
            "13-bestaetigt",
            "is she born on that day?",
            amt.kennung,
            f"Datenbestätigung {BESTAETIGT}",
            schreiber.datenbestaetigung(amt, DEMO[0], geboren),
        ),
        Fall(
            "14-nicht-bestaetigt",
            "there, but blocked: is she?",
            amt.kennung,
            f"Datenbestätigung {NICHT_BESTAETIGT}",
            schreiber.datenbestaetigung(amt, DEMO[2], Bestaetigungsdaten(geschlecht="w")),
        ),
    ]


def folgeanfrage(here: Instance, trefferliste: bytes) -> Fall:
    """Asks for the first entry of a list by its Identifikationsmerkmal."""
    _, _, amt = stellen()
    merkmal = etree.fromstring(trefferliste).findtext(".//{*}identifikationsmerkmal")
    if not merkmal:
        raise DemoError("the Trefferliste has no Identifikationsmerkmal")
    schreiber = _Schreibtisch(here)
    fall = Fall("15-folge", "one of the list", amt.kennung, "status 01", schreiber.folge(amt, merkmal))
    schreiber.keep(fall)
    return fall


def ueber_osci(here: Instance, jugendamt: Behoerde) -> list[Fall]:
    """Asked by another Land's authority, and asked of another Land's register: over OSCI-Transport."""
    _, _, amt = stellen()
    schreiber = _Schreibtisch(here)
    faelle = [
        Fall(
            "16-osci",
            "an authority of Hessen asks, over OSCI",
            jugendamt.kennung,
            "status 01",
            schreiber.frage(jugendamt, DEMO[0]),
            osci=True,
        ),
        Fall(
            "17-anderes-land",
            "a person in Hessen: its register is asked",
            amt.kennung,
            "status 01",
            schreiber.anderswo(amt),
        ),
    ]
    for fall in faelle:
        schreiber.keep(fall)
    return faelle


class _Schreibtisch:
    """Writes the demo's requests, to the municipality in which the hand-made persons live."""

    def __init__(self, here: Instance) -> None:
        packs = Packs.load(here.packs_folder)
        self._schreiber = _fragenschreiber(here, packs.newest)
        (house,) = (pack for pack in packs.packs if not pack.is_standard and DATENBESTAETIGUNG in pack.messages)
        self._hausschreiber = _fragenschreiber(here, house)
        self.ags = Gemeindeschluessel(mustergemeinden(LAND)[0].ags)
        self._folder = here.path / "anfragen"
        self._folder.mkdir(exist_ok=True)

    def frage(
        self, wer: Behoerde, frage: Demofrage, codes: tuple[str, ...] = (), *, sicherheitsbehoerde: bool | None = None
    ) -> bytes:
        auswahl = self._auswahl(frage)
        sicher = wer.rolle is Rolle.SICHERHEIT if sicherheitsbehoerde is None else sicherheitsbehoerde
        return self._write(wer, Frage(f"ags:{self.ags}", (*GRUNDDATEN, *codes), auswahl), sicherheitsbehoerde=sicher)

    def freie_suche(self, wer: Behoerde, auswahl: FreieAuswahl, bereich: Suchbereich) -> bytes:
        frage = FreieFrage(f"ags:{self.ags}", ("1", "6", "11", "17", "21", "22"), auswahl, bereich)
        return self._schreiber.freie_suche(_steller(wer), frage, datetime.now(UTC), str(uuid.uuid4()))

    def datenbestaetigung(self, wer: Behoerde, frage: Demofrage, daten: Bestaetigungsdaten) -> bytes:
        asked = Bestaetigungsfrage(f"ags:{self.ags}", self._auswahl(frage), daten)
        return self._hausschreiber.datenbestaetigung(_steller(wer), asked, datetime.now(UTC), str(uuid.uuid4()))

    def anderswo(self, wer: Behoerde) -> bytes:
        """For one whom the register of `osci_stub` knows."""
        ags = Gemeindeschluessel("06414000")
        auswahl = Auswahldaten(
            ags, familienname="Ährenfeld-Quist", vornamen="Theodora Wilma", geburtsdatum=Teildatum("1971-03-14")
        )
        return self._write(wer, Frage(f"ags:{ags}", GRUNDDATEN, auswahl), sicherheitsbehoerde=False)

    def _auswahl(self, frage: Demofrage) -> Auswahldaten:
        return Auswahldaten(
            self.ags,
            familienname=frage.familienname,
            vornamen=frage.vornamen,
            geschlecht=frage.geschlecht,
            geburtsdatum=Teildatum(frage.geburtsdatum) if frage.geburtsdatum else None,
            strasse=frage.strasse,
        )

    def folge(self, wer: Behoerde, merkmal: str) -> bytes:
        frage = Frage(f"ags:{self.ags}", GRUNDDATEN, identifikationsmerkmal=merkmal)
        return self._write(wer, frage, sicherheitsbehoerde=False)

    def keep(self, fall: Fall) -> None:
        (self._folder / f"{fall.name}.xml").write_bytes(fall.nachricht)

    def _write(self, wer: Behoerde, frage: Frage, *, sicherheitsbehoerde: bool) -> bytes:
        steller = Fragesteller(wer.kennung, wer.name, sicherheitsbehoerde)
        return self._schreiber.personensuche(steller, frage, datetime.now(UTC), str(uuid.uuid4()))


def _fragenschreiber(here: Instance, pack: Pack) -> Fragenschreiber:
    return Fragenschreiber(pack, Mapping.load(here.mapping_file(pack.name)))


def _steller(wer: Behoerde) -> Fragesteller:
    return Fragesteller(wer.kennung, wer.name, wer.rolle is Rolle.SICHERHEIT)
