"""What a record is found by: every datum that a search may give, by its kind and in the form that is compared.

Sources: §§ 4, 7 BMeldDAV and Nr. 4, 6 of its Anlage.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from gateway.meldewesen.datensatz import Datensatz
from gateway.meldewesen.formen import (
    GEMERKT,
    auslandsstaat,
    codes,
    ganz,
    getrimmt,
    hausnummer,
    tag,
    teile,
    unveraendert,
)
from gateway.meldewesen.sperren import sperre_bis, veranlasst_bis


class Art(IntEnum):
    """Kinds of data. The numbers stand in mirrors: a new kind gets a new one.

    A name is of the first kind where it is both the whole name and a part of it, that is, where it has one part.
    """

    AKTUELL, INAKTUELL = 1, 2  # the person; every person is one of the two, with an empty value
    PAAR, PAAR_GANZ, PAAR_TEIL = 3, 4, 5  # family name, space, first name
    FAMILIENNAME, FAMILIENNAME_GANZ, FAMILIENNAME_TEIL = 6, 7, 8
    KUENSTLERNAME, KUENSTLERNAME_GANZ, KUENSTLERNAME_TEIL = 9, 10, 11
    VORNAME = 12
    DOKTORGRAD = 13
    GEBURTSDATUM, GEBURTSORT, GEBURTSSTAAT = 14, 15, 16
    GESCHLECHT = 17
    STAATSANGEHOERIGKEIT = 18
    FAMILIENSTAND, FAMILIENSTAND_BEGINN, FAMILIENSTAND_BEGINN_LP = 19, 20, 21
    FAMILIENSTAND_ORT, FAMILIENSTAND_STAAT = 22, 23
    STERBEDATUM, STERBEORT, STERBESTAAT = 24, 25, 26
    AZR_NUMMER = 27
    WAFFENERLAUBNIS, WAFFENBESITZVERBOT, SPRENGSTOFFERLAUBNIS = 28, 29, 30  # with an empty value
    ZUZUGSSTAAT, WEGZUGSSTAAT, STAAT_IM_AUSLAND, AUSLANDSANSCHRIFT = 31, 32, 33, 34
    # of a dwelling
    GEMEINDE, POSTLEITZAHL, WOHNORT, FRUEHERER_GEMEINDENAME = 35, 36, 37, 38
    STRASSE, HAUSNUMMER, HAUSNUMMER_ZUSATZ, HAUSNUMMER_TEIL = 39, 40, 41, 42
    STOCKWERK, ZUSATZ, INHABER, UNBEKANNT = 43, 44, 45, 46
    STATUS, EINZUG, AUSZUG = 47, 48, 49
    WOHNUNG_AKTUELL = 50  # only together with the other data of a dwelling: nobody is found by it


PERSON = (Art.AKTUELL, Art.INAKTUELL)

#: Which kinds hold the whole names, and which the parts of names.
PAAR_GANZ, PAAR_TEIL = (Art.PAAR, Art.PAAR_GANZ), (Art.PAAR, Art.PAAR_TEIL)
FAMILIENNAME_GANZ, FAMILIENNAME_TEIL = (
    (Art.FAMILIENNAME, Art.FAMILIENNAME_GANZ),
    (Art.FAMILIENNAME, Art.FAMILIENNAME_TEIL),
)
KUENSTLERNAME_GANZ, KUENSTLERNAME_TEIL = (
    (Art.KUENSTLERNAME, Art.KUENSTLERNAME_GANZ),
    (Art.KUENSTLERNAME, Art.KUENSTLERNAME_TEIL),
)

#: UNBEKANNT of an address of which no circumstance is noted; it stands before all keys of circumstances.
OHNE_SACHVERHALT = "-"

#: Values of WOHNUNG_AKTUELL.
AKTUELLE, FRUEHERE = "1", "0"

Datum = tuple[int, str]  # Art and value


class Wohnungsform(NamedTuple):
    """One dwelling in the forms that are compared; empty where the register has nothing."""

    gemeinde: str
    postleitzahl: str
    wohnort: str
    frueherer_gemeindename: str
    strasse: str
    hausnummer: str
    hausnummer_zusatz: str
    hausnummer_teil: str
    stockwerk: str
    zusatz: str
    inhaber: str
    unbekannt: str
    status: str
    einzug: str
    auszug: str
    aktuell: str


#: Which kind each datum of a dwelling is of, in the order of Wohnungsform.
WOHNUNGSDATEN = (
    Art.GEMEINDE,
    Art.POSTLEITZAHL,
    Art.WOHNORT,
    Art.FRUEHERER_GEMEINDENAME,
    Art.STRASSE,
    Art.HAUSNUMMER,
    Art.HAUSNUMMER_ZUSATZ,
    Art.HAUSNUMMER_TEIL,
    Art.STOCKWERK,
    Art.ZUSATZ,
    Art.INHABER,
    Art.UNBEKANNT,
    Art.STATUS,
    Art.EINZUG,
    Art.AUSZUG,
    Art.WOHNUNG_AKTUELL,
)
_DARIN = tuple(int(art) for art in WOHNUNGSDATEN[:-1])


@dataclass(frozen=True)
class Indexformen:
    """What a record is found by, and the days on which its blocks end (see `sperren`)."""

    daten: frozenset[Datum]
    wohnungen: frozenset[Wohnungsform]
    sperre_bis: str
    veranlasst_bis: str


_normal = GEMERKT.normal

#: Single texts of a record: field, kind, form.
_EINFACH: tuple[tuple[str, Art, Callable[[str], str]], ...] = (
    ("doktorgrad", Art.DOKTORGRAD, getrimmt),  # 0401
    ("geburtsort", Art.GEBURTSORT, _normal),  # 0602
    ("geburtsstaat", Art.GEBURTSSTAAT, auslandsstaat),  # 0603
    ("geschlecht", Art.GESCHLECHT, unveraendert),  # 0701
    ("sterbedatum", Art.STERBEDATUM, unveraendert),  # 1901
    ("sterbeort", Art.STERBEORT, _normal),  # 1904
    ("sterbestaat", Art.STERBESTAAT, auslandsstaat),  # 1905
    ("azr_nummer", Art.AZR_NUMMER, getrimmt),  # 1712
)

#: The same within `familienstand`.
_FAMILIENSTAND: tuple[tuple[str, Art, Callable[[str], str]], ...] = (
    ("stand", Art.FAMILIENSTAND, unveraendert),  # 1401
    ("beginn", Art.FAMILIENSTAND_BEGINN, unveraendert),  # 1402
    ("beginn_vorausgegangene_lp", Art.FAMILIENSTAND_BEGINN_LP, unveraendert),  # 1402a
    ("ort", Art.FAMILIENSTAND_ORT, _normal),  # 1408
    ("staat", Art.FAMILIENSTAND_STAAT, unveraendert),  # 1409
)

#: Lists of which it matters whether they have an entry.
_VORHANDEN = (
    ("waffenrechtliche_erlaubnisse", Art.WAFFENERLAUBNIS),  # 2601
    ("waffenbesitzverbote", Art.WAFFENBESITZVERBOT),  # 2603
    ("sprengstoffrechtliche_erlaubnisse", Art.SPRENGSTOFFERLAUBNIS),  # 2801
)


def formen_des_datensatzes(datensatz: Datensatz) -> Indexformen:
    """What a record (checked by `datensatz.check`) is found by."""
    wohnungen = frozenset(map(_wohnung, datensatz["wohnungen"]))
    sperren = datensatz.get("auskunftssperren", ())
    return Indexformen(
        daten=frozenset(_daten(datensatz, wohnungen)),
        wohnungen=wohnungen,
        sperre_bis=sperre_bis(sperren),
        veranlasst_bis=veranlasst_bis(sperren),
    )


def ist_aktuell(datensatz: Datensatz) -> bool:
    """Whether the person lives in the municipality whose register the record is of: neither dead nor moved away, and
    with a current dwelling there (§ 7 (3) S. 4 BMeldDAV).
    """
    ags = datensatz["ags"]
    return not ("sterbedatum" in datensatz or "verzogen" in datensatz) and any(
        wohnung["aktuell"] and wohnung["anschrift"].get("inland", {}).get("ags") == ags
        for wohnung in datensatz["wohnungen"]
    )


def _daten(datensatz: Datensatz, wohnungen: Iterable[Wohnungsform]) -> Iterator[Datum]:
    yield Art.AKTUELL if ist_aktuell(datensatz) else Art.INAKTUELL, ""
    yield from _namen(datensatz)
    yield from _texte(datensatz, _EINFACH)
    yield from _texte(datensatz.get("familienstand", {}), _FAMILIENSTAND)
    yield Art.GEBURTSDATUM, tag(datensatz["geburtsdatum"])  # 0601, each period alike: Anlage Nr. 4 h, 6 f
    for frueher in datensatz.get("fruehere_geburtsdaten", ()):
        yield Art.GEBURTSDATUM, tag(frueher)
    for staat in datensatz.get("staatsangehoerigkeiten", ()):  # 1001
        yield Art.STAATSANGEHOERIGKEIT, staat
    for feld, art in _VORHANDEN:
        if datensatz.get(feld):
            yield art, ""
    yield from _ausland(datensatz)
    for wohnung in wohnungen:
        yield from ((art, wert) for art, wert in zip(_DARIN, wohnung, strict=False) if wert)


def _texte(gruppe: Mapping[str, Any], felder: Iterable[tuple[str, Art, Callable[[str], str]]]) -> Iterator[Datum]:
    for feld, art, form in felder:
        if feld in gruppe and (wert := form(gruppe[feld])):
            yield art, wert


def _namen(datensatz: Datensatz) -> Iterator[Datum]:
    """Names with the sources that Anlage Nr. 4 b to d and 6 b to d list; normal forms and phonetic codes alike."""
    kuenstler = [datensatz.get("ordensname"), datensatz.get("kuenstlername")]  # 0501, 0502
    familiennamen = [
        datensatz["familienname"],  # 0101a
        datensatz.get("familienname_pass"),
        datensatz.get("geburtsname"),  # 0201a
        *(frueher.get("name") for frueher in datensatz.get("familiennamen_vor_aenderung", ())),  # 0203a
        *kuenstler,
    ]
    vornamen = _alle(
        teile,
        datensatz["vornamen"],  # 0301
        datensatz.get("vornamen_pass"),
        datensatz.get("gebraeuchlicher_vorname"),  # 0302
        *(frueher.get("vornamen") for frueher in datensatz.get("vornamen_vor_aenderung", ())),  # 0303
        *kuenstler,
    )
    familie = _Name(_alle(ganz, *familiennamen), _alle(teile, *familiennamen))
    buehne = _Name(_alle(ganz, *kuenstler), _alle(teile, *kuenstler))
    yield from _verbunden(familie, buehne, vornamen)
    yield from _verbunden(familie.codes(), buehne.codes(), codes(GEMERKT, vornamen))


class _Name(NamedTuple):
    """The forms of the whole names of a kind, and of their parts."""

    ganze: set[str]
    teile: set[str]

    def codes(self) -> "_Name":
        return _Name(codes(GEMERKT, self.ganze), codes(GEMERKT, self.teile))

    def daten(self, beides: int) -> Iterator[Datum]:
        """The kinds of a name stand one behind the other: both, the whole alone, a part alone."""
        yield from ((beides if form in self.teile else beides + 1, form) for form in self.ganze)
        yield from ((beides + 2, form) for form in self.teile - self.ganze)


def _verbunden(familie: _Name, buehne: _Name, vornamen: set[str]) -> Iterator[Datum]:
    yield from ((Art.VORNAME, vorname) for vorname in vornamen)
    yield from familie.daten(Art.FAMILIENNAME)
    yield from buehne.daten(Art.KUENSTLERNAME)
    yield from ((art, f"{name} {vorname}") for art, name in familie.daten(Art.PAAR) for vorname in vornamen)


def _alle(forms_of: Callable[..., list[str]], *namen: str | None) -> set[str]:
    return {form for name in namen if name for form in forms_of(GEMERKT, name)}


def _ausland(datensatz: Datensatz) -> Iterator[Datum]:
    """States abroad and the address there: they stand in the record beside its dwellings."""
    zuzug, wegzug = datensatz.get("zuzug_ausland"), datensatz.get("wegzug_ausland")
    for gruppe, art in ((zuzug, Art.ZUZUGSSTAAT), (wegzug, Art.WEGZUGSSTAAT)):  # 1223, 1232
        if gruppe:
            yield art, gruppe["staat"]
            yield Art.STAAT_IM_AUSLAND, gruppe["staat"]
    if wegzug and (form := GEMERKT.normal("".join(wegzug.get("anschrift", ())))):  # 1233
        yield Art.AUSLANDSANSCHRIFT, form


def _wohnung(wohnung: Mapping[str, Any]) -> Wohnungsform:
    anschrift = wohnung["anschrift"]
    inland = anschrift.get("inland", {}).get
    return Wohnungsform(
        gemeinde=inland("ags", ""),  # 1201
        postleitzahl=getrimmt(inland("plz")),  # 1202
        wohnort=_normal(inland("wohnort", "")),  # 1203
        frueherer_gemeindename=_normal(inland("frueherer_gemeindename", "")),  # 1204
        strasse=GEMERKT.strasse(inland("strasse", "")),  # 1205
        hausnummer=hausnummer(inland("hausnummer")),  # 1206
        hausnummer_zusatz=getrimmt(inland("hausnummer_zusatz")),  # 1208
        hausnummer_teil=getrimmt(inland("hausnummer_teil")),  # 1209
        stockwerk=getrimmt(inland("stockwerk")),  # 1210
        zusatz=_normal(inland("zusatz", "")),  # 1211
        inhaber=_normal(inland("inhaber", "")),  # 1212
        unbekannt=anschrift["unbekannt"].get("sachverhalt", OHNE_SACHVERHALT)
        if "unbekannt" in anschrift
        else "",  # 1200
        status=wohnung.get("status", ""),  # 1213
        einzug=wohnung.get("einzug", ""),  # 1301
        auszug=wohnung.get("auszug", ""),  # 1306
        aktuell=AKTUELLE if wohnung["aktuell"] else FRUEHERE,
    )
