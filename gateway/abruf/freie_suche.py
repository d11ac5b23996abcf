"""The freie Suche, 1332 → 1333: § 34a (3) BMG, §§ 7, 8 BMeldDAV."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gateway.abruf.dienst import Dienst, Ergebnis, Frage, Vermittelbar, abgerufen, land_of, refused
from gateway.abruf.zugang import beschraenkt
from gateway.errors import Ruecksendung
from gateway.meldewesen.anfrage import (
    ERGEBNISLISTE,
    MAX_TREFFER,
    NEUTRAL,
    Auskunft,
    FreieSuche,
    Person,
    Rueckweisung,
    Rueckweisungsgrund,
)
from gateway.meldewesen.aufbewahrung import tellable
from gateway.meldewesen.freie_suche import formen_der_freien_suche
from gateway.meldewesen.regeln import pruefe
from gateway.meldewesen.regeln_freie_suche import FREIE_SUCHE as REGELN
from gateway.meldewesen.regeln_freie_suche import FreierPruefling
from gateway.meldewesen.reichweite import Reichweite
from gateway.meldewesen.sperren import Sicht
from gateway.ports import Treffer, ZuVieleTreffer
from gateway.vorgang import Gateway
from gateway.xmeld.lesen import read_freie_suche


def route(anfrage: FreieSuche, gateway: Gateway) -> None:
    """To a municipality of this mirror, or to the Land's register as a whole. Raises Ruecksendung."""
    leser = anfrage.leser.kennung
    if leser != f"ags:{gateway.land}000000" and not gateway.serves(leser):
        raise Ruecksendung("T080", "Der Leser ist keine Stelle, deren Register hier gespiegelt wird.")


def land(anfrage: FreieSuche, hier: str) -> str:
    """That of whom it is addressed to; where that is this Land's register as a whole, the Suchbereich's."""
    if anfrage.leser.kennung == f"ags:{hier}000000":
        return anfrage.suchbereich.schluessel[:2]
    return land_of(anfrage.leser, hier)


def gruende(frage: Frage[FreieSuche], reichweite: Reichweite) -> list[Rueckweisungsgrund]:
    """See `Vermittelbar.gruende`, and all that is looked at here."""
    anfrage, gateway = frage.anfrage, frage.gateway
    gemeinden = gateway.gemeinden if reichweite.land == gateway.land else frozenset[str]()
    formen = formen_der_freien_suche(anfrage)
    found = pruefe(REGELN, FreierPruefling(anfrage, frage.behoerde, reichweite.land, formen, reichweite, gemeinden))
    found += map(Rueckweisungsgrund, frage.art.unzulaessig(anfrage.anforderungselemente, frage.rolle))
    found += map(Rueckweisungsgrund, frage.art.unzulaessige_auswahl(anfrage.auswahldaten, frage.rolle))
    return found + beschraenkt(frage)


def answer(frage: Frage[FreieSuche]) -> Ergebnis:
    """Every ground of Rueckweisung that applies, or what was found. Raises StoreError."""
    gateway = frage.gateway
    if dagegen := gruende(frage, gateway.reichweiten[gateway.land]):
        return refused(*dagegen)
    formen = formen_der_freien_suche(frage.anfrage)
    try:  # no list tells of a blocked person, whoever asks: § 8 (3) BMeldDAV
        treffer = tuple(gateway.spiegel.freie_suche(formen, Sicht.neutral(frage.heute), MAX_TREFFER))
    except ZuVieleTreffer:
        return refused(Rueckweisungsgrund("13"))
    return Ergebnis(_shape(treffer, frage), treffer)


def finde(frage: Frage[FreieSuche], sicht: Sicht, hoechstens: int) -> Sequence[Treffer]:
    """See `Dienst.finde`."""
    return frage.gateway.spiegel.freie_suche(formen_der_freien_suche(frage.anfrage), sicht, hoechstens)


def _shape(treffer: tuple[Treffer, ...], frage: Frage[FreieSuche]) -> Auskunft:
    """§ 8 BMeldDAV: a list, with Identifikationsmerkmale where it has more than one person."""
    if not treffer:
        return NEUTRAL
    codes, rolle, heute = frage.anfrage.anforderungselemente, frage.rolle, frage.heute
    personen = (frage.art.ergebnis(tellable(t.datensatz, rolle, heute), codes) for t in treffer)
    if len(treffer) == 1:
        return Auskunft(ERGEBNISLISTE, tuple(map(Person, personen)))
    seal, empfaenger = frage.gateway.merkmale.seal, frage.empfaenger
    merkmale = (seal(t.merkmal, empfaenger, frage.jetzt) for t in treffer)
    return Auskunft(ERGEBNISLISTE, tuple(map(Person, personen, merkmale)))


def _inhalt(anfrage: FreieSuche, ergebnis: Ergebnis) -> dict[str, object]:
    """§ 40 (2) BMG: with what was searched, and the Ergebnisse."""
    return {**_auswahl(anfrage), "ergebnisse": abgerufen(ergebnis)}


def _auswahl(anfrage: FreieSuche) -> dict[str, object]:
    given: dict[str, Any] = _given(asdict(anfrage.auswahldaten))
    bereich = {anfrage.suchbereich.art: anfrage.suchbereich.schluessel}
    auswahl = {**given, "suchbereich": bereich, "aktualitaet": anfrage.aktualitaet}
    return {"auswahldaten": _given(auswahl)}


def _given(werte: dict[str, Any]) -> dict[str, Any]:
    """What is said, on every level: "" says something (KEINE_ANGABE)."""
    parts = {name: _given(wert) if isinstance(wert, dict) else wert for name, wert in werte.items()}
    return {name: wert for name, wert in parts.items() if wert is not None and wert is not False and wert != ()}


def _beantwortet(inhalt: Auskunft | Rueckweisung) -> bool:
    """A freie Suche is an "Ersuchen um Übermittlung von Daten" too (§ 38 (2) S. 1 BMG), and one about everybody whom
    its Auswahldaten meet: § 34 (5) demands that "jedes Ersuchen" is told of. So it does not matter whether others were
    listed, nor how somebody was described: who widens a search until one more person is in the list, or asks for a
    house and no name, still asks for her who is not.
    """
    return isinstance(inhalt, Auskunft)


FREIE_SUCHE = Dienst(
    nachrichtentyp="1332",
    antwort="1333",
    read=read_freie_suche,
    route=route,
    answer=answer,
    finde=finde,
    inhalt=_inhalt,
    nacharbeit=_beantwortet,
    vermittelbar=Vermittelbar(land=land, gruende=gruende, auswahl=_auswahl),
)
