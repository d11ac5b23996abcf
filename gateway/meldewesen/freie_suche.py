"""From a freie Suche to what is compared: BMeldDAV Anlage Nr. 6 and 7."""

from dataclasses import dataclass

from gateway.meldewesen.anfrage import FreieAuswahl, FreieSuche, Suchbereich
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum


@dataclass(frozen=True)
class Adressformen:
    """What one dwelling must have; None where not given or empty after normalisation. Street may be a pattern."""

    gemeindeschluessel: Gemeindeschluessel | None = None
    postleitzahl: str | None = None
    wohnort: str | None = None
    frueherer_gemeindename: str | None = None
    strasse: str | None = None
    hausnummer: str | None = None
    hausnummer_zusatz: str | None = None
    hausnummer_teil: str | None = None
    hausnummer_von: int | None = None
    hausnummer_bis: int | None = None
    stockwerk: str | None = None
    zusatz: str | None = None
    wohnungsinhaber: str | None = None
    auslandsanschrift: str | None = None
    zuzugsstaat: str | None = None
    auslandsanschrift_staat: str | None = None
    staat: str | None = None  # of moving in or of moving out
    unbekannt: str | None = None
    status: str | None = None
    einzugsdatum: str | None = None
    auszugsdatum: str | None = None
    aktuell: bool | None = None


@dataclass(frozen=True)
class FreieSuchformen:
    """A freie Suche's Auswahldaten in normal form; None or empty where not given or empty after normalisation.

    Names are words in normal form, patterns with `?` and `*`, or phonetic codes where `phonetik` is set. A search
    matches all that is given.
    """

    bereich: Suchbereich
    aktuell: bool | None = None  # the person
    phonetik: bool = False
    familienname: tuple[str, ...] = ()
    vornamen: tuple[str, ...] = ()
    ordens_oder_kuenstlername: tuple[str, ...] = ()
    doktorgrad: str | None = None
    wohnung: Adressformen = Adressformen()
    geburtsdatum: Teildatum | None = None
    geburt_von: str | None = None
    geburt_bis: str | None = None
    geburtsort: str | None = None
    geburtsstaat: str | None = None  # "" for none
    geschlecht: str | None = None
    staatsangehoerigkeit: str | None = None
    familienstand: str | None = None
    familienstand_beginn: Teildatum | None = None
    familienstand_beginn_vorausgegangene_lp: str | None = None
    familienstand_ort: str | None = None
    familienstand_staat: str | None = None
    sterbedatum: str | None = None
    sterbeort: str | None = None
    sterbestaat: str | None = None  # "" for none
    waffenrechtliche_erlaubnis: bool = False
    waffenbesitzverbot: bool = False
    sprengstoffrechtliche_erlaubnis: bool = False


def formen_der_freien_suche(anfrage: FreieSuche) -> FreieSuchformen:
    """What a freie Suche is compared by."""
    raise NotImplementedError(FreieAuswahl)
