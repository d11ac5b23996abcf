"""The forms that a Personensuche compares: Anlage Nr. 1 and 4 BMeldDAV."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from gateway.meldewesen.anfrage import Auswahldaten, Ort
from gateway.meldewesen.bedingung import Bedingung, gleich, ohne
from gateway.meldewesen.formen import FORMEN, auslandsstaat, code, ganz, getrimmt, hausnummer, tag, teile, unveraendert
from gateway.meldewesen.normalform import normalform, strassenform
from gateway.meldewesen.suchdaten import FAMILIENNAME_GANZ, KUENSTLERNAME_GANZ, PAAR_GANZ, Art
from gateway.meldewesen.werte import Gemeindeschluessel


@dataclass(frozen=True)
class Suchformen:
    """A Personensuche's Auswahldaten in normal form; None or empty where not given or empty after normalisation.

    Names are normal forms, or phonetic codes where `phonetik` is set. A search matches all that is given.
    """

    gemeindeschluessel: Gemeindeschluessel
    phonetik: bool = False
    familienname: str | None = None
    vornamen: tuple[str, ...] = ()
    ordens_oder_kuenstlername: str | None = None
    postleitzahl: str | None = None
    strasse: str | None = None
    hausnummer: str | None = None
    hausnummer_zusatz: str | None = None
    hausnummer_teil: str | None = None
    geburtsdatum: str | None = None
    geburtsort: str | None = None
    geburtsstaat: str | None = None  # "" for a birth in Germany when geburtsort is given
    geschlecht: str | None = None
    sterbedatum: str | None = None
    sterbeort: str | None = None
    sterbestaat: str | None = None  # "" for a death in Germany when sterbeort is given
    azr_nummer: str | None = None


#: Which kind each datum is of.
_PERSON = {
    "geburtsdatum": Art.GEBURTSDATUM,
    "geburtsort": Art.GEBURTSORT,
    "geburtsstaat": Art.GEBURTSSTAAT,
    "geschlecht": Art.GESCHLECHT,
    "sterbedatum": Art.STERBEDATUM,
    "sterbeort": Art.STERBEORT,
    "sterbestaat": Art.STERBESTAAT,
    "azr_nummer": Art.AZR_NUMMER,
}
#: The same of a dwelling in the municipality of the record.
_WOHNUNG = {
    "postleitzahl": Art.POSTLEITZAHL,
    "strasse": Art.STRASSE,
    "hausnummer": Art.HAUSNUMMER,
    "hausnummer_zusatz": Art.HAUSNUMMER_ZUSATZ,
    "hausnummer_teil": Art.HAUSNUMMER_TEIL,
}


def formen_der_anfrage(auswahl: Auswahldaten) -> Suchformen:
    """What a query is compared by."""
    als_code = partial(code, FORMEN) if auswahl.phonetik else unveraendert
    ordens = normalform(auswahl.ordens_oder_kuenstlername or "")
    geburtsort, geburtsstaat = _place(auswahl.geburtsort)
    sterbeort, sterbestaat = _place(auswahl.sterbeort)
    return Suchformen(
        gemeindeschluessel=auswahl.gemeindeschluessel,
        phonetik=auswahl.phonetik,
        familienname=next((als_code(form) for form in ganz(FORMEN, auswahl.familienname)), None),
        vornamen=tuple(dict.fromkeys(als_code(form) for form in teile(FORMEN, auswahl.vornamen))),
        ordens_oder_kuenstlername=als_code(ordens) if ordens else None,
        postleitzahl=getrimmt(auswahl.postleitzahl) or None,
        strasse=strassenform(auswahl.strasse or "") or None,
        hausnummer=hausnummer(auswahl.hausnummer) or None,
        hausnummer_zusatz=getrimmt(auswahl.hausnummer_zusatz) or None,
        hausnummer_teil=getrimmt(auswahl.hausnummer_teil) or None,
        geburtsdatum=tag(auswahl.geburtsdatum) if auswahl.geburtsdatum else None,
        geburtsort=geburtsort,
        geburtsstaat=geburtsstaat,
        geschlecht=auswahl.geschlecht,
        sterbedatum=auswahl.sterbedatum,
        sterbeort=sterbeort,
        sterbestaat=sterbestaat,
        azr_nummer=getrimmt(auswahl.azr_nummer) or None,
    )


def namen(formen: Suchformen) -> list[Bedingung]:
    """What the person must be called. The first one leads to few persons."""
    return list(_namen(formen))


def personendaten(formen: Suchformen) -> list[Bedingung]:
    """What else the person must have."""
    gegeben = ((art, getattr(formen, feld)) for feld, art in _PERSON.items())
    return [gleich(wert, art) if wert else ohne(art) for art, wert in gegeben if wert is not None]


def wohnungsdaten(formen: Suchformen) -> list[Bedingung]:
    """What one dwelling in the municipality must have."""
    gegeben = ((art, getattr(formen, feld)) for feld, art in _WOHNUNG.items())
    daten = [gleich(wert, art) for art, wert in gegeben if wert is not None]
    return [*daten, gleich(formen.gemeindeschluessel, Art.GEMEINDE)] if daten else []


def mindestangaben_erfuellt(formen: Suchformen) -> bool:
    """§ 38 (1) BMG, § 4 (1) BMeldDAV: a name, and besides the municipality one of the data of no. 2.

    An address of no. 2 a holds a street, so no. 2 b is the weaker demand and decides. The AZR number does not count.
    """
    name = formen.ordens_oder_kuenstlername or (formen.familienname and formen.vornamen)
    weitere = (
        formen.strasse,
        formen.geburtsdatum,
        formen.geburtsort,
        formen.geschlecht,
        formen.sterbedatum,
        formen.sterbeort,
    )
    return bool(name) and any(weitere)


def platzhalter(auswahl: Auswahldaten) -> bool:
    """True when a text holds a wildcard, which § 4 (7) BMeldDAV forbids in a Personensuche."""
    orte = (ort.ort for ort in (auswahl.geburtsort, auswahl.sterbeort) if ort)
    texte = (
        auswahl.familienname,
        auswahl.vornamen,
        auswahl.ordens_oder_kuenstlername,
        auswahl.strasse,
        auswahl.hausnummer,
        auswahl.hausnummer_zusatz,
        auswahl.hausnummer_teil,
        *orte,
    )
    return any("?" in text or "*" in text for text in texte if text)


def _namen(formen: Suchformen) -> Iterator[Bedingung]:
    """A family name and the first of the first names lead as one, for they are one entry of the index."""
    familienname, vornamen = formen.familienname, formen.vornamen
    if familienname and vornamen:
        yield gleich(f"{familienname} {vornamen[0]}", *PAAR_GANZ)
        familienname, vornamen = None, vornamen[1:]
    if formen.ordens_oder_kuenstlername:
        yield gleich(formen.ordens_oder_kuenstlername, *KUENSTLERNAME_GANZ)
    if familienname:
        yield gleich(familienname, *FAMILIENNAME_GANZ)
    yield from (gleich(vorname, Art.VORNAME) for vorname in vornamen)


def _place(ort: Ort | None) -> tuple[str | None, str | None]:
    """Normal form and state key of a place; each None when not given or empty after normalisation."""
    if ort is None:
        return None, None
    form, staat = normalform(ort.ort), auslandsstaat(ort.staat)
    return form or None, staat if form or staat else None
