"""`protokoll evaluate` and `protokoll check-report`."""

import shutil
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.bootstrap import Instance
from gateway.protokoll import Einsicht, SqlProtokoll
from tests.auswertung.test_quelle import abruf
from tests.cli.conftest import Become, Run
from tests.cli.test_protokoll_einsicht import AMT

POLIZEI = "dbs:060030020000"


@pytest.fixture
def reported(own: Path, run: Run, become: Become, tmp_path: Path) -> Path:
    """The folder with the reports about a few retrievals of today."""
    with Instance.read(own) as here, closing(SqlProtokoll(here.protokoll(), here.protokollschluessel)) as store:
        now = datetime.now(UTC)
        store.record(abruf("<b>.amt", "xxx", behoerde=AMT, daten={"familienname": "Zwirnemann"}, empfangen=now))
        store.record(abruf("kripo", "xxx", behoerde=POLIZEI, mandant=POLIZEI, empfangen=now))
    become("anna")
    run("protokoll", "reader", "add", "anna", "-i", own)
    days = [(datetime.now(UTC) + timedelta(days=n)).strftime("%Y-%m-%d") for n in (-2, 2)]
    words = ("--reference", "Turnus 2026/5", "--von", days[0], "--bis", days[1])
    done = run("protokoll", "evaluate", tmp_path / "berichte", "-i", own, *words)
    assert done.code == 0, done.err
    assert "1 findings in 2 requests" in done.out
    assert "wrote 2 signed reports" in done.out
    return tmp_path / "berichte"


def test_the_report_names_records_and_reasons_but_no_person_who_was_asked_for(reported: Path) -> None:
    alle, amt = sorted(reported.glob("*.html"), key=lambda file: len(file.name))
    for report in (alle, amt):
        text = report.read_text()
        assert "Fehlender oder sinnloser Anlass" in text
        assert "§ 40 Abs. 1 Nr. 5 BMG" in text
        assert "Ordnungsamt Musterstadt (dbs:030010990000)" in text
        assert "&lt;b&gt;.amt" in text
        assert "<b>" not in text
        assert "1/1" in text
        assert "Enthält personenbezogene Daten" in text
        assert "Zwirnemann" not in text
        assert "kripo" not in text
        assert "http" not in text.replace("http-equiv", "")
    assert "Ausgewertete Abrufe: 2" in alle.read_text()
    assert "Ausgewertete Abrufe: 1" in amt.read_text()
    assert {file.stat().st_mode & 0o777 for file in reported.iterdir()} == {0o600}


def test_the_evaluation_is_recorded_as_an_einsicht(reported: Path, own: Path) -> None:
    with Instance.read(own) as here:
        (newest,) = Einsicht(here.protokoll(readonly=True)).entries(1)
        assert (newest.ergebnis, newest.codes) == ("einsicht", ("datenschutzkontrolle", "auswertung"))


def test_a_report_that_was_changed_is_known_by_its_signature(reported: Path, own: Path, run: Run) -> None:
    report, certificate = min(reported.glob("*.html"), key=lambda file: len(file.name)), own / "pki/gateway.pem"
    assert "as it was signed" in run("protokoll", "check-report", report, "--certificate", certificate).out
    report.write_text(report.read_text().replace("Turnus", "turnus"))
    assert "is not as" in run("protokoll", "check-report", report, "--certificate", certificate).error


def test_a_report_is_verified_by_openssl_alone(reported: Path, own: Path, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl")
    report = min(reported.glob("*.html"), key=lambda file: len(file.name))
    key = subprocess.run(
        [openssl, "x509", "-in", own / "pki/gateway.pem", "-pubkey", "-noout"], capture_output=True, check=True
    )
    (tmp_path / "pub.pem").write_bytes(key.stdout)
    words = [openssl, "dgst", "-sha256", "-verify", tmp_path / "pub.pem", "-signature", f"{report}.sig", report]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_a_period_that_ends_before_it_begins_is_refused(own: Path, run: Run, tmp_path: Path) -> None:
    days = ("--von", "2026-05-02", "--bis", "2026-05-01")
    assert (
        "--von is after --bis"
        in run("protokoll", "evaluate", tmp_path / "b", "-i", own, "--reference", "1", *days).error
    )
