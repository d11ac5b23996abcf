"""What is measured with: instances with a sample mirror, and signed requests that each find one person."""

import uuid
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path

from lxml import etree

from gateway import instance, sending
from gateway.bootstrap import Instance
from gateway.envelope.client import SoapClient
from gateway.envelope.pki import KeyType
from gateway.meldewesen.anfrage import Auswahldaten
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.spiegel.laden import Eintrag, lade
from gateway.spiegel.musterspiegel import mustereintraege, mustergemeinden
from gateway.xmeld.anfragen import Frage, Fragenschreiber, Fragesteller
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.packs import Packs
from tests.gateways import free_port

LAND = "03"
ASKING = "dbs:030010990000"  # the sample's simple authority
MIRROR = 10_000  # persons
ASKED = 40  # different persons that are asked for in turn

KEYS = {"RSA-3072": KeyType.RSA, "P-256": KeyType.EC}

#: Most senders declare every namespace of the standard's schemas, used or not.
_XINNERES = {
    "xima": "meldeanschrift/5",
    "xig": "geschlecht/1",
    "xian": "allgemeinername/4",
    "xida": "datum/2",
    "xiaa": "auslandsanschrift/5",
    "xibehoerde": "behoerde/7",
    "xicgvz": "codes/gemeindeverzeichnis/3",
}
_DECLARED = "".join(
    f' xmlns:{prefix}="http://www.osci.de/xinneres/{part}"' for prefix, part in _XINNERES.items()
).encode()

_UUID = b"00000000-0000-4000-8000-000000000000"  # stands in the templates where each request has its own


@dataclass(frozen=True)
class Request:
    """A signed request, and which of the workload's persons it asks for."""

    envelope: bytes
    person: int


class Workload:
    """An instance and requests to it. A context manager: leaving it closes the instance's databases."""

    def __init__(self, folder: Path, key: str, database: str = "", *, persons: int = MIRROR) -> None:
        """`key` is one of KEYS: the kind of the gateway's and of the authority's keys. `database`: URL, or SQLite.

        Made in a process of its own: what loading leaves of this one's memory would slow down what is measured.
        """
        self.key = key
        with ProcessPoolExecutor(1, get_context("spawn")) as aside:
            self._asked = aside.submit(_prepare, folder, key, database, persons).result()
        self.instance = Instance.read(folder)
        self._turn = 0

    def __enter__(self) -> "Workload":
        return self

    def __exit__(self, *_: object) -> None:
        self.instance.close()

    @cached_property
    def client(self) -> SoapClient:
        """Signs as the authority that asks."""
        return sending.client_of(self.instance, ASKING)

    @cached_property
    def templates(self) -> Sequence[bytes]:
        """A message for each person, indented as most senders do it."""
        pack = Packs.load(self.instance.packs_folder).newest
        mapping = Mapping.load(self.instance.mapping_file(pack.name))
        art = mapping.abrufe["1330"]
        codes = sorted({zeile.code for zeile in art.zeilen if not zeile.gruppe} & art.codes, key=int)
        schreiber = Fragenschreiber(pack, mapping)
        return [_template(schreiber, person, tuple(codes)) for person in self._asked]

    def sign(self, number: int) -> list[Request]:
        """So many requests, each with a UUID of its own."""
        now = datetime.now(UTC)
        return [self._sign(now) for _ in range(number)]

    def _sign(self, now: datetime) -> Request:
        person, self._turn = self._turn % ASKED, self._turn + 1
        message = self.templates[person].replace(_UUID, str(uuid.uuid4()).encode())
        return Request(self.client.request(message, now), person)


def _prepare(folder: Path, key: str, database: str, persons: int) -> list[dict[str, str]]:
    """Makes the instance with its mirror; the persons to ask for."""
    with instance.create(folder, land=LAND, gemeinden=(), database=database, port=free_port(), kind=KEYS[key]) as here:
        sample: list[Eintrag] = list(mustereintraege(mustergemeinden(LAND), persons, seed=1))
        lade(here.register(), sample)
        return _ordinary_persons(sample, ASKED)


def _ordinary_persons(sample: Sequence[Eintrag], number: int) -> list[dict[str, str]]:
    """Persons of the biggest town whom a query for name and birth date finds, and nobody else."""
    found: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for entry in sample:
        if isinstance(entry, dict) and "ordnungsmerkmal" in entry and _is_ordinary(entry):
            found.setdefault((entry["familienname"], entry["geburtsdatum"]), []).append(entry)
    persons = [group[0] for group in found.values() if len(group) == 1]
    return persons[:: max(1, len(persons) // number)][:number]


def _is_ordinary(record: dict[str, object]) -> bool:
    return (
        record["ags"] == mustergemeinden(LAND)[0].ags
        and "auskunftssperren" not in record
        and "-00" not in str(record["geburtsdatum"])
        and "+" not in (record["familienname"], record["vornamen"])
    )


def _template(schreiber: Fragenschreiber, person: dict[str, str], codes: tuple[str, ...]) -> bytes:
    wer = Fragesteller(
        ASKING,
        "Ordnungsamt der Stadt Musterstadt, Fachbereich Öffentliche Ordnung",
        aktenzeichen="32.1-OWI/2026/004711-A",
        anlass="Anschriftenermittlung in einem Verfahren wegen einer Ordnungswidrigkeit",
        benutzer="sachbearbeitung-0815",
        email="ordnungsamt@musterstadt.example.org",
        strasse="Am Alten Rathausplatz",
    )
    frage = Frage(
        f"ags:{person['ags']}",
        codes,
        Auswahldaten(
            Gemeindeschluessel(person["ags"]),
            familienname=person["familienname"],
            vornamen=person["vornamen"].split()[0],
            geburtsdatum=Teildatum(person["geburtsdatum"]),
        ),
    )
    root = etree.fromstring(schreiber.personensuche(wer, frage, datetime.now(UTC), _UUID.decode()))
    etree.indent(root, "    ")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True).replace(b" xmlns:", _DECLARED + b" xmlns:", 1)
