"""`python -m osci_stub osci|frage|muster`: what an integration tester types."""

import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from gateway.envelope.zertifikate import TrustStore
from gateway.vermittlung.verzeichnis import DateiVerzeichnis
from osci_stub import kommandos
from osci_stub.land import Keys
from osci_stub.osci.certificates import der
from osci_stub.osci.parties import Party
from osci_stub.schema import find_schema
from tests.integration.command import command
from tests.integration.osci_stubs import stub_keys
from tests.integration.osci_vectors import OSCI
from tests.shared import needs_shared

PKI = OSCI / "pki"
KINDS = ("signature", "cipher")
STATUS = ".//{*}ergebnisstatus/code"


def frage(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, answer and messages of a question."""
    code = kommandos.main(["frage", *arguments])
    out, err = capfd.readouterr()
    return code, out, err


def test_one_command_runs_both_and_the_next_asks(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    keys = tmp_path / "keys"
    stub_keys().export(keys)
    ports = ("--port", "0", "--register-port", "0")
    with command("osci", "--keys", str(keys), *ports, "--fault", "register:warning_3704") as process:
        assert process.stdout is not None
        greeting = "".join(iter(process.stdout.readline, "Interrupt to stop.\n"))
        intermediary, register = (greeting.splitlines()[row].split()[1] for row in (0, 1))
        where = ("--keys", str(keys), "--intermediaer", intermediary, "--adressat", register)
        code, out, err = frage(capfd, *where, "--message-id")
        assert (code, etree.fromstring(out.encode()).findtext(STATUS)) == (0, "01")
        assert [line[:4] for line in err.splitlines()] == ["0801", "3704"]
        assert etree.fromstring(frage(capfd, *where, "--frei", "Lindenschmied")[1].encode()).findtext(STATUS) == "04"
        assert etree.fromstring(frage(capfd, *where, "--offen", "--direkt")[1].encode()).findtext(STATUS) == "01"
        sample = tmp_path / "frage.xml"
        kommandos.main(["muster", "--familienname", "Niemandssohn"])
        sample.write_text(capfd.readouterr().out, "utf-8")
        assert etree.fromstring(frage(capfd, *where, "--datei", str(sample))[1].encode()).findtext(STATUS) == "03"
        sample.write_text("<a/>")
        code, out, err = frage(capfd, *where, "--datei", str(sample))
        assert (code, out) == (1, "")
        assert "9805" in err
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    peer = DateiVerzeichnis(keys / "gegenstellen.toml", land="03").finde("06414000", "25.11a")  # the gateway's own
    assert (peer.adressat, peer.intermediaer) == (register, intermediary)
    assert peer.adressat_cipher == stub_keys().register.cipher.certificate


@pytest.mark.parametrize("arguments", [["muster"], ["muster", "--frei", "A & B"], ["muster", "--vornamen", "<Karl>"]])
def test_a_sample_is_well_formed_whatever_the_words(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert kommandos.main(arguments) == 0
    root = etree.fromstring(capfd.readouterr().out.encode())
    schema = find_schema()
    assert schema is not None
    assert "<" in arguments[-1] or schema.complaint(root) is None


def test_keys_are_kept_and_read_again(tmp_path: Path) -> None:
    stub_keys().export(tmp_path)
    again = Keys.open(tmp_path, {})
    assert again.gateway.cipher.certificate == stub_keys().gateway.cipher.certificate
    assert again.anchors == stub_keys().anchors
    assert (tmp_path / "gateway-signatur.key.pem").stat().st_mode & 0o077 == 0


@needs_shared
def test_the_public_test_keys_are_taken_with_their_issuers(tmp_path: Path) -> None:
    given = {"gateway": Party.load("gateway", *(PKI / f"bob_{kind}_4096.p12" for kind in KINDS), b"123456")}
    keys = Keys.make(2048, given)
    keys.export(tmp_path, frozenset(given))
    assert keys.gateway.signature.certificate in keys.anchors
    assert keys.gateway.signature.certificate.issuer in [issuer.subject for issuer in keys.issuers]
    assert (tmp_path / "gateway-signatur.pem").exists()
    assert not (tmp_path / "gateway-signatur.key.pem").exists()
    assert Keys.open(tmp_path, given).gateway == given["gateway"]
    assert TrustStore((tmp_path / "ca.pem").read_bytes()).check(
        der(keys.gateway.signature.certificate), datetime.now(UTC)
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["osci", "--fault", "no_such"], "no fault of that name"),
        (["osci", "--fault", "answers_other_message"], "nothing that the part"),
        (["osci", "--trust", "absent.pem"], "absent.pem"),
        (["osci", "--gateway-keys", __file__, __file__], "osci_stub: "),
        (["frage", "--keys", "absent"], "holds no keys"),
    ],
)
def test_what_cannot_start_is_said_in_one_line(
    arguments: list[str], says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if arguments[0] == "osci":
        stub_keys().export(tmp_path)
        arguments = [*arguments, "--keys", str(tmp_path), "--port", "0", "--register-port", "0"]
    assert kommandos.main(arguments) == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert says in lines[0]


def test_nobody_there_is_said_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    stub_keys().export(tmp_path)
    code, out, err = frage(capfd, "--keys", str(tmp_path), "--intermediaer", "http://127.0.0.1:9/osci")
    assert (code, out, err) == (1, "", "osci_stub: not answered: ConnectionRefusedError\n")
