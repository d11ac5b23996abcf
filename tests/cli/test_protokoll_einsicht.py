"""`protokoll reader|request|confirm|read|search|export`."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from gateway import terminal
from gateway.bootstrap import Instance
from gateway.config import FILE
from gateway.protokoll import SqlProtokoll
from tests.cli.conftest import Run
from tests.protokoll.test_einsichtnahme import abruf

AMT = "dbs:030010990000"
ANNA = ("--as", "anna", "--purpose", "datenschutzkontrolle", "--reference", "DS 17")


def record(path: Path) -> None:
    """One retrieval by a registered simple authority."""
    with Instance.read(path) as here, closing(SqlProtokoll(here.protokoll(), here.protokollschluessel)) as store:
        (amt,) = (one.kennung for one in here.authorities().all() if one.kennung == AMT)
        store.record(abruf(amt, "m.amt"))


def test_the_protokoll_is_searched_read_and_exported_by_who_may(own: Path, run: Run, tmp_path: Path) -> None:
    record(own)
    assert "anna may not read the Protokoll of the operator" in run("protokoll", "search", "-i", own, *ANNA).error
    assert run("protokoll", "reader", "add", "anna", "-i", own).code == 0
    assert "the operator" in run("protokoll", "reader", "list", "-i", own).out
    person = ("--ags", "03999001", "--ordnungsmerkmal", "1234")
    assert AMT in run("protokoll", "search", "-i", own, *ANNA, *person).out
    assert json.loads(run("protokoll", "read", "1/1", "-i", own, *ANNA).out)["kennung"] == "m.amt"
    assert "datenschutzkontrolle inhalt" in run("protokoll", "list", "-i", own).out
    assert "by --ags and" in run("protokoll", "search", "-i", own, *ANNA, "--ags", "03999001").error
    assert "no entry 9/9" in run("protokoll", "read", "9/9", "-i", own, *ANNA).error

    folder = tmp_path / "auskunft"
    done = run("protokoll", "export", folder, "-i", own, "--as", "anna", "--reference", "Antrag 5", *person)
    assert "wrote 1 retrievals" in done.out
    assert len(json.loads((folder / "auskunft.json").read_text())["uebermittlungen"]) == 1
    assert "Familienname, Vornamen" in (folder / "auskunft.html").read_text()
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    again = run("protokoll", "export", folder, "-i", own, "--as", "anna", "--reference", "Antrag 5", *person)
    assert "cannot be written" in again.error
    assert "intact" in run("protokoll", "verify", "-i", own).out


def test_an_instance_that_wants_four_eyes_shows_nothing_that_nobody_else_has_confirmed(own: Path, run: Run) -> None:
    config = own / FILE
    config.write_text(config.read_text().replace("vier_augen = false", "vier_augen = true", 1))
    record(own)
    for name in ("anna", "berta"):
        run("protokoll", "reader", "add", name, "-i", own)
    assert "four eyes" in run("protokoll", "read", "1/1", "-i", own, *ANNA).error
    antrag = run("protokoll", "request", "-i", own, *ANNA).out.split()[1].rstrip(":")
    assert "four eyes" in run("protokoll", "read", "1/1", "-i", own, *ANNA, "--request", antrag).error
    assert run("protokoll", "confirm", antrag, "-i", own, "--as", "berta").code == 0
    assert "berta" in run("protokoll", "requests", "-i", own).out
    assert run("protokoll", "read", "1/1", "-i", own, *ANNA, "--request", antrag).code == 0


def test_a_reading_is_recorded_with_the_account_of_the_machine_whatever_name_was_given(
    own: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "user", lambda: "carla")
    monkeypatch.delenv("SUDO_USER", raising=False)
    record(own)
    run("protokoll", "reader", "add", "anna", "-i", own)
    assert run("protokoll", "read", "1/1", "-i", own, *ANNA).code == 0
    einsicht = json.loads(run("protokoll", "read", "2/1", "-i", own, *ANNA).out)
    assert (einsicht["einsicht_von"], einsicht["konto"]) == ("anna", "cli:carla")
