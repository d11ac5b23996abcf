"""Gateways that are reached, and reach others, over the stub's intermediary: real processes, keys of the stub's CA."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from lxml import etree

from gateway.envelope.zertifikate import fingerprint
from gateway.meldewesen.behoerde import Behoerde
from gateway.protokoll import verify
from gateway.sending import client_of
from gateway.zustellung.http import post
from osci_stub.land import Keys
from osci_stub.osci.parties import Party, pem_bundle
from tests.betrieb import Betrieb, betrieb, outcome
from tests.gateways import Running, free_port, serving, set_key


@dataclass(frozen=True)
class OsciSite:
    """A gateway's processes, and the same instance in this process to write requests and read the Protokoll."""

    house: Betrieb
    running: Running
    party: Party

    @property
    def url(self) -> str:
        """Its endpoint for OSCI."""
        return self.running.url.replace("/xmeld", "/osci")

    def ask(self, nachricht: bytes, wer: str) -> etree._Element:
        """A request over SOAP, signed by `wer`; the answer, its signature checked."""
        client = client_of(self.house.here, wer)
        reply = post(self.running.url, client.request(nachricht, datetime.now(UTC)))
        answer = client.reply(reply.body, datetime.now(UTC))
        assert isinstance(answer, bytes), answer
        return etree.fromstring(answer)

    def outcome(self, nachricht: bytes, wer: str) -> str:
        return outcome(self.ask(nachricht, wer))

    def verified(self) -> int:
        """How many records there are; none changed, missing or inserted."""
        result = verify(self.house.here.protokoll(readonly=True), self.house.here.protokollschluessel)
        assert result.intact, result.findings
        return result.entries


def prepared(path: Path, keys: Keys, party: Party, land: str, port: int) -> Betrieb:
    """A new instance of `land` that is `party` to OSCI and believes whom the stub believes."""
    house = betrieb(path, land=land)
    party.export(path / "pki", private=True)
    (path / "pki" / "osci-ca.pem").write_bytes(pem_bundle(keys.anchors))
    keys.intermediary.export(path / "pki")
    lines = {
        "port = 8080": f"port = {port}",
        "intermediaere = []": f'intermediaere = ["pki/{keys.intermediary.name}-signatur.pem"]',
        "aktiv = false": "aktiv = true",
        '"pki/osci-signatur.pem"': f'"pki/{party.name}-signatur.pem"',
        '"pki/osci-signatur.key"': f'"pki/{party.name}-signatur.key.pem"',
        '"pki/osci-chiffrierung.pem"': f'"pki/{party.name}-chiffrierung.pem"',
        '"pki/osci-chiffrierung.key"': f'"pki/{party.name}-chiffrierung.key.pem"',
        'ca = ["pki/ca.pem"]       # whose certificates are believed, of': 'ca = ["pki/osci-ca.pem"]   #',
        'crl = "pki/ca.crl"        #': 'crl = ""   #',
    }
    change(path, lines)
    return house


def change(path: Path, lines: Mapping[str, str]) -> None:
    for line, by in lines.items():
        set_key(path, line, by)


def may_ask(house: Betrieb, behoerde: Behoerde, certificates: Sequence[x509.Certificate]) -> None:
    """Registers an authority with these certificates."""
    behoerden = house.here.authorities()
    behoerden.add(behoerde)
    for certificate in certificates:
        behoerden.add_certificate(behoerde.kennung, fingerprint(certificate))


def certificates_of(party: Party) -> tuple[x509.Certificate, x509.Certificate]:
    return party.signature.certificate, party.cipher.certificate


def relaying(path: Path, peers: str, einfach: str, sicherheit: str, signatur: tuple[str, str] = ("", "")) -> None:
    """Lets the instance ask other Laender. `signatur`: certificate and key in the role of `sicherheit`."""
    (path / "laender.toml").write_text(peers, encoding="utf-8")
    change(path, {'gegenstellen = ""': 'gegenstellen = "laender.toml"'})
    text = (path / "gateway.toml").read_text(encoding="utf-8")
    for role, kennung, (certificate, key) in (("einfach", einfach, ("", "")), ("sicherheit", sicherheit, signatur)):
        head, table, rest = text.partition(f"[vermittlung.{role}]")
        rest = rest.replace('kennung = ""', f'kennung = "{kennung}"', 1)
        rest = rest.replace('signatur = ""', f'signatur = "{certificate}"', 1)
        rest = rest.replace('signatur_key = ""', f'signatur_key = "{key}"', 1)
        text = head + table + rest
    (path / "gateway.toml").write_text(text, encoding="utf-8")


def peer(folder: Path, land: str, address: str, keys: Keys, party: Party, intermediary: str, **more: Any) -> str:
    """A table of the peers file for `party`, with the certificates that it names."""
    for one, name in ((party, f"land{land}"), (keys.intermediary, "intermediaer")):
        for kind, key in (("signatur", one.signature), ("chiffrierung", one.cipher)):
            (folder / f"{name}-{kind}.pem").write_bytes(key.certificate_pem)
    lines = {
        "adressat": f'"{address}"',
        "adressat_cipher": f'"land{land}-chiffrierung.pem"',
        "intermediaer": f'"{intermediary}"',
        "intermediaer_cipher": '"intermediaer-chiffrierung.pem"',
        "intermediaer_signatur": '"intermediaer-signatur.pem"',
        "autoren": f'["land{land}-signatur.pem"]',
        "versionen": '["25.11a"]',
        **more,
    }
    return f"[{land}]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


@contextmanager
def served(house: Betrieb, party: Party, port: int) -> Iterator[OsciSite]:
    with serving(house.here.path, port) as running:
        yield OsciSite(house, running, party)


__all__ = ["free_port"]
