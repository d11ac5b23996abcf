"""The forms that a Personensuche compares: of a query, and of a record. Anlage Nr. 1 and 4 BMeldDAV.

A normal form is made of letters, a phonetic code of digits, so one field holds either and they never match each other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from typing import NamedTuple

from gateway.meldewesen.anfrage import Auswahldaten, Ort
from gateway.meldewesen.datensatz import Datensatz
from gateway.meldewesen.normalform import normalform, strassenform
from gateway.meldewesen.phonetik import phonetik
from gateway.meldewesen.sperren import sperre_bis, veranlasst_bis
from gateway.meldewesen.werte import NICHT_VORHANDEN, Gemeindeschluessel, Teildatum

#: Phonetic code of a name that has letters but no sound (only H): a given name like any other, not an absent one.
STUMM = "-"

#: Key of Germany in the list Gebiet; a birth or death there has no key of a state.
_DEUTSCHLAND = "000"


class _Formen(NamedTuple):
    """The functions that bring a text to its form."""

    normal: Callable[[str], str]
    strasse: Callable[[str], str]
    sound: Callable[[str], str]


_FORMEN = _Formen(normalform, strassenform, phonetik)

#: For loading: names recur, so a load of millions of persons computes most forms once (some 20 MB each). Those of a
#: query are never remembered: nobody may learn from a process's memory whom others have looked for.
_REMEMBERED = _Formen(*(lru_cache(2**17)(function) for function in _FORMEN))


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
    geburtsdatum: Teildatum | None = None
    geburtsort: str | None = None
    geburtsstaat: str | None = None  # "" for a birth in Germany when geburtsort is given
    geschlecht: str | None = None
    sterbedatum: Teildatum | None = None
    sterbeort: str | None = None
    sterbestaat: str | None = None  # "" for a death in Germany when sterbeort is given
    azr_nummer: str | None = None


class Anschriftform(NamedTuple):
    """One dwelling's address in the forms that are compared; empty where the register has nothing."""

    strasse: str
    postleitzahl: str
    hausnummer: str
    hausnummer_zusatz: str
    hausnummer_teil: str


@dataclass(frozen=True)
class Indexformen:
    """What a record is found by. Texts are empty where the register has nothing, and then match no query."""

    paare: frozenset[tuple[str, str]]  # each family name with each first name, normal forms and codes alike
    kuenstlernamen: frozenset[str]  # 0501, 0502 whole, normal forms and codes alike
    geburtsdaten: frozenset[str]
    anschriften: frozenset[Anschriftform]  # in the record's own municipality, current and former
    geschlecht: str
    geburtsort: str
    geburtsstaat: str
    sterbedatum: str
    sterbeort: str
    sterbestaat: str
    azr_nummer: str
    sperre_bis: str  # last day of a block, see `sperren`
    veranlasst_bis: str


def formen_der_anfrage(auswahl: Auswahldaten) -> Suchformen:
    """What a query is compared by."""
    formen = _FORMEN
    code = partial(_code, formen) if auswahl.phonetik else _unchanged
    ordens = normalform(auswahl.ordens_oder_kuenstlername or "")
    geburtsort, geburtsstaat = _place(auswahl.geburtsort)
    sterbeort, sterbestaat = _place(auswahl.sterbeort)
    return Suchformen(
        gemeindeschluessel=auswahl.gemeindeschluessel,
        phonetik=auswahl.phonetik,
        familienname=next((code(form) for form in _whole(formen, auswahl.familienname)), None),
        vornamen=tuple(dict.fromkeys(code(form) for form in _parts(formen, auswahl.vornamen))),
        ordens_oder_kuenstlername=code(ordens) if ordens else None,
        postleitzahl=_trimmed(auswahl.postleitzahl) or None,
        strasse=strassenform(auswahl.strasse or "") or None,
        hausnummer=_trimmed(auswahl.hausnummer) or None,
        hausnummer_zusatz=_trimmed(auswahl.hausnummer_zusatz) or None,
        hausnummer_teil=_trimmed(auswahl.hausnummer_teil) or None,
        geburtsdatum=auswahl.geburtsdatum,
        geburtsort=geburtsort,
        geburtsstaat=geburtsstaat,
        geschlecht=auswahl.geschlecht,
        sterbedatum=auswahl.sterbedatum,
        sterbeort=sterbeort,
        sterbestaat=sterbestaat,
        azr_nummer=_trimmed(auswahl.azr_nummer) or None,
    )


def formen_des_datensatzes(datensatz: Datensatz) -> Indexformen:
    """What a record (checked by `datensatz.check`) is found by."""
    formen = _REMEMBERED
    kuenstler = [datensatz.get("ordensname"), datensatz.get("kuenstlername")]  # 0501, 0502
    familiennamen = _all(
        partial(_whole, formen),
        datensatz["familienname"],  # 0101a
        datensatz.get("familienname_pass"),
        datensatz.get("geburtsname"),  # 0201a
        *(frueher.get("name") for frueher in datensatz.get("familiennamen_vor_aenderung", ())),  # 0203a
        *kuenstler,
    )
    vornamen = _all(
        partial(_parts, formen),
        datensatz["vornamen"],  # 0301
        datensatz.get("vornamen_pass"),
        datensatz.get("gebraeuchlicher_vorname"),  # 0302
        *(frueher.get("vornamen") for frueher in datensatz.get("vornamen_vor_aenderung", ())),  # 0303
        *kuenstler,
    )
    sperren = datensatz.get("auskunftssperren", ())
    kuenstlernamen = {form for name in kuenstler if name and (form := formen.normal(name))}
    return Indexformen(
        paare=frozenset(product(familiennamen, vornamen)).union(
            product(_codes(formen, familiennamen), _codes(formen, vornamen))
        ),
        kuenstlernamen=frozenset(kuenstlernamen | _codes(formen, kuenstlernamen)),
        geburtsdaten=frozenset([datensatz["geburtsdatum"], *datensatz.get("fruehere_geburtsdaten", ())]),
        anschriften=frozenset(_addresses(formen, datensatz)),
        geschlecht=datensatz.get("geschlecht", ""),
        geburtsort=formen.normal(datensatz.get("geburtsort", "")),
        geburtsstaat=_state(datensatz.get("geburtsstaat")),
        sterbedatum=datensatz.get("sterbedatum", ""),
        sterbeort=formen.normal(datensatz.get("sterbeort", "")),
        sterbestaat=_state(datensatz.get("sterbestaat")),
        azr_nummer=_trimmed(datensatz.get("azr_nummer")),
        sperre_bis=sperre_bis(sperren),
        veranlasst_bis=veranlasst_bis(sperren),
    )


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


def _whole(formen: _Formen, name: str | None) -> list[str]:
    """The one form of an undivided name, or none when it is absent. Anlage Nr. 4 b."""
    if name is None or name == NICHT_VORHANDEN:
        return [name] if name else []
    return [form] if (form := formen.normal(name)) else []


def _parts(formen: _Formen, namen: str | None) -> list[str]:
    """The forms of first names: split at spaces, not at hyphens, and then normalised. Anlage Nr. 4 c."""
    if namen is None or namen == NICHT_VORHANDEN:
        return [namen] if namen else []
    return [form for name in namen.split() if (form := formen.normal(name))]


def _all(forms_of: Callable[[str | None], list[str]], *names: str | None) -> set[str]:
    return {form for name in names for form in forms_of(name)}


def _code(formen: _Formen, form: str) -> str:
    return form if form == NICHT_VORHANDEN else formen.sound(form) or STUMM


def _unchanged(form: str) -> str:
    return form


def _codes(formen: _Formen, forms: Iterable[str]) -> set[str]:
    return {_code(formen, form) for form in forms}


def _trimmed(text: str | None) -> str:
    """House numbers and their like: no normal form, but neither case nor outer spaces matter. Anlage Nr. 4 g."""
    return text.strip().casefold() if text else ""


def _state(staat: str | None) -> str:
    return "" if staat in (None, _DEUTSCHLAND) else str(staat)


def _place(ort: Ort | None) -> tuple[str | None, str | None]:
    """Normal form and state key of a place; each None when not given or empty after normalisation."""
    if ort is None:
        return None, None
    form, staat = normalform(ort.ort), _state(ort.staat)
    return form or None, staat if form or staat else None


def _addresses(formen: _Formen, datensatz: Datensatz) -> Iterable[Anschriftform]:
    for wohnung in datensatz["wohnungen"]:
        inland = wohnung["anschrift"].get("inland")
        if inland and inland["ags"] == datensatz["ags"]:
            yield Anschriftform(
                strasse=formen.strasse(inland.get("strasse", "")),
                postleitzahl=_trimmed(inland.get("plz")),
                hausnummer=_trimmed(inland.get("hausnummer")),
                hausnummer_zusatz=_trimmed(inland.get("hausnummer_zusatz")),
                hausnummer_teil=_trimmed(inland.get("hausnummer_teil")),
            )
