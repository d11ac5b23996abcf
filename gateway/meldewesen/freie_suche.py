"""From a freie Suche to what is compared: § 7 BMeldDAV, Nr. 6 and 7 of its Anlage."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial

from gateway.meldewesen.anfrage import (
    AKTUELL,
    BELIEBIG,
    INAKTUELL,
    FreieAuswahl,
    FreieSuche,
    FreieWohnung,
    Suchbereich,
)
from gateway.meldewesen.bedingung import Bedingung, gleich, ohne, wie, zwischen
from gateway.meldewesen.formen import FORMEN, HAUSNUMMER, auslandsstaat, code, getrimmt, hausnummer, tag, unveraendert
from gateway.meldewesen.normalform import normalform, strassenform
from gateway.meldewesen.suchdaten import (
    AKTUELLE,
    FAMILIENNAME_TEIL,
    FRUEHERE,
    KUENSTLERNAME_TEIL,
    OHNE_SACHVERHALT,
    PERSON,
    Art,
)
from gateway.meldewesen.werte import NICHT_VORHANDEN


@dataclass(frozen=True)
class FreieSuchformen:
    """A freie Suche in the forms that are compared; a datum that is empty after normalisation counts as absent.

    A search matches who has all of `person` and has one dwelling with all of `wohnung`.
    """

    bereich: Suchbereich
    person: tuple[Bedingung, ...] = ()
    wohnung: tuple[Bedingung, ...] = ()


class Platzhalterfehler(Enum):
    """What can be wrong with wildcards (§ 7 (3) S. 3, (7) BMeldDAV, Anlage Nr. 7 c)."""

    ANFANG = "a wildcard stands first, or alone"
    FELD = "a wildcard stands where none is allowed"
    PHONETIK = "wildcards in a phonetic search"


_Form = Callable[[str], str]

#: Names: field, kinds of their parts.
_NAMEN: tuple[tuple[str, tuple[Art, ...]], ...] = (
    ("familienname", FAMILIENNAME_TEIL),
    ("vornamen", (Art.VORNAME,)),
    ("ordens_oder_kuenstlername", KUENSTLERNAME_TEIL),
)

#: Those of which a query can say that there legally is none; the schema has no word for it of the others.
_KANN_FEHLEN = ("familienname", "vornamen")

#: Data that the register must have in the same form: field, kind, form.
_PERSON: tuple[tuple[str, Art, _Form], ...] = (
    ("doktorgrad", Art.DOKTORGRAD, getrimmt),
    ("geburtsdatum", Art.GEBURTSDATUM, tag),
    ("geburtsort", Art.GEBURTSORT, normalform),
    ("geschlecht", Art.GESCHLECHT, unveraendert),
    ("staatsangehoerigkeit", Art.STAATSANGEHOERIGKEIT, unveraendert),
    ("familienstand", Art.FAMILIENSTAND, unveraendert),
    ("familienstand_beginn", Art.FAMILIENSTAND_BEGINN, unveraendert),
    ("familienstand_beginn_vorausgegangene_lp", Art.FAMILIENSTAND_BEGINN_LP, unveraendert),
    ("familienstand_ort", Art.FAMILIENSTAND_ORT, normalform),
    ("familienstand_staat", Art.FAMILIENSTAND_STAAT, unveraendert),
    ("sterbedatum", Art.STERBEDATUM, unveraendert),
    ("sterbeort", Art.STERBEORT, normalform),
)
_WOHNUNG: tuple[tuple[str, Art, _Form], ...] = (
    ("gemeindeschluessel", Art.GEMEINDE, str),
    ("postleitzahl", Art.POSTLEITZAHL, getrimmt),
    ("wohnort", Art.WOHNORT, normalform),
    ("frueherer_gemeindename", Art.FRUEHERER_GEMEINDENAME, normalform),
    ("hausnummer", Art.HAUSNUMMER, hausnummer),
    ("hausnummer_zusatz", Art.HAUSNUMMER_ZUSATZ, getrimmt),
    ("hausnummer_teil", Art.HAUSNUMMER_TEIL, getrimmt),
    ("stockwerk", Art.STOCKWERK, getrimmt),
    ("zusatz", Art.ZUSATZ, normalform),
    ("wohnungsinhaber", Art.INHABER, normalform),
    ("status", Art.STATUS, unveraendert),
    ("einzugsdatum", Art.EINZUG, unveraendert),
    ("auszugsdatum", Art.AUSZUG, unveraendert),
    ("aktualitaet", Art.WOHNUNG_AKTUELL, {AKTUELL: AKTUELLE, INAKTUELL: FRUEHERE}.__getitem__),
)

#: States of which a query may also say that there is none.
_STAATEN = (("geburtsstaat", Art.GEBURTSSTAAT), ("sterbestaat", Art.STERBESTAAT))

#: Facts.
_TATSACHEN = (
    ("waffenrechtliche_erlaubnis", Art.WAFFENERLAUBNIS),
    ("waffenbesitzverbot", Art.WAFFENBESITZVERBOT),
    ("sprengstoffrechtliche_erlaubnis", Art.SPRENGSTOFFERLAUBNIS),
)

#: States abroad, which the record holds beside its dwellings: they are data of the person.
_AUSLAND = (
    ("zuzugsstaat", Art.ZUZUGSSTAAT),
    ("auslandsanschrift_staat", Art.WEGZUGSSTAAT),
    ("staat", Art.STAAT_IM_AUSLAND),
)

#: Texts in which no wildcard is allowed.
_OHNE_PLATZHALTER = ("doktorgrad", "geburtsort", "familienstand_ort", "sterbeort")
_WOHNUNG_OHNE_PLATZHALTER = (
    "wohnort",
    "frueherer_gemeindename",
    "hausnummer",
    "hausnummer_zusatz",
    "hausnummer_teil",
    "hausnummer_von",
    "hausnummer_bis",
    "stockwerk",
    "zusatz",
    "wohnungsinhaber",
)

_PLATZHALTER = re.compile(r"([?*])")
_BELIEBIG_VIELE = re.compile(r"\?*\*[?*]*")
_ZIFFERN = re.compile(r"\s*([0-9]+)")

#: Behind all house numbers of a register, which have four digits at most, and all keys of circumstances.
_UEBER_ALLEN = ":"


def formen_der_freien_suche(anfrage: FreieSuche) -> FreieSuchformen:
    """What a freie Suche is compared by."""
    auswahl, wohnung = anfrage.auswahldaten, anfrage.auswahldaten.wohnung
    return FreieSuchformen(
        bereich=anfrage.suchbereich,
        person=tuple(_person(auswahl, anfrage.aktualitaet)),
        wohnung=tuple(_wohnung(wohnung)) if wohnung else (),
    )


def platzhalter_fehler(auswahl: FreieAuswahl) -> frozenset[Platzhalterfehler]:
    """What is wrong with the wildcards of a query. Where it stands is told of the normal form: `-*` is a `*` alone.

    With phonetics there may be none anywhere in the query, in the street neither: ground 15 of the list
    Datenabruf.Nichterstellung.Grund speaks of the Suchanfrage, as § 7 (3) S. 3 BMeldDAV does of the phonetic search.
    """
    wohnung = auswahl.wohnung or FreieWohnung()
    namen = [getattr(auswahl, feld) for feld, _ in _NAMEN]
    andere = [getattr(auswahl, feld) for feld in _OHNE_PLATZHALTER]
    andere += [getattr(wohnung, feld) for feld in _WOHNUNG_OHNE_PLATZHALTER]
    andere += wohnung.auslandsanschrift
    namensteile = [teil for name in namen for teil in _teile(name, _muster)]
    anfaenge = [teil[:1] for teil in (*namensteile, *_strasse(wohnung.strasse))]
    fehler = {
        Platzhalterfehler.ANFANG: any(map(_hat_platzhalter, anfaenge)),
        Platzhalterfehler.FELD: any(map(_hat_platzhalter, andere)),
        Platzhalterfehler.PHONETIK: auswahl.phonetik and any(map(_hat_platzhalter, (*namen, wohnung.strasse, *andere))),
    }
    return frozenset(one for one, there in fehler.items() if there)


def _hat_platzhalter(text: str | None) -> bool:
    return bool(text and _PLATZHALTER.search(text))


def _person(auswahl: FreieAuswahl, aktualitaet: str | None) -> Iterator[Bedingung]:
    yield from _namen(auswahl)
    yield from _gleiche(auswahl, _PERSON)
    if auswahl.geburt_von and auswahl.geburt_bis:
        yield zwischen(auswahl.geburt_von, auswahl.geburt_bis, Art.GEBURTSDATUM)
    for feld, art in _STAATEN:
        staat: str | None = getattr(auswahl, feld)
        if staat is not None:
            yield gleich(staat, art) if auslandsstaat(staat) else ohne(art)
    yield from (gleich("", art) for feld, art in _TATSACHEN if getattr(auswahl, feld))
    if auswahl.wohnung:
        yield from _ausland(auswahl.wohnung)
    if aktualitaet:
        yield gleich("", PERSON[(AKTUELL, INAKTUELL).index(aktualitaet)])


def _namen(auswahl: FreieAuswahl) -> Iterator[Bedingung]:
    als_code = partial(code, FORMEN) if auswahl.phonetik else unveraendert
    muster = normalform if auswahl.phonetik else _muster
    for feld, arten in _NAMEN:
        name: str | None = getattr(auswahl, feld)
        forms = [name] if name == NICHT_VORHANDEN and feld in _KANN_FEHLEN else map(als_code, _teile(name, muster))
        yield from (wie(form, *arten) for form in dict.fromkeys(forms))


def _teile(name: str | None, muster: _Form) -> list[str]:
    """The parts of a name (Anlage Nr. 6 b to d) as patterns."""
    return [form for teil in (name or "").split() if (form := muster(teil))]


def _muster(text: str) -> str:
    """The normal form with its wildcards (Anlage Nr. 7 b); `**` says the same as `*`, and `*?` as `?*`."""
    stuecke = (stueck if _PLATZHALTER.fullmatch(stueck) else normalform(stueck) for stueck in _PLATZHALTER.split(text))
    return _BELIEBIG_VIELE.sub(lambda folge: "?" * folge[0].count("?") + "*", "".join(stuecke))


def _strasse(text: str | None) -> list[str]:
    """As `_muster`; the ending is brought to one form (Anlage Nr. 6 h), for it is in the register's."""
    *anfang, ende = _PLATZHALTER.split(text or "")
    form = _muster("".join(anfang)) + strassenform(ende)
    return [form] if form else []


def _gleiche(daten: object, tabelle: tuple[tuple[str, Art, _Form], ...]) -> Iterator[Bedingung]:
    for feld, art, form in tabelle:
        text: str | None = getattr(daten, feld)
        if text and (wert := form(text)):
            yield gleich(wert, art)


def _wohnung(wohnung: FreieWohnung) -> Iterator[Bedingung]:
    yield from (wie(form, Art.STRASSE) for form in _strasse(wohnung.strasse))
    yield from _gleiche(wohnung, _WOHNUNG)
    if wohnung.unbekannt is not None:  # 1200, without a circumstance whichever it is
        bekannt, jeder = wohnung.unbekannt, zwischen(OHNE_SACHVERHALT, _UEBER_ALLEN, Art.UNBEKANNT)
        yield gleich(bekannt, Art.UNBEKANNT) if bekannt else jeder
    von, bis = _nummer(wohnung.hausnummer_von), _nummer(wohnung.hausnummer_bis)
    if von or bis:
        yield zwischen(von or "0", bis or _UEBER_ALLEN, Art.HAUSNUMMER)  # a dwelling may have no number


def _nummer(text: str | None) -> str:
    """The digits with which an end of a range of house numbers begins, empty where there are none."""
    ziffern = _ZIFFERN.match(text or "")
    form = hausnummer(ziffern[1].lstrip("0") or "0") if ziffern else ""
    return form if len(form) <= HAUSNUMMER else _UEBER_ALLEN


def _ausland(wohnung: FreieWohnung) -> Iterator[Bedingung]:
    for feld, art in _AUSLAND:
        staat: str | None = getattr(wohnung, feld)
        if staat:
            yield zwischen("", "", art) if staat == BELIEBIG else gleich(staat, art)
    if form := normalform("".join(wohnung.auslandsanschrift)):
        yield gleich(form, Art.AUSLANDSANSCHRIFT)
