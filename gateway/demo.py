"""A throw-away gateway on loopback answers sample queries: `make demo`, and with `stay` `make run`."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree
from rich.console import Console
from rich.table import Table

from gateway import instance, protokoll, sending
from gateway.bootstrap import Instance, build_gateway, build_lauf
from gateway.config import FILE
from gateway.demofaelle import LAND, DemoError, Fall, faelle_von, folgeanfrage, stellen, ueber_osci
from gateway.demoland import JUGENDAMT, AnderesLand, anderes_land, connect
from gateway.envelope.client import SoapFault
from gateway.envelope.names import SOAP
from gateway.envelope.pki import KeyType
from gateway.envelope.soap import message
from gateway.errors import ConfigError
from gateway.spiegel.laden import lade
from gateway.spiegel.musterspiegel import mustereintraege, mustergemeinden
from gateway.zustellung.http import post

PERSONS = 2000
START_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class Ausgang:
    """How a request ended: in a word, after how many milliseconds, with which XML."""

    kurz: str
    millisekunden: float
    xml: bytes


def run(path: Path, out: Console, *, stay: bool) -> int:
    """0 when everything was as it must be. Raises GatewayError otherwise."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C does: what was started beside ends too
        signal.signal(number, signal.default_int_handler)
    _make(path)
    with anderes_land(path) as nachbar:
        connect(path)
        with Instance.read(path) as here:
            return _run(here, nachbar, out, stay=stay)


def _run(here: Instance, nachbar: AnderesLand, out: Console, *, stay: bool) -> int:
    with _serving(here) as url:
        out.print(f"gateway of Land {LAND} on {url}, {PERSONS} sample persons")
        out.print(f"beside it an OSCI intermediary and the register of Hessen: {nachbar.intermediaer}\n")
        faelle = faelle_von(here)
        ausgaenge = [_ask(here, fall, url) for fall in faelle]
        further = [folgeanfrage(here, ausgaenge[1].xml), *ueber_osci(here, JUGENDAMT)]
        ausgaenge += [_ask_osci(here, fall, url, nachbar) if fall.osci else _ask(here, fall, url) for fall in further]
        faelle += further
        out.print(_table(faelle, ausgaenge))
        out.print("(over OSCI the time is that of the asking program too, from its start to its end)")
        out.print("\nThe first answer:\n")
        sys.stdout.write(_pretty(ausgaenge[0].xml))
        sys.stdout.flush()
        _check(faelle, ausgaenge)
        _show_what_follows(here, out)
        out.print(f"\nsignatures: {len(ausgaenge)} of {len(ausgaenge)} answers verified")
        if stay:
            _stay(here, url, nachbar, out)
    _verify_protokoll(here, len(faelle), out, stay=stay)
    return 0


def _make(path: Path) -> None:
    """A new instance at `path`, in place of an older throw-away one."""
    if path.exists():
        if not (path / FILE).is_file() or not (path / "anfragen").is_dir():
            raise ConfigError(f"{path} is there and is not a demo's instance: remove it, or name another with -i")
        shutil.rmtree(path)
    with instance.create(
        path,
        land=LAND,
        gemeinden=(),
        database="",
        port=_free_port(),
        kind=KeyType.EC,
        datenbestaetigung=True,
        osci=True,
    ) as here:
        lade(here.register(), mustereintraege(mustergemeinden(LAND), PERSONS, seed=1))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(here: Instance) -> Iterator[str]:
    """The gateway in processes of its own, until the block ends."""
    port = here.config.http.port
    with (here.path / "serve.log").open("wb") as log:
        words = [sys.executable, "-m", "gateway.cli", "serve", "-i", str(here.path)]
        process = subprocess.Popen(words, stdout=log, stderr=log)  # noqa: S603  our own command
        try:
            _wait(process, port, here)
            yield f"http://127.0.0.1:{port}/xmeld"
        finally:
            process.terminate()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, here: Instance) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise DemoError(f"the gateway did not start; see {here.path / 'serve.log'}")


def _ask(here: Instance, fall: Fall, url: str) -> Ausgang:
    """Sends and checks the answer: signed by the gateway, and if it is XMeld, valid."""
    client = sending.client_of(here, fall.wer)
    body = client.request(fall.nachricht, datetime.now(UTC)) if fall.signed else _unsigned(fall.nachricht)
    begin = time.perf_counter()
    reply = post(url, body)
    milliseconds = 1000 * (time.perf_counter() - begin)
    answer = client.reply(reply.body, datetime.now(UTC))
    if isinstance(answer, SoapFault):
        return Ausgang(f"fault {answer.code}", milliseconds, reply.body)
    sending.check_schema(here, answer)
    return Ausgang(sending.outcome(answer), milliseconds, answer)


def _ask_osci(here: Instance, fall: Fall, url: str, nachbar: AnderesLand) -> Ausgang:
    """The same through the intermediary; who asks verifies the signatures."""
    begin = time.perf_counter()
    answer = nachbar.ask(here, here.path / "anfragen" / f"{fall.name}.xml", _osci(url))
    milliseconds = 1000 * (time.perf_counter() - begin)
    sending.check_schema(here, answer)
    return Ausgang(sending.outcome(answer), milliseconds, answer)


def _osci(url: str) -> str:
    """The gateway's endpoint for OSCI, beside the one for SOAP."""
    return url.removesuffix("/xmeld") + "/osci"


def _unsigned(nachricht: bytes) -> bytes:
    return b'<e:Envelope xmlns:e="%b"><e:Body>%b</e:Body></e:Envelope>' % (
        SOAP.encode(),
        message("xmeldAnfrage", nachricht),
    )


def _table(faelle: list[Fall], ausgaenge: list[Ausgang]) -> Table:
    table = Table("asked", "as", "must be", "was")
    table.add_column("ms", justify="right")
    for fall, ausgang in zip(faelle, ausgaenge, strict=True):
        style = "" if ausgang.kurz == fall.erwartet else "red"
        table.add_row(fall.was, fall.wer, fall.erwartet, ausgang.kurz, f"{ausgang.millisekunden:.1f}", style=style)
    return table


def _pretty(xml: bytes) -> str:
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True))
    return str(etree.tostring(root, pretty_print=True, encoding="unicode"))


def _check(faelle: list[Fall], ausgaenge: list[Ausgang]) -> None:
    for fall, ausgang in zip(faelle, ausgaenge, strict=True):
        if fall.erwartet != ausgang.kurz:
            raise DemoError(f"{fall.name}: must be {fall.erwartet}, was {ausgang.kurz}")


def _show_what_follows(here: Instance, out: Console) -> None:
    """What the worker does half a minute later, done now: requests that hid somebody are followed up."""
    lauf = build_lauf(here, build_gateway(here))
    bilanz = lauf.runde()
    sendungen = protokoll.Einsicht(here.protokoll(readonly=True)).post(100)
    out.print(f"\nAfterwards, {bilanz.angesehen} answered requests are looked at; without an address these wait:\n")
    table = Table("message", "what", "to")
    for nachrichtentyp, art, empfaenger in sorted({(one.nachrichtentyp, one.art, one.empfaenger) for one in sendungen}):
        table.add_row(nachrichtentyp, art, empfaenger)
    out.print(table)
    if {"1322", "9920"} - {one.nachrichtentyp for one in sendungen}:
        raise DemoError("a request that hid somebody is not followed by a 1322 and a notice")


def _stay(here: Instance, url: str, nachbar: AnderesLand, out: Console) -> None:
    """Says how to go on from another terminal, and waits for Ctrl-C."""
    out.print(f"\nserving on {url}; from another terminal:\n")
    polizei, command = stellen()[0].kennung, Path(sys.executable).with_name("xmeld-gateway")
    out.print(f"  {command} send {here.path}/anfragen/01-01.xml -i {here.path} --as {polizei}")
    out.print(" ", *nachbar.frage(here, here.path / "anfragen" / "16-osci.xml", _osci(url)), soft_wrap=True)
    out.print(f"  {command} protokoll list -i {here.path}\n\nCtrl-C stops it.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        out.print("\nstopping")


def _verify_protokoll(here: Instance, exchanges: int, out: Console, *, stay: bool) -> None:
    result = protokoll.verify(here.protokoll(readonly=True), here.protokollschluessel)
    if not result.intact or result.entries < exchanges or (result.entries > exchanges and not stay):
        raise DemoError(f"the Protokoll has {result.entries} records of {exchanges} exchanges: {result.findings}")
    out.print(f"Protokoll: intact, {result.entries} records for {exchanges} exchanges")
