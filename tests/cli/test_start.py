"""`serve` says in one line why it does not start, and ends cleanly when told to."""

import os
import signal
import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from gateway.envelope.signer import load_identity
from tests.cli.conftest import Run
from tests.gateways import command, free_port, serving, set_key

TLS = (('certificate = ""  ', 'certificate = "pki/tls.pem"'), ('key = ""  ', 'key = "pki/tls.key"'))


def with_tls(own: Path) -> Path:
    for line, by in TLS:
        set_key(own, line, by)
    return own


def test_a_port_in_use_is_one_line_and_exit_1(made: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        set_key(made, "port = 8080", f"port = {port}")
        try:
            done = command("serve", "-i", made)
        finally:
            set_key(made, f"port = {port}", "port = 8080")
    assert done.returncode == 1
    assert done.stderr == f"error: http: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    assert done.stdout == ""


def test_an_address_that_is_not_ours_is_named(run: Run, own: Path) -> None:
    set_key(with_tls(own), 'host = "127.0.0.1"', 'host = "192.0.2.1"')
    assert "http: cannot listen on 192.0.2.1 port 8080: " in run("serve", "-i", own).error


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("pki/gateway.pem", "signatur.certificate"),
        ("pki/gateway.key", "signatur.key"),
        ("pki/ca.pem", "signatur.ca"),
        ("pki/tls.pem", "tls.certificate"),
        ("pki/tls.key", "tls.key"),
        ("schluessel/protokoll.key", "protokoll.key"),
        ("schluessel/merkmale.key", "merkmale.key"),
    ],
)
def test_a_missing_key_file_is_named(run: Run, own: Path, file: str, key: str) -> None:
    set_key(with_tls(own), "port = 8080", f"port = {free_port()}")
    (own / file).unlink()
    error = run("serve", "-i", own).error
    assert key in error
    assert str(own / file) in error


@pytest.mark.parametrize("file", ["schluessel/protokoll.key", "schluessel/merkmale.key"])
def test_a_secret_key_that_others_can_read_stops_the_start(run: Run, own: Path, file: str) -> None:
    set_key(own, "port = 8080", f"port = {free_port()}")
    (own / file).chmod(0o644)
    assert f"chmod 600 {own / file}" in run("serve", "-i", own).error


@pytest.mark.parametrize("file", ["pki/gateway.pem", "pki/gateway.key", "pki/ca.pem"])
def test_a_broken_signing_file_stops_the_start(run: Run, own: Path, file: str) -> None:
    set_key(own, "port = 8080", f"port = {free_port()}")
    (own / file).write_text("not PEM")
    assert run("serve", "-i", own).error


def test_a_broken_foreign_or_encrypted_tls_file_stops_the_start(run: Run, own: Path) -> None:
    with_tls(own)
    key = (own / "pki/tls.key").read_bytes()
    identity = load_identity(key, (own / "pki/tls.pem").read_bytes()).key
    encrypted = identity.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    for content in (b"not PEM", (own / "pki/ca.key").read_bytes(), encrypted):
        (own / "pki/tls.key").write_bytes(content)
        assert run("serve", "-i", own).error.startswith("tls: certificate and key must be PEM")
    (own / "pki/tls.key").write_bytes(key)
    set_key(own, 'client_certificate = "none"', 'client_certificate = "required"')
    set_key(own, 'client_ca = ""', 'client_ca = "gateway.toml"')
    assert run("serve", "-i", own).error.startswith("tls.client_ca: ")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://nobody@127.0.0.1:1/nothing", "the mirror cannot be read (OperationalError: connection failed: "),
        ("sqlite:///daten/nowhere.sqlite", "the mirror cannot be read (SQLITE_CANTOPEN: its file is missing"),
        ("sqlite:///gateway.toml", "the mirror cannot be read (SQLITE_NOTADB: its file is not a database"),
        ("mysql://localhost/x", "database: must be a URL"),
        ("nonsense", "database: must be a URL"),
    ],
)
def test_a_database_that_does_not_answer_stops_the_start(run: Run, own: Path, url: str, says: str) -> None:
    set_key(own, "port = 8080", f"port = {free_port()}")
    set_key(own, "sqlite:///daten/spiegel.sqlite", url)
    assert says in run("serve", "-i", own).error


def test_a_password_in_a_database_url_is_not_repeated(run: Run, own: Path) -> None:
    set_key(own, "port = 8080", f"port = {free_port()}")
    set_key(own, "sqlite:///daten/protokoll.sqlite", "postgresql://me:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in run("serve", "-i", own).error
    assert "hunter2" not in run("protokoll", "verify", "-i", own).error


@pytest.mark.parametrize(
    ("line", "by", "place"),
    [
        ('hausnummer = "1"', 'hausnummer = "1a"', "/hausnummer[1]; Regel: der Wert muss dem Muster"),
        ('name = "Melderegisterdatenspiegel (Testinstanz)"', 'name = "登記"', "/autor[1]/name[1]; Regel: "),
    ],
)
def test_a_sender_that_would_make_every_answer_invalid_stops_the_start(
    run: Run, own: Path, line: str, by: str, place: str
) -> None:
    set_key(own, "port = 8080", f"port = {free_port()}")
    set_key(own, line, by)
    error = run("serve", "-i", own).error
    assert error.startswith("absender: no answer would be valid. ")
    assert place in error


def test_a_key_list_that_is_named_must_be_there_and_be_one(run: Run, own: Path) -> None:
    set_key(own, "port = 8080", f"port = {free_port()}")
    set_key(own, 'behoerdenschluessel = ""', 'behoerdenschluessel = "liste.xml"')
    assert "liste.xml cannot be read: " in run("serve", "-i", own).error
    (own / "liste.xml").write_text("<a/>")
    assert "liste.xml is not the code list" in run("serve", "-i", own).error


def test_an_unknown_signature_algorithm_stops_the_start(run: Run, own: Path) -> None:
    set_key(own, "port = 8080", f"port = {free_port()}")
    set_key(own, '"rsa-sha512"]', '"rsa-sha1"]')
    assert "signature algorithms must be some of" in run("serve", "-i", own).error


@pytest.mark.parametrize("to_group", [True, False], ids=["Ctrl-C in a terminal", "SIGINT to the main process"])
def test_ctrl_c_ends_it_cleanly(own: Path, to_group: bool) -> None:
    port = free_port()
    set_key(own, "port = 8080", f"port = {port}")
    set_key(own, "workers = 1", "workers = 2")
    with serving(own, port) as running:
        (os.killpg if to_group else os.kill)(running.process.pid, signal.SIGINT)
        assert running.process.wait(20) == 0
        log = running.log
    assert "Traceback" not in log
    assert "Unexpected" not in log
    assert "Killing" not in log


def test_keys_of_the_development_pki_are_pkcs8(made: Path) -> None:
    for name in ("tls", "gateway", "ca"):
        assert (made / f"pki/{name}.key").read_text().startswith("-----BEGIN PRIVATE KEY-----")
