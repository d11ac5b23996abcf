"""Which grounds of Rueckweisung a freie Suche gives by itself, before anything is searched. One row a rule."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.meldewesen.anfrage import FreieSuche, FreieWohnung
from gateway.meldewesen.freie_suche import FreieSuchformen, Platzhalterfehler, platzhalter_fehler
from gateway.meldewesen.regeln import JEDER_ABRUF, Pruefling, Regel
from gateway.meldewesen.reichweite import Reichweite
from gateway.meldewesen.suchdaten import Art


@dataclass(frozen=True)
class FreierPruefling(Pruefling):
    """A freie Suche. `gemeinden`: the municipalities that are served, empty for every one of the Land."""

    anfrage: FreieSuche
    formen: FreieSuchformen
    reichweite: Reichweite
    gemeinden: frozenset[str]


def _wohnung(p: FreierPruefling) -> FreieWohnung:
    return p.anfrage.auswahldaten.wohnung or FreieWohnung()


def _ziffern(text: str | None) -> bool:
    return text is not None and text.strip().isascii() and text.strip().isdigit()


def _range_without_numbers(p: FreierPruefling) -> bool:
    wohnung = _wohnung(p)
    given = (wohnung.hausnummer_von, wohnung.hausnummer_bis)
    return given != (None, None) and not all(map(_ziffern, given))


def _house_numbers_backwards(p: FreierPruefling) -> bool:
    von, bis = _wohnung(p).hausnummer_von, _wohnung(p).hausnummer_bis
    return von is not None and bis is not None and _ziffern(von) and _ziffern(bis) and _zahl(bis) <= _zahl(von)


def _zahl(ziffern: str) -> tuple[int, str]:
    """Compares as the number does, of which Python reads 4,300 digits at most."""
    ziffern = ziffern.strip().lstrip("0")
    return len(ziffern), ziffern


def _births_backwards(p: FreierPruefling) -> bool:
    auswahl = p.anfrage.auswahldaten
    return (
        auswahl.geburt_von is not None and auswahl.geburt_bis is not None and auswahl.geburt_bis <= auswahl.geburt_von
    )


def _aktualitaet_without_street(p: FreierPruefling) -> bool:
    strasse = any(Art.STRASSE in bedingung.arten for bedingung in p.formen.wohnung)
    return _wohnung(p).aktualitaet is not None and not strasse


def _platzhalter(fehler: Platzhalterfehler) -> Callable[[FreierPruefling], bool]:
    return lambda p: fehler in platzhalter_fehler(p.anfrage.auswahldaten)


def _elsewhere(p: FreierPruefling) -> bool:
    return not p.reichweite.umfasst(p.anfrage.suchbereich, p.gemeinden)


def _too_wide(p: FreierPruefling) -> bool:
    return not _elsewhere(p) and not p.reichweite.offen_fuer(p.anfrage.suchbereich, p.behoerde, p.rolle)


FREIE_SUCHE: tuple[Regel[FreierPruefling], ...] = (
    *JEDER_ABRUF,
    Regel("15", _platzhalter(Platzhalterfehler.PHONETIK)),  # § 7 (3) S. 3 BMeldDAV
    Regel(
        "17",
        _platzhalter(Platzhalterfehler.ANFANG),
        "Ein Platzhalter darf in einem Namen oder einer Straße nicht an erster Stelle und nicht allein stehen "
        "(Anlage Nummer 7 BMeldDAV).",
    ),
    Regel(
        "17",
        _platzhalter(Platzhalterfehler.FELD),
        "Platzhalter sind nur in Namen und in der Straße zulässig (§ 7 Absatz 7 BMeldDAV).",
    ),
    Regel("17", _range_without_numbers, "Ein Hausnummernbereich besteht aus zwei Zahlen (DSMeld-Blatt 1206)."),
    Regel("19", _house_numbers_backwards),
    Regel("20", _births_backwards),
    Regel("21", _aktualitaet_without_street),  # § 7 (3) S. 5 BMeldDAV
    Regel("22", _elsewhere),
    Regel("22", _too_wide),
    Regel(
        "17",
        _too_wide,
        "Ein Suchbereich dieser Größe ist hier für Ihre Behörde nicht eröffnet (Anlage Nummer 3 BMeldDAV). "
        "Bitte stellen Sie die Anfrage je Gemeinde.",
    ),
)
