"""The mapping of XMeld 25.11a: complete, and right about who may have what."""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Table
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import xmlschema

from gateway.meldewesen import datensatz
from gateway.meldewesen.anfrage import Auswahldaten, FreieAuswahl, FreieWohnung
from gateway.meldewesen.auskunft import ANTWORT
from gateway.meldewesen.behoerde import Rolle
from gateway.meldewesen.datensatz import Feld
from gateway.meldewesen.pfade import names
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.xmeld.schreiben import Schreiber
from gateway.xmeld.zeilen import ALONG
from tests.shared import SHARED, needs_shared
from tests.xmeld.nachrichten import ABSENDER, art, mapping, pack

#: Fields that no Anforderungselement asks for, and why they are in the record.
NOT_ASKED_FOR = {
    "ags": "the register itself",
    "ordnungsmerkmal": "the register's own key",
    "verzogen": "told as the hints of § 5 (1) S. 3 no. 2 to 4",
    "azr_nummer": "compared only, § 4 (1) S. 2",
    "auskunftssperren": "never told, § 34a (5) BMG",
    "zuzug_ausland": "told as a dwelling: wohnungen.anschrift.zuzugsstaat",
    "letzter_wegzug_ausland": "told with a dwelling: wohnungen.letzter_wegzug_ausland",
    "passversagungen.nachweis": "177 asks for authority and file number only",
    "waffenrechtliche_erlaubnisse.nachweis": "179 likewise",
    "sprengstoffrechtliche_erlaubnisse.nachweis": "183 likewise",
}


def codelist(name: str) -> dict[str, set[str]]:
    """The list's codes with the Blaetter that it names."""
    path = SHARED / "xmeld" / "codelists" / "csv" / f"Code.Datenabruf.{name}.Anforderungselement.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row["name"].rpartition("(")[2] for row in csv.DictReader(file)}
    return {code: set(re.findall(r"\b\d{4}[a-z]?\b", text)) for code, text in rows.items()}


@needs_shared
@pytest.mark.parametrize(
    ("nummer", "name", "count", "ranges"),
    [("1330", "Personensuche", 185, {"42": {"1003"}}), ("1332", "FreieSuche", 46, {})],  # 42: "1002 bis 1004"
)
def test_each_code_of_the_list_has_its_rows_and_its_blaetter(
    nummer: str, name: str, count: int, ranges: dict[str, set[str]]
) -> None:
    blaetter: dict[str, set[str]] = {}
    for zeile in art(nummer).zeilen:
        blaetter.setdefault(zeile.code, set()).update(zeile.blatt.split())
    blaetter.pop(ALONG)
    assert len(blaetter) == count
    assert blaetter == {code: blatt | ranges.get(code, set()) for code, blatt in codelist(name).items()}


def test_the_mapping_fits_the_packs_schema() -> None:
    Schreiber(pack(), mapping(), ABSENDER)


#: Last element of the place of each Blatt, by the schema's documentation and the meaning of the names. Where two data
#: have one form, only this notices that they were exchanged.
ELEMENT = {
    "0001": "gesetzlichervertreterschluessel", "0103a": "ehename.unstrukturiert", "0201a": "geburtsname.unstrukturiert",
    "0105a": "lebenspartnerschaftsname.unstrukturiert", "0203a": "frueherer.familienname",
    "0302": "gebraeuchlicherVorname", "0303": "fruehereVornamen", "0401": "doktorgrad", "0501": "ordensname",
    "0502": "kuenstlername", "0602": "geburtsort", "0603": "geburtsortStaat",
    "0606": "geburtseintragOhneGeburtsurkunde", "0701": "geschlecht", "0904": "vornamen", "0905": "doktorgrad",
    "0906": "geburtsdatum", "0907a": "staat", "0915": "sterbetag", "0916": "tagDerBeendigung", "0917": "geschlecht",
    "1001": "staatsangehoerigkeit", "1002": "glaubhaftmachung", "1201": "gemeindeschluessel", "1202": "postleitzahl",
    "1203": "wohnort", "1204": "wohnortFruehererGemeindename", "1205": "strasse", "1206": "hausnummer",
    "1208": "hausnummerBuchstabeZusatzziffer", "1209": "teilnummerDerHausnummer", "1210": "stockwerkswohnungsnummer",
    "1211": "zusatzangaben", "1212": "wohnungsinhaber", "1213": "statusderwohnung", "1213a": "artderwohnung",
    "1223": "staat", "1232": "staat", "1233": "zeile.anschrift", "1301": "datumDesBeziehens",
    "1301a": "datumDesWohnungsstatuswechsels", "1302": "zuzugGemeinde", "1303": "zuzugKreis", "1304": "zuzugLand",
    "1305": "zuzugBund", "1306": "datumDesAuszugs", "1308": "datumDerAnmeldungVonAmtsWegen",
    "1309": "datumDerAbmeldungVonAmtsWegen", "1310": "datumDesWohnungsstatuswechselsVonAmtsWegen",
    "1311": "datumAnmeldungBeiAnmeldebehoerde", "1312": "datumAbmeldungBeiAnmeldebehoerde",
    "1313": "datumMitteilungWohnungsstatuswechsel", "1314": "datumLetzterWegzugAusland", "1401": "familienstand",
    "1402": "datumBeginn", "1402a": "datumBeginnVorausgegangeneLP", "1405": "beendigungsgrund", "1406": "datumEnde",
    "1408": "ort.letzte.ehe.oder.lp", "1409": "ortstaat.letzte.ehe.oder.lp", "1502b": "geburtsname.unstrukturiert",
    "1503": "vornamen", "1504": "doktorgrad", "1505": "geburtsdatum", "1506": "geschlecht", "1508": "staat",
    "1516": "sterbetag", "1518b": "geburtsname.unstrukturiert", "1519": "vornamen", "1520": "doktorgrad",
    "1521": "geburtsdatum", "1522": "geschlecht", "1524": "staat", "1532": "sterbetag", "1603": "vornamen",
    "1604": "geburtsdatum", "1604a": "geschlecht", "1605": "sterbetag", "1700": "passart", "1701": "behoerde",
    "1702": "ausstellungsdatum", "1703": "gueltigkeitsdauer", "1704": "passart", "1705": "behoerde",
    "1706": "ausstellungsdatum", "1707": "gueltigkeitsdauer", "1708": "seriennummer", "1709": "seriennummer",
    "1801a": "bedingterSperrvermerk", "1901": "sterbetag", "1904": "sterbeort", "1905": "sterbeortStaat",
    "2301": "status", "2601": "tagDerErstmaligenErteilung", "2603": "tagDerErstmaligenErteilung",
    "2604": "behoerdeUndAktenzeichen", "2801": "tagDerErstmaligenErteilung", "3001": "zeile",
    "3002": "eigentuemerNichtWohnungsgeber",
}  # fmt: skip


def test_each_blatt_stands_in_its_own_element() -> None:
    for zeile in [*art("1330").zeilen, *art("1332").zeilen]:
        if zeile.blatt in ELEMENT:
            element = zeile.ort.rpartition("/")[2].removesuffix("[]")
            assert element.removesuffix(".unstrukturiert") == ELEMENT[zeile.blatt].removesuffix(".unstrukturiert"), (
                zeile
            )


def test_each_blatt_stands_in_the_field_that_the_record_notes_it_for() -> None:
    source = Path(datensatz.__file__).read_text(encoding="utf-8")
    noted: dict[str, set[str]] = {}
    for name, comment in re.findall(r'"([a-z_]+)": [^#\n]*# ([^\n]*)', source):
        noted.setdefault(name, set()).update(re.findall(r"\b\d{4}[ab]?\b", comment))
    odd = {
        zeile.blatt
        for zeile in [*art("1330").zeilen, *art("1332").zeilen]
        if zeile.blatt in ELEMENT and not any(zeile.blatt in noted.get(name, ()) for name in names(zeile.feld))
    }
    assert odd == {"1002", "1223", "1232", "1406", "1508", "1524"}  # noted for a group, or derived


@needs_shared
def test_the_mapping_fits_the_publishers_schema() -> None:
    schema = xmlschema.XMLSchema(SHARED / "xmeld" / "xsd-25.11a" / "xmeld" / "xinneres.xmeld.xsd")
    Schreiber(SimpleNamespace(schema=schema, messages=pack().messages), mapping(), ABSENDER)


def test_each_field_of_the_record_can_be_asked_for_or_has_a_reason() -> None:
    told = {re.sub(r"\[[0-9]*\]", "", zeile.feld) for zeile in art().zeilen}

    def missing(felder: Table[str, Feld], way: str = "") -> Iterator[str]:
        for name, feld in felder.items():
            path = f"{way}{name}"
            if path in told or path in NOT_ASKED_FOR or name == "auskunftssperren":
                continue
            if isinstance(feld.form, Table):
                yield from missing(feld.form, f"{path}.")
            else:
                yield path

    assert list(missing(ANTWORT)) == []


def test_a_list_tells_no_field_that_a_personensuche_would_not_tell() -> None:
    def fields(nummer: str) -> set[str]:
        return {re.sub(r"\[[0-9]*\]", "", zeile.feld) for zeile in art(nummer).zeilen}

    assert fields("1332") <= fields("1330")


@pytest.mark.parametrize(("nummer", "typ"), [("1330", Auswahldaten), ("1332", FreieAuswahl)])
def test_each_field_of_the_auswahldaten_can_be_sent(nummer: str, typ: type[Any]) -> None:
    places = {feld for feld, ort in art(nummer).orte if ort.startswith("suchprofil/auswahldaten/")}
    assert {re.split(r"[.\[]", feld)[0] for feld in places} == set(typ.__dataclass_fields__)
    wohnung = {re.split(r"[.\[]", feld)[1] for feld in places if feld.startswith("wohnung.")}
    assert wohnung == (set(FreieWohnung.__dataclass_fields__) if typ is FreieAuswahl else set())


@pytest.mark.parametrize("nummer", ["1330", "1332"])
def test_no_element_of_a_requests_suchprofil_goes_unread(nummer: str) -> None:
    element = pack().schema.maps.elements[f"{{{pack().namespace}}}{pack().messages[nummer].element}"]
    read = {ort.replace("[]", "") for _, ort in art(nummer).orte}

    def unread(typ: Any, way: str) -> Iterator[str]:
        for child in typ.content.iter_elements():
            place = f"{way}{child.local_name}"
            if place in read:
                continue
            group = child.type.is_complex() and child.type.has_complex_content()
            yield from unread(child.type, f"{place}/") if group else [place]

    (suchprofil,) = (child for child in element.type.content.iter_elements() if child.local_name == "suchprofil")
    assert list(unread(suchprofil.type, "suchprofil/")) == []


# -- who may have what -----------------------------------------------------------------------------------------------

#: The data for which §§ 5 (2), 8 (2) want a role: kind of request, codes, Rueckweisung, whether the FIU has them.
RECHTE = [
    ("1330", range(163, 172), "07", True),
    ("1330", (176, 177), "08", True),
    ("1330", range(178, 184), "09", False),
    ("1330", (184, 185), "10", True),
    ("1332", range(29, 38), "07", True),
    ("1332", range(42, 45), "09", False),
    ("1332", (45, 46), "10", True),
    ("1332", (28,), "11", False),
]


@pytest.mark.parametrize(("nummer", "codes", "rueckweisung", "fiu"), RECHTE)
def test_each_datum_that_needs_a_role_is_kept_from_those_who_may_not_have_it(
    nummer: str, codes: Iterable[int], rueckweisung: str, fiu: bool
) -> None:
    for code in codes:
        asked = frozenset({"1", str(code)})
        assert art(nummer).unzulaessig(asked, Rolle.EINFACH) == (rueckweisung,)
        assert art(nummer).unzulaessig(asked, Rolle.SICHERHEIT) == ()
        assert art(nummer).unzulaessig(asked, Rolle.FIU) == (() if fiu else (rueckweisung,))


@pytest.mark.parametrize(("nummer", "count"), [("1330", 166), ("1332", 31)])
def test_every_other_datum_is_for_every_authority(nummer: str, count: int) -> None:
    everyones = art(nummer).codes - {str(code) for kind, codes, *_ in RECHTE if kind == nummer for code in codes}
    assert len(everyones) == count
    for rolle in Rolle:
        assert art(nummer).unzulaessig(everyones, rolle) == ()


def test_every_ground_that_applies_is_given_once_and_in_order() -> None:
    assert art("1330").unzulaessig(art("1330").codes, Rolle.EINFACH) == ("07", "08", "09", "10")
    assert art("1332").unzulaessig(art("1332").codes, Rolle.EINFACH) == ("07", "09", "10", "11")
    assert art("1332").unzulaessig(art("1332").codes, Rolle.FIU) == ("09", "11")


PERMITS = {
    "waffenrechtliche_erlaubnis": "04",
    "waffenbesitzverbot": "05",
    "sprengstoffrechtliche_erlaubnis": "06",
}


@pytest.mark.parametrize("given", [c for n in range(4) for c in itertools.combinations(PERMITS, n)])
def test_only_a_sicherheitsbehoerde_may_search_by_permits(given: tuple[str, ...]) -> None:
    auswahl = FreieAuswahl(familienname="Muster", **dict.fromkeys(given, True))
    assert art("1332").unzulaessige_auswahl(auswahl, Rolle.SICHERHEIT) == ()
    for rolle in (Rolle.EINFACH, Rolle.FIU):
        assert art("1332").unzulaessige_auswahl(auswahl, rolle) == tuple(sorted(PERMITS[name] for name in given))


def test_every_other_auswahldatum_is_for_every_authority() -> None:
    every = {name: True for name in FreieAuswahl.__dataclass_fields__ if name not in PERMITS}
    for rolle in Rolle:
        assert art("1332").unzulaessige_auswahl(FreieAuswahl(**every), rolle) == ()  # type: ignore[arg-type]
        assert art("1330").unzulaessige_auswahl(Auswahldaten(Gemeindeschluessel("03241001")), rolle) == ()
