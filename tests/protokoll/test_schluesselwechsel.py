"""What wraps is wrapped anew while the Protokoll is written; at no moment is anything there that no key opens."""

import json
import logging
import os
import random
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from gateway.errors import ConfigError, GatewayError, StoreError
from gateway.protokoll import Einsicht, Kind, SqlProtokoll, Stelle, schluesseldatei, umhuellung, verify
from gateway.protokoll.schluessel import Protokollschluessel, create_protokollschluessel, load_protokollschluessel
from gateway.protokoll.siegelwechsel import wechsle
from gateway.protokoll.verbindung import is_sqlite, snapshot, sqlite_file
from tests.databases import database_url, opened
from tests.fault.children import child
from tests.protokoll.eintraege import INHALT, eintrag, rows, sql
from tests.protokoll.schluesselbestand import (
    MONATE,
    UMFANG,
    copy_of,
    fuelle,
    lesbar,
    nacharbeit,
    schluessel,
    schluessel_datei,
)
from tests.protokoll.test_erste_fassung import alt

__all__ = ["alt", "database_url", "schluessel", "schluessel_datei"]

WRAPPED = (("protokoll_schluessel", "tresor"), ("protokoll_halt", "tresor"))
WRAPPED += (("nacharbeit", "schluessel"), ("postausgang", "schluessel"))


@pytest.fixture
def bestand(engine: Engine, schluessel: Protokollschluessel) -> Engine:
    fuelle(engine, schluessel)
    return engine


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(umhuellung, "SCHRITT", 2)


def wrapped_by(engine: Engine) -> set[str]:
    return {key for table, column in WRAPPED for (key,) in rows(engine, f"SELECT {column} FROM {table}")}


_HUELLEN = "SELECT huelle FROM protokoll_{}"


def in_files(engine: Engine, huellen: list[bytes]) -> bool:
    """Whether one of them is in the database's file or in the log beside it."""
    name = sqlite_file(engine)
    files = [path.read_bytes() for path in (name, name.with_name(f"{name.name}-wal")) if path.exists()]
    return any(huelle in file for huelle in huellen for file in files)


def rotate(engine: Engine, schluessel: Protokollschluessel) -> dict[str, int]:
    schluesseldatei.fuege_hinzu(schluessel)
    schluesseldatei.setze_ein(schluessel)
    return umhuellung.umhuelle(engine, schluessel)


def test_everything_is_wrapped_anew_the_old_key_goes_and_everything_is_read_as_before(
    bestand: Engine, schluessel: Protokollschluessel
) -> None:
    alt = schluessel.stand.neuester
    assert wrapped_by(bestand) == {alt}
    with pytest.raises(GatewayError, match=f"the key {alt} is in use"):
        umhuellung.entferne(bestand, schluessel, alt)
    neu = schluesseldatei.fuege_hinzu(schluessel)
    assert schluessel.stand.neuester == alt  # it waits
    schluesseldatei.setze_ein(schluessel)
    assert schluessel.stand.neuester == neu
    with pytest.raises(GatewayError, match="needed: keys of months: 4, holds: 1, waiting messages: 2, waiting req"):
        umhuellung.entferne(bestand, schluessel, alt)
    assert umhuellung.umhuelle(bestand, schluessel) == UMFANG
    assert wrapped_by(bestand) == {neu}
    umhuellung.entferne(bestand, schluessel, alt)
    assert set(schluessel.stand.aes) == {neu}
    lesbar(bestand, schluessel)
    with pytest.raises(GatewayError, match=f"has no key {alt}"):
        umhuellung.entferne(bestand, schluessel, alt)


def test_what_the_old_key_opens_is_in_no_file_of_the_database_any_more_while_it_is_served(
    bestand: Engine, schluessel: Protokollschluessel
) -> None:
    if not is_sqlite(bestand):
        pytest.skip("elsewhere VACUUM clears it away")
    with closing(SqlProtokoll(bestand, schluessel, uhr=lambda: MONATE[1])) as store:
        store.record(eintrag())
        alte = [huelle for table in ("schluessel", "halt") for (huelle,) in rows(bestand, _HUELLEN.format(table))]
        assert in_files(bestand, alte)
        rotate(bestand, schluessel)
        assert not in_files(bestand, alte)
        store.record(eintrag())


def test_who_reads_meanwhile_holds_up_neither_the_change_nor_who_records(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    with closing(SqlProtokoll(bestand, schluessel, uhr=lambda: MONATE[1])) as store, snapshot(leser) as reading:
        count = text("SELECT count(*) FROM protokoll")
        before = reading.scalar(count)
        begun = time.monotonic()
        rotate(bestand, schluessel)
        store.record(eintrag())
        assert time.monotonic() - begun < 3
        assert reading.scalar(count) == before


def test_what_no_key_of_the_file_opens_is_found(bestand: Engine, schluessel: Protokollschluessel) -> None:
    alt = schluessel.stand.neuester
    schluesseldatei.fuege_hinzu(schluessel)
    schluesseldatei.setze_ein(schluessel)
    schluesseldatei.entferne(schluessel, alt)  # nobody has looked whether anything needs it
    keys = {(Kind.MISSING, f"key {key}") for (key,) in rows(bestand, "SELECT id FROM protokoll_schluessel")}
    found = verify(bestand, schluessel).findings
    assert {(one.kind, one.place) for one in found} == {*keys, (Kind.MISSING, "hold 1/1")}
    assert all(alt in one.text for one in found)


def test_a_store_that_runs_wraps_with_the_new_key_at_once(
    bestand: Engine, schluessel: Protokollschluessel, schluessel_datei: Path
) -> None:
    running = load_protokollschluessel(schluessel_datei)  # another process
    with closing(SqlProtokoll(bestand, running, uhr=lambda: MONATE[1])) as store:
        store.record(eintrag())
        alt = schluessel.stand.neuester
        rotate(bestand, schluessel)
        umhuellung.entferne(bestand, schluessel, alt)
        store.record(eintrag(nacharbeit=nacharbeit(), mandant="dbs:039990010000"))
    assert wrapped_by(bestand) == {schluessel.stand.neuester}


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_point_nothing_is_unreadable_and_the_next_run_ends_it(
    bestand: Engine, database_url: str, schluessel: Protokollschluessel, schluessel_datei: Path, seed: int
) -> None:
    def work(_: object) -> None:
        keys = load_protokollschluessel(schluessel_datei)
        with opened(database_url) as engine:
            alt = keys.stand.neuester
            if keys.stand.wartet is None:
                schluesseldatei.fuege_hinzu(keys)
            schluesseldatei.setze_ein(keys)
            umhuellung.umhuelle(engine, keys)
            for one in keys.stand.aes:
                if one != keys.stand.neuester:
                    umhuellung.entferne(engine, keys, one)
            assert alt not in keys.stand.aes

    whole = child(work)
    assert not whole.killed
    killed, halfway, points = 0, 0, random.Random(seed)
    for _ in range(12):
        killed += child(work, kill_at=points.randrange(whole.events // 3, whole.events)).killed
        lesbar(bestand, schluessel)
        assert wrapped_by(bestand) <= set(schluessel.stand.aes)
        halfway += len(wrapped_by(bestand)) > 1
    assert killed > 6
    assert halfway
    assert not child(work).killed
    assert wrapped_by(bestand) == set(schluessel.stand.aes) == {schluessel.stand.neuester}
    lesbar(bestand, schluessel)


def test_what_is_being_stored_with_a_key_that_goes_is_not_stored(
    bestand: Engine, schluessel: Protokollschluessel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrapped before the change, stored after it: by a writer, a hold, and what follows answers."""
    alt, count = schluessel.stand.neuester, rows(bestand, "SELECT count(*) FROM protokoll")
    late = load_protokollschluessel(schluessel.path)
    with closing(SqlProtokoll(bestand, late, uhr=lambda: MONATE[1])) as store:
        encrypt = Protokollschluessel.encrypt

        def slow(self: Protokollschluessel, content: bytes, aad: bytes) -> tuple[str, bytes]:
            sealed = encrypt(self, content, aad)
            if self is late and alt in schluessel.stand.aes:
                rotate(bestand, schluessel)
                umhuellung.entferne(bestand, schluessel, alt)
            return sealed

        monkeypatch.setattr(Protokollschluessel, "encrypt", slow)
        with pytest.raises(StoreError, match="a key of the Protokoll was removed just now"):
            store.record(eintrag(nacharbeit=nacharbeit()))
        assert rows(bestand, "SELECT count(*) FROM protokoll") == count
        store.record(eintrag(nacharbeit=nacharbeit()))
    assert wrapped_by(bestand) == {schluessel.stand.neuester}


def test_contents_of_the_first_release_stay_as_they_are_and_need_their_key(
    alt: Engine, schluessel: Protokollschluessel
) -> None:
    key_id = schluessel.stand.neuester
    rotate(alt, schluessel)
    with pytest.raises(GatewayError, match=r"is still needed: contents of release 0\.1\.0: 3"):
        umhuellung.entferne(alt, schluessel, key_id)
    assert [Einsicht(alt).read(Stelle(1, nummer), schluessel) for nummer in (1, 2, 3)] == [INHALT] * 3


def test_what_no_key_opens_is_left_and_a_forged_hold_is_not_sealed_over(
    bestand: Engine, schluessel: Protokollschluessel
) -> None:
    alt = schluessel.stand.neuester
    sql(bestand, "UPDATE protokoll_halt SET seit = seit + 1", "UPDATE postausgang SET schluessel = '00000000'")
    assert rotate(bestand, schluessel) == {**UMFANG, "holds": 0, "waiting messages": 0}
    assert umhuellung.gebraucht(bestand, alt) == {"holds": 1}
    assert umhuellung.gebraucht(bestand, "00000000") == {"waiting messages": 2}


def test_one_key_waits_at_a_time_and_one_that_waits_can_be_taken_back(
    engine: Engine, schluessel: Protokollschluessel
) -> None:
    before, neu = schluessel.stand.neuester, schluesseldatei.fuege_hinzu(schluessel)
    with pytest.raises(ConfigError, match=f"the key {neu} waits in .* already"):
        schluesseldatei.fuege_hinzu(schluessel)
    umhuellung.entferne(engine, schluessel, neu)
    assert (list(schluessel.stand.aes), schluessel.stand.wartet) == ([before], None)
    schluesseldatei.setze_ein(schluessel)  # nothing waits
    assert schluessel.stand.neuester == before


def test_a_changed_key_file_stays_its_owners_alone(schluessel: Protokollschluessel) -> None:
    if os.geteuid() == 0:
        os.chown(schluessel.path, 65534, 65534)
    owner = schluessel.path.stat().st_uid
    (schluessel.path.parent / ".protokoll.key.4711").write_text("of one who died")
    schluesseldatei.fuege_hinzu(schluessel)
    status = schluessel.path.stat()
    assert (status.st_uid, status.st_mode & 0o777) == (owner, 0o600)
    assert [file.name for file in schluessel.path.parent.iterdir() if "key" in file.name] == ["protokoll.key"]


def test_a_link_to_a_key_file_stays_one(schluessel: Protokollschluessel, tmp_path: Path) -> None:
    link = tmp_path / "link.key"
    link.symlink_to(schluessel.path)
    neu = schluesseldatei.fuege_hinzu(load_protokollschluessel(link))
    assert link.is_symlink()
    assert schluessel.stand.wartet == neu


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "is missing"), ("{", "is malformed"), ("other", "is of another Protokoll now")]
)
def test_a_key_file_that_cannot_be_used_any_more_changes_nothing_and_is_told_of_once(
    schluessel: Protokollschluessel, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str | None, reason: str
) -> None:
    good, neuester = copy_of(schluessel.path, tmp_path / "good"), schluessel.stand.neuester
    caplog.set_level(logging.ERROR)
    schluessel.path.unlink()
    if content == "other":
        create_protokollschluessel(schluessel.path)
    elif content is not None:
        schluessel.path.write_text(content)
        schluessel.path.chmod(0o600)
    for _ in range(3):
        assert schluessel.stand.neuester == neuester
        assert reason in schluessel.fehler
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    good.rename(schluessel.path)
    assert schluessel.fehler == ""


def test_a_key_file_of_which_every_key_has_changed_is_known_as_the_same(
    engine: Engine, schluessel: Protokollschluessel
) -> None:
    idle, alt = load_protokollschluessel(schluessel.path), schluessel.stand
    rotate(engine, schluessel)
    umhuellung.entferne(engine, schluessel, alt.neuester)
    schluesseldatei.fuege_siegel_hinzu(schluessel)
    schluesseldatei.setze_siegel_ein(schluessel)
    assert {*idle.stand.aes, idle.stand.siegel.id}.isdisjoint({*alt.aes, alt.siegel.id})
    assert idle.fehler == ""


def test_a_malformed_key_that_waits_is_named(schluessel: Protokollschluessel) -> None:
    document = json.loads(schluessel.path.read_text())
    for change, reason in (({"siegel_neu": "x"}, "siegel_neu is not"), ({"schluessel_neu": {}}, "key 2 of")):
        schluessel.path.write_text(json.dumps({**document, **change}))
        with pytest.raises(ConfigError, match=reason):
            load_protokollschluessel(schluessel.path)


def test_one_changes_keys_at_a_time(engine: Engine) -> None:
    with umhuellung.allein(engine) as first, umhuellung.allein(engine) as second:
        assert (first, second) == (True, False)


def test_machines_with_files_of_their_own_change_keys_step_by_step(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path
) -> None:
    other = load_protokollschluessel(copy_of(schluessel.path, tmp_path / "other.key"))
    alt = schluessel.stand.neuester

    def copy() -> None:
        copy_of(schluessel.path, tmp_path / "neu").rename(other.path)

    with closing(SqlProtokoll(bestand, other, uhr=lambda: MONATE[1])) as store:
        schluesseldatei.fuege_hinzu(schluessel)
        copy()
        schluesseldatei.setze_ein(schluessel)
        umhuellung.umhuelle(bestand, schluessel)
        store.record(eintrag(mandant="dbs:039990010000"))  # wraps with the old one still
        with pytest.raises(GatewayError, match=r"is still needed: keys of months: 1$"):
            umhuellung.entferne(bestand, schluessel, alt)
        copy()
        store.record(eintrag(mandant="dbs:039990020000"))
        assert umhuellung.umhuelle(bestand, schluessel)["keys of months"] == 1
        umhuellung.entferne(bestand, schluessel, alt)
        copy()
        store.record(eintrag())
        lesbar(bestand, other)

        schluesseldatei.fuege_siegel_hinzu(schluessel)
        copy()
        assert wechsle(bestand, schluessel, MONATE[1]) is not None
        schluesseldatei.setze_siegel_ein(schluessel)
        store.record(eintrag())
        assert verify(bestand, other).intact
        copy()
        store.record(eintrag())
        store.check()
    assert rows(bestand, "SELECT count(*) FROM protokoll WHERE kette = 4") == [(2,)]
    lesbar(bestand, schluessel)
