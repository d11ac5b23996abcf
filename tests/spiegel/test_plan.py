"""No search scans a table, whatever it gives: the plans of both databases say so."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.meldewesen.anfrage import KEINE_ANGABE, Auswahldaten, FreieAuswahl, FreieWohnung, Ort
from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.spiegel import fuehrung
from gateway.spiegel.laden import lade
from gateway.spiegel.suche import SqlSpiegel
from gateway.spiegel.tabellen import create_schema
from tests.databases import KINDS, fresh_database, opened
from tests.spiegel.personen import SICHT, datensatz, freie_formen, wohnung
from tests.spiegel.plaene import explained, nodes, plans

PERSONEN = 3000
AGS = Gemeindeschluessel("03241001")

#: Each way to name a person, and each further datum and sets of them.
NAMEN: list[dict[str, Any]] = [
    {"familienname": "NameAB", "vornamen": "VorAB"},
    {"familienname": "NameAB", "vornamen": "VorAB NachAB Drei"},
    {"ordens_oder_kuenstlername": "Star AB"},
    {"familienname": "NameAB", "vornamen": "VorAB NachAB", "ordens_oder_kuenstlername": "Star AB", "phonetik": True},
    {"familienname": "NameAB", "ordens_oder_kuenstlername": "Star AB"},
    {"vornamen": "VorAB NachAB", "ordens_oder_kuenstlername": "Star AB"},
]
WEITERE: list[dict[str, Any]] = [
    {"geburtsdatum": Teildatum("1950-01-10")},
    {"geschlecht": "w"},
    {"geburtsort": Ort("Hannover")},
    {"geburtsort": Ort("Paris", "129"), "sterbeort": Ort("Hannover")},
    {"sterbedatum": Teildatum("2020-01-01"), "azr_nummer": "1"},
    {"geburtsdatum": Teildatum("1950-01-10"), "strasse": "Weg AB", "hausnummer": "1"},
]
GANZE_ADRESSE = {"postleitzahl": "30159", "strasse": "Weg AB", "hausnummer": "1"}
GANZE_ADRESSE |= {"hausnummer_zusatz": "a", "hausnummer_teil": "1/2"}
PERSONENSUCHEN = [
    formen_der_anfrage(Auswahldaten(AGS, **namen, **weitere))
    for namen, weitere in product(NAMEN, [*WEITERE, GANZE_ADRESSE])
]

#: Every datum of a freie Suche, and values of it whose statements differ in shape.
DATEN: dict[str, list[Any]] = {
    "familienname": ["NameAB", "Name AB", "N?meA*", "N*"],
    "vornamen": ["VorAB", "VorAB Nach*", "V*"],
    "ordens_oder_kuenstlername": ["Star", "S*"],
    "doktorgrad": ["Dr."],
    "geburtsdatum": [Teildatum("1950-01-10"), Teildatum("1950-00-00")],
    "geburtsort": ["Hannover"],
    "geburtsstaat": ["129", KEINE_ANGABE],
    "geschlecht": ["w"],
    "staatsangehoerigkeit": ["000"],
    "familienstand": ["VH"],
    "familienstand_beginn": [Teildatum("2000-00-00")],
    "familienstand_beginn_vorausgegangene_lp": ["2001-09-01"],
    "familienstand_ort": ["Hannover"],
    "familienstand_staat": ["129"],
    "sterbedatum": ["2020-01-01"],
    "sterbeort": ["Hannover"],
    "sterbestaat": ["129", KEINE_ANGABE],
    "waffenrechtliche_erlaubnis": [True],
    "waffenbesitzverbot": [True],
    "sprengstoffrechtliche_erlaubnis": [True],
}
PAARE: dict[str, list[dict[str, Any]]] = {
    "phonetik": [{"familienname": "NameAB", "vornamen": "VorAB", "phonetik": True}],
    "geburt_von": [{"geburt_von": "1950-01-01", "geburt_bis": "1951-01-01"}, {"geburt_von": "1", "geburt_bis": "9"}],
}
PAARE["geburt_bis"] = PAARE["geburt_von"]
WOHNUNG: dict[str, list[Any]] = {
    "gemeindeschluessel": [AGS],
    "postleitzahl": ["30159"],
    "wohnort": ["Hannover"],
    "frueherer_gemeindename": ["Linden"],
    "strasse": ["Weg AB", "W?g*", "W*"],
    "hausnummer": ["1"],
    "hausnummer_zusatz": ["a"],
    "hausnummer_teil": ["1/2"],
    "hausnummer_von": ["1"],
    "hausnummer_bis": ["20"],
    "stockwerk": ["1"],
    "zusatz": ["Hinterhaus"],
    "wohnungsinhaber": ["Meier"],
    "auslandsanschrift": [("12 Rue du Lac", "Paris")],
    "auslandsanschrift_staat": ["129", "*"],
    "zuzugsstaat": ["129", "*"],
    "staat": ["129", "*"],
    "unbekannt": ["1", ""],
    "status": ["0"],
    "einzugsdatum": ["2020-01-01"],
    "auszugsdatum": ["2020-01-01"],
    "aktualitaet": ["01", "02"],
}
EINZELN: list[dict[str, Any]] = [
    {},
    *({feld: wert} for feld, werte in DATEN.items() for wert in werte),
    *PAARE["phonetik"],
    *PAARE["geburt_von"],
    *({"wohnung": FreieWohnung(**{feld: wert})} for feld, werte in WOHNUNG.items() for wert in werte),
]
DAZU: list[dict[str, Any]] = [
    {"familienname": "NameAB"},
    {"familienname": "N*"},
    {"geschlecht": "w", "geburtsstaat": KEINE_ANGABE},
    {"geburt_von": "1950-01-01", "geburt_bis": "1951-01-01", "wohnung": FreieWohnung(strasse="W*", hausnummer="1")},
]
FREIE_SUCHEN = [
    freie_formen(bereich, **eine, **{feld: wert for feld, wert in dazu.items() if feld not in eine})
    for eine in EINZELN
    for bereich, dazu in [("03", {}), ("03241", {}), (AGS, {}), *(("03", dazu) for dazu in DAZU)]
]
ANFRAGEN: list[Suchformen | FreieSuchformen] = [*PERSONENSUCHEN, *FREIE_SUCHEN]


def test_every_datum_of_a_freie_suche_is_among_them() -> None:
    assert {*DATEN, *PAARE, "wohnung"} == set(FreieAuswahl.__dataclass_fields__)
    assert set(WOHNUNG) == set(FreieWohnung.__dataclass_fields__)


@pytest.mark.parametrize("eine", [eine for eine in EINZELN if eine], ids=str)
def test_every_datum_that_is_given_is_searched_with(eine: dict[str, Any]) -> None:
    """§ 7 (6) S. 1 BMeldDAV: none is left out, or the list would tell of persons who were not asked for."""
    formen = freie_formen("03", **eine)
    assert formen.person or formen.wohnung


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("plan")) as url, opened(url) as engine:
        create_schema(engine)
        lade(engine, (_person(number) for number in range(PERSONEN)))
        with opened(url, readonly=True) as reader:
            yield reader


def _person(number: int) -> dict[str, Any]:
    ags = f"0324100{number % 10}"
    return datensatz(
        str(number),
        ags,
        familienname=f"Name{_letters(number % 97)}",
        geburtsname=f"Name{_letters(number % 89)}",
        vornamen=f"Vor{_letters(number % 41)} Nach{_letters(number % 37)}",
        kuenstlername=f"Star {_letters(number % 83)}" if number % 5 == 0 else None,
        geburtsdatum=f"{1930 + number % 90}-0{1 + number % 9}-{10 + number % 18}",
        wohnungen=[wohnung(ags, strasse=f"Weg {_letters(number % 53)}"), wohnung(ags, aktuell=False)],
    )


def _letters(number: int) -> str:
    return chr(65 + number // 26) + chr(65 + number % 26)


@pytest.mark.parametrize("generic", [False, True])
def test_no_search_scans_a_table(engine: Engine, generic: bool) -> None:
    """A plan is made for the values at hand, or once for all (PostgreSQL): neither may scan."""
    if generic and engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one plan only")
    spiegel = SqlSpiegel(engine)
    for anfrage in ANFRAGEN:
        for plan in plans(engine, spiegel, anfrage, SICHT, generic=generic):
            assert not [node for node in nodes(plan) if node.scans], (anfrage, plan)
            leads = [node for node in nodes(plan) if node.leads]
            assert leads, (anfrage, plan)
            assert all("art" in node.condition for node in leads), (anfrage, plan)


@pytest.mark.parametrize("generic", [False, True])
def test_what_is_gathered_is_gathered_once(engine: Engine, generic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an index, and then it is looked for in what was gathered: PostgreSQL would rather join, or read it through."""
    if generic and engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one plan only")
    for name, bound in {"WENIGE": 1, "VIELE": PERSONEN + 1, "LOHNT": 0, "SAMMELN": PERSONEN}.items():
        monkeypatch.setattr(fuehrung, name, bound)
    spiegel = SqlSpiegel(engine)
    gathering = 0
    for anfrage in FREIE_SUCHEN:
        for sql, plan in explained(engine, spiegel, anfrage, SICHT, generic=generic):
            assert not [node for node in nodes(plan) if node.scans], (anfrage, plan)
            sets = sql.count("person_id NOT IN (SELECT")
            told = "hashed SubPlan" if engine.dialect.name == "postgresql" else "LIST SUBQUERY"
            assert sum(line.count(told) for line in plan) == sets, (anfrage, plan)
            gathering += bool(sets)
    assert gathering > len(FREIE_SUCHEN) / 5


def test_a_personensuche_walks_the_range_of_those_who_are_not_blocked(engine: Engine) -> None:
    spiegel = SqlSpiegel(engine)
    for anfrage in PERSONENSUCHEN:
        (plan,) = plans(engine, spiegel, anfrage, SICHT)
        (lead,) = [node for node in nodes(plan) if node.leads]
        assert all(column in lead.condition for column in ("wert", "ags", "sperre_bis"))
