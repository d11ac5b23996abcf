"""The directory of peers as a file: checked at start, read again without restart."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.envelope.zertifikate import fingerprint
from gateway.errors import ConfigError
from gateway.vermittlung.gegenstelle import GegenstelleUnbekannt, Verzeichnis
from gateway.vermittlung.verzeichnis import DateiVerzeichnis
from tests.vermittlung.peers import NOW, Clock, certificate, directory, pem, table, without_way, write

MUENCHEN = "09162000"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path)


def later(clock: Clock) -> None:
    clock.time += 1.1


def test_a_peer_is_found_by_the_key_of_a_municipality_or_of_the_land(path: Path, clock: Clock) -> None:
    verzeichnis: Verzeichnis = directory(path, clock)
    found = verzeichnis.finde(MUENCHEN, "25.11a")
    assert found == verzeichnis.finde("09000000", "25.11a")
    assert (found.land, found.adressat) == ("09", "http://empfaenger.by.example/osci")
    assert found.intermediaer == "https://intermediaer.by.example/entry"
    assert found.adressat_cipher == certificate("adressat")
    assert found.intermediaer_cipher == certificate("intermediaer")
    assert found.intermediaer_signatur is None
    assert found.autoren == {fingerprint(certificate("autor")), fingerprint(certificate("autor-alt"))}
    assert found.versionen == {"25.11a"}
    assert (found.timeout_seconds, found.gleichzeitig, found.je_gemeinde) == (20.0, 4, False)


def test_limits_and_habits_of_a_land_are_read_too(tmp_path: Path, clock: Clock) -> None:
    path = write(
        tmp_path,
        table(
            intermediaer_signatur='"signatur.pem"',
            mit_message_id="true",
            timeout_seconds="5",
            gleichzeitig="2",
            je_gemeinde="true",
            hoechstens_nachrichten="7",
        ),
    )
    found = directory(path, clock).finde(MUENCHEN, "25.11a")
    assert found.intermediaer_signatur == certificate("signatur")
    assert (found.mit_message_id, found.timeout_seconds, found.gleichzeitig) == (True, 5.0, 2)
    assert (found.je_gemeinde, found.hoechstens_nachrichten) == (True, 7)


@pytest.mark.parametrize(
    ("ags", "version", "reason"),
    [
        ("05315000", "25.11a", "Land 05 is not in the directory of peers"),
        ("03101000", "25.11a", "Land 03 is not in the directory of peers"),
        ("09162000", "26.05", r"Land 09 does not speak 26\.05"),
        ("Meier", "25.11a", "Land of this key is not in the directory of peers"),
        ("", "25.11a", "Land of this key is not in the directory of peers"),
    ],
)
def test_who_is_not_known_is_said_without_repeating_what_is_no_land(
    path: Path, clock: Clock, ags: str, version: str, reason: str
) -> None:
    with pytest.raises(GegenstelleUnbekannt, match=reason):
        directory(path, clock).finde(ags, version)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[09", "cannot be read: Expected"),
        ("x = 1", "x: Input should be a valid dictionary"),
        (table("17"), "17: is no key of a Land, 01 to 16"),
        (table("03"), "03: is our own Land"),
        (table(port="1"), r"09\.port: unknown key"),
        (table(mit_message_id='"ja"', gleichzeitig="0"), r"09\.mit_message_id: .* boolean \(and 1 more\)"),
        (table(versionen='["25"]'), r"09\.versionen\.0: String should match"),
        (table(timeout_seconds="1000"), r"09\.timeout_seconds: .* less than or equal to 120"),
        (table(adressat='"nobody"'), r"09\.adressat: must be the URI"),
        (
            table(intermediaer='"http://by.example/"'),
            r"09\.intermediaer: http://by.example/ must be an address",
        ),
        (table(intermediaer='""'), r"09\.intermediaer:  must be an address"),
        (table(adressat_cipher=None), "09: adressat_cipher is missing"),
        (table(autoren=None), "09: autoren is missing"),
        (table(autoren="[]"), "09: autoren is missing"),
        (table(versionen=None), "09: versionen is missing"),
        (without_way(), "09: adressat is missing"),
        (table(autoren='["nobody.pem"]'), r"09: autoren: nobody\.pem cannot be read: No such file"),
        (table(adressat_cipher='"gegenstellen.toml"'), r"09: adressat_cipher: gegenstellen\.toml is not a PEM"),
        (table(adressat_cipher='"two.pem"'), r"09: adressat_cipher: two\.pem holds 2 certificates"),
        (table(adressat_cipher='"ec.pem"'), r"09: adressat_cipher: ec\.pem has no RSA key"),
        (table(intermediaer_cipher='"ec.pem"'), r"09: intermediaer_cipher: ec\.pem has no RSA key"),
    ],
)
def test_a_mistake_stops_the_start_and_is_named_with_its_place(
    tmp_path: Path, clock: Clock, text: str, reason: str
) -> None:
    (tmp_path / "two.pem").write_bytes(pem(certificate("autor")) * 2)
    (tmp_path / "ec.pem").write_bytes(pem(certificate("ec", with_ec=True)))
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=reason) as refusal:
        directory(path, clock)
    assert str(path) in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(ConfigError, match=r"gegenstellen\.toml is missing"):
        directory(tmp_path / "gegenstellen.toml", clock)


def test_plain_http_is_for_an_intermediary_on_loopback_only(tmp_path: Path, clock: Clock) -> None:
    path = write(tmp_path, table(intermediaer='"http://127.0.0.1:8099/osci"'))
    assert directory(path, clock).finde(MUENCHEN, "25.11a").intermediaer == "http://127.0.0.1:8099/osci"


def test_a_changed_file_counts_without_restart_and_is_looked_at_once_a_second(path: Path, clock: Clock) -> None:
    verzeichnis = directory(path, clock)
    path.write_text(table() + table("05"), encoding="utf-8")
    with pytest.raises(GegenstelleUnbekannt):
        verzeichnis.finde("05315000", "25.11a")
    later(clock)
    assert verzeichnis.finde("05315000", "25.11a").land == "05"


def test_a_changed_certificate_counts_without_restart(path: Path, clock: Clock) -> None:
    verzeichnis = directory(path, clock)
    (path.parent / "adressat.pem").write_bytes(pem(certificate("adressat, renewed")))
    later(clock)
    assert verzeichnis.finde(MUENCHEN, "25.11a").adressat_cipher == certificate("adressat, renewed")


@pytest.mark.parametrize("broken", ["[09", table("03"), table(autoren='["late.pem"]')])
def test_a_broken_change_leaves_what_was_and_is_logged_once_until_it_is_mended(
    path: Path, clock: Clock, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    verzeichnis = directory(path, clock)
    before = verzeichnis.finde(MUENCHEN, "25.11a")
    path.write_text(broken, encoding="utf-8")
    for _ in range(3):
        later(clock)
        assert verzeichnis.finde(MUENCHEN, "25.11a") == before
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "stays as it was" in caplog.text
    path.write_text(table(gleichzeitig="9"), encoding="utf-8")
    later(clock)
    assert verzeichnis.finde(MUENCHEN, "25.11a").gleichzeitig == 9


def test_a_certificate_that_arrives_after_the_file_that_names_it_completes_the_change(path: Path, clock: Clock) -> None:
    verzeichnis = directory(path, clock)
    path.write_text(table(autoren='["late.pem"]'), encoding="utf-8")
    later(clock)
    assert len(verzeichnis.finde(MUENCHEN, "25.11a").autoren) == 2
    (path.parent / "late.pem").write_bytes(pem(certificate("late")))
    later(clock)
    assert verzeichnis.finde(MUENCHEN, "25.11a").autoren == {fingerprint(certificate("late"))}


def test_a_removed_file_leaves_what_was(path: Path, clock: Clock) -> None:
    verzeichnis = directory(path, clock)
    path.unlink()
    later(clock)
    assert verzeichnis.finde(MUENCHEN, "25.11a").land == "09"


def test_nobody_waits_for_another_who_reads_the_file(path: Path, clock: Clock) -> None:
    verzeichnis = directory(path, clock)
    path.write_text(table(gleichzeitig="9"), encoding="utf-8")
    later(clock)
    with verzeichnis._lock:
        assert verzeichnis.finde(MUENCHEN, "25.11a").gleichzeitig == 4
    assert verzeichnis.finde(MUENCHEN, "25.11a").gleichzeitig == 9


def test_an_expired_certificate_is_used_and_noted_in_the_log(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    expired = certificate("adressat, expired", until=NOW - timedelta(days=1))
    (path.parent / "adressat.pem").write_bytes(pem(expired))
    verzeichnis = directory(path, clock)
    assert verzeichnis.finde(MUENCHEN, "25.11a").adressat_cipher == expired
    assert "adressat.pem in the directory of peers is not valid at this time" in caplog.text


def test_where_dvdv_knows_the_way_a_land_may_be_listed_without_it(tmp_path: Path, clock: Clock) -> None:
    path = write(tmp_path, without_way(autoren='["autor.pem"]', gleichzeitig="2"))
    verzeichnis: DateiVerzeichnis = directory(path, clock, vollstaendig=False)
    eintrag = verzeichnis.eintrag("09")
    assert eintrag is not None
    assert (eintrag.weg, eintrag.autoren) == (None, {fingerprint(certificate("autor"))})
    assert verzeichnis.eintrag("05") is None
    with pytest.raises(GegenstelleUnbekannt):
        verzeichnis.finde(MUENCHEN, "25.11a")


def test_a_way_is_given_whole_or_not_at_all_also_where_dvdv_knows_it(tmp_path: Path, clock: Clock) -> None:
    path = write(tmp_path, table(intermediaer_cipher=None))
    with pytest.raises(ConfigError, match="09: intermediaer_cipher is missing: adressat, adressat_cipher"):
        directory(path, clock, vollstaendig=False)
