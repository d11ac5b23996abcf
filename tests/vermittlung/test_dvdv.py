"""The directory of peers as DVDV knows it: cached, completed by the file, and there when DVDV is not."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.envelope.zertifikate import fingerprint
from gateway.vermittlung.dvdv import DvdvVerzeichnis
from gateway.vermittlung.dvdv_gedaechtnis import Gedaechtnis
from gateway.vermittlung.dvdv_zugang import Anmeldung, DvdvZugang
from gateway.vermittlung.gegenstelle import GegenstelleUnbekannt, Verzeichnis, VerzeichnisUnerreichbar
from tests.vermittlung.dvdv_server import ADDRESSEE, INTERMEDIARY, URI, DvdvServer, cert, service
from tests.vermittlung.peers import Clock, certificate, directory, identity, table, without_way, write

MUENCHEN, FUERTH = "09162000", "09563000"
VERSION = "25.11a"
AUTOR = fingerprint(certificate("autor"))
DVDV_AUTOR = fingerprint(certificate("dvdv-autor"))
BY = without_way(autoren='["autor.pem"]', gleichzeitig="2", mit_message_id="true")
TTL = 3600.0


class Haus:
    """A directory on its folder, and DVDV; `neu` is a restart."""

    def __init__(self, folder: Path, dvdv: DvdvServer, clock: Clock) -> None:
        self.folder, self.dvdv, self.clock = folder, dvdv, clock
        write(folder, BY)

    @property
    def gedaechtnis(self) -> Path:
        return self.folder / "dvdv.json"

    def neu(self, text: str | None = None, url: str | None = None) -> DvdvVerzeichnis:
        if text is not None:
            write(self.folder, text)
        zugang = DvdvZugang(
            url or self.dvdv.url, Anmeldung(self.dvdv.token_url, identity("wir")), timeout=0.4, clock=self.clock
        )
        datei = directory(self.folder / "gegenstellen.toml", self.clock, vollstaendig=False)
        return DvdvVerzeichnis(zugang, datei, Gedaechtnis(self.gedaechtnis), land="03", ttl=TTL, clock=self.clock)


@pytest.fixture
def haus(tmp_path: Path, dvdv: DvdvServer, clock: Clock) -> Haus:
    return Haus(tmp_path, dvdv, clock)


def test_dvdv_names_the_way_and_the_file_what_dvdv_cannot_tell(haus: Haus) -> None:
    verzeichnis: Verzeichnis = haus.neu()
    found = verzeichnis.finde(MUENCHEN, VERSION)
    assert (found.land, found.intermediaer) == ("09", "https://intermediaer.by.example/entry")
    assert found.adressat_cipher == certificate("dvdv-adressat")
    assert found.intermediaer_signatur == certificate("dvdv-intermediaer-signatur")
    assert (found.gleichzeitig, found.mit_message_id, found.versionen) == (2, True, {VERSION})


def test_answers_may_be_signed_by_whom_the_file_names_and_whom_dvdv_shows(haus: Haus) -> None:
    assert haus.neu().finde(MUENCHEN, VERSION).autoren == {AUTOR, DVDV_AUTOR}
    assert haus.neu("").finde(MUENCHEN, VERSION).autoren == {DVDV_AUTOR}


def test_where_nobody_is_known_who_may_sign_nothing_is_sent(haus: Haus) -> None:
    haus.dvdv.dienste["ags:" + MUENCHEN, URI] = service(ADDRESSEE | {"signatureCertificate": None}, INTERMEDIARY)
    assert haus.neu().finde(MUENCHEN, VERSION).autoren == {AUTOR}
    with pytest.raises(GegenstelleUnbekannt, match="nobody is known who may sign answers of Land 09"):
        haus.neu("").finde(MUENCHEN, VERSION)


def test_a_pin_in_the_file_comes_before_what_dvdv_shows(haus: Haus) -> None:
    found = haus.neu(without_way(intermediaer_signatur='"signatur.pem"')).finde(MUENCHEN, VERSION)
    assert found.intermediaer_signatur == certificate("signatur")


def test_a_land_whose_way_the_file_names_is_not_looked_up(haus: Haus) -> None:
    found = haus.neu(table()).finde(MUENCHEN, VERSION)
    assert found.adressat_cipher == certificate("adressat")
    assert haus.dvdv.questions == []


def test_a_land_may_stand_in_dvdv_under_one_key_for_all_its_municipalities(haus: Haus) -> None:
    haus.dvdv.dienste["dbs:090030010000", URI] = haus.dvdv.dienste.pop(("ags:" + MUENCHEN, URI))
    verzeichnis = haus.neu(without_way(schluessel='"dbs:090030010000"'))
    assert verzeichnis.finde(MUENCHEN, VERSION) == verzeichnis.finde("09000000", VERSION)
    assert len(haus.dvdv.questions) == 1


@pytest.mark.parametrize(
    ("ags", "version", "reason"),
    [
        (FUERTH, VERSION, r"DVDV knows no service of 25\.11a for this key of Land 09"),
        (MUENCHEN, "26.05", r"DVDV knows no service of 26\.05"),
        ("03101000", VERSION, "not that of a municipality of another Land"),
        ("17000000", VERSION, "not that of a municipality of another Land"),
        ("0916200", VERSION, "not that of a municipality of another Land"),
        ("0916200²", VERSION, "not that of a municipality of another Land"),
        ("", VERSION, "not that of a municipality of another Land"),
    ],
)
def test_who_is_not_known_is_said(haus: Haus, ags: str, version: str, reason: str) -> None:
    with pytest.raises(GegenstelleUnbekannt, match=reason) as refusal:
        haus.neu().finde(ags, version)
    assert not isinstance(refusal.value, VerzeichnisUnerreichbar)


def test_the_file_may_narrow_the_versions(haus: Haus) -> None:
    with pytest.raises(GegenstelleUnbekannt, match="Land 09 does not speak"):
        haus.neu(without_way(versionen='["26.05"]')).finde(MUENCHEN, VERSION)
    assert haus.dvdv.questions == []


def test_an_answer_counts_for_its_time_and_is_then_asked_for_again(haus: Haus) -> None:
    verzeichnis = haus.neu()
    verzeichnis.finde(MUENCHEN, VERSION)
    haus.clock.time += TTL - 1
    verzeichnis.finde(MUENCHEN, VERSION)
    assert len(haus.dvdv.questions) == 1
    renewed = ADDRESSEE | {"cipherCertificate": cert("dvdv-adressat, renewed")}
    haus.dvdv.dienste["ags:" + MUENCHEN, URI] = service(renewed, INTERMEDIARY)
    haus.clock.time += 2
    assert verzeichnis.finde(MUENCHEN, VERSION).adressat_cipher == certificate("dvdv-adressat, renewed")


def test_that_there_is_none_counts_for_a_shorter_time(haus: Haus) -> None:
    verzeichnis = haus.neu()
    for _ in range(3):
        with pytest.raises(GegenstelleUnbekannt):
            verzeichnis.finde(FUERTH, VERSION)
    assert len(haus.dvdv.questions) == 1
    haus.dvdv.dienste["ags:" + FUERTH, URI] = service(ADDRESSEE, INTERMEDIARY)
    haus.clock.time += 301
    assert verzeichnis.finde(FUERTH, VERSION).land == "09"


@pytest.mark.parametrize("mood", ["500", "hang", "garbage", "html_404", "401", "hang_token"])
def test_what_was_known_survives_the_absence_of_dvdv_and_a_restart(
    haus: Haus, mood: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = haus.neu().finde(MUENCHEN, VERSION)
    haus.dvdv.mood = mood
    restarted = haus.neu()
    begin = time.monotonic()
    for _ in range(100):
        assert restarted.finde(MUENCHEN, VERSION) == before
    assert time.monotonic() - begin < 2.5, "one timeout, and then it is left alone"
    assert restarted.zustand() == {"DVDV": "open"}
    assert "DVDV does not answer and is left alone for 30 seconds" in caplog.text
    assert "09162000" not in caplog.text


def test_when_dvdv_is_back_it_is_asked_again(haus: Haus) -> None:
    haus.neu().finde(MUENCHEN, VERSION)
    haus.dvdv.mood = "500"
    verzeichnis = haus.neu()
    verzeichnis.finde(MUENCHEN, VERSION)
    haus.dvdv.mood = None
    asked = len(haus.dvdv.questions)
    verzeichnis.finde(MUENCHEN, VERSION)
    assert len(haus.dvdv.questions) == asked
    haus.clock.time += 31
    verzeichnis.finde(MUENCHEN, VERSION)
    assert (len(haus.dvdv.questions), verzeichnis.zustand()) == (asked + 1, {"DVDV": "closed"})


def test_of_whom_nothing_is_known_while_dvdv_is_away_that_is_said_at_once(haus: Haus) -> None:
    haus.dvdv.mood = "hang"
    verzeichnis = haus.neu()
    begin = time.monotonic()
    for ags in (MUENCHEN, FUERTH, "05315000"):
        with pytest.raises(VerzeichnisUnerreichbar, match=f"how to reach Land {ags[:2]}"):
            verzeichnis.finde(ags, VERSION)
    assert time.monotonic() - begin < 2.5


def test_of_many_who_ask_while_dvdv_hangs_few_wait_and_none_longer_than_its_timeout(haus: Haus) -> None:
    haus.dvdv.mood = "hang"
    verzeichnis = haus.neu()

    def ask(number: int) -> float:
        begin = time.monotonic()
        with pytest.raises(VerzeichnisUnerreichbar):
            verzeichnis.finde(f"09{number:06}", VERSION)
        return time.monotonic() - begin

    with ThreadPoolExecutor(16) as pool:
        times = list(pool.map(ask, range(32)))
    assert max(times) < 2.5
    assert len(haus.dvdv.questions) <= 4


def test_a_withdrawn_service_is_forgotten_also_in_the_file(haus: Haus) -> None:
    verzeichnis = haus.neu()
    verzeichnis.finde(MUENCHEN, VERSION)
    del haus.dvdv.dienste["ags:" + MUENCHEN, URI]
    haus.clock.time += TTL + 1
    with pytest.raises(GegenstelleUnbekannt):
        verzeichnis.finde(MUENCHEN, VERSION)
    haus.dvdv.mood = "500"
    with pytest.raises(VerzeichnisUnerreichbar):
        haus.neu().finde(MUENCHEN, VERSION)


def test_a_service_that_nobody_could_use_is_none_and_the_log_says_why(
    haus: Haus, caplog: pytest.LogCaptureFixture
) -> None:
    haus.dvdv.dienste["ags:" + MUENCHEN, URI] = service(ADDRESSEE)
    verzeichnis = haus.neu()
    with pytest.raises(GegenstelleUnbekannt):
        verzeichnis.finde(MUENCHEN, VERSION)
    assert verzeichnis.zustand() == {"DVDV": "closed"}, "DVDV itself answers"
    assert "Land 09 in DVDV cannot be used: there is no OSCI_INTERMEDIARY" in caplog.text


def test_equal_services_stand_once_in_the_file_and_other_processes_entries_stay(haus: Haus) -> None:
    haus.dvdv.dienste["ags:" + FUERTH, URI] = service(ADDRESSEE, INTERMEDIARY)
    one, other = haus.neu(), haus.neu()
    one.finde(MUENCHEN, VERSION)
    size = haus.gedaechtnis.stat().st_size
    other.finde(FUERTH, VERSION)
    assert haus.gedaechtnis.stat().st_size < size + 200
    haus.dvdv.mood = "500"
    restarted = haus.neu()
    assert restarted.finde(MUENCHEN, VERSION) == restarted.finde(FUERTH, VERSION)


def test_an_answer_that_is_the_same_writes_nothing(haus: Haus) -> None:
    verzeichnis = haus.neu()
    verzeichnis.finde(MUENCHEN, VERSION)
    before = haus.gedaechtnis.stat().st_ino
    haus.clock.time += TTL + 1
    verzeichnis.finde(MUENCHEN, VERSION)
    assert len(haus.dvdv.questions) == 2
    assert haus.gedaechtnis.stat().st_ino == before
    assert [path.name for path in haus.folder.iterdir() if path.name.startswith("dvdv.json")] == ["dvdv.json"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"dienste": [{}], "fragen": []}',
        '{"dienste": [], "fragen": [["ags:09162000", "x", 0]]}',
        '{"dienste": [{"adressat": "a", "adressat_cipher": "AAAA", "intermediaer_signatur": null}], "fragen": []}',
        '{"dienste": 5, "fragen": 5}',
    ],
)
def test_a_memory_that_cannot_be_read_is_logged_and_written_anew(
    haus: Haus, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    haus.gedaechtnis.write_text(content, encoding="utf-8")
    verzeichnis = haus.neu()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    before = verzeichnis.finde(MUENCHEN, VERSION)
    haus.dvdv.mood = "500"
    assert haus.neu().finde(MUENCHEN, VERSION) == before


def test_a_memory_that_cannot_be_written_is_logged_and_stops_nobody(
    haus: Haus, caplog: pytest.LogCaptureFixture
) -> None:
    haus.gedaechtnis.mkdir()
    assert haus.neu().finde(MUENCHEN, VERSION).land == "09"
    assert "cannot be written" in caplog.text
