"""Loading: all of a file or nothing of it, and bad lines told by number and reason without values."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, func, select

from gateway.errors import StoreError
from gateway.meldewesen.anfrage import Auswahldaten
from gateway.meldewesen.suchdaten import formen_des_datensatzes
from gateway.meldewesen.suchformen import formen_der_anfrage
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.spiegel import laden
from gateway.spiegel.laden import MAX_FEHLER, Eintrag, LadeFehler, lade
from gateway.spiegel.schreiben import Schreiber
from gateway.spiegel.suche import SqlSpiegel
from gateway.spiegel.tabellen import create_schema, metadata, person
from tests.databases import opened
from tests.spiegel.personen import AGS, SICHT, datensatz, sperre, wohnung

GEHEIM = "Geheimnis"


def line(record: object) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


def zahl(engine: Engine, table: Table = person) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def gefunden(engine: Engine, familienname: str = "Musterfrau", vornamen: str = "Erika", ags: str = AGS) -> list[str]:
    auswahl = Auswahldaten(Gemeindeschluessel(ags), familienname, vornamen, geburtsdatum=Teildatum("1964-08-12"))
    treffer = SqlSpiegel(engine).suche(formen_der_anfrage(auswahl), SICHT, 1000)
    return sorted(one.datensatz["ordnungsmerkmal"] for one in treffer)


def test_a_file_is_loaded_and_what_it_held_is_reported(engine: Engine) -> None:
    eintraege: list[Eintrag] = [line(datensatz("1")), json.dumps(datensatz("2")), datensatz("3"), b"", "  \n"]
    bericht = lade(engine, [*eintraege, {"strassen": {"ags": AGS, "namen": ["Weg", "Wegle", "17"]}}])
    assert (bericht.personen, bericht.ersetzt, bericht.strassen) == (3, 0, 1)
    assert gefunden(engine) == ["1", "2", "3"]


def test_the_document_is_kept_as_it_was(engine: Engine) -> None:
    record = datensatz(familienname="Ķe’Ş-Þórðardóttir", vornamen='"Zoë" \\', wohnungen=[wohnung(strasse="K\u035fh")])
    lade(engine, [line(record)])
    with engine.connect() as connection:
        assert json.loads(connection.execute(select(person.c.datensatz)).scalar_one()) == record


SCHLECHT: list[tuple[Eintrag, str]] = [
    (b"{", "is not JSON"),
    (b"nonsense", "is not JSON"),
    ("\ufeff{}".encode(), "is not JSON: it begins with a byte order mark (BOM)"),
    (b"\xff\xfe{}", "is not UTF-8"),
    (line(datensatz())[:-9], "is not JSON"),
    (b"[" * 100_000, "is not JSON"),
    (b"[]", "must be an object"),
    (b"null", "must be an object"),
    (b"17", "must be an object"),
    (b'"text"', "must be an object"),
    (b"{}", "ags: is missing"),
    (line(datensatz(familienname=None)), "familienname: is missing"),
    (line(datensatz(familienname="")), "familienname: must be"),
    (line(datensatz(familienname=17)), "familienname: must be"),
    (line(datensatz(familienname=float("nan"))), "familienname: must be"),
    (line(datensatz(ags=f"{GEHEIM}")), "ags: "),
    (line(datensatz(geburtsdatum=GEHEIM)), "geburtsdatum: "),
    (line(datensatz(geburtsdatum="1964-02-30")), "geburtsdatum: "),
    (line(datensatz(geschlecht=GEHEIM)), "geschlecht: must be one of"),
    (line(datensatz(wohnungen=[])), "wohnungen: must be a list"),
    (line(datensatz(auskunftssperren=[{"grund": "99"}])), "auskunftssperren[0].grund: "),
    (line(datensatz(unbekanntes=GEHEIM)), "unbekanntes: is not a field"),
    (line(datensatz(familienname=f"{GEHEIM}Mu\u0308ller")), "familienname: must be NFC"),
    (line(datensatz(familienname=f"{GEHEIM} Иван")), "familienname: must be NFC"),
    (line(datensatz(wohnungen=[wohnung(strasse=f"{GEHEIM}\u2013")])), "wohnungen[0].anschrift.inland.strasse: must be"),
    (line(datensatz(familienname=f"{GEHEIM}\x00")), "familienname: must not contain control"),
    (json.dumps(datensatz(familienname="\ud800")), "familienname: must"),
    (b'{"auskunftssperren": [{"grund": "3"}], ' + line(datensatz(**sperre("2")))[1:], "has a key twice"),
    (b'{"strassen": []}', "strassen: must hold ags and namen"),
    (b'{"strassen": {"ags": "03241001"}}', "strassen: must hold ags and namen"),
    (b'{"strassen": {"ags": "03241001", "namen": [], "x": 1}}', "strassen: must hold ags and namen"),
    (b'{"strassen": {"ags": "03241001", "namen": []}, "ags": "03241001"}', "strassen: must hold ags and namen"),
    (b'{"strassen": {"ags": "1", "namen": []}}', "an AGS has eight digits"),
    (b'{"strassen": {"ags": 3241001, "namen": []}}', "strassen.ags: must be an AGS"),
    (b'{"strassen": {"ags": "03241001", "namen": "Weg"}}', "strassen.namen: must be a list"),
    (b'{"strassen": {"ags": "03241001", "namen": ["Weg", 1]}}', "strassen.namen[1]: must be a text"),
    ('{"strassen": {"ags": "03241001", "namen": ["Geheimnis Иван"]}}', "strassen.namen[0]: must be a text"),
]


@pytest.mark.parametrize(("schlecht", "grund"), SCHLECHT, ids=range(len(SCHLECHT)))
def test_a_bad_line_is_named_and_nothing_is_loaded(tmp_path: Path, schlecht: Eintrag, grund: str) -> None:
    with opened(f"sqlite:///{tmp_path / 'spiegel.sqlite'}") as engine:
        create_schema(engine)
        with pytest.raises(LadeFehler) as caught:
            lade(engine, [line(datensatz("1")), b"", schlecht, line(datensatz("2"))])
        (fehler,) = caught.value.fehler
        assert (fehler.zeile, caught.value.anzahl) == (3, 1)
        assert fehler.grund.startswith(grund)
        assert GEHEIM not in f"{caught.value} {fehler}"
        assert fehler.grund.isascii()
        assert zahl(engine) == 0


def test_nothing_of_a_file_with_one_bad_line_is_loaded_however_late_it_comes(engine: Engine) -> None:
    lade(engine, [datensatz("alt")])
    gut: list[Eintrag] = [datensatz(str(number)) for number in range(laden._BATCH + 50)]
    with pytest.raises(LadeFehler, match=rf"nothing was loaded: 1 bad line\(s\), the first is line {len(gut) + 2}"):
        lade(engine, [*gut, datensatz("alt", familienname="Neu"), b"{"])
    assert gefunden(engine) == ["alt"]
    assert {table.name: zahl(engine, table) for table in metadata.sorted_tables} == {
        "person": 1,
        "suchdatum": len(formen_des_datensatzes(datensatz()).daten),
        "wohnung": 1,
        "strasse": 1,
    }


def test_all_bad_lines_are_told_up_to_a_limit_and_the_others_counted(engine: Engine) -> None:
    with pytest.raises(LadeFehler) as caught:
        lade(engine, [b"{"] * (MAX_FEHLER + 20))
    assert [fehler.zeile for fehler in caught.value.fehler] == list(range(1, MAX_FEHLER + 1))
    assert caught.value.anzahl == MAX_FEHLER + 20


@pytest.mark.parametrize("abstand", [0, 1, laden._BATCH])
def test_the_same_person_twice_in_a_file_is_an_error(engine: Engine, abstand: int) -> None:
    andere = [datensatz(f"a{number}") for number in range(abstand)]
    lade(engine, [datensatz("doppelt")])
    with pytest.raises(LadeFehler) as caught:
        lade(engine, [datensatz("doppelt"), *andere, datensatz("doppelt", familienname="Anders")])
    assert [fehler.zeile for fehler in caught.value.fehler] == [abstand + 2]
    assert "more than once" in caught.value.fehler[0].grund
    assert zahl(engine) == 1


def test_the_same_ordnungsmerkmal_in_two_municipalities_is_two_persons(engine: Engine) -> None:
    assert lade(engine, [datensatz("1"), datensatz("1", "03241002")]).personen == 2


def test_a_record_replaces_the_older_one_entirely(engine: Engine) -> None:
    alt = datensatz("1", kuenstlername="Star", wohnungen=[wohnung(strasse="A"), wohnung(strasse="B", aktuell=False)])
    lade(engine, [alt, datensatz("2")])
    neu = datensatz("1", familienname="Neu")
    bericht = lade(engine, [neu])
    assert (bericht.personen, bericht.ersetzt) == (1, 1)
    assert gefunden(engine) == ["2"]
    assert gefunden(engine, "Star", "Star") == []
    assert gefunden(engine, "Neu") == ["1"]
    assert {table.name: zahl(engine, table) for table in metadata.sorted_tables if table.name != "strasse"} == {
        "person": 2,
        "suchdatum": sum(len(formen_des_datensatzes(one).daten) for one in (datensatz(), neu)),
        "wohnung": 2,
    }


def test_a_replaced_record_keeps_its_merkmal_and_others_have_their_own(engine: Engine) -> None:
    def merkmale() -> dict[str, bytes]:
        with engine.connect() as connection:
            return {om: bytes(m) for om, m in connection.execute(select(person.c.ordnungsmerkmal, person.c.merkmal))}

    lade(engine, [datensatz("1"), datensatz("2")])
    vorher = merkmale()
    lade(engine, [datensatz("1", familienname="Neu"), datensatz("3")])
    nachher = merkmale()
    assert nachher["1"] == vorher["1"]
    assert nachher["2"] == vorher["2"]
    assert len(set(nachher.values())) == 3


def test_progress_is_told(engine: Engine) -> None:
    gelesen: list[int] = []
    lade(engine, (datensatz(str(number)) for number in range(laden._BATCH + 5)), gelesen.append)
    assert gelesen == [laden._BATCH, laden._BATCH + 5]


def test_an_empty_file_loads_nothing(engine: Engine) -> None:
    assert lade(engine, []).personen == 0


def test_a_search_during_a_load_sees_the_state_before_it(engine: Engine, database_url: str) -> None:
    lade(engine, [datensatz("alt")])
    with engine.begin() as connection, opened(database_url, readonly=True) as reader:
        batch = list(
            laden._read(
                [datensatz("alt", familienname="Neu"), datensatz("neu")], set(), laden._Fehlerliste(), print, bool
            )
        )
        assert Schreiber(connection).write(batch) == []
        assert gefunden(reader) == ["alt"]
    assert gefunden(engine) == ["neu"]


def test_a_mirror_that_cannot_be_written_is_told_without_values(engine: Engine) -> None:
    metadata.drop_all(engine)
    with pytest.raises(StoreError, match=r"^the mirror cannot be written \(\w+\)$") as caught:
        lade(engine, [datensatz(familienname=GEHEIM)])
    assert caught.value.__suppress_context__


def test_a_read_only_mirror_cannot_be_loaded(engine: Engine, database_url: str) -> None:
    with opened(database_url, readonly=True) as reader, pytest.raises(StoreError):
        lade(reader, [datensatz()])
    assert zahl(engine) == 0


def test_very_many_names_are_no_obstacle(engine: Engine) -> None:
    frueher: list[dict[str, Any]] = [{"name": f"Name{chr(65 + number)}"} for number in range(20)]
    vornamen = " ".join(f"Vor{chr(65 + number)}" for number in range(26))
    lade(engine, [datensatz(vornamen=vornamen, familiennamen_vor_aenderung=frueher)])
    assert gefunden(engine, "Namet", "Vorz Vora") == ["1"]
