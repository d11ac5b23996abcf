"""Seeded mutations of valid requests over HTTP to a real gateway: each gets a signed reply of the standard's kind.

Half of them damage the envelope after it was signed, half the message before. Run it for longer, and with another seed,
by `make campaign`; a slice of it is in `make test`. It sends to loopback only and ends by itself.
"""

import argparse
import http.client
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree

from gateway import instance, protokoll
from gateway.bootstrap import Instance
from gateway.envelope.client import SoapFault
from gateway.envelope.pki import KeyType
from gateway.meldewesen.anfrage import Auswahldaten
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.sending import client_of
from gateway.spiegel.laden import lade
from gateway.spiegel.musterpersonen import DEMO
from gateway.spiegel.musterspiegel import mustereintraege, mustergemeinden
from gateway.xmeld.anfragen import Frage, Fragenschreiber, Fragesteller
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.packs import Packs
from tests.betrieb import outcome
from tests.gateways import Running, free_port, serving
from tests.hostile.mutator import mutations

LAND, AMT = "03", "dbs:030010990000"
TIMEOUT = 10.0  # seconds for one reply: a hang is a failure

UUID = b"0c5a3f0e-8d6b-4b5c-9f3e-6a1f0c2d7e11"

#: What a mutation may never cause: these faults say that the gateway itself was at fault.
OURS = {"fault INTERNAL", "fault NOT_RECORDED", "fault AMBIGUOUS_XMELD", "R 16"}


@dataclass
class Bericht:
    """How the mutations ended."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    first_kib: int = 0
    last_kib: int = 0

    @property
    def sent(self) -> int:
        return self.outcomes.total()


@contextmanager
def target(folder: Path) -> Iterator[Running]:
    """A gateway with a sample mirror."""
    port = free_port()
    with instance.create(folder / "instance", land=LAND, gemeinden=(), database="", port=port, kind=KeyType.EC) as here:
        lade(here.register(), mustereintraege(mustergemeinden(LAND), 200, seed=1))
    with serving(folder / "instance", port) as running:
        yield running


def run(running: Running, count: int, seed: int) -> Bericht:
    """Sends `count` mutations and checks every reply."""
    bericht = Bericht()
    with Instance.read(running.instance) as here:
        client = client_of(here, AMT)
        link = Link(running.url)
        for number, (name, request) in enumerate(_requests(here, count, seed)):
            try:
                body = link.post(request)
                answer = client.reply(body, datetime.now(UTC))
                word = outcome(answer if isinstance(answer, SoapFault) else etree.fromstring(answer))
            except Exception as error:  # whatever it is, it is what the campaign looks for
                word = f"{type(error).__name__}: {error}"
                bericht.failures.append(f"{name}: {word}")
            if word in OURS:
                bericht.failures.append(f"{name}: {word}")
            bericht.outcomes[word] += 1
            if number == count // 10:
                bericht.first_kib = resident_kib(running)
        bericht.last_kib = resident_kib(running)
        link.close()
        result = protokoll.verify(here.protokoll(readonly=True), here.protokollschluessel)
        if not result.intact or result.entries != bericht.sent:
            bericht.failures.append(f"{bericht.sent} exchanges, {result.entries} records, {result.findings}")
    return bericht


def resident_kib(running: Running) -> int:
    """Resident memory of the gateway's processes, in KiB."""
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    total = 0
    for pid in (str(running.process.pid), *children):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        total += next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
    return total


class Link:
    """One kept connection; made anew when the gateway closed it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
        self._path = parts.path

    def post(self, body: bytes) -> bytes:
        self._connection.request("POST", self._path, body, {"Content-Type": "text/xml; charset=utf-8"})
        return self._connection.getresponse().read()

    def close(self) -> None:
        self._connection.close()


def _requests(here: Instance, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    client = client_of(here, AMT)
    envelope = client.request(_nachricht(here), datetime.now(UTC))
    yield from ((f"envelope {m.name}", m.data) for m in mutations(envelope, seed, count // 2))
    nachricht = _nachricht(here)
    for mutation in mutations(nachricht, seed, count - count // 2):
        fresh = str(uuid.uuid4()).encode()  # a UUID stands for one content only
        yield f"message {mutation.name}", client.request(mutation.data.replace(UUID, fresh), datetime.now(UTC))


def _nachricht(here: Instance) -> bytes:
    pack = Packs.load(here.packs_folder).newest
    schreiber = Fragenschreiber(pack, Mapping.load(here.mapping_file(pack.name)))
    ags, eine = Gemeindeschluessel(mustergemeinden(LAND)[0].ags), DEMO[0]
    auswahl = Auswahldaten(ags, familienname=eine.familienname, vornamen=eine.vornamen, geschlecht="w")
    frage = Frage(f"ags:{ags}", tuple(str(code) for code in range(1, 163)), auswahl)
    return schreiber.personensuche(Fragesteller(AMT, "Ordnungsamt"), frage, datetime.now(UTC), UUID.decode())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, target(Path(folder)) as running:
        bericht = run(running, arguments.mutations, arguments.seed)
    for word, count in bericht.outcomes.most_common():
        print(f"{count:7} {word}")
    print(f"{bericht.sent} mutations, memory {bericht.first_kib} KiB after a tenth, {bericht.last_kib} KiB at the end")
    for failure in bericht.failures[:20]:
        print("FAILED", failure, file=sys.stderr)
    return 1 if bericht.failures else 0


if __name__ == "__main__":
    sys.exit(main())
