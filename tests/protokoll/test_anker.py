"""An anchor, kept elsewhere, shows what nobody can see who has only the database: that it was set back, or forked."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.errors import ConfigError, StoreError
from gateway.protokoll import Kind, SqlProtokoll, verify
from gateway.protokoll import aufbewahrung as modul
from gateway.protokoll.anker import Anker, make_anker, read_anker
from gateway.protokoll.aufbewahrung import Aufbewahrung
from gateway.protokoll.schluessel import Protokollschluessel, create_protokollschluessel, load_protokollschluessel
from gateway.protokoll.siegelfolge import read
from gateway.protokoll.tabellen import METADATA
from tests.protokoll.eintraege import eintrag, sql

MAI = datetime(2026, 5, 4, tzinfo=UTC)


def copy(engine: Engine, prefix: str) -> None:
    sql(engine, *(f"CREATE TABLE {prefix}_{table} AS SELECT * FROM {table}" for table in METADATA.tables))


def set_back(engine: Engine, prefix: str) -> None:
    names = METADATA.tables
    sql(
        engine,
        *(f"DELETE FROM {name}" for name in names),
        *(f"INSERT INTO {n} SELECT * FROM {prefix}_{n}" for n in names),
    )


@pytest.fixture
def anker(engine: Engine, schluessel: Protokollschluessel, tmp_path: Path) -> Iterator[Anker]:
    """Of two chains, of which the tables as of the middle are kept as `alt_`; the second one began behind that."""
    with closing(SqlProtokoll(engine, schluessel, uhr=lambda: MAI)) as one:
        for _ in range(3):
            one.record(eintrag())
        copy(engine, "alt")
        one.record(eintrag())
        with closing(SqlProtokoll(engine, schluessel, uhr=lambda: MAI)) as two:
            two.record(eintrag())
        path = tmp_path / "anker.json"
        path.write_text(make_anker(engine, schluessel, MAI))
        yield read_anker(path, read(engine, schluessel))


def found(engine: Engine, schluessel: Protokollschluessel, anker: Anker) -> set[tuple[Kind, str]]:
    return {(finding.kind, finding.place) for finding in verify(engine, schluessel, anker=[anker]).findings}


def test_what_goes_on_as_the_anchor_has_seen_it_is_intact(
    engine: Engine, schluessel: Protokollschluessel, anker: Anker
) -> None:
    assert anker.moment == MAI
    for _ in range(2):
        with closing(SqlProtokoll(engine, schluessel, uhr=lambda: MAI)) as protokoll:
            protokoll.record(eintrag())
        assert found(engine, schluessel, anker) == set()


def test_a_database_set_back_as_a_whole_is_intact_in_itself_and_found_by_the_anchor(
    engine: Engine, schluessel: Protokollschluessel, anker: Anker
) -> None:
    set_back(engine, "alt")
    assert verify(engine, schluessel).intact
    assert found(engine, schluessel, anker) == {(Kind.SET_BACK, "1/4-4"), (Kind.SET_BACK, "2-2")}


def test_a_history_that_went_on_from_there_is_forked(
    engine: Engine, schluessel: Protokollschluessel, anker: Anker
) -> None:
    set_back(engine, "alt")
    with closing(SqlProtokoll(engine, schluessel, uhr=lambda: MAI)) as other:
        other.record(eintrag())
    assert verify(engine, schluessel).intact
    assert found(engine, schluessel, anker) == {(Kind.SET_BACK, "1/4-4"), (Kind.FORKED, "2")}


def test_what_was_deleted_by_record_is_as_the_anchor_has_seen_it_and_undoing_that_is_not(
    engine: Engine, schluessel: Protokollschluessel, anker: Anker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modul, "ATEMPAUSE", 0)
    copy(engine, "ganz")
    now = MAI + timedelta(days=500)
    Aufbewahrung(engine, schluessel).loesche(now, uhr_stimmt=True)
    assert found(engine, schluessel, anker) == set()
    path = tmp_path / "later.json"
    path.write_text(make_anker(engine, schluessel, now))
    if engine.dialect.name == "sqlite":  # on PostgreSQL the month's table is gone
        set_back(engine, "ganz")
        later = read_anker(path, read(engine, schluessel))
        assert found(engine, schluessel, later) == {(Kind.SET_BACK, "deletion 1")}


@pytest.mark.parametrize(
    "tampering", ["UPDATE protokoll_kopf SET nummer = 3 WHERE kette = 1", "DELETE FROM protokoll_kopf WHERE kette = 2"]
)
def test_no_anchor_is_made_of_what_was_tampered_with(
    engine: Engine, schluessel: Protokollschluessel, anker: Anker, tampering: str
) -> None:
    sql(engine, tampering)
    with pytest.raises(StoreError, match="no anchor is made"):
        make_anker(engine, schluessel, MAI)


def test_an_anchor_counts_as_it_was_made_and_with_the_key_that_made_it(
    engine: Engine, schluessel: Protokollschluessel, anker: Anker, tmp_path: Path
) -> None:
    path = tmp_path / "anker.json"
    good = path.read_text()
    create_protokollschluessel(tmp_path / "fremd.key")
    fremd = read(engine, load_protokollschluessel(tmp_path / "fremd.key"))
    with pytest.raises(ConfigError, match="no anchor of this"):
        read_anker(path, fremd)
    for bad in (good.replace('"ketten": 2', '"ketten": 1'), "", "[]", "7", "{}", good[:-20]):
        path.write_text(bad)
        with pytest.raises(ConfigError, match="no anchor of this"):
            read_anker(path, read(engine, schluessel))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_anker(tmp_path / "none", read(engine, schluessel))
