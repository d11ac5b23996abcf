"""A gateway with its worker's round in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.bootstrap import Instance, build_lauf
from gateway.config import Zustellung
from gateway.envelope.client import SoapFault
from gateway.nacharbeit.lauf import Bilanz, Lauf
from gateway.ports import Sendung
from gateway.protokoll import Einsicht, Postzeile, SqlNachlauf
from gateway.protokoll.tabellen import NACHARBEIT, POSTAUSGANG
from gateway.vorgang import Gateway
from tests.betrieb import AMT, GEMEINDE, Betrieb, betrieb
from tests.gateways import set_key
from tests.spiegel.personen import datensatz, sperre, wohnung

LKA = "dbs:090030990000"  # had blocks set
MELDEBEHOERDE = f"ags:{GEMEINDE}"

PERSONEN: list[dict[str, Any]] = [
    datensatz("1", GEMEINDE),
    datensatz("S3", GEMEINDE, familienname="Selbst", **sperre("3")),
    datensatz("S11", GEMEINDE, familienname="Gefährdet", **sperre("11", veranlasst_durch=LKA)),
    datensatz("S11a", GEMEINDE, familienname="Namenlos", **sperre("11")),
    datensatz(
        "S11b",
        GEMEINDE,
        familienname="Allein",
        wohnungen=[wohnung(GEMEINDE, strasse="Frauenhausgasse")],
        **sperre("11", veranlasst_durch=LKA),
    ),
    datensatz("P1", GEMEINDE, familienname="Paar", wohnungen=[wohnung(GEMEINDE, strasse="Doppelweg")]),
    datensatz(
        "P2",
        GEMEINDE,
        familienname="Paar",
        wohnungen=[wohnung(GEMEINDE, strasse="Doppelweg")],
        **sperre("11", veranlasst_durch=LKA),
    ),
]


@dataclass
class Haus(Betrieb):
    """`betrieb` with what follows its answers. The round has no address to deliver to until it is `connect`ed."""

    lauf: Lauf

    @property
    def nachlauf(self) -> SqlNachlauf:
        assert isinstance(self.lauf.nachlauf, SqlNachlauf)
        return self.lauf.nachlauf

    def runde(self) -> Bilanz:
        return self.lauf.runde()

    def wartend(self) -> list[Sendung]:
        """The messages in the outbox, with their content."""
        return list(self.nachlauf.sendungen(datetime.now(UTC) + timedelta(days=99), 1000))

    def folgt(self, nachricht: bytes, wer: str = AMT) -> list[Sendung]:
        """Asks, has the round look at it, and takes what came of it out of the outbox."""
        assert not isinstance(self.send(nachricht, wer), SoapFault)
        self.runde()
        assert self.offen()[0] == 0
        sendungen = self.wartend()
        for sendung in sendungen:
            self.nachlauf.zugestellt(sendung, datetime.now(UTC))
        return sendungen

    def offen(self) -> tuple[int, int, int]:
        return Einsicht(self.here.protokoll(readonly=True)).offen()

    def post(self, limit: int) -> list[Postzeile]:
        return Einsicht(self.here.protokoll(readonly=True)).post(limit)

    def leer(self) -> None:
        """Nothing waits, and there is no address."""
        with self.here.protokoll().begin() as connection:
            for table in (NACHARBEIT, POSTAUSGANG):
                connection.execute(table.delete())
        self.here.config = self.here.config.model_copy(update={"zustellung": Zustellung()})
        self.lauf = lauf_of(self.here, self.gateway)

    def connect(self, url: str, ca_pem: bytes) -> None:
        """Has everything delivered there, whose receipts count by this CA."""
        (self.here.path / "pki/empfaenger.pem").write_bytes(ca_pem)
        zustellung = Zustellung(adresse=url, ca="pki/empfaenger.pem")
        self.here.config = self.here.config.model_copy(update={"zustellung": zustellung})
        self.lauf = lauf_of(self.here, self.gateway)

    @property
    def ca(self) -> bytes:
        """Who issued the certificate that the gateway signs with."""
        return (self.here.path / "pki/ca.pem").read_bytes()


def configure(instance: Path, url: str, ca_pem: bytes) -> None:
    (instance / "pki/empfaenger.pem").write_bytes(ca_pem)
    set_key(instance, 'adresse = ""', f'adresse = "{url}"')
    set_key(instance, '\nca = ""', '\nca = "pki/empfaenger.pem"')


def lauf_of(here: Instance, gateway: Gateway) -> Lauf:
    """Without the wait between looking at a request and delivering what came of it."""
    return replace(build_lauf(here, gateway), streuung=timedelta(0))


@contextmanager
def haus(folder: Path, *, database: str = "", datenbestaetigung: bool = False) -> Iterator[Haus]:
    """With PERSONEN in its mirror."""
    house = betrieb(folder / "instance", database=database, datenbestaetigung=datenbestaetigung)
    house.lade(PERSONEN)
    one = Haus(house.here, house.gateway, house.umschlag, lauf_of(house.here, house.gateway))
    try:
        yield one
    finally:
        one.close()
