"""`protokoll reader|request|confirm|read|search|export`."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from gateway.bootstrap import Instance
from gateway.config import FILE
from gateway.protokoll import Einsicht, SqlProtokoll
from tests.cli.conftest import Become, Run
from tests.protokoll.test_einsichtnahme import abruf

AMT = "dbs:030010990000"
GRUND = ("--purpose", "datenschutzkontrolle", "--reference", "DS 17")


def record(path: Path) -> None:
    """One retrieval by a registered simple authority."""
    with Instance.read(path) as here, closing(SqlProtokoll(here.protokoll(), here.protokollschluessel)) as store:
        (amt,) = (one.kennung for one in here.authorities().all() if one.kennung == AMT)
        store.record(abruf(amt, "m.amt"))


def test_the_protokoll_is_searched_read_and_exported_by_who_may(
    own: Path, run: Run, become: Become, tmp_path: Path
) -> None:
    record(own)
    become("anna")
    assert "cli:anna may not read the Protokoll of the operator" in run("protokoll", "search", "-i", own, *GRUND).error
    assert run("protokoll", "reader", "add", "anna", "-i", own).code == 0
    assert "the operator" in run("protokoll", "reader", "list", "-i", own).out
    person = ("--ags", "03999001", "--ordnungsmerkmal", "1234")
    assert AMT in run("protokoll", "search", "-i", own, *GRUND, *person).out
    assert json.loads(run("protokoll", "read", "1/1", "-i", own, *GRUND).out)["kennung"] == "m.amt"
    assert "datenschutzkontrolle inhalt" in run("protokoll", "list", "-i", own).out
    assert "by --ags and" in run("protokoll", "search", "-i", own, *GRUND, "--ags", "03999001").error
    assert "no entry 9/9" in run("protokoll", "read", "9/9", "-i", own, *GRUND).error

    folder = tmp_path / "auskunft"
    done = run("protokoll", "export", folder, "-i", own, "--reference", "Antrag 5", *person)
    assert "wrote 1 retrievals" in done.out
    assert len(json.loads((folder / "auskunft.json").read_text())["uebermittlungen"]) == 1
    assert "Familienname, Vornamen" in (folder / "auskunft.html").read_text()
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    again = run("protokoll", "export", folder, "-i", own, "--reference", "Antrag 5", *person)
    assert "cannot be written" in again.error
    named = ("--familienname", "Zwirnemann", "--vornamen", "Änne", "--geburtsdatum", "1964-05-01")
    by_name = run("protokoll", "export", tmp_path / "n", "-i", own, "--reference", "Antrag 5", *named)
    assert "wrote 0 retrievals" in by_name.out  # none at another Land
    assert "a person is named by" in run("protokoll", "export", "x", "-i", own, "--reference", "5", *named[:2]).error
    assert "intact" in run("protokoll", "verify", "-i", own).out


def test_an_instance_that_wants_four_eyes_shows_nothing_that_nobody_else_has_confirmed(
    own: Path, run: Run, become: Become
) -> None:
    become("anna")
    config = own / FILE
    config.write_text(config.read_text().replace("vier_augen = false", "vier_augen = true", 1))
    record(own)
    for name in ("anna", "berta"):
        run("protokoll", "reader", "add", name, "-i", own)
    assert "four eyes" in run("protokoll", "read", "1/1", "-i", own, *GRUND).error
    antrag = run("protokoll", "request", "-i", own, *GRUND).out.split()[1].rstrip(":")
    assert "four eyes" in run("protokoll", "read", "1/1", "-i", own, *GRUND, "--request", antrag).error
    assert "another one must" in run("protokoll", "confirm", antrag, "-i", own).error
    become("berta")
    assert run("protokoll", "confirm", antrag, "-i", own).code == 0
    become("anna")
    assert "cli:berta" in run("protokoll", "requests", "-i", own).out
    assert run("protokoll", "read", "1/1", "-i", own, *GRUND, "--request", antrag).code == 0


def test_who_reads_is_who_runs_the_command_and_nobody_names_himself(own: Path, run: Run, become: Become) -> None:
    record(own)
    run("protokoll", "reader", "add", "anna", "-i", own)
    become("otto")
    assert "cli:otto may not read" in run("protokoll", "read", "1/1", "-i", own, *GRUND).error
    assert run("protokoll", "read", "1/1", "-i", own, *GRUND, "--as", "anna").code == 2
    become("anna")
    assert run("protokoll", "read", "1/1", "-i", own, *GRUND).code == 0
    with Instance.read(own) as here:
        (newest,) = Einsicht(here.protokoll(readonly=True)).entries(1)
        inhalt = Einsicht(here.protokoll(readonly=True)).read(newest.stelle, here.protokollschluessel)
    assert inhalt is not None
    assert inhalt["einsicht_von"] == "cli:anna"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--familienname", "A", "--vornamen", "B", "--geburtsdatum", "1980-3-1"), "YYYY-MM-DD"),
        (("--ags", "3241001", "--ordnungsmerkmal", "1"), "eight digits"),
        (("--asked-by", "030010990000"), "dbs: and 12 digits"),
    ],
)
def test_what_is_written_wrongly_is_an_error_and_not_an_empty_list(
    own: Path, run: Run, become: Become, words: tuple[str, ...], says: str
) -> None:
    become("anna")
    run("protokoll", "reader", "add", "anna", "-i", own)
    assert says in run("protokoll", "search", "-i", own, *GRUND, *words).error


def test_a_reading_that_was_refused_is_on_record(own: Path, run: Run, become: Become) -> None:
    become("otto")
    wanted = ("-i", own, "--purpose", "betrieb", "--reference", "Vorgang 9", "--authority", AMT)
    assert "may not read" in run("protokoll", "read", "1/1", *wanted).error
    with Instance.read(own) as here:
        einsicht = Einsicht(here.protokoll(readonly=True))
        (newest,) = einsicht.entries(1)
        inhalt = einsicht.read(newest.stelle, here.protokollschluessel)
    assert (newest.ergebnis, newest.codes[1:]) == ("einsicht", ("abgelehnt", "RECHT"))
    assert inhalt is not None
    told = {name: inhalt[name] for name in ("einsicht_von", "referenz", "protokoll_von", "was")}
    assert told == {"einsicht_von": "cli:otto", "referenz": "Vorgang 9", "protokoll_von": AMT, "was": "abgelehnt"}


def test_a_refusal_for_want_of_four_eyes_or_of_a_reference_is_on_record(own: Path, run: Run, become: Become) -> None:
    config = own / FILE
    config.write_text(config.read_text().replace("vier_augen = false", "vier_augen = true", 1))
    become("anna")
    run("protokoll", "reader", "add", "anna", "-i", own)
    run("protokoll", "search", "-i", own, *GRUND)
    run("protokoll", "search", "-i", own, "--purpose", "betrieb", "--reference", "\udcff" + "x" * 200)
    with Instance.read(own) as here:
        refused = [zeile.codes[1:] for zeile in Einsicht(here.protokoll(readonly=True)).entries(2)]
    assert refused == [("abgelehnt", "REFERENZ"), ("abgelehnt", "VIER_AUGEN")]
