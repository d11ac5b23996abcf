"""The Personensuche, 1330 → 1331: § 34a (2) BMG, §§ 4 to 6 BMeldDAV."""

from collections.abc import Sequence
from contextlib import suppress

from gateway.abruf.dienst import (
    FALSCHE_GEMEINDE,
    STRASSE_UNBEKANNT,
    Dienst,
    Ergebnis,
    Frage,
    MerkmalUngueltig,
    Vermittelbar,
    abgerufen,
    land_of,
    nennt_person,
    refused,
    route_to_gemeinde,
)
from gateway.abruf.zugang import beschraenkt
from gateway.meldewesen import regeln
from gateway.meldewesen.anfrage import (
    EINDEUTIG,
    MAX_TREFFER,
    NEUTRAL,
    TREFFERLISTE,
    Auskunft,
    Datenbestaetigung,
    Person,
    Personensuche,
    Rueckweisungsgrund,
)
from gateway.meldewesen.aufbewahrung import tellable
from gateway.meldewesen.reichweite import Reichweite
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage
from gateway.ports import Treffer, ZuVieleTreffer
from gateway.xmeld.lesen import read_personensuche

_Treffer = tuple[Treffer, ...]


def answer(frage: Frage[Personensuche]) -> Ergebnis:
    """Every ground of Rueckweisung that applies, or what was found. Raises StoreError."""
    sicht, formen = _sicht(frage), _formen(frage)
    if dagegen := _grounds(frage, formen, sicht):
        return refused(*dagegen)
    try:
        treffer = _treffer(frage, formen, sicht)
    except MerkmalUngueltig:
        return refused(Rueckweisungsgrund("01"))
    except ZuVieleTreffer:
        return refused(Rueckweisungsgrund("12"))
    return Ergebnis(_shape(treffer, frage), treffer)


def _treffer(frage: Frage[Personensuche], formen: Suchformen | None, sicht: Sicht) -> _Treffer:
    """One person as `sicht` lets see; of several those that everybody sees, whoever asks: § 6 (2) BMeldDAV. Nor do
    others count towards a list's limit.
    """
    neutral = Sicht.neutral(frage.heute)
    if sicht != neutral:
        with suppress(ZuVieleTreffer):
            return tuple(_suche(frage, formen, sicht, 1))
    return tuple(_suche(frage, formen, neutral, MAX_TREFFER))


def finde(frage: Frage[Personensuche], sicht: Sicht, hoechstens: int) -> Sequence[Treffer]:
    """See `Dienst.finde`."""
    return _suche(frage, _formen(frage), sicht, hoechstens)


def _suche(frage: Frage[Personensuche], formen: Suchformen | None, sicht: Sicht, hoechstens: int) -> Sequence[Treffer]:
    spiegel = frage.gateway.spiegel
    if formen is not None:
        return spiegel.suche(formen, sicht, hoechstens)
    handle = frage.anfrage.identifikationsmerkmal or ""
    merkmal = frage.gateway.merkmale.open(handle, frage.empfaenger, frage.jetzt)
    if merkmal is None:
        raise MerkmalUngueltig
    found = spiegel.hole(merkmal, sicht)
    return (found,) if found else ()


def _formen(frage: Frage[Personensuche]) -> Suchformen | None:
    auswahl = frage.anfrage.auswahldaten
    return formen_der_anfrage(auswahl) if auswahl else None


def _sicht(frage: Frage[Personensuche]) -> Sicht:
    kennung = frage.anfrage.abrufende_stelle.kennung
    entitled = frage.anfrage.abrufende_stelle.sicherheitsbehoerde and frage.behoerde.darf_trotz_sperre(kennung)
    return Sicht.ermaechtigt(frage.heute) if entitled else Sicht.neutral(frage.heute)


def gruende(frage: Frage[Personensuche], reichweite: Reichweite) -> list[Rueckweisungsgrund]:
    """See `Vermittelbar.gruende`."""
    pruefling = regeln.Suchpruefling(frage.anfrage, frage.behoerde, reichweite.land, _formen(frage))
    return regeln.pruefe(regeln.PERSONENSUCHE, pruefling) + _forbidden(frage) + beschraenkt(frage)


def _grounds(frage: Frage[Personensuche], formen: Suchformen | None, sicht: Sicht) -> list[Rueckweisungsgrund]:
    return gruende_der_suche(frage, formen, sicht) + _forbidden(frage)


def _forbidden(frage: Frage[Personensuche]) -> list[Rueckweisungsgrund]:
    codes = frage.art.unzulaessig(frage.anfrage.anforderungselemente, frage.rolle)
    return [Rueckweisungsgrund(code) for code in codes]


def gruende_der_suche(
    frage: Frage[Personensuche] | Frage[Datenbestaetigung], formen: Suchformen | None, sicht: Sicht
) -> list[Rueckweisungsgrund]:
    """What speaks against searching for the one person who is named."""
    gateway = frage.gateway
    pruefling = regeln.Suchpruefling(frage.anfrage, frage.behoerde, gateway.land, formen)
    found = regeln.pruefe(regeln.PERSONENSUCHE, pruefling) + beschraenkt(frage)
    elsewhere = any(grund.code == FALSCHE_GEMEINDE for grund in found)  # whose streets nobody has looked at
    if formen and formen.strasse and not elsewhere and not gateway.spiegel.kennt_strasse(formen, sicht):
        found.append(Rueckweisungsgrund(STRASSE_UNBEKANNT))  # Anlage Nr. 4 f
    return found


def _shape(treffer: _Treffer, frage: Frage[Personensuche]) -> Auskunft:
    """§§ 5, 6 BMeldDAV: one person in full, several as a list, nobody as the neutral answer."""
    if not treffer:
        return NEUTRAL
    art, rolle, heute = frage.art, frage.rolle, frage.heute
    if len(treffer) == 1:
        datensatz = tellable(treffer[0].datensatz, rolle, heute)
        return Auskunft(EINDEUTIG, (Person(art.person(datensatz, frage.anfrage.anforderungselemente, heute)),))
    seal, empfaenger = frage.gateway.merkmale.seal, frage.empfaenger
    return Auskunft(
        TREFFERLISTE,
        tuple(
            Person(art.treffer(tellable(t.datensatz, rolle, heute)), seal(t.merkmal, empfaenger, frage.jetzt))
            for t in treffer
        ),
    )


PERSONENSUCHE = Dienst(
    nachrichtentyp="1330",
    antwort="1331",
    read=read_personensuche,
    route=route_to_gemeinde,
    answer=answer,
    finde=finde,
    inhalt=lambda _, ergebnis: {"treffer": abgerufen(ergebnis)},
    nacharbeit=nennt_person,  # § 34 (5) BMG, whatever was found beside
    vermittelbar=Vermittelbar(
        land=lambda anfrage, hier: land_of(anfrage.leser, hier), gruende=gruende, auswahl=lambda _: {}
    ),
)
