"""A mapping that is wrong is named when it is read, by key or row, or when it is held against a pack."""

import copy
import re
import shutil
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import xmlschema
from lxml import etree

from gateway.errors import ConfigError
from gateway.meldewesen.anfrage import Auskunft, Person
from gateway.resources import folder
from gateway.xmeld.manifest import Direction, Message
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.schreiben import Schreiber
from tests.xmeld.nachrichten import ABSENDER, ANTWORT_UUID, pack, personensuche

FILE = folder("mappings") / "xmeld-25.11a.toml"
TABLE = tomllib.loads(FILE.read_text(encoding="utf-8"))


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    table = copy.deepcopy(TABLE)
    change(table)
    return table


def art(table: dict[str, Any], nummer: str = "1330") -> dict[str, Any]:
    entry: dict[str, Any] = table["abrufe"][nummer]
    return entry


def abschnitt(table: dict[str, Any], number: int) -> dict[str, Any]:
    section: dict[str, Any] = art(table)["abschnitt"][number - 1]
    return section


def first_row(table: dict[str, Any]) -> list[str]:
    row: list[str] = abschnitt(table, 1)["zeilen"][0]
    return row


def set_cell(column: int, value: str) -> Callable[[dict[str, Any]], None]:
    return lambda table: first_row(table).__setitem__(column, value)


def recht(**entry: Any) -> Callable[[dict[str, Any]], None]:
    return lambda table: art(table, "1332")["auswahlrechte"]["waffenbesitzverbot"].update(entry)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t: t.update(namensraum="x"), "namensraum is not a known key"),
        (lambda t: t.pop("abrufe"), "abrufe is missing"),
        (lambda t: t.update(codelisten="x"), "codelisten must be a table"),
        (lambda t: t.update(bausteine="x"), "bausteine must be a table"),
        (lambda t: t.update(abrufe=[]), "abrufe must be a table"),
        (lambda t: t["bausteine"].update(nachweis=[["datum"]]), "nachweis: the row of datum must have 2 texts"),
        (lambda t: t["nachricht"].update(fuss=[]), "nachricht.fuss is not a known key"),
        (lambda t: t["nachricht"].pop("aussteuerung"), "nachricht.aussteuerung is missing"),
        (lambda t: t["nachricht"]["kopf"].append(["x"]), "nachricht.kopf: the row of x"),
        (lambda t: t["nachricht"].update(kopf="x"), "nachricht.kopf must be a list of rows"),
        (lambda t: t["nachricht"]["anfrage"].pop(1), "stelle.behoerdenname has no place"),
        (lambda t: t["nachricht"]["anfrage"].append(["stelle.amt", "x"]), "stelle.amt is not a field"),
        (lambda t: t["gruppen"].update(waffen=1), "gruppen.waffen must be a table"),
        (lambda t: t["gruppen"]["waffen"].update(grund="09"), "gruppen.waffen.grund"),
        (lambda t: t["gruppen"]["waffen"].update(rollen=["polizei"]), "gruppen.waffen.rollen.*polizei"),
        (lambda t: t["abrufe"].update({"1340": {}}), "abrufe.1340 is not a kind of request"),
        (lambda t: t["abrufe"].update({"1332": 1}), "abrufe.1332 must be a table"),
        (lambda t: art(t).update(titel="x"), "abrufe.1330.titel"),
        (lambda t: art(t).pop("antwort"), "abrufe.1330.antwort is missing"),
        (lambda t: art(t, "1332")["anfrage"].pop(), "abrufe.1332.anfrage: aktualitaet has no place"),
        (lambda t: art(t, "1332")["auswahldaten"].pop(), "1332.auswahldaten: sprengstoff.* has no place"),
        (lambda t: art(t)["auswahldaten"][0].__setitem__(0, "nachname"), "1330.auswahldaten: .*name"),
        (lambda t: art(t)["auswahldaten"][0].pop(), "1330.auswahldaten: the row of familienname"),
        (lambda t: art(t, "1332").update(auswahlrechte=1), "1332.auswahlrechte must be a table"),
        (lambda t: art(t, "1332")["auswahlrechte"].update(pistole=TABLE["gruppen"]["waffen"]), "pistole is not one of"),
        (
            lambda t: art(t, "1332")["auswahlrechte"].update({"wohnung.strasse": TABLE["gruppen"]["waffen"]}),
            "wohnung.strasse is not one of",
        ),
        (recht(rollen=["amt"]), "1332.auswahlrechte.waffenbesitzverbot.rollen.*amt"),
        (recht(freitext="x"), "1332.auswahlrechte.waffenbesitzverbot.freitext"),
        (lambda t: art(t).update(abschnitt=1), "abrufe.1330.abschnitt must be a list"),
        (lambda t: art(t)["abschnitt"].append(1), "abrufe.1330.abschnitt 16 must be a table"),
        (lambda t: abschnitt(t, 1).update(titel="x"), "abrufe.1330.abschnitt 1: titel"),
        (lambda t: abschnitt(t, 1).pop("ort"), "abrufe.1330.abschnitt 1: ort is missing"),
        (lambda t: abschnitt(t, 1).update(gruppe="geheim"), "geheim is not one of gruppen"),
        (lambda t: abschnitt(t, 4).update(wenn={"status": ["0"]}), "wenn names another field"),
        (lambda t: abschnitt(t, 4).update(wenn={}), "abschnitt 4: wenn must name one field"),
        (lambda t: abschnitt(t, 1)["zeilen"].append(["184", "3001", "ehename", "name/ordensname"]), "184.*gruppe"),
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
        (set_cell(0, "186"), "abrufe.1330: only one of mapping and schema has the codes 186"),
        (lambda t: art(t, "1332")["abschnitt"].pop(0), "abrufe.1332: only one .* 1, 10, 11"),
        (
            lambda t: t["codelisten"].pop(next(key for key in t["codelisten"] if key.endswith(":ags"))),
            "codelisten.*:ags",
        ),
        (lambda t: art(t).update(antwort="1341"), "the pack has no message 1341"),
        (lambda t: t["abrufe"].pop("1332"), "the mapping has no abrufe.1332, a request of the pack"),
        (lambda t: art(t)["auswahldaten"][0].__setitem__(2, "suchprofil/x"), "1330/suchprofil/x: the schema has no x"),
        (lambda t: t["nachricht"]["aussteuerung"][0].__setitem__(1, "x"), "1322/x: the schema has no x"),
    ],
)
def test_what_does_not_fit_the_schema_is_named(change: Callable[[dict[str, Any]], Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        Schreiber(pack(), Mapping(changed(change)), ABSENDER)


def test_an_element_that_the_schema_does_not_have_is_named() -> None:
    messages = {**pack().messages, "1331": Message("1331", "antwort.1331", Direction.ANSWER)}
    with pytest.raises(ConfigError, match=r"no element antwort\.1331"):
        Schreiber(SimpleNamespace(schema=pack().schema, messages=messages), Mapping(TABLE), ABSENDER)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        Mapping.load(path)
    path.write_text("version = ", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        Mapping.load(path)
    path.write_text("version = '1'", encoding="utf-8")
    with pytest.raises(ConfigError, match="abrufe is missing"):
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
    for row in [*art(table)["abschnitt"][0]["zeilen"], *art(table, "1332")["abschnitt"][0]["zeilen"]]:
        row[3] = row[3].replace("name/ordensname", "name/ordensname.neu")
    schema = xmlschema.XMLSchema(tmp_path / "pack" / "xmeld.xsd")
    schreiber = Schreiber(SimpleNamespace(schema=schema, messages=pack().messages), Mapping(table), ABSENDER)
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
