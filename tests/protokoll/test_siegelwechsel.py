"""The seal's key changes while the Protokoll is written: each confirms the next, and counts for its own time alone."""

import io
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text, update

from gateway.errors import ConfigError, GatewayError, StoreError
from gateway.protokoll import Kind, SqlProtokoll, Stelle, schluesseldatei, siegelfolge, siegelwechsel, verify
from gateway.protokoll import aufbewahrung as aufbewahrung_modul
from gateway.protokoll.anker import _canonical, make_anker, read_anker
from gateway.protokoll.aufbewahrung import Aufbewahrung
from gateway.protokoll.beweis import export
from gateway.protokoll.halten import Halteliste
from gateway.protokoll.kette import (
    FELDER,
    LOESCHFELDER,
    WECHSELFELDER,
    anker_text,
    eintrag_hash,
    halt_text,
    kopf_text,
    loeschung_hash,
    loeschung_text,
    pack_verweise,
    siegel_text,
    wechsel_hash,
    wechsel_text,
)
from gateway.protokoll.schluessel import (
    Protokollschluessel,
    Siegelschluessel,
    create_protokollschluessel,
    load_protokollschluessel,
)
from gateway.protokoll.siegelwechsel import Wechsel, wechsle
from gateway.protokoll.tabellen import EINTRAG, HALT, KETTE, KOPF, LOESCHUNG, WECHSEL
from tests.databases import database_url, opened
from tests.fault.children import child
from tests.protokoll.eintraege import eintrag, rows, sql
from tests.protokoll.schluesselbestand import MONATE, fuelle, lesbar
from tests.protokoll.test_beweis import Urteil, pruefe
from tests.protokoll.test_stoerung import start

__all__ = ["database_url"]

FRUEHER, MAI = MONATE[0] - timedelta(days=500), MONATE[1]


@pytest.fixture
def schluessel_datei(tmp_path: Path) -> Path:
    create_protokollschluessel(tmp_path / "protokoll.key")
    return tmp_path / "protokoll.key"


@pytest.fixture
def schluessel(schluessel_datei: Path) -> Protokollschluessel:
    return load_protokollschluessel(schluessel_datei)


@pytest.fixture
def alt(schluessel: Protokollschluessel) -> Siegelschluessel:
    """The first key of the seal, as whoever got hold of it has it."""
    return schluessel.stand.siegel


@pytest.fixture(autouse=True)
def seals_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.protokoll.schreiber.SIEGEL_ABSTAND", 0.0)
    monkeypatch.setattr(aufbewahrung_modul, "ATEMPAUSE", 0)


def change(engine: Engine, schluessel: Protokollschluessel) -> Wechsel | None:
    schluesseldatei.fuege_siegel_hinzu(schluessel)
    done = wechsle(engine, schluessel, MAI)
    schluesseldatei.setze_siegel_ein(schluessel)
    return done


def write(engine: Engine, schluessel: Protokollschluessel, count: int = 1, now: datetime = MAI) -> None:
    """In a chain of its own."""
    with closing(SqlProtokoll(engine, schluessel, uhr=lambda: now)) as store:
        for _ in range(count):
            store.record(eintrag())


@pytest.fixture
def bestand(engine: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel) -> Engine:
    """Chains 1 to 3 and deletion 1 of the first key, 4 and 5 of the second, 6 of the third; deletion 2 of that too."""
    fuelle(engine, schluessel)
    write(engine, schluessel, 2, FRUEHER)
    Aufbewahrung(engine, schluessel).loesche(MAI, uhr_stimmt=True)
    assert change(engine, schluessel) == Wechsel(4, 0)
    write(engine, schluessel, 2)
    write(engine, schluessel, 2, FRUEHER)
    assert change(engine, schluessel) == Wechsel(6, 0)
    Aufbewahrung(engine, schluessel).loesche(MAI, uhr_stimmt=True)
    write(engine, schluessel, 3)
    return engine


def found(engine: Engine, schluessel: Protokollschluessel) -> set[tuple[Kind, str]]:
    return {(finding.kind, finding.place) for finding in verify(engine, schluessel).findings}


def said(engine: Engine, schluessel: Protokollschluessel) -> str:
    return "\n".join(f"{finding.place}: {finding.text}" for finding in verify(engine, schluessel).findings)


def beweis(engine: Engine, schluessel: Protokollschluessel, path: Path, *arguments: str) -> Urteil:
    out = io.StringIO()
    export(engine, schluessel, FRUEHER - timedelta(days=1), MAI + timedelta(days=1), out)
    return pruefe(path, out.getvalue(), *arguments)


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


# -- with the old key --------------------------------------------------------------------------------------------------


def append(engine: Engine, key: Siegelschluessel, kette: int, *, head: bool) -> None:
    """One more entry behind a chain's last one, sealed with `key`, with its head or without."""
    with engine.begin() as connection:
        chain = connection.execute(select(KETTE).where(KETTE.c.nr == kette)).one()
        last = connection.execute(
            select(EINTRAG).where(EINTRAG.c.kette == kette).order_by(EINTRAG.c.nummer.desc()).limit(1)
        ).one()
        row = last._asdict() | {"nummer": last.nummer + 1, "anspruch": None, "verzeichnis": None, "inhalt": None}
        row |= {"schluessel": None, "verweise": pack_verweise(()), "vorgaenger": last.hash}
        digest = eintrag_hash(last.hash, [row[name] for name in FELDER])
        row |= {"hash": digest, "siegel": key.sign(siegel_text(chain.kennung, row["nummer"], digest))}
        connection.execute(insert(EINTRAG), row)
        if head:
            siegel = key.sign(kopf_text(chain.kennung, row["nummer"], digest))
            values = {"nummer": row["nummer"], "hash": digest, "siegel": siegel}
            connection.execute(update(KOPF).where(KOPF.c.kette == kette).values(**values))


def test_a_chain_that_goes_on_with_the_old_key_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    append(bestand, alt, 1, head=True)
    assert found(bestand, schluessel) == {(Kind.SEAL, "1")}
    assert f"1: the seal of the chain's head is forged: sealed with the key {alt.id}, outside" in said(
        bestand, schluessel
    )
    urteil = beweis(bestand, schluessel, tmp_path / "b")
    assert urteil.befunde == {"SIEGEL Kette 1"}
    assert f"gesiegelt mit Schlüssel {alt.id} außerhalb seiner Zeit" in urteil.zeilen[0]


def test_an_entry_behind_the_end_that_the_change_has_sealed_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    append(bestand, alt, 1, head=False)
    assert found(bestand, schluessel) == {(Kind.INSERTED, "1/5")}
    assert beweis(bestand, schluessel, tmp_path / "b").rc == 0  # no part of the evidence


def test_an_entry_of_a_new_chain_that_is_sealed_with_the_old_key_is_found_and_named(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    with bestand.begin() as connection:
        kennung = connection.scalar(select(KETTE.c.kennung).where(KETTE.c.nr == 6))
        place = (EINTRAG.c.kette == 6, EINTRAG.c.nummer == 2)
        digest = connection.scalar(select(EINTRAG.c.hash).where(*place))
        assert kennung is not None
        assert digest is not None
        siegel = alt.sign(siegel_text(kennung, 2, digest))
        connection.execute(update(EINTRAG).where(*place).values(siegel=siegel))
    assert found(bestand, schluessel) == {(Kind.SEAL, "6/2")}
    assert f"sealed with the key {alt.id}, outside of that key's span" in said(bestand, schluessel)
    urteil = beweis(bestand, schluessel, tmp_path / "b")
    assert urteil.befunde == {"SIEGEL 6/2"}
    assert alt.id in urteil.zeilen[0]


def test_a_chain_that_names_another_key_than_that_of_its_time_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    sql(bestand, f"UPDATE protokoll_kette SET siegel_schluessel = '{alt.id}' WHERE nr = 6")
    assert found(bestand, schluessel) >= {(Kind.SEAL, "6")}
    assert "SIEGEL Kette 6" in beweis(bestand, schluessel, tmp_path / "b").befunde


def store_wechsel(engine: Engine, alt: Siegelschluessel, neu: Siegelschluessel, nr: int, **changes: object) -> None:
    """In place of the one with this number, or behind the last; signed by whom somebody has the keys of."""
    with engine.begin() as connection:
        last = connection.execute(select(WECHSEL).order_by(WECHSEL.c.nr.desc()).limit(1)).one()
        now = connection.execute(select(WECHSEL).where(WECHSEL.c.nr == nr)).one_or_none()
        row = (now or last)._asdict() | {"nr": nr, "neu": neu.oeffentlich.public_bytes_raw()}
        if now is None:
            row |= {"alt": last.neu, "vorgaenger": last.hash}
        row |= changes
        row["hash"] = wechsel_hash(row["vorgaenger"], [row[name] for name in WECHSELFELDER])
        text_ = wechsel_text(row["hash"])
        row |= {"siegel_alt": alt.sign(text_), "siegel_neu": neu.sign(text_)}
        connection.execute(text("DELETE FROM protokoll_siegelwechsel WHERE nr = :nr"), {"nr": nr})
        connection.execute(insert(WECHSEL), row)


@pytest.fixture
def fremd(tmp_path: Path) -> Siegelschluessel:
    create_protokollschluessel(tmp_path / "fremd.key")
    return load_protokollschluessel(tmp_path / "fremd.key").stand.siegel


def test_a_forged_successor_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, fremd: Siegelschluessel, tmp_path: Path
) -> None:
    store_wechsel(bestand, alt, fremd, 3)  # not by the key before, which nobody has
    assert found(bestand, schluessel) == {(Kind.SEAL, "seal change 3")}
    assert beweis(bestand, schluessel, tmp_path / "b").befunde == {"SIEGEL Schlüsselwechsel 3"}


def test_another_successor_by_the_old_key_itself_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, fremd: Siegelschluessel, tmp_path: Path
) -> None:
    store_wechsel(bestand, alt, fremd, 1)
    assert found(bestand, schluessel) >= {(Kind.SEAL, "seal change 2"), (Kind.SEAL, "seal")}
    assert "SIEGEL Schlüsselwechsel 2" in beweis(bestand, schluessel, tmp_path / "b").befunde
    sql(bestand, "DELETE FROM protokoll_siegelwechsel WHERE nr = 2")
    assert found(bestand, schluessel) >= {(Kind.SEAL, "seal")}
    assert f"the newest key of the seal, {fremd.id}, is not in the instance's key file" in said(bestand, schluessel)
    assert beweis(bestand, schluessel, tmp_path / "b", "--schluessel", schluessel.stand.siegel.id).rc == 1


def test_a_change_in_any_column_of_a_change_is_found(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path
) -> None:
    with bestand.connect() as connection:
        whole = connection.execute(select(WECHSEL).where(WECHSEL.c.nr == 2)).one()._asdict()
    for column, value in whole.items():
        changed = whole | {column: b"\1" * 32 if isinstance(value, bytes) else 7}
        for row, befunde in ((changed, {f"SIEGEL Schlüsselwechsel {changed['nr']}"}), (whole, set())):
            sql(bestand, "DELETE FROM protokoll_siegelwechsel WHERE nr > 1")
            with bestand.begin() as connection:
                connection.execute(insert(WECHSEL), row)
            assert beweis(bestand, schluessel, tmp_path / "b").befunde >= befunde
            places = {place for kind, place in found(bestand, schluessel) if kind is Kind.SEAL}
            assert (f"seal change {row['nr']}" in places) is bool(befunde)


@pytest.mark.parametrize("nr", [1, 2])
def test_a_change_that_is_missing_is_found(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path, nr: int
) -> None:
    sql(bestand, f"DELETE FROM protokoll_siegelwechsel WHERE nr = {nr}")
    assert not verify(bestand, schluessel).intact
    assert beweis(bestand, schluessel, tmp_path / "b").rc == 1


def store_loeschung(engine: Engine, key: Siegelschluessel, nr: int, **changes: object) -> None:
    with engine.begin() as connection:
        row = connection.execute(select(LOESCHUNG).where(LOESCHUNG.c.nr == nr)).one()._asdict() | changes
        row["hash"] = loeschung_hash(row["vorgaenger"], [row[name] for name in LOESCHFELDER])
        row["siegel"] = key.sign(loeschung_text(row["hash"]))
        connection.execute(update(LOESCHUNG).where(LOESCHUNG.c.nr == nr).values(**row))


def test_a_record_of_a_deletion_with_the_old_key_excuses_nothing(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    store_loeschung(bestand, alt, 2)
    assert found(bestand, schluessel) >= {(Kind.SEAL, "deletion 2"), (Kind.MISSING, "5/1-2")}
    assert f"it excuses nothing: sealed with the key {alt.id}" in said(bestand, schluessel)
    assert beweis(bestand, schluessel, tmp_path / "b").befunde >= {"SIEGEL Löschung 2", "FEHLT 5/1-2"}


def test_a_record_of_a_deletion_made_anew_with_the_key_of_its_time_is_not_the_one_that_the_change_has_seen(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    sql(bestand, "DELETE FROM protokoll_loeschung WHERE nr = 2")  # so that nothing follows it
    store_loeschung(bestand, alt, 1, geloescht=1)
    assert (Kind.CHANGED, "deletion 1") in found(bestand, schluessel)
    assert "GEÄNDERT Löschung 1" in beweis(bestand, schluessel, tmp_path / "b").befunde
    sql(bestand, "DELETE FROM protokoll_loeschung")
    assert (Kind.MISSING, "deletion 1") in found(bestand, schluessel)
    assert "GEÄNDERT Löschung 1" in beweis(bestand, schluessel, tmp_path / "b").befunde


def test_a_hold_with_the_old_key_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel
) -> None:
    with bestand.begin() as connection:
        row = connection.execute(select(HALT, KETTE.c.kennung).join(KETTE, KETTE.c.nr == HALT.c.kette)).one()
        siegel = alt.sign(halt_text(row.kennung, row.nummer, row.seit, row.tresor, row.huelle))
        connection.execute(update(HALT).values(siegel=siegel))
    assert (Kind.SEAL, "1/1") in found(bestand, schluessel)
    assert f"the hold on the entry is forged: sealed with the key {alt.id}" in said(bestand, schluessel)


# -- anchors, what was tampered with, older states --------------------------------------------------------------------


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
        assert verify(engine, schluessel, anker=seen).intact
    sql(engine, "DELETE FROM protokoll_kopf WHERE kette = 1", "DELETE FROM protokoll WHERE kette = 1")
    seen = read_anker(old, siegelfolge.read(engine, schluessel))
    places = {(one.kind, one.place) for one in verify(engine, schluessel, anker=seen).findings}
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


def test_what_was_tampered_with_before_is_not_sealed_over(engine: Engine, schluessel: Protokollschluessel) -> None:
    for _ in range(3):
        write(engine, schluessel, 2)
    Halteliste(engine, schluessel).halte(Stelle(3, 1), "Grund", MAI)
    sql(engine, "UPDATE protokoll_kopf SET nummer = 1 WHERE kette = 1", "UPDATE protokoll_halt SET seit = 1")
    before = found(engine, schluessel)
    done = change(engine, schluessel)
    assert done is not None
    assert done.offen == 2
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
        pytest.raises(StoreError, match="begun with another key"),
    ):
        store.check()
    assert (Kind.SEAL, "seal") in found(engine, stale)
    with pytest.raises(StoreError, match="no anchor is made"):
        make_anker(engine, stale, MAI)


def test_an_export_of_before_is_checked_as_ever(
    engine: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    write(engine, schluessel, 3)
    out = io.StringIO()
    export(engine, schluessel, MAI - timedelta(days=1), MAI + timedelta(days=1), out)
    first = out.getvalue().replace("xmeld-gateway-beweis-2", "xmeld-gateway-beweis-1", 1)
    for lines in (out.getvalue(), first):
        urteil = pruefe(tmp_path / "b", lines, "--schluessel", alt.id)
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
