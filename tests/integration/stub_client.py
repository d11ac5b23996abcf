"""The caller's side for tests of the stub: an unmodified zeep client, messages, and what tells of a reply."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
import xmlsec
import zeep
from cryptography import x509
from lxml import etree
from zeep.wsse.compose import Compose
from zeep.wsse.signature import BinarySignature, MemorySignature
from zeep.wsse.utils import WSU, get_security_header, get_timestamp

from osci_stub import Signatory, StubServer, wsse
from osci_stub.muster import suchanfrage

X = {"x": "http://www.osci.de/xmeld2511a"}


class Timestamp:
    """The wsu:Timestamp that WS-Security clients send; zeep signs it when it is there."""

    def __init__(self, age: timedelta = timedelta(0)) -> None:
        self.age = age

    def apply(self, envelope: Any, headers: Any) -> tuple[Any, Any]:
        created = datetime.now(UTC) - self.age
        limits = [get_timestamp(created), get_timestamp(created + timedelta(minutes=5))]
        created_xml, expires_xml = WSU.Created(limits[0]), WSU.Expires(limits[1])
        get_security_header(envelope).append(WSU.Timestamp(created_xml, expires_xml))
        return envelope, headers

    def verify(self, envelope: Any) -> None:
        pass


class Split:
    """Signs with the client's key and verifies with the other side's certificate."""

    def __init__(self, signs: Any, verifies: Any) -> None:
        self.apply = signs.apply
        self.verify = verifies.verify


def client_of(server: StubServer, signatory: Signatory | None = None, **options: Any) -> zeep.Client:
    """A zeep client for a stub: with a signatory of the stub's own unless another is given."""
    signatory = signatory or server.issue_client("client")
    rsa = type(signatory.key).__name__.startswith("RSA")
    method = xmlsec.Transform.RSA_SHA256 if rsa else xmlsec.Transform.ECDSA_SHA256
    methods = {
        "signature_method": options.get("method", method),
        "digest_method": options.get("digest", xmlsec.Transform.SHA256),
    }
    with TemporaryDirectory() as folder:  # zeep reads them at once
        key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
        key.write_bytes(signatory.key_pem)
        certificate.write_bytes(signatory.certificate_pem)
        signs = BinarySignature(str(key), str(certificate), **methods)
    verifies = MemorySignature(b"", server.certificate_pem)
    timestamp = Timestamp(options.get("age", timedelta(0)))
    return zeep.Client(f"{server.url}?wsdl", wsse=Compose([timestamp, Split(signs, verifies)]))


def signed_request(
    client: zeep.Client, nachricht: bytes | None = None, operation: str = "xmeldAnfrage"
) -> etree._Element:
    """The envelope that `client` would send."""
    return client.create_message(client.service, operation, nachricht or suchanfrage())


def post(stub: StubServer, body: bytes, **headers: str) -> requests.Response:
    return requests.post(stub.url, data=body, headers={"Content-Type": "text/xml", **headers}, timeout=20)


def fault_of(stub: StubServer, envelope: etree._Element | bytes) -> str:
    """The faultcode that `envelope` is refused with, by a reply that is signed."""
    body = envelope if isinstance(envelope, bytes) else etree.tostring(envelope)
    reply = post(stub, body)
    assert reply.status_code == 500
    root = etree.fromstring(reply.content)
    MemorySignature(b"", stub.certificate_pem).verify(root)
    code = root.findtext("soap:Body/soap:Fault/faultcode", None, wsse.NS) or root.findtext(".//faultcode")
    assert code
    return code


def opened_by(stub: StubServer, reply: bytes) -> bytes:
    """The signed Body of a reply, by the stub's own strict check."""
    return wsse.open_signed(reply, [x509.load_pem_x509_certificate(stub.ca_pem)], datetime.now(UTC)).body
