"""The demo's other side over OSCI-Transport: an intermediary, another Land's register and an authority that asks.

They are `osci_stub`, in a process of its own: it shares no code with the gateway, so what it reads and believes is no
work of ours.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.behoerden.register import SqlBehoerden
from gateway.bootstrap import Instance
from gateway.commands.behoerde import free_certificate
from gateway.config import FILE
from gateway.demofaelle import LAND, DemoError
from gateway.meldewesen.behoerde import Behoerde, Rolle

#: Who asks over OSCI.
JUGENDAMT = Behoerde("dbs:060010990000", "Jugendamt Probe", Rolle.EINFACH)

_FOLDER = "osci_stub"
_STUB = (sys.executable, "-m", "osci_stub")
_START_TIMEOUT = 60.0  # seconds; it makes RSA keys
_ASK_TIMEOUT = 30.0


@dataclass(frozen=True)
class AnderesLand:
    """Running: where its intermediary is, and its folder of keys."""

    intermediaer: str
    keys: Path

    def frage(self, here: Instance, datei: Path, gateway: str) -> list[str]:
        """The command by which the authority asks the gateway what is in the file."""
        return [
            *(*_STUB, "frage", "--keys", str(self.keys), "--intermediaer", self.intermediaer),
            *("--adressat", gateway, "--adressat-cipher", str(here.path / here.config.osci.chiffrierung)),
            *("--trust", str(here.path / "pki" / "ca.pem"), "--datei", str(datei)),
        ]

    def ask(self, here: Instance, datei: Path, gateway: str) -> bytes:
        """The answer, opened and its signatures verified by the one who asks. Raises DemoError."""
        done = subprocess.run(  # noqa: S603  our own command
            self.frage(here, datei, gateway), capture_output=True, timeout=_ASK_TIMEOUT, check=False
        )
        if done.returncode:
            raise DemoError(f"over OSCI: {done.stderr.decode().strip()}")
        return done.stdout


@contextmanager
def anderes_land(path: Path) -> Iterator[AnderesLand]:
    """Runs beside the instance at `path`, whose certificates it believes, until the block ends. Raises DemoError."""
    keys = path / _FOLDER
    words = [*_STUB, "osci", "--keys", str(keys), "--port", "0", "--register-port", "0"]
    words += ["--trust", str(path / "pki" / "ca.pem")]
    with (path / "osci_stub.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log)  # noqa: S603  our own command
        try:
            yield AnderesLand(_started(process, path), keys)
        finally:
            process.terminate()
            process.wait()


def _started(process: "subprocess.Popen[bytes]", path: Path) -> str:
    """The intermediary's address, from what the process says of itself."""
    assert process.stdout is not None
    for line in process.stdout:
        name, _, value = line.decode().partition(" ")
        if name == "intermediary":
            return value.strip()
    raise DemoError(f"osci_stub did not start; see {path / 'osci_stub.log'}")


def connect(path: Path) -> None:
    """Lets the instance at `path` reach the other Land, and the authority there ask it. Raises ConfigError."""
    text = (path / FILE).read_text(encoding="utf-8")
    for old, new in (
        ('ca = ["pki/ca.pem"]       # whose', f'ca = ["pki/ca.pem", "{_FOLDER}/ca.pem"]       # whose'),
        ('crl = "pki/ca.crl"        # a current', 'crl = ""        # a current'),
        ("intermediaere = []", f'intermediaere = ["{_FOLDER}/intermediaer-signatur.pem"]'),
        ('gegenstellen = ""', f'gegenstellen = "{_FOLDER}/gegenstellen.toml"'),
        (f'kennung = ""              # "dbs:{LAND}001', f'kennung = "dbs:{LAND}0010010000"   # "dbs:{LAND}001'),
        (f'kennung = ""              # "dbs:{LAND}003', f'kennung = "dbs:{LAND}0030010000"   # "dbs:{LAND}003'),
    ):
        if old not in text:
            raise DemoError(f"{FILE} has no line with {old}")
        text = text.replace(old, new, 1)
    (path / FILE).write_text(text, encoding="utf-8")
    with Instance.read(path) as here:
        _register(here.authorities(), path / _FOLDER)


def _register(behoerden: SqlBehoerden, keys: Path) -> None:
    """With what it signs, and with what answers to it are encrypted."""
    behoerden.add(JUGENDAMT)
    for name in ("behoerde-signatur.pem", "behoerde-chiffrierung.pem"):
        behoerden.add_certificate(JUGENDAMT.kennung, free_certificate(keys / name, behoerden))
