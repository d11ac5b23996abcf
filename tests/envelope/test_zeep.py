"""An unmodified zeep client, set up by our WSDL, is understood and understands."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
import xmlsec
import zeep
import zeep.exceptions
from lxml import etree
from zeep.wsse.signature import BinarySignature

from gateway.envelope import names, pki
from gateway.envelope.pki import KeyType
from gateway.envelope.soap import wsdl
from gateway.errors import Fault, FaultCode
from tests.envelope.workshop import NOW, authority, gateway, instant, umschlag

ADDRESS = "http://127.0.0.1:8443/xmeld?a=1&b=<2>"
METHODS = {KeyType.RSA: xmlsec.Transform.RSA_SHA256, KeyType.EC: xmlsec.Transform.ECDSA_SHA256}
ANSWER = "<antwort>Müller</antwort>".encode()


class Wire(zeep.Transport):
    """In place of HTTP: the gateway's envelope with an exchange that answers everything with ANSWER."""

    def __init__(self, kind: KeyType) -> None:
        super().__init__()
        self.receiver = umschlag(kind)
        self.received: list[bytes] = []
        self.tamper: Callable[[bytes], bytes] = lambda data: data

    def load(self, url: str) -> bytes:
        return wsdl(ADDRESS)

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> requests.Response:
        assert address == ADDRESS
        response = requests.Response()
        response.headers["Content-Type"] = "text/xml; charset=utf-8"
        try:
            self.received.append(self.receiver.open(message, NOW).nachricht)
            response.status_code, reply = 200, self.receiver.close(ANSWER, NOW)
        except Fault as fault:
            response.status_code, reply = 500, self.receiver.fault(fault.code, fault.detail, NOW)
        response._content = self.tamper(reply)
        return response


def files(folder: Path, kind: KeyType) -> dict[str, tuple[str, str]]:
    """Key and certificate files of both sides."""
    made = {}
    for name, identity in (("gateway", gateway(kind)), ("authority", authority(kind))):
        key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
        pki.save(identity, key, certificate)
        made[name] = (str(key), str(certificate))
    return made


def security(folder: Path, kind: KeyType) -> SimpleNamespace:
    """zeep's own signing with our key, zeep's own verifying with the gateway's certificate."""
    paths = files(folder, kind)
    ours = BinarySignature(*paths["authority"], None, METHODS[kind], xmlsec.Transform.SHA256)
    return SimpleNamespace(apply=ours.apply, verify=BinarySignature(*paths["gateway"]).verify)


@pytest.fixture(params=KeyType, ids=lambda kind: kind.value)
def wire(request: pytest.FixtureRequest) -> Wire:
    return Wire(request.param)


@pytest.fixture
def client(wire: Wire, request: pytest.FixtureRequest, tmp_path: Path) -> zeep.Client:
    kind = request.node.callspec.params["wire"]
    return zeep.Client("memory:wsdl", transport=wire, wsse=security(tmp_path, kind))


def test_zeeps_signed_request_is_opened_and_our_reply_verified(client: zeep.Client, wire: Wire) -> None:
    assert client.service.xmeldAnfrage(nachricht=b"<anfrage/>" * 3000) == ANSWER
    assert wire.received == [b"<anfrage/>" * 3000]


def test_zeep_refuses_our_reply_when_it_was_changed(client: zeep.Client, wire: Wire) -> None:
    wire.tamper = lambda reply: reply.replace(b"<nachricht>", b"<nachricht>AAAA")
    with pytest.raises(zeep.exceptions.SignatureVerificationFailed):
        client.service.xmeldAnfrage(nachricht=b"<anfrage/>")


def test_zeep_reads_code_and_hint_of_a_signed_fault(client: zeep.Client, wire: Wire) -> None:
    wire.receiver.open = lambda request, now: (_ for _ in ()).throw(Fault(FaultCode.UUID_REUSED, "a < b"))  # type: ignore[method-assign]
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client.service.xmeldAnfrage(nachricht=b"<anfrage/>")
    fault = caught.value
    assert fault.code.endswith(":Client")
    assert fault.message == FaultCode.UUID_REUSED.value.text
    parsed = client.get_element(f"{{{names.GATEWAY}}}fehler").parse(fault.detail[0], client.wsdl.types)
    assert (parsed.code, parsed.hinweis) == ("UUID_REUSED", "a < b")


def test_zeep_with_a_timestamp_and_sha512_is_opened(wire: Wire, tmp_path: Path) -> None:
    kind = KeyType.EC
    paths = files(tmp_path, kind)
    ours = BinarySignature(*paths["authority"], None, xmlsec.Transform.ECDSA_SHA512, xmlsec.Transform.SHA512)

    def apply(envelope: etree._Element, headers: object) -> object:
        stamp = etree.SubElement(zeep.wsse.utils.get_security_header(envelope), f"{{{names.WSU}}}Timestamp")
        etree.SubElement(stamp, f"{{{names.WSU}}}Created").text = instant(NOW)
        return ours.apply(envelope, headers)

    both = SimpleNamespace(apply=apply, verify=lambda envelope: envelope)
    client = zeep.Client("memory:wsdl", transport=wire, wsse=both)
    assert client.service.xmeldAnfrage(nachricht=b"<anfrage/>") == ANSWER


def test_zeep_with_its_default_sha1_is_told_what_is_wrong(wire: Wire, tmp_path: Path) -> None:
    paths = files(tmp_path, KeyType.RSA)
    both = SimpleNamespace(apply=BinarySignature(*paths["authority"]).apply, verify=lambda envelope: envelope)
    client = zeep.Client("memory:wsdl", transport=wire, wsse=both)
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client.service.xmeldAnfrage(nachricht=b"<anfrage/>")
    assert caught.value.code == "wsse:UnsupportedAlgorithm"


def test_zeep_without_signature_is_told_so(wire: Wire) -> None:
    client = zeep.Client("memory:wsdl", transport=wire)
    with pytest.raises(zeep.exceptions.Fault, match=r"no WS-Security signature"):
        client.service.xmeldAnfrage(nachricht=b"<anfrage/>")


def test_the_wsdl_names_the_address_and_one_operation(wire: Wire) -> None:
    client = zeep.Client("memory:wsdl", transport=wire)
    (service,) = client.wsdl.services.values()
    (port,) = service.ports.values()
    assert port.binding_options["address"] == ADDRESS
    assert list(port.binding._operations) == ["xmeldAnfrage"]
