"""`xmeld-gateway behoerde`: everything that the operator does with authorities, recorded with who did it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import instance, terminal
from gateway.bootstrap import Instance
from gateway.envelope import pki
from gateway.envelope.zertifikate import fingerprint
from tests.behoerden.test_kategorie import document
from tests.cli.conftest import Run
from tests.gateways import set_key

AMT, POLIZEI, NEU = "dbs:030010990000", "dbs:060030020000", "dbs:030020010000"

ANTRAG = f"""
kennung = "{NEU}"
name = "Polizei Musterland"
rolle = "sicherheit"
nummer = 1
massnahmen = "Rollen, Belehrung"

[administrator]
vorname = "Petra"
name = "Probe"
email = "probe@example.org"
telefon = "0511 000000"
anschrift = "Musterweg 1, 30159 Hannover"
"""


@pytest.fixture(autouse=True)
def _anna(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "user", lambda: "anna")
    monkeypatch.delenv("SUDO_USER", raising=False)


@pytest.fixture
def antrag(tmp_path: Path) -> Path:
    path = tmp_path / "antrag.toml"
    path.write_text(ANTRAG, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "words",
    [
        *(("behoerde", word) for word in ("show", "rechte", "protokoll", "verlauf", "schluesselliste", "empower")),
        *(("behoerde", "antrag", word) for word in ("list", "show", "add", "check", "release", "refuse")),
        *(("behoerde", "konto", word) for word in ("list", "add", "haelfte", "block", "unblock")),
        *(("behoerde", "benutzer", word) for word in ("list", "add", "block", "unblock", "only")),
        *(("behoerde", "zertifikat", word) for word in ("list", "add", "block", "unblock")),
    ],
    ids=" ".join,
)
def test_help_says_what_a_command_does(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: xmeld-gateway {' '.join(words)}")
    assert len(done.out.splitlines()[2]) > 10


def test_from_application_to_first_login_by_commands(run: Run, own: Path, antrag: Path) -> None:
    nummer = run("behoerde", "antrag", "add", antrag, "--signed", "-i", own).out.partition(":")[0]
    assert run("behoerde", "antrag", "check", nummer, "-i", own).out == f"{nummer}: checked\n"
    released = run("behoerde", "antrag", "release", nummer, "-i", own)
    assert "030020010000-admin" in released.out
    assert NEU in run("behoerde", "list", "-i", own).out
    halves = [run("behoerde", "konto", "haelfte", "030020010000-admin", which, "-i", own).out for which in "12"]
    assert [len(half) for half in halves] == [13, 13]
    assert "no password chosen yet" in run("behoerde", "konto", "list", "-i", own).out
    shown = json.loads(run("behoerde", "antrag", "show", nummer, "-i", own).out)
    assert (shown["stand"], shown["entschieden_von"]) == ("freigegeben", "cli:anna")


def test_an_application_can_be_refused_and_its_file_is_judged_by_name(run: Run, own: Path, antrag: Path) -> None:
    assert run("behoerde", "antrag", "add", antrag, "-i", own).error.startswith("an application needs the signature")
    nummer = run("behoerde", "antrag", "add", antrag, "--signed", "-i", own).out.partition(":")[0]
    assert run("behoerde", "antrag", "refuse", nummer, "kein Bedarf", "-i", own).code == 0
    assert "abgelehnt" in run("behoerde", "antrag", "list", "-i", own).out
    antrag.write_text(ANTRAG.replace("telefon", "fax"), encoding="utf-8")
    assert "administrator.telefon: is missing" in run("behoerde", "antrag", "add", antrag, "--signed", "-i", own).error
    assert run("behoerde", "antrag", "add", "nowhere", "-i", own).error.startswith("nowhere cannot be read")
    assert run("behoerde", "antrag", "check", "x", "-i", own).error == "there is no application x"


def test_four_eyes_where_the_instance_asks_for_it(
    run: Run, own: Path, antrag: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "vier_augen = false        # true: who releases"
    set_key(own, line, line.replace("false", "true"))
    nummer = run("behoerde", "antrag", "add", antrag, "--signed", "-i", own).out.partition(":")[0]
    run("behoerde", "antrag", "check", nummer, "-i", own)
    assert "four eyes" in run("behoerde", "antrag", "release", nummer, "-i", own).error
    assert "four eyes" in run("behoerde", "add", NEU, "-i", own).error
    now, pem = datetime.now(UTC), own / "neu.pem"
    issued = pki.issue_signing(pki.make_ca("Another CA", now), AMT, "Amt", now)
    pem.write_bytes(issued.certificate.public_bytes(Encoding.PEM))
    added = run("behoerde", "add", AMT, "--certificate", pem, "-i", own).out
    assert added.startswith(f"{AMT}: certificate added, blocked until another one unblocks it")
    digest = fingerprint(issued.certificate)
    assert "four eyes" in run("behoerde", "zertifikat", "unblock", digest, "-i", own).error
    monkeypatch.setattr(terminal, "user", lambda: "bert")
    assert run("behoerde", "antrag", "release", nummer, "-i", own).code == 0
    assert run("behoerde", "zertifikat", "unblock", digest, "-i", own).code == 0


def test_rights_are_shown_set_and_taken_back(run: Run, own: Path) -> None:
    assert json.loads(run("behoerde", "rechte", AMT, "-i", own).out) == {}
    done = run("behoerde", "rechte", AMT, "je_tag=100", "elemente=1330:1, 1330:7", "phonetik=false", "-i", own)
    assert json.loads(done.out) == {"je_tag": 100, "elemente": ["1330:1", "1330:7"], "phonetik": False}
    done = run("behoerde", "rechte", AMT, "je_tag=", "stunden=06:00-20:00", "-i", own)
    assert json.loads(done.out) == {"elemente": ["1330:1", "1330:7"], "phonetik": False, "stunden": "06:00-20:00"}
    assert run("behoerde", "rechte", AMT, "farbe=1", "-i", own).error.startswith("farbe is no right")
    assert run("behoerde", "rechte", AMT, "je_tag", "-i", own).error == "je_tag is not written name=value"
    assert run("behoerde", "rechte", NEU, "-i", own).error == f"{NEU} is not registered"


def test_users_and_certificates_are_blocked_one_by_one(run: Run, own: Path) -> None:
    for words in (("add", "m.muster"), ("block", "m.muster")):
        assert run("behoerde", "benutzer", words[0], AMT, words[1], "-i", own).code == 0
    assert "blocked by betreiber" in run("behoerde", "benutzer", "list", AMT, "-i", own).out
    assert run("behoerde", "benutzer", "unblock", AMT, "m.muster", "-i", own).code == 0
    assert run("behoerde", "benutzer", "only", AMT, "-i", own).out == f"{AMT}: only registered users\n"
    shown = json.loads(run("behoerde", "show", AMT, "-i", own).out)
    (row,) = shown["zertifikate"]
    assert (shown["nur_benutzer"], row["subject"] is not None, row["gueltig_bis"] is not None) == (True, True, True)
    assert run("behoerde", "zertifikat", "block", row["fingerprint"][:16], "-i", own).code == 0
    assert "blocked" in run("behoerde", "zertifikat", "list", AMT, "-i", own).out
    _, pem = instance.certificate_files(own, AMT)
    assert "belongs to this authority already" in run("behoerde", "zertifikat", "add", AMT, pem, "-i", own).error


def test_all_certificates_that_end_are_listed_whosesoever(run: Run, own: Path) -> None:
    assert "active" not in run("behoerde", "zertifikat", "ending", "--days", "30", "-i", own).out
    out = run("behoerde", "zertifikat", "ending", "--days", "3650", "-i", own).out
    assert AMT in out
    assert {"signatur", "signatur.ca"} <= set(out.split())


def test_list_warns_of_certificates_that_end_soon(run: Run, own: Path) -> None:
    assert "ends on" not in run("behoerde", "list", "-i", own).out
    set_key(own, "warnung_tage = 60", "warnung_tage = 1095")
    assert run("behoerde", "list", "-i", own).out.count("the last certificate ends on") == 3


def test_who_keeps_the_protokoll_is_chosen_by_command(run: Run, own: Path) -> None:
    assert run("behoerde", "protokoll", POLIZEI, "--beauftragt", "-i", own).code == 0
    assert "commissioned it already" in run("behoerde", "protokoll", POLIZEI, "--beauftragt", "-i", own).error
    assert "only a Sicherheitsbehörde" in run("behoerde", "protokoll", AMT, "--selbst", "-i", own).error


def test_verlauf_names_who_changed_what_and_finds_what_was_altered(run: Run, own: Path) -> None:
    run("behoerde", "block", AMT, "-i", own)
    done = run("behoerde", "verlauf", AMT, "-i", own, "--limit", "1")
    assert "cli:anna" in done.out
    assert "gesperrt=True" in done.out
    assert "intact: 7 changes" in done.out
    with Instance.read(own) as here, here.behoerden().begin() as connection:
        connection.exec_driver_sql("UPDATE behoerde_aenderung SET wer = 'x' WHERE nummer = 2")
    done = run("behoerde", "verlauf", "-i", own)
    assert "change 2 is not what was written" in done.out
    assert done.error == "the record of changes is not intact: 1 finding(s)"


def test_differences_of_a_key_list_are_shown_before_they_are_applied(run: Run, own: Path, tmp_path: Path) -> None:
    path = tmp_path / "liste.xml"
    path.write_text(document((NEU[4:], "Amt", "§ 38 1 einfache Behörde")), encoding="utf-8")
    shown = run("behoerde", "schluesselliste", path, "-i", own).out
    assert f"+ {NEU[4:]} Amt (§ 38 1 einfache Behörde)" in shown
    assert "registered authority: dbs:060030020000 is no Sicherheitsbehörde in version 9" in shown
    assert shown.endswith("version - to 9: 1 difference(s), not taken over: --apply does\n")
    assert run("behoerde", "schluesselliste", path, "--apply", "-i", own).out.endswith("1 difference(s), taken over\n")
    assert run("behoerde", "schluesselliste", path, "-i", own).out.endswith(
        "0 difference(s), not taken over: --apply does\n"
    )
    assert "no Sicherheitsbehörde" in run("behoerde", "add", NEU, "--rolle", "sicherheit", "-i", own).error
