"""Promise 5: no personal data outside register and Protokoll. All kinds of traffic, and everything that they wrote.

Two worker processes and the worker for what follows answers, SOAP and OSCI, retrievals at another Land that DVDV
names, deliveries, stores that fail: then logs, traces, metrics, what commands print, and every file are searched for
the persons who were asked for, who were found, and who asked.
"""

import base64
import json
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

if sys.version_info >= (3, 12):
    pytest.skip("osci_stub needs spyne, which runs on Python 3.11 only", allow_module_level=True)
pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")

from gateway.meldewesen.anfrage import Auswahldaten, Bestaetigungsdaten, Suchbereich
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.protokoll import Einsicht
from gateway.xmeld.anfragen import Bestaetigungsfrage, Fragenschreiber, Fragesteller
from osci_stub import StubServer
from osci_stub.anfrager import Addressee
from osci_stub.land import OsciStub
from osci_stub.osci.refused import FeedbackReceived
from osci_stub.register import PERSONEN
from tests.gateways import command
from tests.integration.osci_site import (
    OsciSite,
    certificates_of,
    change,
    free_port,
    may_ask,
    peer,
    prepared,
    relaying,
    served,
)
from tests.integration.osci_stubs import stub_keys
from tests.nacharbeit.haus import configure
from tests.spiegel.personen import datensatz, sperre, wohnung
from tests.vermittlung.dvdv_server import URI, DvdvServer, element, service

pytestmark = pytest.mark.xdist_group("osci-privacy")

AMT3, POLIZEI, JUGENDAMT = "dbs:030010990000", "dbs:060030020000", "dbs:060010990000"
HANNOVER, WIESBADEN = "03241001", "06414000"
THEODORA = PERSONEN[0]
CASE = {"aktenzeichen": "AZ-XY-777", "anlass": "Personenfahndung", "benutzer": "ma-4711-sachbearbeiter"}

#: Of those who were found, hidden, asked for in vain, asked for elsewhere; of the case; of who asked.
SECRETS = (
    *("Quastenfloss", "Zebulona", "1931-02-03", "Verstecktweg", "Wispertal", "Irmentraut", "Geheimrath"),
    *(THEODORA.familienname, THEODORA.vornamen, THEODORA.strasse, THEODORA.geburtsdatum),
    *CASE.values(),
)


class Collector(BaseHTTPRequestHandler):
    """Takes traces by OTLP."""

    taken: list[bytes]

    def do_POST(self) -> None:
        self.taken.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Amt:
    """The gateway of Land 03 with all that it talks to, and everything that it told."""

    site: OsciSite
    stub: OsciStub
    traces: list[bytes]
    told: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.site.house.here.path

    def frage(self, wer: str = AMT3, ags: str = HANNOVER, **felder: object) -> bytes:
        person = {"familienname": "Quastenfloss", "vornamen": "Zebulona", "geschlecht": "w"}
        gemeinde = {"leser": f"ags:{ags}", "gemeindeschluessel": Gemeindeschluessel(ags)}
        return self.site.house.frage(wer, **{**gemeinde, **person, **CASE, **felder})  # type: ignore[arg-type]

    def get(self, path: str, body: bytes | None = None, **headers: str) -> None:
        request = Request(self.site.running.url.removesuffix("/xmeld") + quote(path, safe="/?"), body, headers)
        try:
            with urlopen(request, timeout=20) as reply:
                answer = reply.read()
        except HTTPError as error:
            answer = error.read()
        if body is None:  # else it is an answer to who asked
            self.told.append(answer.decode())


@contextmanager
def traced() -> Iterator[tuple[str, list[bytes]]]:
    """Where traces are taken, and what was."""
    handler = type("Own", (Collector,), {"taken": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", handler.taken
        server.shutdown()


@pytest.fixture(scope="module")
def amt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amt]:
    folder, keys, port = tmp_path_factory.mktemp("amt"), stub_keys(), free_port()
    house = prepared(folder / "03", keys, keys.gateway, "03", port)
    path = house.here.path
    house.lade(
        [
            datensatz("Q", HANNOVER, familienname="Quastenfloss", vornamen="Zebulona", geburtsdatum="1931-02-03",
                      wohnungen=[wohnung(HANNOVER, strasse="Verstecktweg")]),
            datensatz("W", HANNOVER, familienname="Wispertal", vornamen="Irmentraut", **sperre("3")),
        ]
    )  # fmt: skip
    may_ask(house, Behoerde(JUGENDAMT, "Jugendamt Probe", Rolle.EINFACH), certificates_of(keys.register))
    with (
        OsciStub(keys) as stub,
        DvdvServer(keys.gateway.signature.certificate) as dvdv,
        StubServer(trust=(path / "pki/ca.pem").read_bytes()) as receiver,
        traced() as (collector, taken),
    ):
        configure(path, receiver.url, receiver.ca_pem)
        dvdv.dienste = {(f"ags:{WIESBADEN}", URI): _hessen(stub)}
        table = peer(path, "06", stub.register.url, keys, keys.register, stub.intermediary.url)
        without = [line for line in table.splitlines() if not line.startswith(("adressat", "intermediaer"))]
        relaying(path, "\n".join(without) + "\n", "dbs:030010010000", "dbs:030030010000")
        signatur = f"pki/{keys.gateway.name}-signatur"
        change(
            path,
            {
                "pause_seconds = 30": "pause_seconds = 1",
                "workers = 1": "workers = 2",
                "datenbestaetigung = false": "datenbestaetigung = true",
                'log = "text"': 'log = "json"',
                'traces = ""': f'traces = "{collector}"',
                'url = ""  ': f'url = "{dvdv.url}"  ',
                'token_url = ""': f'token_url = "{dvdv.token_url}"',
                'certificate = ""          # PEM, RSA': f'certificate = "{signatur}.pem"   # PEM, RSA',
                'key = ""\nca = ""': f'key = "{signatur}.key.pem"\nca = ""',
            },
        )
        with served(house, keys.gateway, port) as site:
            yield Amt(site, stub, taken)
        house.close()


def _hessen(stub: OsciStub) -> dict[str, object]:
    """As DVDV describes the stub's register."""
    keys = stub.keys

    def written(certificate: x509.Certificate) -> dict[str, object]:
        content = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
        return {"content": content, "serial": "1", "revocationDate": None}

    def one(typ: str, name: str, url: str, party: object) -> dict[str, object]:
        cipher, signature = party.cipher.certificate, party.signature.certificate  # type: ignore[attr-defined]
        return element(
            typ, name, serviceElementUri=url, cipherCertificate=written(cipher), signatureCertificate=written(signature)
        )

    return service(
        one("OSCI_ADDRESSEE", "Empfaenger", stub.register.url, keys.register),
        one("OSCI_INTERMEDIARY", "Intermediaer", stub.intermediary.url, keys.intermediary),
    )


def over_soap(amt: Amt) -> set[str]:
    site = amt.site
    outcomes = {
        site.outcome(amt.frage(), AMT3),
        site.outcome(amt.frage(familienname="Wispertal", vornamen="Irmentraut"), AMT3),
        site.outcome(amt.frage(familienname="Geheimrath"), AMT3),
        site.outcome(amt.frage(strasse="Nirgendsweg", familienname="Geheimrath"), AMT3),
        site.outcome(amt.frage(POLIZEI, sicherheit=True), POLIZEI),
        site.outcome(amt.frage(aktenzeichen=" "), AMT3),
        site.outcome(amt.frage(ags="16051000"), AMT3),
        site.outcome(amt.frage(ags="05315000"), AMT3),
        site.outcome(_frei(amt), AMT3),
        site.outcome(_bestaetigung(amt), AMT3),
        site.outcome(_theodora(amt), AMT3),
    }
    for body in (amt.frage(), b"<Geheimrath/>", b"<a>" + amt.frage()[:-5], b"Geheimrath \xff"):
        amt.get("/xmeld", body, **{"Content-Type": "text/xml"})
        amt.get("/osci", body, **{"Content-Type": "text/xml"})
    amt.get("/Geheimrath?Zebulona", Referer="http://Verstecktweg/", **{"User-Agent": CASE["benutzer"]})
    return outcomes


def _theodora(amt: Amt) -> bytes:
    return amt.frage(ags=WIESBADEN, familienname=THEODORA.familienname, vornamen=THEODORA.vornamen)


def _frei(amt: Amt) -> bytes:
    bereich = Suchbereich(Gemeindeschluessel(HANNOVER))
    return amt.site.house.freie_frage(
        AMT3, leser=f"ags:{HANNOVER}", suchbereich=bereich, familienname="Quastenfl*", geburtsdatum="1931-02-03", **CASE
    )


def _bestaetigung(amt: Amt) -> bytes:
    auswahl = Auswahldaten(Gemeindeschluessel(HANNOVER), familienname="Quastenfloss", vornamen="Zebulona")
    asked = Bestaetigungsfrage(f"ags:{HANNOVER}", auswahl, Bestaetigungsdaten(geburtsdatum="1931-02-03"))
    gateway = amt.site.house.gateway
    fassung = gateway.fassungen["datenbestaetigung-1"]
    steller = Fragesteller(AMT3, "Prüfstelle", False, **CASE)
    schreiber = Fragenschreiber(fassung.pack, fassung.mapping)
    return schreiber.datenbestaetigung(steller, asked, gateway.now(), "00000000-0000-4000-8000-000000000001")


def over_osci(amt: Amt) -> None:
    there = Addressee(amt.site.url, amt.site.party.cipher.certificate)
    keys = amt.stub.keys
    antwort = amt.stub.anfrager(keys.register).frage(amt.frage(JUGENDAMT), there)
    assert b"Quastenfloss" in antwort.nachricht
    with pytest.raises(FeedbackReceived):
        amt.stub.anfrager(keys.behoerde).frage(amt.frage(JUGENDAMT), there)


def while_stores_fail(amt: Amt) -> None:
    """The Protokoll's table is away, then the mirror's."""
    for name, table in (("protokoll", "protokoll"), ("spiegel", "suchdatum")):
        with closing(sqlite3.connect(amt.path / f"daten/{name}.sqlite", timeout=10)) as database:
            database.execute(f"ALTER TABLE {table} RENAME TO weg")
            database.commit()
            for _ in range(3):
                with suppress(AssertionError):  # a fault
                    amt.site.outcome(amt.frage(), AMT3)
            amt.get("/ready")
            database.execute(f"ALTER TABLE weg RENAME TO {table}")
            database.commit()


def by_command(amt: Amt, folder: Path) -> None:
    """Those that read, and those that fail."""
    wrong = folder / "wrong.jsonl"
    record = {"ags": HANNOVER, "familienname": "Geheimrath", "geburtsdatum": "Quastenfloss", "feld": "Zebulona"}
    wrong.write_text(json.dumps(record) + "\n" + json.dumps(record)[:-9] + "\n", encoding="utf-8")
    message = folder / "1330.xml"
    message.write_bytes(amt.frage(familienname="Geheimrath"))
    for words in (
        ("spiegel", "load", wrong),
        ("send", message, "--as", AMT3, "--to", "http://127.0.0.1:9/xmeld"),
        ("protokoll", "list"),
        ("protokoll", "verify"),
        ("nacharbeit", "list"),
        ("behoerde", "list"),
        ("datenbank", "stand"),
    ):
        done = command(*words, "-i", amt.path)
        amt.told += [done.stdout, done.stderr]


def spellings(secret: str) -> set[bytes]:
    """As it is, in any case, as JSON would escape it, and in base64 wherever it begins."""
    plain = secret.encode()
    ways = {plain, secret.casefold().encode(), json.dumps(secret)[1:-1].encode(), quote(secret).encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + plain)
        ways.add(encoded[4 if shift else 0 : len(encoded) - 4])
    return ways


def test_whatever_is_asked_nothing_of_a_person_or_a_case_is_written_but_to_register_and_protokoll(
    amt: Amt, tmp_path: Path
) -> None:
    outcomes = over_soap(amt)
    assert {"01", "03", "R 02", "0910 S030", "R 16"} <= outcomes, outcomes
    over_osci(amt)
    _wait_for_what_follows(amt)  # what meets a store that fails is tried again half a minute later
    while_stores_fail(amt)
    by_command(amt, tmp_path)
    for _ in range(4):  # of both workers
        for path in ("/metrics", "/ready", "/health", "/xmeld?wsdl"):
            amt.get(path)
    deadline = time.monotonic() + 20
    while not amt.traces and time.monotonic() < deadline:
        time.sleep(0.1)
    written = _everything(amt)
    assert {"serve.log", "dvdv.json", "protokoll.sqlite", "behoerden.sqlite"} <= {Path(name).name for name in written}
    found = [
        (secret, name) for name, content in written.items() for secret in SECRETS
        if any(way in content or way in content.lower() for way in spellings(secret))
    ]  # fmt: skip
    assert found == []
    _proves_that_it_would_be_seen(amt, written)


def _wait_for_what_follows(amt: Amt) -> None:
    einsicht = Einsicht(amt.site.house.here.protokoll(readonly=True))
    deadline = time.monotonic() + 30
    while einsicht.offen() != (0, 0, 0):
        assert time.monotonic() < deadline, (einsicht.offen(), amt.site.running.log)
        time.sleep(0.1)
    assert [zeile.nachrichtentyp for zeile in einsicht.post(9)] == ["1322"]


def _everything(amt: Amt) -> dict[str, bytes]:
    """All that was written or told, but for the mirror."""
    files = [file for file in amt.path.rglob("*") if file.is_file() and not file.name.startswith("spiegel.sqlite")]
    files += Path("/dev/shm").glob("xmeld-gateway-metrics-*/*")
    written = dict[str, bytes]()
    for file in files:
        with suppress(FileNotFoundError):  # another gateway's, which has ended meanwhile
            written[str(file)] = file.read_bytes()
    written["traces"] = b"".join(amt.traces)
    written["told"] = "\n".join(amt.told).encode()
    return written


def _proves_that_it_would_be_seen(amt: Amt, written: dict[str, bytes]) -> None:
    """What must be there is: the log has exchanges, traces and metrics have steps, the mirror has its person."""
    assert written["traces"].count(b"record") > 10
    assert b"xmeld_step_seconds_bucket" in written["told"]
    lines = [json.loads(line) for line in amt.site.running.log.splitlines()]
    assert {"auskunft", "rueckweisung", "ruecksendung", "fault"} <= {line.get("ergebnis") for line in lines}
    assert any("not recorded" in line["message"] for line in lines)
    with closing(sqlite3.connect(amt.path / "daten/spiegel.sqlite")) as database:
        (record,) = database.execute("SELECT datensatz FROM person WHERE ordnungsmerkmal = 'Q'").fetchone()
    assert any(way in record.encode() for way in spellings("Quastenfloss"))
