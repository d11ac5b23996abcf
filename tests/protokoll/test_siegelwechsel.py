"""The seal's key changes while the Protokoll is written: each confirms the next, and counts for its own time alone."""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.errors import ConfigError, GatewayError, StoreError
from gateway.protokoll import Kind, SqlProtokoll, Stelle, schluesseldatei, siegelfolge, siegelwechsel, verify
from gateway.protokoll.anker import _canonical, make_anker, read_anker
from gateway.protokoll.halten import Halteliste
from gateway.protokoll.kette import (
    anker_text,
)
from gateway.protokoll.schluessel import (
    Protokollschluessel,
    Siegelschluessel,
    load_protokollschluessel,
)
from gateway.protokoll.siegelwechsel import wechsle
from tests.databases import database_url, opened
from tests.fault.children import child
from tests.protokoll.eintraege import eintrag, rows, sql
from tests.protokoll.schluesselbestand import lesbar
from tests.protokoll.siegelbestand import (
    MAI,
    alt,
    bestand,
    beweis,
    beweiszeilen,
    change,
    found,
    schluessel,
    schluessel_datei,
    seals_at_once,
    write,
)
from tests.protokoll.test_beweis import pruefe
from tests.protokoll.test_stoerung import start

__all__ = ["alt", "bestand", "database_url", "schluessel", "schluessel_datei", "seals_at_once"]


def test_every_key_confirms_the_next_and_all_of_it_verifies(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    lesbar(bestand, schluessel)
    folge = siegelfolge.read(bestand, schluessel)
    assert [(one.ab_kette, one.ab_loeschung) for one in folge.glieder] == [(1, 1), (4, 2), (6, 2)]
    assert (folge.glieder[0].id, folge.aktuell.id) == (alt.id, schluessel.stand.siegel.id)
    named = [key for (key,) in rows(bestand, "SELECT siegel_schluessel FROM protokoll_kette ORDER BY nr")]
    assert named == [folge.der_kette(nr).id for nr in range(1, 7)]
    assert len(set(named)) == 3
    result = verify(bestand, schluessel)
    assert (result.entries, result.deleted) == (13, 4)
    for one in folge.glieder:  # whichever of them somebody was told
        urteil = beweis(bestand, schluessel, tmp_path / "b", "--schluessel", one.id)
        assert (urteil.rc, urteil.zeilen[:-1]) == (0, [])
    ids = [one.id for one in folge.glieder]
    assert urteil.zeilen[-1].endswith(f"Schlüssel {ids[0]}, ab Kette 4 {ids[1]}, ab Kette 6 {ids[2]}")
    assert beweis(bestand, schluessel, tmp_path / "b", "--schluessel", "0" * 16).rc == 1


def test_a_store_that_runs_goes_on_with_the_new_key_and_loses_nothing(
    engine: Engine, schluessel: Protokollschluessel, schluessel_datei: Path
) -> None:
    running = load_protokollschluessel(schluessel_datei)  # another process
    with closing(SqlProtokoll(engine, running)) as store:
        for _ in range(3):
            store.record(eintrag())
            change(engine, schluessel)
            store.check()
            store.record(eintrag())
    assert rows(engine, "SELECT kette, count(*) FROM protokoll GROUP BY kette ORDER BY kette") == [
        (1, 1),
        (2, 2),
        (3, 2),
        (4, 1),
    ]
    assert verify(engine, schluessel).intact


def test_processes_that_write_without_pause_notice_it_and_none_of_their_entries_is_lost(
    engine: Engine, database_url: str, schluessel: Protokollschluessel, schluessel_datei: Path
) -> None:
    with start(database_url, schluessel_datei, "-") as one, start(database_url, schluessel_datei, "-") as two:
        acknowledged = [process.stdout.readline().strip() for process in (one, two) if process.stdout]
        for _ in range(4):
            time.sleep(0.2)
            change(engine, schluessel)
        time.sleep(0.2)
        for process in (one, two):
            assert process.poll() is None
            process.kill()
            assert process.stdout is not None
            acknowledged += process.stdout.read().split("\n")[:-1]
    result = verify(engine, schluessel)
    assert result.intact, result.findings
    stored = {uuid for (uuid,) in rows(engine, "SELECT nachricht_uuid FROM protokoll")}
    assert "refused" not in acknowledged
    assert set(filter(None, acknowledged)) <= stored
    per_key = rows(
        engine,
        "SELECT siegel_schluessel, count(*) FROM protokoll JOIN protokoll_kette ON nr = kette GROUP BY 1",
    )
    assert len(per_key) == 5  # under each of the keys something was written


def test_killed_at_any_point_it_is_done_or_not_and_the_next_run_ends_it(
    bestand: Engine, database_url: str, schluessel: Protokollschluessel, schluessel_datei: Path
) -> None:
    def work(_: object) -> None:
        keys = load_protokollschluessel(schluessel_datei)
        with opened(database_url) as engine:
            wechsle(engine, keys, MAI)
            schluesseldatei.setze_siegel_ein(keys)

    schluesseldatei.fuege_siegel_hinzu(schluessel)
    whole = child(work)
    assert not whole.killed
    points, outcomes = random.Random(7), set()
    with closing(SqlProtokoll(bestand, schluessel)) as running:
        for _ in range(14):
            if schluessel.stand.siegel_neu is None:
                schluesseldatei.fuege_siegel_hinzu(schluessel)
            before = rows(bestand, "SELECT count(*) FROM protokoll_siegelwechsel")
            killed = child(work, kill_at=points.randrange(whole.events // 2, whole.events)).killed
            done = rows(bestand, "SELECT count(*) FROM protokoll_siegelwechsel") != before
            outcomes.add((killed, done, schluessel.stand.siegel_neu is None))
            running.record(eintrag())
            write(bestand, schluessel)
            assert verify(bestand, schluessel).intact
            assert make_anker(bestand, schluessel, MAI)
    assert (True, False, False) in outcomes  # before the change, which then was not made
    if schluessel.stand.siegel_neu is not None:
        assert not child(work).killed
    assert schluessel.stand.siegel_neu is None
    lesbar(bestand, schluessel)


def test_killed_between_database_and_key_file_everybody_seals_with_the_new_key(
    bestand: Engine, schluessel: Protokollschluessel
) -> None:
    schluesseldatei.fuege_siegel_hinzu(schluessel)
    neu = schluessel.stand.siegel_neu
    assert neu is not None
    assert wechsle(bestand, schluessel, MAI) is not None
    write(bestand, schluessel)  # with both in the file
    Halteliste(bestand, schluessel).halte(Stelle(1, 2), "Grund", MAI)
    assert siegelfolge.read(bestand, schluessel).aktuell.id == neu.id
    assert verify(bestand, schluessel).intact
    assert wechsle(bestand, schluessel, MAI) is None
    schluesseldatei.setze_siegel_ein(schluessel)
    assert verify(bestand, schluessel).intact


def test_without_a_key_that_waits_nothing_changes(engine: Engine, schluessel: Protokollschluessel) -> None:
    with pytest.raises(GatewayError, match="no new key of the seal waits"):
        wechsle(engine, schluessel, MAI)
    schluesseldatei.fuege_siegel_hinzu(schluessel)
    with pytest.raises(ConfigError, match=r"waits in .* already"):
        schluesseldatei.fuege_siegel_hinzu(schluessel)


@pytest.fixture
def anchors(engine: Engine, schluessel: Protokollschluessel, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    def make(name: str) -> Path:
        path = tmp_path / name
        path.write_text(make_anker(engine, schluessel, MAI))
        return path

    return make


def test_an_anchor_of_before_still_counts_and_one_of_after_too(
    engine: Engine, schluessel: Protokollschluessel, anchors: Callable[[str], Path]
) -> None:
    write(engine, schluessel, 3)
    old = anchors("old")
    change(engine, schluessel)
    write(engine, schluessel)
    new = anchors("new")
    change(engine, schluessel)
    for path in (old, new):
        seen = read_anker(path, siegelfolge.read(engine, schluessel))
        assert verify(engine, schluessel, anker=[seen]).intact
    sql(engine, "DELETE FROM protokoll_kopf WHERE kette = 1", "DELETE FROM protokoll WHERE kette = 1")
    seen = read_anker(old, siegelfolge.read(engine, schluessel))
    places = {(one.kind, one.place) for one in verify(engine, schluessel, anker=[seen]).findings}
    assert (Kind.SET_BACK, "1/1-3") in places


def test_an_anchor_that_the_old_key_seals_of_what_came_after_it_is_none(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, anchors: Callable[[str], Path]
) -> None:
    path = anchors("a")
    state = json.loads(path.read_text())
    del state["siegel"]
    path.write_text(json.dumps({**state, "siegel": alt.sign(anker_text(_canonical(state))).hex()}))
    with pytest.raises(ConfigError, match=f"sealed with the key {alt.id}, outside of that key's span"):
        read_anker(path, siegelfolge.read(bestand, schluessel))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ketten": "x"},
        {"loeschungen": None},
        {"erstellt": 10**30},
        {"koepfe": [[1, "00", None, "00"]]},
        {"koepfe": [[10**30, "00", 1, "00"]]},
        {"koepfe": [[1, "00", 1, "x"]]},
        {"aenderungen": [1]},
    ],
    ids=str,
)
def test_what_the_old_key_seals_and_is_no_anchor_is_said_to_be_none(
    bestand: Engine,
    schluessel: Protokollschluessel,
    alt: Siegelschluessel,
    anchors: Callable[[str], Path],
    wrong: dict[str, Any],
) -> None:
    path = anchors("a")
    state = {**json.loads(path.read_text()), "ketten": 1, "loeschungen": 0, "koepfe": [], **wrong}
    del state["siegel"]
    path.write_text(json.dumps({**state, "siegel": alt.sign(anker_text(_canonical(state))).hex()}))
    with pytest.raises(ConfigError, match="is no anchor of this Protokoll's keys"):
        read_anker(path, siegelfolge.read(bestand, schluessel))


def test_what_was_tampered_with_before_is_not_sealed_over(engine: Engine, schluessel: Protokollschluessel) -> None:
    for _ in range(3):
        write(engine, schluessel, 2)
    Halteliste(engine, schluessel).halte(Stelle(3, 1), "Grund", MAI)
    sql(engine, "UPDATE protokoll_kopf SET nummer = 1 WHERE kette = 1", "UPDATE protokoll_halt SET seit = 1")
    if engine.dialect.name == "sqlite":  # which takes any value in any column
        sql(engine, "UPDATE protokoll_kopf SET nummer = 1.5 WHERE kette = 2")
    before = found(engine, schluessel)
    done = change(engine, schluessel)
    assert done is not None
    assert done.offen == (3 if engine.dialect.name == "sqlite" else 2)
    assert found(engine, schluessel) == before >= {(Kind.SEAL, "1"), (Kind.SEAL, "3/1")}


def test_a_key_file_that_does_not_fit_the_database_is_said_to_be_so(
    engine: Engine, schluessel: Protokollschluessel, tmp_path: Path
) -> None:
    old = tmp_path / "old.key"
    old.write_bytes(schluessel.path.read_bytes())
    old.chmod(0o600)
    write(engine, schluessel)
    change(engine, schluessel)
    stale = load_protokollschluessel(old)
    with (
        closing(SqlProtokoll(engine, stale)) as store,
        pytest.raises(StoreError, match="of another time, or the head is forged"),
    ):
        store.check()
    assert (Kind.SEAL, "seal") in found(engine, stale)
    with pytest.raises(StoreError, match="no anchor is made"):
        make_anker(engine, stale, MAI)


def test_an_export_of_before_is_checked_as_ever(
    engine: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    write(engine, schluessel, 3)
    before = beweiszeilen(engine, schluessel)
    change(engine, schluessel)
    urteil = pruefe(tmp_path / "b", before, "--schluessel", alt.id)
    assert (urteil.rc, urteil.zeilen[:-1]) == (0, [])


def test_the_heads_of_many_chains_are_sealed_before_anybody_has_to_wait(
    engine: Engine, schluessel: Protokollschluessel, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(engine, schluessel)
    alone, anew, locked = list[bool](), siegelwechsel._anew, siegelwechsel.locked_stand

    def counted(*args: Any) -> bytes | None:
        alone.append(bool(held))
        return anew(*args)

    def lock(*args: Any) -> Any:
        write(engine, schluessel) if engine.dialect.name == "postgresql" else None  # meanwhile; SQLite has one writer
        held.append(True)
        return locked(*args)

    held: list[bool] = []
    monkeypatch.setattr(siegelwechsel, "_anew", counted)
    monkeypatch.setattr(siegelwechsel, "locked_stand", lock)
    for _ in range(20):
        write(engine, schluessel)
    assert change(engine, schluessel) is not None
    assert (alone.count(False), alone.count(True)) == (21, 1 if engine.dialect.name == "postgresql" else 0)
    assert verify(engine, schluessel).intact
