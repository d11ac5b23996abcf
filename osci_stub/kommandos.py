"""The commands for people: run intermediary and register, ask them or a gateway, write a sample message."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from cryptography import x509

from osci_stub.anfrager import Addressee, Anfrager, Antwort
from osci_stub.land import Keys, OsciStub
from osci_stub.muster import freie_suche, suchanfrage
from osci_stub.osci.faults import FAULTS, INTERMEDIARY, Asked
from osci_stub.osci.parties import Party
from osci_stub.osci.refused import FaultReceived, FeedbackReceived, Refused
from osci_stub.osci.transport import Broken, NotReached
from osci_stub.register import PERSONEN

PORT, REGISTER_PORT = 9600, 9601
KEYS = Path("osci-keys")
NOT_ANSWERED = (FaultReceived, FeedbackReceived, Refused, Broken, NotReached)

PEERS = """\
[06]
adressat = "{register}"
adressat_cipher = "register-chiffrierung.pem"
intermediaer = "{intermediary}"
intermediaer_cipher = "intermediaer-chiffrierung.pem"
intermediaer_signatur = "intermediaer-signatur.pem"
autoren = ["register-signatur.pem"]
versionen = ["25.11a"]
"""


def main(arguments: Sequence[str]) -> int:
    """Exit code 0, 1 for a question that was not answered, 2 with one line for what cannot be started."""
    options = _parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except NOT_ANSWERED as error:
        print(f"osci_stub: not answered: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"osci_stub: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    asked = [Asked.read(text) for text in options.fault]
    keys = Keys.open(options.keys, _given(options))
    trust = _believed(options)
    ports = (options.port, options.register_port)
    stop = Event()
    with OsciStub(keys, trust=trust, ports=ports, timeout=options.timeout, quiet=False) as stub:
        for part in (stub.intermediary, stub.register):
            part.faults.late_seconds, part.faults.large_bytes = options.late_seconds, options.large_bytes
        for fault in asked:
            part = stub.intermediary if fault.part == INTERMEDIARY else stub.register
            part.faults.add(fault.name, fault.on)
        peers = options.keys / "gegenstellen.toml"
        peers.write_text(PEERS.format(register=stub.register.url, intermediary=stub.intermediary.url), "utf-8")
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        print(_greeting(stub, options, peers), flush=True)
        stop.wait()
    return 0


def _greeting(stub: OsciStub, options: argparse.Namespace, peers: Path) -> str:
    return f"""\
intermediary  {stub.intermediary.url}
register      {stub.register.url}  (Hessen, 06)
keys          {options.keys}
faults        {", ".join(options.fault) or "none"}

The register as a peer of a gateway, in {peers}:

{peers.read_text("utf-8")}
Ask the register:  python -m osci_stub frage --keys {options.keys} --intermediaer {stub.intermediary.url}
Interrupt to stop."""


def _ask(options: argparse.Namespace) -> int:
    keys = Keys.open(options.keys, _given(options), create=False)
    nachricht = options.datei.read_bytes() if options.datei else _sample(options)
    cipher = keys.register.cipher.certificate
    if options.adressat_cipher:
        cipher = x509.load_pem_x509_certificate(options.adressat_cipher.read_bytes())
    encrypt_for = None if options.offen else keys.intermediary.cipher.certificate
    anchors = [*keys.anchors, *_believed(options)]
    client = Anfrager(keys.behoerde, options.intermediaer, encrypt_for, anchors, options.timeout)
    addressee = Addressee(options.adressat, cipher)
    antwort = _answer(client, keys, nachricht, addressee, options)
    for entry in antwort.feedback:
        print(f"{entry.code} {entry.text}", file=sys.stderr)
    sys.stdout.buffer.write(antwort.nachricht + b"\n")
    return 0


def _answer(
    client: Anfrager, keys: Keys, nachricht: bytes, addressee: Addressee, options: argparse.Namespace
) -> Antwort:
    if options.direkt:
        return client.stelle_zu(nachricht, addressee, keys.intermediary, encrypted=not options.offen)
    return client.frage(nachricht, addressee, message_id=options.message_id)


def _write(options: argparse.Namespace) -> int:
    sys.stdout.buffer.write(_sample(options) + b"\n")
    return 0


COMMANDS = {"osci": _run, "frage": _ask, "muster": _write}


def _sample(options: argparse.Namespace) -> bytes:
    if options.frei:
        return freie_suche(
            options.frei, bereich=options.bereich, leser=options.leser or "ags:06000000", autor=options.autor
        )
    person = PERSONEN[0]
    changed = {name: value for name in vars(person) if (value := getattr(options, name)) is not None}
    leser = options.leser or "ags:" + changed.get("ags", person.ags)
    return suchanfrage(person, leser=leser, autor=options.autor, **changed)


def _given(options: argparse.Namespace) -> dict[str, Party]:
    """The parties whose keys are files of their own."""
    password = options.passwort.encode() if options.passwort else None
    files = {name: getattr(options, f"{name}_keys") for name in Keys.names()}
    return {name: Party.load(name, pair[0], pair[1], password) for name, pair in files.items() if pair}


def _believed(options: argparse.Namespace) -> list[x509.Certificate]:
    return [found for file in options.trust for found in x509.load_pem_x509_certificates(file.read_bytes())]


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, FAULTS)) + 2
    faults = "\n".join(f"  {name:{width}}{fault.tells}" for name, fault in FAULTS.items())
    parser = argparse.ArgumentParser(prog="python -m osci_stub", description="OSCI-Transport 1.2 on loopback.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "osci",
        help="run an intermediary and another Land's register",
        epilog=f"faults, as [intermediaer:|register:]NAME[@WHERE]:\n{faults}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_keys(run)
    run.add_argument("--port", type=int, default=PORT, help=f"of the intermediary, 0 for a free one ({PORT})")
    run.add_argument("--register-port", type=int, default=REGISTER_PORT, help=f"of the register ({REGISTER_PORT})")
    run.add_argument("--fault", action="append", default=[], metavar="NAME", help="do this wrong; may be repeated")
    run.add_argument("--late-seconds", type=float, default=30.0, help="delay of too_late (30)")
    run.add_argument("--large-bytes", type=int, default=64 * 2**20, help="size of too_large (64 MiB)")
    ask = commands.add_parser("frage", help="ask through the intermediary, print the XMeld answer")
    _add_keys(ask)
    _add_sample(ask)
    ask.add_argument("--datei", type=Path, metavar="XML", help="ask this message instead of a sample")
    ask.add_argument("--intermediaer", default=f"http://127.0.0.1:{PORT}/osci", metavar="URL")
    ask.add_argument("--adressat", default=f"http://127.0.0.1:{REGISTER_PORT}/osci", metavar="URL")
    ask.add_argument("--adressat-cipher", type=Path, metavar="PEM", help="of another addressee than the register")
    ask.add_argument("--message-id", action="store_true", help="get a MessageId before")
    ask.add_argument("--offen", action="store_true", help="without transport encryption")
    ask.add_argument("--direkt", action="store_true", help="straight to the addressee, playing the intermediary too")
    write = commands.add_parser("muster", help="print a sample message")
    _add_sample(write)
    return parser


def _add_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keys", type=Path, default=KEYS, metavar="DIR", help=f"made where they are missing ({KEYS})")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds without an answer (20)")
    parser.add_argument("--trust", type=Path, action="append", default=[], metavar="PEM", help="believe these too")
    parser.add_argument("--passwort", metavar="TEXT", help="of the key files given")
    for name in Keys.names():
        parser.add_argument(
            f"--{name}-keys", type=Path, nargs=2, metavar=("SIGNATUR", "CHIFFRIERUNG"), help="PKCS#12 or PEM with both"
        )


def _add_sample(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--frei", metavar="NAME", help="a 1332 for everybody of that name, else a 1330")
    parser.add_argument("--bereich", default="06", help="of a 1332: key of a Land or Gemeinde (06)")
    parser.add_argument("--leser", help="ags:… ")
    parser.add_argument("--autor", default="dbs:030010010000", help="dbs:… (dbs:030010010000)")
    for name, value in vars(PERSONEN[0]).items():
        parser.add_argument(f"--{name}", help=f"of a 1330 ({value})")
