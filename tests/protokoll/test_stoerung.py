"""Killed, locked out, full, several at once: nothing acknowledged is lost, nothing is half-stored, nobody hangs."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from gateway.errors import StoreError
from gateway.protokoll import Einsicht, SqlProtokoll, create_schema, verify
from gateway.protokoll.sammler import Sammler
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.sperre import Dateisperre
from gateway.protokoll.stand import check_usable
from gateway.protokoll.verbindung import Schreibverbindung, sqlite_file
from tests.databases import fresh_database, opened
from tests.protokoll.eintraege import NAME, eintrag, rows, sql

ROOT = Path(__file__).resolve().parents[2]


def start(url: str, keyfile: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "ignore", "-m", "tests.protokoll.schreibprozess", url, str(keyfile), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_writer_killed_midway_has_lost_nothing_that_it_acknowledged(
    engine: Engine, database_url: str, leser: Engine, schluessel: Protokollschluessel, schluessel_datei: Path
) -> None:
    with start(database_url, schluessel_datei, "-") as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(60)]
        process.kill()
        acknowledged += process.stdout.read().split("\n")[:-1]
    result = verify(leser, schluessel)
    stored = {uuid for (uuid,) in rows(engine, "SELECT nachricht_uuid FROM protokoll")}
    assert result.intact
    assert len(acknowledged) >= 60
    assert set(acknowledged) <= stored
    assert len(stored) - len(acknowledged) <= 4  # one per thread that never heard of it


def test_processes_write_at_once_and_agree_on_who_first_used_a_uuid(
    engine: Engine, database_url: str, leser: Engine, schluessel: Protokollschluessel, schluessel_datei: Path
) -> None:
    uuids, own = [str(uuid4()) for _ in range(60)], [str(uuid4()) for _ in range(2)]
    orders = ([own[0], *uuids], [own[1], *uuids[::-1]])
    processes = [start(database_url, schluessel_datei, *order) for order in orders]
    assert [process.stdout.readline() for process in processes if process.stdout] == ["ready\n", "ready\n"]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=30)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(uuid for output in outputs for uuid in output if uuid != "refused") == sorted(uuids + own)
    result = verify(leser, schluessel)
    assert (result.intact, result.entries, result.chains) == (True, 62, 2)


def test_a_forked_process_begins_a_chain_of_its_own(
    engine: Engine, database_url: str, leser: Engine, schluessel: Protokollschluessel, schluessel_datei: Path
) -> None:
    with start(database_url, schluessel_datei, "fork") as process:
        assert process.wait(timeout=20) == 0
    result = verify(leser, schluessel)
    assert (result.intact, result.entries, result.chains) == (True, 3, 2)


def test_a_store_that_cannot_be_written_refuses_and_goes_on_when_it_can(
    protokoll: SqlProtokoll,
    engine: Engine,
    leser: Engine,
    schluessel: Protokollschluessel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    protokoll.record(eintrag())
    sql(engine, "ALTER TABLE protokoll_anspruch RENAME TO weg")
    caplog.set_level(logging.DEBUG)
    for _ in range(3):
        with pytest.raises(StoreError, match="could not be written") as failure:
            protokoll.record(eintrag())
        assert NAME not in str(failure.value)
    assert "entries not stored" in caplog.text
    assert NAME not in caplog.text
    assert "INSERT" not in caplog.text
    sql(engine, "ALTER TABLE weg RENAME TO protokoll_anspruch")
    protokoll.record(eintrag())
    result = verify(leser, schluessel)
    assert (result.intact, result.entries, result.chains) == (True, 2, 1)


@contextmanager
def store(kind: str, folder: Path, schluessel: Protokollschluessel) -> Iterator[tuple[SqlProtokoll, Engine]]:
    """A store on one kind of database."""
    with fresh_database(kind, folder) as url, opened(url) as engine:
        create_schema(engine, schluessel)
        with closing(SqlProtokoll(engine, schluessel)) as protokoll:
            yield protokoll, engine


def test_a_file_that_may_not_be_written_is_not_usable(tmp_path: Path, schluessel: Protokollschluessel) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        with opened(url) as engine:
            create_schema(engine, schluessel)
        path = url.removeprefix("sqlite:///")
        with (
            opened(f"sqlite:///file:{path}?mode=ro&uri=true") as engine,
            pytest.raises(StoreError, match=r"cannot be written \(SQLITE_READONLY: this user may not write"),
        ):
            check_usable(engine, schluessel)


def test_a_lock_that_may_not_be_taken_is_not_usable(tmp_path: Path, schluessel: Protokollschluessel) -> None:
    with store("sqlite", tmp_path, schluessel) as (protokoll, engine):
        protokoll.check()
        lock = Path(f"{engine.url.database}.protokoll.lock")
        lock.unlink(missing_ok=True)
        lock.mkdir()
        with pytest.raises(StoreError, match=f"{lock}: "):
            protokoll.check()


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path, schluessel: Protokollschluessel) -> None:
    with store("sqlite", tmp_path, schluessel) as (protokoll, engine):
        protokoll.record(eintrag())
        verbindung: Any = protokoll._schreiber._verbindung
        verbindung._raw.execute("PRAGMA max_page_count = 1").close()
        with pytest.raises(StoreError, match="SQLITE_FULL"):
            protokoll.record(eintrag(inhalt={"viel": [str(uuid4()) for _ in range(1000)]}))
        protokoll.record(eintrag())  # on a new connection, without that limit
        assert (verify(engine, schluessel).intact, Einsicht(engine).count()) == (True, 2)


def test_a_connection_that_the_server_ended_is_replaced_without_a_refusal(
    tmp_path: Path, schluessel: Protokollschluessel
) -> None:
    with store("postgresql", tmp_path, schluessel) as (protokoll, engine):
        protokoll.record(eintrag())
        verbindung: Any = protokoll._schreiber._verbindung
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": verbindung._raw.info.backend_pid})
        protokoll.record(eintrag())
        result = verify(engine, schluessel)
        assert (result.intact, result.entries, result.chains) == (True, 2, 1)


@pytest.mark.parametrize("stored", [True, False])
def test_after_a_commit_of_unknown_outcome_another_chain_begins_and_both_are_whole(
    protokoll: SqlProtokoll,
    leser: Engine,
    schluessel: Protokollschluessel,
    monkeypatch: pytest.MonkeyPatch,
    stored: bool,
) -> None:
    protokoll.record(eintrag())
    commit = Schreibverbindung.commit

    def break_off(verbindung: Schreibverbindung) -> None:
        if stored:
            commit(verbindung)
        raise OSError("the connection broke")

    monkeypatch.setattr(Schreibverbindung, "commit", break_off)
    with pytest.raises(StoreError, match="outcome of a commit is unknown"):
        protokoll.record(eintrag())
    monkeypatch.undo()
    protokoll.record(eintrag())
    result = verify(leser, schluessel)
    assert (result.intact, result.entries, result.chains) == (True, 3 if stored else 2, 2)


@contextmanager
def locked_out(engine: Engine) -> Iterator[None]:
    """Somebody holds what every writer needs."""
    if engine.dialect.name == "sqlite":
        sperre = Dateisperre(sqlite_file(engine), "protokoll")
        with closing(sperre), sperre.held():
            yield
    else:
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE protokoll IN ACCESS EXCLUSIVE MODE"))
            yield


def test_an_exchange_does_not_wait_longer_than_it_may_and_what_was_not_begun_is_never_stored(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    with closing(SqlProtokoll(engine, schluessel, wartezeit=0.3)) as protokoll:
        protokoll.record(eintrag())
        with locked_out(engine):
            began = time.monotonic()
            for _ in range(2):  # the first is in the writer's hands, the second still waits
                with pytest.raises(StoreError, match=r"within 0\.3 s"):
                    protokoll.record(eintrag())
            assert time.monotonic() - began < 2
        protokoll.record(eintrag())
    assert Einsicht(leser).count() == 3
    assert verify(leser, schluessel).intact


class Langsam:
    """A commit that waits until it is let go, and says what it was given."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.busy = threading.Event()
        self.batches: list[list[int]] = []

    def __call__(self, items: Sequence[int]) -> list[Exception | None]:
        self.batches.append(list(items))
        self.busy.set()
        self.gate.wait(5)
        return [None for _ in items]


def submit_in_thread(sammler: "Sammler[int]", item: int) -> threading.Thread:
    def submit() -> None:
        with suppress(StoreError):
            sammler.submit(item)

    thread = threading.Thread(target=submit)
    thread.start()
    return thread


def test_what_gathers_during_a_commit_goes_into_one_batch_and_no_more_is_let_in_than_fits() -> None:
    commit = Langsam()
    sammler = Sammler(commit, timeout=5, capacity=3, batch=2)
    threads = [submit_in_thread(sammler, 0)]
    assert commit.busy.wait(5)
    for item in (1, 2, 3):
        threads.append(submit_in_thread(sammler, item))
        while len(sammler._queue) < item:
            time.sleep(0.001)
    with pytest.raises(StoreError, match="3 entries wait"):
        sammler.submit(4)
    commit.gate.set()
    assert sammler.close(5)
    for thread in threads:
        thread.join(5)
    assert commit.batches == [[0], [1, 2], [3]]


def test_a_failing_commit_ends_neither_the_thread_nor_the_waiting() -> None:
    outcomes = iter([RuntimeError("bug with Zwirnemann in its text"), None])

    def commit(items: Sequence[int]) -> list[Exception | None]:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome
        return [None for _ in items]

    sammler = Sammler(commit, timeout=5, capacity=9, batch=9)
    with pytest.raises(StoreError, match=r"^the Protokoll could not be written: RuntimeError$"):
        sammler.submit(1)
    sammler.submit(2)
    assert sammler.close(5)


def test_a_lock_of_a_dead_process_is_free(tmp_path: Path) -> None:
    database = tmp_path / "p.sqlite"
    script = (
        "import os, pathlib, sys; from gateway.protokoll.sperre import Dateisperre\n"
        "with Dateisperre(pathlib.Path(sys.argv[1]), 'protokoll').held(): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(database)], cwd=ROOT, check=False).returncode == -9
    sperre = Dateisperre(database, "protokoll")
    with closing(sperre), sperre.held():
        assert (tmp_path / "p.sqlite.protokoll.lock").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for others")
def test_a_lock_that_root_was_the_first_to_take_is_the_databases_owners(tmp_path: Path) -> None:
    database = tmp_path / "p.sqlite"
    database.touch()
    os.chown(database, 65534, 65534)
    sperre = Dateisperre(database, "protokoll")
    with closing(sperre), sperre.held():
        assert (tmp_path / "p.sqlite.protokoll.lock").stat().st_uid == 65534
