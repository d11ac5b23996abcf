"""`python -m osci_stub` without a command: runs the SOAP endpoint until it is interrupted."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from osci_stub.faults import FAULTS
from osci_stub.keys import Signatory, load_signatory
from osci_stub.register import PERSONEN, Person
from osci_stub.server import FAULT_HEADER, StubServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after an interrupt, 2 with one line of explanation for what cannot be started."""
    options = _parser().parse_args(arguments)
    stop = Event()
    try:
        server = _start(options)
    except (OSError, ValueError, TypeError) as error:
        print(f"osci_stub: {error}", file=sys.stderr)
        return 2
    with server:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        print(_greeting(server, options), flush=True)
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, FAULTS)) + 2
    faults = "\n".join(f"  {name:{width}}{fault.tells}" for name, fault in FAULTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m osci_stub",
        description="Plays another Land's population register, and a postbox: SOAP with WS-Security on loopback. "
        "For OSCI-Transport: python -m osci_stub osci --help",
        epilog=f"faults, for every reply (--fault) or for one (HTTP header {FAULT_HEADER}):\n{faults}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8331, help="port on 127.0.0.1, 0 for a free one (8331)")
    parser.add_argument("--key", type=Path, metavar="PEM", help="private key for the replies (a new one)")
    parser.add_argument("--cert", type=Path, metavar="PEM", help="its certificate")
    parser.add_argument("--ca", type=Path, metavar="PEM", help="who issued --cert, for --out")
    parser.add_argument("--rsa", action="store_true", help="make a new key RSA-3072 instead of P-256")
    parser.add_argument("--trust", type=Path, metavar="PEM", help="take requests signed by this certificate or CA")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write ca.pem, stub.pem, client.pem, client.key.pem")
    parser.add_argument("--personen", type=Path, metavar="JSON", help="a list of persons instead of the built-in ones")
    parser.add_argument("--posteingang", type=Path, metavar="DIR", help="keep what is delivered as files (in memory)")
    parser.add_argument("--fault", choices=FAULTS, metavar="NAME", help="do this wrong in every reply")
    parser.add_argument("--late-seconds", type=float, default=30.0, help="delay of too_late (30)")
    parser.add_argument("--large-bytes", type=int, default=64 * 2**20, help="size of too_large (64 MiB)")
    return parser


def _start(options: argparse.Namespace) -> StubServer:
    server = StubServer(
        port=options.port,
        signatory=_signatory(options.key, options.cert),
        ca_pem=options.ca.read_bytes() if options.ca else None,
        key_type="rsa" if options.rsa else "ec",
        trust=options.trust.read_bytes() if options.trust else b"",
        fault=options.fault,
        personen=_personen(options.personen) if options.personen else PERSONEN,
        posteingang=options.posteingang,
        late_seconds=options.late_seconds,
        large_bytes=options.large_bytes,
        quiet=False,
    )
    try:
        if options.out:
            _write_keys(options.out, server)
    except OSError:
        server.close()
        raise
    return server


def _signatory(key: Path | None, certificate: Path | None) -> Signatory | None:
    if key is None and certificate is None:
        return None
    if key is None or certificate is None:
        raise ValueError("--key and --cert go together")
    return load_signatory(key.read_bytes(), certificate.read_bytes())


def _personen(file: Path) -> list[Person]:
    try:
        return [Person(**person) for person in json.loads(file.read_bytes())]
    except (ValueError, TypeError):
        fields = ", ".join(Person.__dataclass_fields__)
        raise ValueError(f"{file}: must be a JSON list of objects with exactly {fields}") from None


def _write_keys(folder: Path, server: StubServer) -> None:
    client = server.issue_client("osci_stub client")
    folder.mkdir(parents=True, exist_ok=True)
    files = {"ca.pem": server.ca_pem, "stub.pem": server.certificate_pem, "client.pem": client.certificate_pem}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    private = folder / "client.key.pem"
    private.touch(mode=0o600)
    private.write_bytes(client.key_pem)


def _greeting(server: StubServer, options: argparse.Namespace) -> str:
    schema = "xsd/xmeld-25.11a" if server.validates else "not found: messages are not validated"
    lines = [f"endpoint  {server.url}", f"wsdl      {server.url}?wsdl", f"schema    {schema}"]
    if options.out:
        lines.append(f"keys      {options.out}")
    if options.posteingang:
        lines.append(f"postbox   {options.posteingang}, messages in it: {len(server.posteingang.nachrichten)}")
    if options.fault:
        lines.append(f"fault     {options.fault}: {FAULTS[options.fault].tells}")
    return "\n".join([*lines, "Interrupt to stop."])
