"""A gateway in this process, with real keys, stores and envelopes: what tests ask and how they read the answer."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from lxml import etree

from gateway import instance
from gateway.bootstrap import Instance, build_gateway, build_umschlag
from gateway.envelope.client import SoapFault
from gateway.envelope.pki import KeyType
from gateway.envelope.signer import load_identity
from gateway.envelope.soap import SoapUmschlag
from gateway.exchange import Reply, exchange
from gateway.meldewesen.anfrage import Auswahldaten, FreieAuswahl, FreieWohnung, Suchbereich
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.protokoll import Einsicht, Protokollzeile
from gateway.sending import client_of
from gateway.spiegel.laden import lade
from gateway.vorgang import Gateway
from gateway.xmeld.anfragen import Frage, Fragenschreiber, Fragesteller, FreieFrage

POLIZEI, ZENTRALE, AMT = "dbs:060030020000", "dbs:060030010000", "dbs:090010990000"
GEMEINDE = Gemeindeschluessel("09000009")
STELLER = ("name", "aktenzeichen", "anlass", "benutzer")  # fields of Fragesteller

XML = etree._Element


@dataclass
class Betrieb:
    """The instance of Land 09 and its gateway, which a test may replace in part."""

    here: Instance
    gateway: Gateway
    umschlag: SoapUmschlag

    @cached_property
    def schreiber(self) -> Fragenschreiber:
        fassung = self.gateway.fassungen[self.gateway.packs.newest.name]
        return Fragenschreiber(fassung.pack, fassung.mapping)

    def lade(self, personen: Iterable[dict[str, Any]]) -> None:
        lade(self.here.register(), personen)

    def frage(self, wer: str = AMT, *, sicherheit: bool = False, **felder: Any) -> bytes:
        """A 1330. `felder` are those of Auswahldaten, of Frage, or in STELLER."""
        of_frage = {"leser": f"ags:{GEMEINDE}", "anforderungselemente": ("1", "7")}
        of_frage |= {name: felder.pop(name) for name in Frage.__dataclass_fields__ if name in felder}
        of_wer = {name: felder.pop(name) for name in STELLER if name in felder}
        nachricht_uuid = felder.pop("uuid", str(uuid.uuid4()))
        if not of_frage.keys() & {"identifikationsmerkmal", "auswahldaten"}:
            felder = {"gemeindeschluessel": GEMEINDE, "familienname": "Musterfrau", "vornamen": "Erika"} | felder
            of_frage["auswahldaten"] = Auswahldaten(**felder)
        steller = Fragesteller(**{"kennung": wer, "name": "Prüfstelle", "sicherheitsbehoerde": sicherheit} | of_wer)
        return self.schreiber.personensuche(steller, Frage(**of_frage), datetime.now(UTC), nachricht_uuid)

    def freie_frage(self, wer: str = AMT, *, sicherheit: bool = False, **felder: Any) -> bytes:
        """A 1332. `felder` are those of FreieAuswahl, FreieFrage, FreieWohnung (its `aktualitaet` as
        `anschrift_aktualitaet`), or in STELLER.
        """
        of_frage = {"leser": f"ags:{GEMEINDE}", "anforderungselemente": ("1", "6")}
        of_frage |= {"suchbereich": Suchbereich(GEMEINDE)}
        of_frage |= {name: felder.pop(name) for name in FreieFrage.__dataclass_fields__ if name in felder}
        of_wer = {name: felder.pop(name) for name in STELLER if name in felder}
        if "anschrift_aktualitaet" in felder:
            felder["aktualitaet"] = felder.pop("anschrift_aktualitaet")
        wohnung = {name: felder.pop(name) for name in FreieWohnung.__dataclass_fields__ if name in felder}
        if "auswahldaten" not in of_frage:
            of_frage["auswahldaten"] = FreieAuswahl(**felder, wohnung=FreieWohnung(**wohnung) if wohnung else None)
        steller = Fragesteller(**{"kennung": wer, "name": "Prüfstelle", "sicherheitsbehoerde": sicherheit} | of_wer)
        return self.schreiber.freie_suche(steller, FreieFrage(**of_frage), datetime.now(UTC), str(uuid.uuid4()))

    def exchange(self, request: bytes) -> Reply:
        return exchange(request, self.umschlag, self.gateway)

    def open(self, reply: Reply, wer: str = AMT, at: datetime | None = None) -> XML | SoapFault:
        """What is in a reply, its signature checked."""
        answer = client_of(self.here, wer).reply(reply.body, at or datetime.now(UTC))
        assert reply.is_fault is isinstance(answer, SoapFault)
        return answer if isinstance(answer, SoapFault) else etree.fromstring(answer)

    def send(self, nachricht: bytes, wer: str = AMT) -> XML | SoapFault:
        """Signed by `wer`, through the exchange, the answer's signature checked."""
        return self.open(self.exchange(client_of(self.here, wer).request(nachricht, datetime.now(UTC))), wer)

    def ask(self, wer: str = AMT, **felder: Any) -> str:
        """How a query ends, in a word: see `outcome`."""
        return outcome(self.send(self.frage(wer, **felder), wer))

    def ask_frei(self, wer: str = AMT, **felder: Any) -> str:
        """How a freie Suche ends, in a word: see `outcome`."""
        return outcome(self.send(self.freie_frage(wer, **felder), wer))

    def close(self) -> None:
        self.gateway.protokoll.close()
        self.here.close()

    def entries(self, limit: int = 100) -> list[Protokollzeile]:
        return Einsicht(self.here.protokoll(readonly=True)).entries(limit)

    def inhalt(self, zeile: Protokollzeile) -> dict[str, Any] | None:
        return Einsicht(self.here.protokoll(readonly=True)).read(
            zeile.stelle, self.here.protokollschluessel, zeile.mandant
        )


def betrieb(path: Path, *, database: str = "", land: str = "09", datenbestaetigung: bool = False) -> Betrieb:
    """A new instance with the sample authorities."""
    here = instance.create(
        path,
        land=land,
        gemeinden=(),
        database=database,
        port=8080,
        kind=KeyType.EC,
        datenbestaetigung=datenbestaetigung,
    )
    return Betrieb(here, build_gateway(here), build_umschlag(here))


def register_authority(house: Betrieb, behoerde: Behoerde, *, known: bool = True) -> None:
    """One more authority with a key and certificate from the instance's PKI; not `known`, only those."""
    ca = load_identity((house.here.path / "pki/ca.key").read_bytes(), (house.here.path / "pki/ca.pem").read_bytes())
    digest = instance.issue_certificate(house.here.path, behoerde, ca, datetime.now(UTC), KeyType.EC)
    if known:
        behoerden = house.here.authorities()
        behoerden.add(behoerde)
        behoerden.add_certificate(behoerde.kennung, digest)


def outcome(answer: XML | SoapFault) -> str:
    """`01`, `R 03 07`, `0910 X001` or `fault NOT_SIGNED`."""
    if isinstance(answer, SoapFault):
        return f"fault {answer.code}"
    for path, word in (
        (".//{*}ergebnisstatus/code", ""),
        (".//{*}grundDerRueckweisung/code", "R"),
        (".//{*}begruendung/{*}grund/code", "0910"),
    ):
        if codes := [element.text or "" for element in answer.iterfind(path)]:
            return " ".join(filter(None, (word, *codes)))
    raise AssertionError(etree.tostring(answer))


__all__ = ["AMT", "GEMEINDE", "POLIZEI", "ZENTRALE", "Betrieb", "Rolle", "betrieb", "outcome", "register_authority"]
