"""§ 34a (5) BMG: a blocked person and one that is not there take the same path to the same result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from gateway.meldewesen.anfrage import Auswahldaten, FreieWohnung
from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.sperren import OFFEN, Sicht
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.spiegel.laden import lade
from gateway.spiegel.suche import SqlSpiegel
from gateway.spiegel.tabellen import create_schema, person
from tests.databases import KINDS, fresh_database, opened
from tests.spiegel.personen import AGS, HEUTE, SICHT, datensatz, freie_formen, sperre, wohnung
from tests.spiegel.plaene import recorded

GESTERN, MORGEN = "2025-11-21", "2025-11-23"

PERSON: dict[str, Any] = {"vornamen": "Erika Anna", "kuenstlername": "Klara"}


def formen(**felder: Any) -> Suchformen:
    return formen_der_anfrage(Auswahldaten(Gemeindeschluessel(AGS), **felder))


#: Queries that agree with the test's person, of every shape of name.
PERSONENSUCHEN = [
    formen(familienname="Musterfrau", vornamen="Erika", geburtsdatum=Teildatum("1964-08-12")),
    formen(familienname="Musterfrau", vornamen="Erika Anna", strasse="Prüfweg", hausnummer="1"),
    formen(familienname="Mustervrau", vornamen="Ericka", phonetik=True, geschlecht="w"),
    formen(ordens_oder_kuenstlername="Klara", geschlecht="w"),
]

#: The same of a freie Suche, where one value of one municipality leads ...
FREIE_SUCHEN_EINER_GEMEINDE = [
    freie_formen(familienname="Musterfrau", vornamen="Erika"),
    freie_formen(vornamen="Ericka", phonetik=True, geschlecht="w"),
    freie_formen(wohnung=FreieWohnung(strasse="Prüfweg", hausnummer="1"), familienname="Musterfrau"),
]
#: ... and in which blocked persons stand between others.
ANDERE_FREIE_SUCHEN = [
    freie_formen("03", familienname="Musterfrau", vornamen="Erika"),
    freie_formen("03241", familienname="M?ster*", vornamen="Er*"),
    freie_formen(geburt_von="1964-08-01", geburt_bis="1964-08-31", vornamen="Ann*"),
    freie_formen("032", wohnung=FreieWohnung(strasse="Prüf*", hausnummer_von="1", hausnummer_bis="3"), vornamen="Anna"),
]
FREIE_SUCHEN = [*FREIE_SUCHEN_EINER_GEMEINDE, *ANDERE_FREIE_SUCHEN]
ANFRAGEN: list[Suchformen | FreieSuchformen] = [*PERSONENSUCHEN, *FREIE_SUCHEN]
OHNE_BEGEGNUNG: list[Suchformen | FreieSuchformen] = [*PERSONENSUCHEN, *FREIE_SUCHEN_EINER_GEMEINDE]


def gefunden(engine: Engine, anfrage: Suchformen | FreieSuchformen, sicht: Sicht | str = SICHT) -> list[str]:
    """Ordnungsmerkmale of those who are found, as everybody sees them on a day or in a certain Sicht."""
    sicht = sicht if isinstance(sicht, Sicht) else Sicht.neutral(sicht)
    spiegel = SqlSpiegel(engine)
    if isinstance(anfrage, FreieSuchformen):
        treffer = spiegel.freie_suche(anfrage, sicht, 1000)
    else:
        treffer = spiegel.suche(anfrage, sicht, 1000)
    return sorted(one.datensatz["ordnungsmerkmal"] for one in treffer)


def _andere(nummer: int) -> dict[str, Any]:
    letters = chr(65 + nummer // 26) + chr(65 + nummer % 26)
    namen = {"familienname": f"Name{letters}", "vornamen": "Otto", "kuenstlername": f"Star {letters}"}
    return {**namen, "geschlecht": "m", "wohnungen": [wohnung(strasse=f"Weg {letters}")]}


@contextmanager
def mirror(kind: str, folder: Path, personen: list[dict[str, Any]]) -> Iterator[Engine]:
    """A read-only engine on a mirror with these persons and a few others around them."""
    with fresh_database(kind, folder, alone=True) as url:
        with opened(url) as engine:
            create_schema(engine)
            lade(engine, [*personen, *(datensatz(f"x{n}", **_andere(n)) for n in range(400))])
            if kind == "postgresql":
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM ANALYZE person, suchdatum, wohnung")
        with opened(url, readonly=True) as engine:
            yield engine


@pytest.mark.parametrize("anfrage", ANFRAGEN)
@pytest.mark.parametrize("grund", ["1", "3", "6", "11", "12"])
def test_a_person_with_a_block_of_section_51_is_not_found(
    engine: Engine, grund: str, anfrage: Suchformen | FreieSuchformen
) -> None:
    lade(engine, [datensatz(**PERSON, **sperre(grund))])
    assert gefunden(engine, anfrage) == []
    assert gefunden(engine, anfrage, "9999-12-30") == []


@pytest.mark.parametrize("grund", ["2", "5", "7", "10", "13"])
def test_the_other_codes_do_not_affect_datenabruf(engine: Engine, grund: str) -> None:
    lade(engine, [datensatz(**PERSON, **sperre(grund))])
    for anfrage in ANFRAGEN:
        assert gefunden(engine, anfrage) == ["1"]


def test_a_block_ends_after_its_last_day(engine: Engine) -> None:
    lade(engine, [datensatz(**PERSON, **sperre("3", frist=HEUTE))])
    for anfrage in ANFRAGEN:
        assert gefunden(engine, anfrage, GESTERN) == []
        assert gefunden(engine, anfrage, HEUTE) == []
        assert gefunden(engine, anfrage, MORGEN) == ["1"]


def test_of_two_blocks_the_longer_counts(engine: Engine) -> None:
    sperren = [{"grund": "3", "frist": GESTERN}, {"grund": "11", "frist": HEUTE}, {"grund": "7"}]
    lade(engine, [datensatz(**PERSON, auskunftssperren=sperren)])
    assert gefunden(engine, ANFRAGEN[0], HEUTE) == []
    assert gefunden(engine, ANFRAGEN[0], MORGEN) == ["1"]


@pytest.mark.parametrize("anfrage", ANFRAGEN)
def test_if_one_of_two_matches_is_blocked_the_other_is_the_only_one(
    engine: Engine, anfrage: Suchformen | FreieSuchformen
) -> None:
    lade(engine, [datensatz("frei", **PERSON), datensatz("gesperrt", **PERSON, **sperre("3"))])
    assert gefunden(engine, anfrage) == ["frei"]


def test_blocked_persons_do_not_count_towards_a_lists_limit(engine: Engine) -> None:
    lade(engine, [datensatz(f"{n}", **PERSON, **(sperre("1") if n % 2 else {})) for n in range(40)])
    for anfrage in ANFRAGEN:
        assert len(gefunden(engine, anfrage)) == 20
    assert len(SqlSpiegel(engine).suche(PERSONENSUCHEN[0], SICHT, 20)) == 20
    for frei in FREIE_SUCHEN:
        assert len(SqlSpiegel(engine).freie_suche(frei, SICHT, 20)) == 20


def test_a_block_that_comes_later_takes_effect_with_its_delivery(engine: Engine) -> None:
    lade(engine, [datensatz(**PERSON)])
    spiegel = SqlSpiegel(engine)
    merkmal = spiegel.suche(PERSONENSUCHEN[0], SICHT, 1000)[0].merkmal
    lade(engine, [datensatz(**PERSON, **sperre("3"))])
    for anfrage in ANFRAGEN:
        assert gefunden(engine, anfrage) == []
    assert spiegel.hole(merkmal, SICHT) is None
    lade(engine, [datensatz(**PERSON)])
    assert spiegel.hole(merkmal, SICHT) is not None


@pytest.mark.parametrize("anfrage", ANFRAGEN)
def test_the_empowered_see_the_blocked_but_not_those_whom_a_security_body_had_blocked(
    engine: Engine, anfrage: Suchformen | FreieSuchformen
) -> None:
    """§ 34a (6) BMG."""
    veranlasst = {"auskunftssperren": [{"grund": "1", "veranlasst_durch": "dbs:090010990000"}, {"grund": "3"}]}
    personen = {"frei": {}, "selbst": sperre("3"), "elf": sperre("11"), "veranlasst": veranlasst}
    lade(engine, [datensatz(name, **PERSON, **sperren) for name, sperren in personen.items()])
    assert gefunden(engine, anfrage) == ["frei"]
    assert gefunden(engine, anfrage, Sicht.ermaechtigt(HEUTE)) == ["frei", "selbst"]
    assert gefunden(engine, anfrage, OFFEN) == sorted(personen)


@pytest.mark.parametrize("anfrage", ANFRAGEN)
@pytest.mark.parametrize("kind", KINDS)
def test_blocked_and_absent_issue_the_same_statements(
    kind: str, anfrage: Suchformen | FreieSuchformen, tmp_path: Path
) -> None:
    issued = []
    for personen in ([], [datensatz(**PERSON, **sperre("3"))]):
        with mirror(kind, tmp_path, personen) as engine, recorded() as statements:
            assert gefunden(engine, anfrage) == []
            issued.append(statements)
    assert len(issued[0]) == (1 if isinstance(anfrage, Suchformen) else 2)
    assert issued[0] == issued[1]


def test_what_leads_a_freie_suche_does_not_depend_on_blocked_persons(engine: Engine) -> None:
    """Else the name of many blocked persons would be told by another datum leading, and by the time that takes."""
    viele = [datensatz(f"{n}", **PERSON, **sperre("3"), geburtsdatum="1970-01-01") for n in range(2100)]
    lade(engine, [datensatz(f"x{n}", geburtsdatum="1964-08-12", **_andere(n)) for n in range(300)])
    issued = []
    for personen in ([], viele):
        lade(engine, personen)
        with recorded() as statements:
            assert gefunden(engine, freie_formen(familienname="Musterfrau", geburtsdatum=Teildatum("1964-08-12"))) == []
        issued.append(statements)
    assert issued[0] == issued[1]


@pytest.mark.parametrize("anfrage", OHNE_BEGEGNUNG)
def test_sqlite_takes_the_same_steps_for_blocked_and_absent(
    anfrage: Suchformen | FreieSuchformen, tmp_path: Path
) -> None:
    steps: list[int] = []
    for personen in ([], [datensatz(**PERSON, **sperre("3"))], [datensatz(**PERSON)]):
        with mirror("sqlite", tmp_path, personen) as engine:
            assert len(gefunden(engine, anfrage)) == (0 if len(steps) < 2 else 1)  # fills the caches
            steps.append(_steps(engine, partial(gefunden, engine, anfrage)))
    absent, blocked, found = steps
    assert absent == blocked
    assert found > blocked


@pytest.mark.parametrize("anfrage", ANDERE_FREIE_SUCHEN)
def test_where_blocked_persons_stand_between_others_they_cost_their_entries_in_the_index(
    anfrage: FreieSuchformen, tmp_path: Path
) -> None:
    """No lookup, and no record of theirs: a few steps each, as of anybody else in the range who does not fit."""
    steps: list[int] = []
    for personen in ([], [datensatz(**PERSON, **sperre("3"))], [datensatz(**PERSON)]):
        with mirror("sqlite", tmp_path, personen) as engine:
            gefunden(engine, anfrage)
            steps.append(_steps(engine, partial(gefunden, engine, anfrage)))
    absent, blocked, found = steps
    assert blocked - absent < 60
    assert found - absent > 80


def test_sqlite_takes_the_same_steps_for_a_follow_up_to_blocked_and_to_gone(tmp_path: Path) -> None:
    with mirror("sqlite", tmp_path, [datensatz("frei"), datensatz("gesperrt", **sperre("3"))]) as engine:
        spiegel = SqlSpiegel(engine)
        frei, gesperrt = _merkmal(engine, "frei"), _merkmal(engine, "gesperrt")
        assert spiegel.hole(frei, SICHT) is not None  # fills the caches
        absent, blocked, found = (
            _steps(engine, partial(spiegel.hole, merkmal, SICHT)) for merkmal in (bytes(16), gesperrt, frei)
        )
    assert absent == blocked
    assert found > blocked


def _merkmal(engine: Engine, ordnungsmerkmal: str) -> bytes:
    with engine.connect() as connection:
        query = select(person.c.merkmal).where(person.c.ordnungsmerkmal == ordnungsmerkmal)
        return bytes(connection.scalars(query).one())


def _steps(engine: Engine, search: Callable[[], object]) -> int:
    """Instructions that SQLite executes for a search."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(count, 1)
    search()  # the pool has this one connection
    driver.set_progress_handler(None, 0)
    return taken


@pytest.mark.parametrize("anfrage", OHNE_BEGEGNUNG)
def test_postgresql_reads_no_more_rows_for_blocked_than_for_absent(
    anfrage: Suchformen | FreieSuchformen, tmp_path: Path
) -> None:
    read = []
    for personen in ([], [datensatz(**PERSON, **sperre("3"))]):
        with mirror("postgresql", tmp_path, personen) as engine:
            read.append([row for plan in _analyzed(engine, anfrage) for row in _rows(plan)])
    assert read[0] == read[1]
    assert any(name == "Actual Rows" for name, _ in read[0])


def _analyzed(engine: Engine, anfrage: Suchformen | FreieSuchformen) -> list[Any]:
    """The executed plans of a search."""
    with recorded() as statements:
        gefunden(engine, anfrage)
    with engine.connect() as connection:
        return [
            connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters
            ).scalar_one()[0]["Plan"]
            for statement, parameters in statements
        ]


def _rows(plan: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What each node did, from the top down: kind, rows, loops, rows removed."""
    for name in ("Node Type", "Actual Rows", "Actual Loops", "Rows Removed by Filter", "Rows Removed by Index Recheck"):
        if name in plan:
            yield name, plan[name]
    for below in plan.get("Plans", ()):
        yield from _rows(below)


def test_a_street_is_not_known_from_blocked_persons(engine: Engine) -> None:
    """Rückweisung 02 or neutral answer: that too would tell blocked from absent."""
    lade(engine, [datensatz(**PERSON, **sperre("3", frist=HEUTE))])
    spiegel, f = SqlSpiegel(engine), formen(strasse="Prüfweg")
    assert not spiegel.kennt_strasse(f, SICHT)
    assert spiegel.kennt_strasse(f, Sicht.neutral(MORGEN))
    lade(engine, [datensatz("2")])
    assert spiegel.kennt_strasse(f, SICHT)


@pytest.mark.parametrize("anfrage", ANFRAGEN)
def test_no_statement_lacks_the_exclusion(engine: Engine, anfrage: Suchformen | FreieSuchformen) -> None:
    with recorded() as statements:
        gefunden(engine, anfrage)
    *counts, (search, _) = statements
    for tag in ("sperre_bis", "veranlasst_bis"):
        assert all(count.count(f".{tag} < ") == count.count("LIMIT") for count, _ in counts)
        assert f"eintrag.{tag} < " in search
        assert f"person.{tag} < " in search


def test_a_street_stays_unknown_when_the_block_of_its_only_inhabitant_is_prolonged(engine: Engine) -> None:
    dort = [wohnung(strasse="Frauenhausgasse")]
    for frist in ("2025-11-01", "2099-12-31"):
        lade(engine, [datensatz(wohnungen=dort, **sperre("3", frist=frist))])
    assert not SqlSpiegel(engine).kennt_strasse(formen(strasse="Frauenhausgasse"), SICHT)


def test_a_street_goes_with_the_blocked_person_who_alone_lived_there(engine: Engine) -> None:
    dort = [wohnung(strasse="Frauenhausgasse")]
    lade(engine, [datensatz(wohnungen=dort, **sperre("3", frist="2025-11-01"))])
    assert SqlSpiegel(engine).kennt_strasse(formen(strasse="Frauenhausgasse"), SICHT)
    lade(engine, [{"entfernt": {"ags": AGS, "ordnungsmerkmal": datensatz()["ordnungsmerkmal"]}}])
    assert not SqlSpiegel(engine).kennt_strasse(formen(strasse="Frauenhausgasse"), SICHT)
