"""Every command does what it says; every mistake is one line on stderr and a non-zero exit."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway import __version__, instance, protokoll
from gateway.bootstrap import Instance
from gateway.envelope import pki
from gateway.envelope.pki import KeyType
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.protokoll.monat import BERLIN
from gateway.sending import client_of
from gateway.terminal import actor
from gateway.zustellung.http import post
from tests.abruf.nachbarn import DORT, nachbarn
from tests.betrieb import AMT as AMT_09
from tests.betrieb import GEMEINDE, betrieb, outcome
from tests.cli.conftest import Done, Run
from tests.databases import KINDS, fresh_database
from tests.gateways import free_port, serving, set_key
from tests.shared import SHARED, needs_shared
from tests.spiegel.personen import datensatz

AMT, POLIZEI = "dbs:030010990000", "dbs:060030020000"
COMMANDS = (
    ("init",),
    ("serve",),
    ("send",),
    ("demo",),
    ("spiegel", "load"),
    ("spiegel", "sample"),
    ("protokoll", "verify"),
    ("protokoll", "list"),
    ("protokoll", "show"),
    ("protokoll", "aufbewahrung"),
    ("protokoll", "hold"),
    ("protokoll", "release"),
    ("protokoll", "holds"),
    ("protokoll", "anker"),
    ("protokoll", "export-beweis"),
    ("protokoll", "reader", "add"),
    ("protokoll", "reader", "remove"),
    ("protokoll", "reader", "list"),
    ("protokoll", "request"),
    ("protokoll", "requests"),
    ("protokoll", "confirm"),
    ("protokoll", "read"),
    ("protokoll", "search"),
    ("protokoll", "export"),
    ("protokoll", "evaluate"),
    ("protokoll", "check-report"),
    ("schema", "list"),
    ("schema", "add"),
    ("schema", "check"),
    ("behoerde", "list"),
    ("behoerde", "add"),
    ("behoerde", "block"),
    ("behoerde", "unblock"),
    ("conformance", "anlage"),
    ("nacharbeit", "list"),
    ("nacharbeit", "run"),
)


# -- usage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_says_what_a_command_does(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: xmeld-gateway {' '.join(words)}")
    assert len(done.out.splitlines()[2]) > 10


@pytest.mark.parametrize(
    "words", [(), ("spiegel",), ("protokoll",), ("schema",), ("behoerde",), ("conformance",)], ids=" ".join
)
def test_a_group_alone_lists_its_commands(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.code == 2
    for command in COMMANDS:
        if command[:-1] == words:
            assert f"  {command[-1]} " in done.out + done.err


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("serve",),
        ("serve", "--port", "1"),
        ("init",),
        ("init", "x", "--port", "0"),
        ("init", "x", "--key-type", "dsa"),
        ("spiegel", "sample", "-i", "x", "--persons", "0"),
        ("spiegel", "sample", "-i", "x", "--persons", "many"),
        ("protokoll", "list", "-i", "x", "--limit", "0"),
        ("behoerde", "add", AMT, "-i", "x", "--rolle", "chef"),
    ],
    ids=" ".join,
)
def test_a_usage_error_exits_with_2_and_says_which(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("error: ")
    assert re.search(r"; see xmeld-gateway( [a-z]+)* --help$", line)


def test_the_release_is_told(run: Run) -> None:
    assert run("--version") == Done(0, f"xmeld-gateway {__version__}\n", "")


def test_the_installed_command_is_this_one() -> None:
    script = Path(sys.executable).with_name("xmeld-gateway")
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: xmeld-gateway [OPTIONS] COMMAND")


# -- demo -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_ended_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    # Where the tests run in the background of a shell SIGINT is ignored, also by what they start.
    start = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from gateway.cli import main; main()"
    )
    words = [sys.executable, "-c", start, "demo", "-i", str(tmp_path / "demo")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("beside it an OSCI intermediary"):
                break
        beside = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()
        demo.send_signal(number)
        demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert len(beside) >= 2
    assert not [pid for pid in beside if Path(f"/proc/{pid}").exists()]


# -- init -----------------------------------------------------------------------------------------------------------


def test_init_makes_an_instance_and_says_what_to_do_next(run: Run, tmp_path: Path) -> None:
    done = run("init", tmp_path / "new", "--land", "09", "--gemeinde", "09162000")
    assert done.code == 0
    assert done.out.endswith(f"xmeld-gateway serve -i {tmp_path / 'new'}\n")
    with Instance.read(tmp_path / "new") as here:
        assert (here.config.land, here.config.gemeinden) == ("09", ["09162000"])


@pytest.mark.parametrize("kind", KINDS)
def test_init_does_not_mix_into_another_instances_database(run: Run, tmp_path: Path, kind: str) -> None:
    with fresh_database(kind, tmp_path) as url:
        assert run("init", tmp_path / "first", "--database", url).code == 0
        error = run("init", tmp_path / "second", "--database", url).error
        assert error == "the database of the mirror is in use by an instance: name an empty one"
        assert not (tmp_path / "second").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--land", "99"), "--land: 99 is not a Land"),
        (("--gemeinde", "12"), "--gemeinde: "),
    ],
)
def test_init_with_a_bad_value_makes_nothing(run: Run, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    assert run("init", tmp_path / "new", *words).error.startswith(says)
    assert not (tmp_path / "new").exists()


def test_init_leaves_an_instance_alone(run: Run, made: Path) -> None:
    before = (made / "gateway.toml").read_bytes()
    assert run("init", made).error == f"{made} is an instance already"
    assert (made / "gateway.toml").read_bytes() == before


def test_init_where_nothing_can_be_written_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in run("init", tmp_path / "file" / "new").error


# -- spiegel --------------------------------------------------------------------------------------------------------


def test_load_says_what_it_loaded(run: Run, own: Path, tmp_path: Path) -> None:
    lines = [json.dumps(datensatz(str(number))) for number in range(3)]
    (tmp_path / "persons").write_text("\n".join([*lines, "", ""]), encoding="utf-8")
    for replaced in (0, 3):
        done = run("spiegel", "load", tmp_path / "persons", "-i", own)
        assert (done.code, done.err) == (0, "")
        assert done.out == f"loaded 3 persons ({replaced} replaced), 0 streets\n"


def test_load_names_bad_lines_by_number_and_reason_and_loads_nothing(run: Run, own: Path, tmp_path: Path) -> None:
    good = json.dumps(datensatz("7")).encode()
    bad = [b"{", b'{"ags": 1}', b"\xff", b"[]", b'{"ags": "03241001", "ordnungsmerkmal": "\\u0000"}']
    (tmp_path / "persons").write_bytes(b"\n".join([good, *bad]))
    done = run("spiegel", "load", tmp_path / "persons", "-i", own)
    assert (done.code, done.out) == (1, "")
    *lines, last = done.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"line {number}" for number in range(2, 7)]
    assert all(line.partition(": ")[2] for line in lines)
    assert last == "error: nothing was loaded: 5 bad line(s), the first is line 2"
    assert run("spiegel", "load", "/dev/null", "-i", own).out == "loaded 0 persons (0 replaced), 0 streets\n"
    with sqlite3.connect(own / "daten/spiegel.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (0,)
    connection.close()


def test_records_that_lead_to_a_blocked_person_are_named_until_they_are_blocked_too(
    run: Run, own: Path, tmp_path: Path
) -> None:
    for gesperrte, code, says in (("1", 1, " 2 "), ("12", 0, "no record tells")):
        blocked = {"auskunftssperren": [{"grund": "1"}]}
        lines = [json.dumps(datensatz(number, **blocked if number in gesperrte else {})) for number in "12"]
        (tmp_path / "persons").write_text("\n".join(lines), encoding="utf-8")
        assert run("spiegel", "load", tmp_path / "persons", "-i", own).code == 0
        done = run("spiegel", "sperrluecken", "-i", own)
        assert (done.code, says in done.out) == (code, True)
        assert ("1 record(s) tell what another's block hides" in done.err) == bool(code)


def test_load_takes_nothing_of_a_municipality_that_is_not_served(run: Run, tmp_path: Path) -> None:
    assert run("init", tmp_path / "i", "--gemeinde", "03241001").code == 0
    fremd = [datensatz("1", "09162000"), datensatz("2", "03101000")]
    fremd.append({"strassen": {"ags": "03101000", "namen": ["Weg"]}})
    (tmp_path / "persons").write_text("\n".join(map(json.dumps, [*fremd, datensatz("3", "03241001")])))
    done = run("spiegel", "load", tmp_path / "persons", "-i", tmp_path / "i")
    assert done.err.splitlines() == [
        "line 1: ags: 09162000 is not a municipality that this instance serves",
        "line 2: ags: 03101000 is not a municipality that this instance serves",
        "line 3: strassen.ags: 03101000 is not a municipality that this instance serves",
        "error: nothing was loaded: 3 bad line(s), the first is line 1",
    ]


def test_load_beside_another_writer_says_who_is_in_the_way(
    run: Run, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.database._LOCK_TIMEOUT", 0)
    with sqlite3.connect(own / "daten/spiegel.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        error = run("spiegel", "load", "/dev/null", "-i", own).error
    other.close()
    assert error == (
        "the mirror cannot be written (SQLITE_BUSY: another process writes to it: try again when that has ended)"
    )


def test_load_names_a_file_that_is_not_there(run: Run, made: Path, tmp_path: Path) -> None:
    assert run("spiegel", "load", tmp_path / "x", "-i", made).error.startswith(f"{tmp_path / 'x'} cannot be read: ")
    assert run("spiegel", "load", tmp_path, "-i", made).error == f"{tmp_path} cannot be read: Is a directory"


def test_sample_loads_the_same_persons_for_the_same_seed(run: Run, own: Path) -> None:
    first = run("spiegel", "sample", "-i", own, "--persons", "20", "--seed", "5")
    assert (first.code, first.err) == (0, "")
    persons = int(first.out.split()[1])
    assert persons > 20
    again = run("spiegel", "sample", "-i", own, "--persons", "20", "--seed", "5")
    assert again.out.startswith(f"loaded {persons} persons ({persons} replaced)")


# -- protokoll ------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """An instance with three records."""
    one = betrieb(tmp_path / "recorded")
    for familienname in ("Alpha", "Beta", "Gamma"):
        one.ask(AMT_09, familienname=familienname, geschlecht="w", aktenzeichen="AZ-GEHEIM")
    one.close()
    return tmp_path / "recorded"


def test_verify_counts_the_records_of_an_intact_protokoll(run: Run, recorded: Path) -> None:
    done = run("protokoll", "verify", "-i", recorded)
    assert (done.code, done.out, done.err) == (0, "intact: 3 records in 1 chain(s)\n", "")


def test_verify_names_the_record_that_was_changed(run: Run, recorded: Path) -> None:
    with Instance.read(recorded) as here:
        (stelle,) = [zeile.stelle for zeile in protokoll.Einsicht(here.protokoll(readonly=True)).entries(2)][1:]
        file = here.protokoll().url.database
    with sqlite3.connect(file) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("UPDATE protokoll SET ergebnis = 'fault' WHERE rowid = 2")
    connection.close()
    done = run("protokoll", "verify", "-i", recorded)
    assert done.code == 1
    assert str(stelle) in done.out
    assert done.err == "error: the Protokoll is not intact: 1 finding(s)\n"


def test_list_shows_the_newest_records_without_content(run: Run, recorded: Path) -> None:
    done = run("protokoll", "list", "-i", recorded, "--limit", "2")
    assert (done.code, done.err) == (0, "")
    assert done.out.count(AMT_09) == 2
    assert "GEHEIM" not in done.out


def test_show_has_both_legs_of_a_record_and_no_content(run: Run, tmp_path: Path) -> None:
    beide = nachbarn(tmp_path)
    beide.dort.lade([datensatz("1", DORT)])
    asked = beide.hier.frage(AMT, leser=f"ags:{DORT}", gemeindeschluessel=Gemeindeschluessel(DORT), geschlecht="w",
                             aktenzeichen="AZ-GEHEIM")  # fmt: skip
    assert outcome(beide.hier.send(asked, AMT)) == "01"
    (here,), (there,) = beide.hier.entries(1), beide.dort.entries(1)
    beide.close()
    listed, shown = (run("protokoll", *words, "-i", tmp_path / "03").out for words in (("list",), ("show", "1/1")))
    assert "Land 09" in listed
    assert {str(here.nachricht_uuid), str(there.nachricht_uuid), here.vermittlung[0]["antwort_uuid"]} <= set(
        shown.split()
    )
    assert "0801 01" in shown
    assert "GEHEIM" not in shown
    assert "Musterfrau" not in shown


@pytest.mark.parametrize("record", ["1/99", "99", "1/x"])
def test_show_names_a_record_that_is_not_there(run: Run, recorded: Path, record: str) -> None:
    error = run("protokoll", "show", record, "-i", recorded).error
    assert "entry" in error


def test_what_is_due_is_said_and_deleted_and_an_early_time_deletes_nothing(run: Run, recorded: Path) -> None:
    done = run("protokoll", "aufbewahrung", "-i", recorded, "--dry-run")
    assert (done.code, done.out) == (0, "nothing is due\n")
    done = run("protokoll", "aufbewahrung", "-i", recorded)
    assert (done.code, done.out) == (0, "deleted 0 records, months: none; 0 rows of delivered messages\n")


def test_who_says_that_the_clock_is_right_is_on_record(run: Run, recorded: Path) -> None:
    assert run("protokoll", "aufbewahrung", "-i", recorded, "--clock-is-right").code == 0
    assert "einsicht │ uhr_stimmt" in run("protokoll", "list", "-i", recorded).out
    with Instance.read(recorded) as here:
        einsicht = protokoll.Einsicht(here.protokoll(readonly=True))
        said = einsicht.read(einsicht.entries(1)[0].stelle, here.protokollschluessel)
    assert said == {"durch": actor(), "was": "uhr_stimmt"}


def test_a_record_is_held_listed_and_released(run: Run, recorded: Path) -> None:
    ende = f"{datetime.now(BERLIN).year + 2}-01-01"
    done = run("protokoll", "hold", "1/2", "-i", recorded, "--reason", "Verfahren 7")
    assert (done.code, f"ends before {ende}" in done.out) == (0, True)
    assert "1 held back" in run("protokoll", "verify", "-i", recorded).out
    listed = run("protokoll", "holds", "-i", recorded).out
    assert "1/2" in listed
    assert "Verfahren 7" in listed
    assert ende in listed
    assert run("protokoll", "hold", "1/2", "-i", recorded, "--reason", "x").error == "1/2 is held already"
    assert run("protokoll", "release", "1/2", "-i", recorded).code == 0
    assert run("protokoll", "release", "1/2", "-i", recorded).error == "1/2 is not held"
    listed = run("protokoll", "list", "-i", recorded).out
    assert listed.count("halt 1/2") == listed.count("freigabe 1/2") == 2  # each attempt, before it is done
    assert "as in 3/1207" in run("protokoll", "release", "1", "-i", recorded).error
    assert "reason" in run("protokoll", "hold", "1/2", "-i", recorded, "--reason", " ").error


def test_an_anchor_is_written_once_and_found_to_agree(run: Run, recorded: Path, tmp_path: Path) -> None:
    assert run("protokoll", "anker", tmp_path / "a", "-i", recorded).code == 0
    assert "File exists" in run("protokoll", "anker", tmp_path / "a", "-i", recorded).error
    done = run("protokoll", "verify", "-i", recorded, "--anchor", tmp_path / "a")
    assert (done.code, done.out) == (0, "intact: 3 records in 1 chain(s)\n")
    assert "no anchor" in run("protokoll", "verify", "-i", recorded, "--anchor", recorded / "gateway.toml").error


def test_the_evidence_of_days_is_written_for_a_third_party(run: Run, recorded: Path, tmp_path: Path) -> None:
    days = ("--von", "2026-01-01", "--bis", "2099-12-31")
    done = run("protokoll", "export-beweis", tmp_path / "b", "-i", recorded, *days)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("wrote 3 records to ")
    assert "GEHEIM" not in (tmp_path / "b").read_text()
    wrong = ("--von", "2026-02-01", "--bis", "2026-01-31")
    assert "after" in run("protokoll", "export-beweis", tmp_path / "c", "-i", recorded, *wrong).error


# -- schema ---------------------------------------------------------------------------------------------------------


def test_schema_list_and_check_show_the_projects_packs(run: Run, made: Path) -> None:
    listed = run("schema", "list", "-i", made).out
    assert "http://www.osci.de/xmeld2511a" in listed
    assert "urn:xmeld-gateway:datenbestaetigung:1" in listed
    assert "urn:xmeld-gateway:unterrichtung:1" in listed
    assert "osci-1.2" in listed
    names = ("datenbestaetigung-1", "osci-1.2", "unterrichtung-1", "xmeld-25.11a")
    assert run("schema", "check", "-i", made).out.splitlines() == [f"{name}: ok" for name in names]


def test_schema_check_names_a_changed_file(run: Run, own: Path) -> None:
    with Instance.read(own) as here:
        schema = next(here.own_packs_folder().glob("xmeld-*/*.xsd"))
    schema.write_bytes(schema.read_bytes() + b"\n")
    done = run("schema", "check", "-i", own)
    assert (done.code, done.err) == (1, "error: not every schema pack can be used\n")
    assert schema.name in done.out
    assert schema.name in run("serve", "-i", own).error


def test_schema_add_refuses_what_holds_no_schemas(run: Run, own: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.zip").write_bytes(b"PK nonsense")
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../outside.xsd", "<a/>")
    for source in ("nowhere", "empty", "bad.zip", "evil.zip"):
        assert run("schema", "add", tmp_path / source, "-i", own).error
    assert run("schema", "check", "-i", own).code == 0


@needs_shared
def test_the_publishers_schemas_take_the_place_of_ours_and_answer(run: Run, tmp_path: Path) -> None:
    path, source, port = tmp_path / "instance", SHARED / "xmeld" / "xsd-25.11a", free_port()
    one = betrieb(path)
    one.lade([datensatz("1", GEMEINDE)])
    set_key(path, "port = 8080", f"port = {port}")
    assert "replace" in run("schema", "add", source, "-i", path).error
    done = run("schema", "add", source, "-i", path, "--replace")
    assert (done.code, done.err) == (0, "")
    with serving(path, port) as running:
        client = client_of(one.here, AMT_09)
        reply = post(running.url, client.request(one.frage(geschlecht="w"), datetime.now(UTC)))
        answer = client.reply(reply.body, datetime.now(UTC))
    assert isinstance(answer, bytes), answer
    assert outcome(etree.fromstring(answer)) == "01"
    one.close()


# -- behoerde -------------------------------------------------------------------------------------------------------


def test_add_issues_a_certificate_with_which_the_authority_can_sign(run: Run, own: Path) -> None:
    words = ("--name", "Amt [/x] für Meldewesen", "--rolle", "sicherheit", "--azr")
    done = run("behoerde", "add", "dbs:030010990001", "-i", own, *words)
    assert (done.code, done.out) == (0, "dbs:030010990001: registered, role sicherheit\n")
    assert "Amt [/x] für Meldewesen" in run("behoerde", "list", "-i", own).out
    with Instance.read(own) as here:
        assert client_of(here, "dbs:030010990001").request(b"<a/>", datetime.now(UTC))
        (behoerde,) = [one for one in here.authorities().all() if one.kennung == "dbs:030010990001"]
    assert behoerde.azr_berechtigt


def test_add_takes_a_certificate_and_later_a_second_one(run: Run, own: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ca = pki.make_ca("Another CA", now)
    files = []
    for number in (1, 2, 3):
        file = tmp_path / f"{number}.pem"
        issued = pki.issue_signing(ca, "dbs:030010990002", "Amt", now, KeyType.RSA)
        file.write_bytes(issued.certificate.public_bytes(Encoding.PEM))
        files.append(file)
    add = ("behoerde", "add", "dbs:030010990002", "-i", own)
    assert run(*add, "--certificate", files[0]).code == 0
    assert run(*add, "--certificate", files[1]).out == "dbs:030010990002: certificate added\n"
    assert f"{files[1]} belongs to dbs:030010990002 already" in run(*add, "--certificate", files[1]).error
    set_key(own, "vier_augen = false        # true: who releases", "vier_augen = true  # who releases")
    assert "blocked until another one unblocks it" in run(*add, "--certificate", files[2]).out
    with Instance.read(own) as here:
        assert len(here.authorities().certificates("dbs:030010990002")) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("dbs:1",), "the key of an authority is written dbs: and 12 digits"),
        (("dbs:../../../x",), "the key of an authority is written dbs: and 12 digits"),
        ((AMT,), "is registered: only --certificate adds to it"),
        ((AMT, "--rolle", "sicherheit", "--certificate", "x"), "is registered: only --certificate adds to it"),
        (("dbs:030010990003", "--certificate", "nowhere"), "nowhere cannot be read: "),
        (("dbs:030010990003", "--certificate", __file__), "is not a certificate in PEM"),
    ],
)
def test_add_refuses_what_is_wrong(run: Run, made: Path, words: tuple[str, ...], says: str) -> None:
    assert says in run("behoerde", "add", *words, "-i", made).error


def test_add_with_anothers_certificate_registers_nobody(run: Run, made: Path) -> None:
    _, certificate = instance.certificate_files(made, AMT)
    error = run("behoerde", "add", "dbs:030010990004", "-i", made, "--certificate", certificate).error
    assert error == f"{certificate} belongs to {AMT} already"
    assert "dbs:030010990004" not in run("behoerde", "list", "-i", made).out


def test_add_without_a_ca_registers_nobody(run: Run, own: Path) -> None:
    (own / "pki/ca.key").unlink()
    assert "ca.key cannot be read" in run("behoerde", "add", "dbs:030010990005", "-i", own).error
    assert "dbs:030010990005" not in run("behoerde", "list", "-i", own).out


def test_add_never_overwrites_a_key(run: Run, own: Path) -> None:
    key, _ = instance.certificate_files(own, "dbs:030010990006")
    key.write_text("kept")
    assert f"{key} is there already" in run("behoerde", "add", "dbs:030010990006", "-i", own).error
    assert key.read_text() == "kept"


def test_block_and_unblock_say_what_is_so_already(run: Run, own: Path) -> None:
    assert run("behoerde", "block", AMT, "-i", own).out == f"{AMT}: blocked\n"
    assert "blocked" in run("behoerde", "list", "-i", own).out
    assert run("behoerde", "block", AMT, "-i", own).error == f"{AMT} is blocked already"
    assert run("behoerde", "unblock", AMT, "-i", own).out == f"{AMT}: active\n"
    assert run("behoerde", "unblock", AMT, "-i", own).error == f"{AMT} is not blocked"
    assert run("behoerde", "block", "dbs:999999999999", "-i", own).error == "dbs:999999999999 is not registered"


def test_a_user_is_empowered_only_where_section_34a_6_lets_the_authority(run: Run, own: Path) -> None:
    kripo, benutzer = "dbs:030010990007", "ltg-01"
    register = ("behoerde", "add", kripo, "-i", own, "--trotz-sperre", "--rolle", "sicherheit")
    assert "§ 34 (4) S. 1 no. 1, 6, 7, 8, 9" in run(*register, "--nummer", "2").error
    assert "1 to 13" in run("behoerde", "add", kripo, "-i", own, "--nummer", "1").error
    assert run("behoerde", "empower", AMT, benutzer, "-i", own).error.startswith(f"{AMT} is not entitled by § 34a (6)")
    assert run(*register, "--nummer", "1").out == f"{kripo}: registered, role sicherheit\n"
    assert run("behoerde", "empower", kripo, benutzer, "-i", own).out == f"{kripo}: {benutzer} empowered\n"
    assert run("behoerde", "empower", kripo, benutzer, "-i", own).error == f"{benutzer} is empowered already"
    with Instance.read(own) as here:
        (behoerde,) = [one for one in here.authorities().all() if one.kennung == kripo]
    assert behoerde.darf_trotz_sperre(benutzer)
    assert not behoerde.darf_trotz_sperre("sb-02")
    assert run("behoerde", "disempower", kripo, benutzer, "-i", own).out == f"{kripo}: {benutzer} no longer empowered\n"
    assert run("behoerde", "disempower", kripo, benutzer, "-i", own).error == f"{benutzer} is not empowered"
