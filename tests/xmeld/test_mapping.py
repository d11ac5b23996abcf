"""The mapping of XMeld 25.11a: complete, and wrong in no way that is not named when it is read."""

import copy
import csv
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Table
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import xmlschema
from lxml import etree

from gateway.errors import ConfigError
from gateway.meldewesen import datensatz
from gateway.meldewesen.anfrage import Auskunft, Auswahldaten, Person
from gateway.meldewesen.auskunft import ANTWORT
from gateway.meldewesen.behoerde import Rolle
from gateway.meldewesen.datensatz import Feld
from gateway.meldewesen.pfade import names
from gateway.resources import folder
from gateway.xmeld.mapping import ALONG, Mapping
from gateway.xmeld.schreiben import Schreiber
from tests.shared import SHARED, needs_shared
from tests.xmeld.nachrichten import ABSENDER, ANTWORT_UUID, mapping, pack, personensuche

FILE = folder("mappings") / "xmeld-25.11a.toml"
TABLE = tomllib.loads(FILE.read_text(encoding="utf-8"))

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


def codelist() -> dict[str, set[str]]:
    """The list's codes with the Blaetter that it names. Its 42 writes a range, 1002 to 1004."""
    path = SHARED / "xmeld" / "codelists" / "csv" / "Code.Datenabruf.Personensuche.Anforderungselement.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row["name"].rpartition("(")[2] for row in csv.DictReader(file)}
    blaetter = {code: set(re.findall(r"\b\d{4}[a-z]?\b", text)) for code, text in rows.items()}
    return {**blaetter, "42": blaetter["42"] | {"1003"}}


@needs_shared
def test_each_code_of_the_list_has_its_rows_and_its_blaetter() -> None:
    blaetter: dict[str, set[str]] = {}
    for zeile in mapping().zeilen:
        blaetter.setdefault(zeile.code, set()).update(zeile.blatt.split())
    blaetter.pop(ALONG)
    assert len(blaetter) == 185
    assert blaetter == codelist()


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
    for zeile in mapping().zeilen:
        if zeile.blatt in ELEMENT:
            assert zeile.ort.rpartition("/")[2].removesuffix("[]") == ELEMENT[zeile.blatt], zeile


def test_each_blatt_stands_in_the_field_that_the_record_notes_it_for() -> None:
    source = Path(datensatz.__file__).read_text(encoding="utf-8")
    noted: dict[str, set[str]] = {}
    for name, comment in re.findall(r'"([a-z_]+)": [^#\n]*# ([^\n]*)', source):
        noted.setdefault(name, set()).update(re.findall(r"\b\d{4}[ab]?\b", comment))
    odd = {
        zeile.blatt
        for zeile in mapping().zeilen
        if zeile.blatt in ELEMENT and not any(zeile.blatt in noted.get(name, ()) for name in names(zeile.feld))
    }
    assert odd == {"1002", "1223", "1232", "1406", "1508", "1524"}  # noted for a group, or derived


@needs_shared
def test_the_mapping_fits_the_publishers_schema() -> None:
    schema = xmlschema.XMLSchema(SHARED / "xmeld" / "xsd-25.11a" / "xmeld" / "xinneres.xmeld.xsd")
    Schreiber(SimpleNamespace(schema=schema), mapping(), ABSENDER)


def test_each_field_of_the_record_can_be_asked_for_or_has_a_reason() -> None:
    told = {re.sub(r"\[[0-9]*\]", "", zeile.feld) for zeile in mapping().zeilen}

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


def test_each_field_of_the_auswahldaten_can_be_sent() -> None:
    fields = {feld.partition(".")[0] for feld, _ in mapping().orte("auswahldaten")}
    assert fields == set(Auswahldaten.__dataclass_fields__)


# -- who may have what -----------------------------------------------------------------------------------------------

AUSWEIS = {str(code) for code in range(163, 172)}
VERSAGUNG, WAFFEN, WOHNUNGSGEBER = {"176", "177"}, {str(code) for code in range(178, 184)}, {"184", "185"}


@pytest.mark.parametrize(
    ("codes", "rueckweisung"), [(AUSWEIS, "07"), (VERSAGUNG, "08"), (WAFFEN, "09"), (WOHNUNGSGEBER, "10")]
)
def test_each_datum_of_section_5_2_is_kept_from_those_who_may_not_have_it(codes: set[str], rueckweisung: str) -> None:
    for code in codes:
        asked = frozenset({"1", code})
        assert mapping().unzulaessig(asked, Rolle.EINFACH) == (rueckweisung,)
        assert mapping().unzulaessig(asked, Rolle.SICHERHEIT) == ()
        assert mapping().unzulaessig(asked, Rolle.FIU) == (("09",) if codes is WAFFEN else ())


def test_every_other_datum_is_for_every_authority() -> None:
    everyones = mapping().codes - AUSWEIS - VERSAGUNG - WAFFEN - WOHNUNGSGEBER
    assert len(everyones) == 166
    for rolle in Rolle:
        assert mapping().unzulaessig(everyones, rolle) == ()


def test_every_ground_that_applies_is_given_once_and_in_order() -> None:
    assert mapping().unzulaessig(mapping().codes, Rolle.EINFACH) == ("07", "08", "09", "10")


# -- a mapping that is not right ---------------------------------------------------------------------------------------


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    table = copy.deepcopy(TABLE)
    change(table)
    return table


def first_row(table: dict[str, Any]) -> list[str]:
    row: list[str] = table["abschnitt"][0]["zeilen"][0]
    return row


def set_cell(column: int, value: str) -> Callable[[dict[str, Any]], None]:
    return lambda table: first_row(table).__setitem__(column, value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t: t.update(namensraum="x"), "namensraum"),
        (lambda t: t["nachrichten"].update(auskunft="x"), "nachrichten.auskunft"),
        (lambda t: t["nachrichten"].pop("antwort"), "nachrichten.antwort is missing"),
        (lambda t: t["nachricht"].update(fuss=[]), "nachricht.fuss"),
        (lambda t: t["nachricht"]["kopf"].append(["x"]), "nachricht.kopf"),
        (lambda t: t["gruppen"]["waffen"].update(grund="09"), "gruppen.waffen.grund"),
        (lambda t: t["gruppen"]["waffen"].update(rollen=["polizei"]), "polizei"),
        (lambda t: t["abschnitt"][0].update(titel="x"), "abschnitt 1: titel"),
        (lambda t: t["abschnitt"][0].update(gruppe="geheim"), "geheim"),
        (lambda t: t["abschnitt"][3].update(wenn={"status": ["0"]}), "wenn names another field"),
        (lambda t: t["abschnitt"][3].update(wenn={}), "abschnitt 4: wenn must name one field"),
        (lambda t: t["abschnitt"][0]["zeilen"].append(["184", "3001", "ehename", "name/ordensname"]), "184.*gruppe"),
        (lambda t: first_row(t).pop(), "abschnitt 1: the row of 1"),
        (set_cell(2, "nachname"), "row 1 nachname: nachname is not a field"),
        (set_cell(2, "familienname[]"), "familienname is no list"),
    ],
)
def test_what_is_wrong_in_a_mapping_is_named_when_it_is_read(
    change: Callable[[dict[str, Any]], Any], named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        Mapping(changed(change))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (set_cell(3, "name/nachname"), "personendaten/name/nachname: the schema has no nachname there"),
        (set_cell(3, "name/familienname.unstrukturiert"), "is a group, not a datum"),
        (set_cell(3, "name[]/familienname.unstrukturiert/nachname"), "is not repeated for each entry of one list"),
        (set_cell(0, "186"), "has the codes 186"),
        (
            lambda t: t["codelisten"].pop(next(key for key in t["codelisten"] if key.endswith(":ags"))),
            "codelisten.*:ags",
        ),
        (lambda t: t["nachrichten"].update(antwort="antwort.1331"), "no element antwort.1331"),
        (
            lambda t: t["nachricht"]["auswahldaten"][0].__setitem__(2, "suchprofil/x"),
            "suchprofil/x: the schema has no x",
        ),
    ],
)
def test_what_does_not_fit_the_schema_is_named(change: Callable[[dict[str, Any]], Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        Schreiber(pack(), Mapping(changed(change)), ABSENDER)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        Mapping.load(path)
    path.write_text("version = ", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        Mapping.load(path)
    path.write_text("version = '1'", encoding="utf-8")
    with pytest.raises(ConfigError, match="namespace is missing"):
        Mapping.load(path)


def test_a_version_that_renames_and_moves_a_datum_is_a_change_of_data(tmp_path: Path) -> None:
    shutil.copytree(pack().folder, tmp_path / "pack")
    for path in (tmp_path / "pack").rglob("*.xsd"):
        text = (
            path.read_text(encoding="utf-8")
            .replace("xmeld2511a", "xmeld2605")
            .replace('"ordensname"', '"ordensname.neu"')
        )
        path.write_text(text, encoding="utf-8")
    table = changed(lambda t: t.update(namespace="http://www.osci.de/xmeld2605"))
    for row in table["abschnitt"][0]["zeilen"]:
        row[3] = row[3].replace("name/ordensname", "name/ordensname.neu")
    schema = xmlschema.XMLSchema(tmp_path / "pack" / "xmeld.xsd")
    schreiber = Schreiber(SimpleNamespace(schema=schema), Mapping(table), ABSENDER)
    antwort = schreiber.antwort(
        "1331",
        personensuche(),
        Auskunft("01", (Person({"ordensname": "Bruder Klaus"}),)),
        datetime.now(UTC),
        ANTWORT_UUID,
    )
    root = etree.fromstring(antwort)
    schema.validate(root)
    assert [e.text for e in root.iter("{http://www.osci.de/xmeld2605}ordensname.neu")] == ["Bruder Klaus"]
