"""Builds deliveries as an intermediary would, for the tests: proper ones, and ones that deviate in exactly one thing.

Keys are RSA of 2048 bits, made once. A deviation is made on a proper message after it was signed (`edited`), or is
signed anew by the intermediary itself (`signed_anew`), as somebody would who has a believed key and means ill.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, wraps
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from gateway.envelope import pki
from gateway.envelope.opened import Opened
from gateway.envelope.osci import content, encryption, feedback, message, mime, names, signature
from gateway.envelope.osci.compose import NAMESPACES, Outgoing, RoleCertificate, compose, encoded
from gateway.envelope.osci.message import ControlBlock, Message, SoapFault
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.osci.recipient import OsciEmpfaenger, OsciSchluessel, OsciUmschlag
from gateway.envelope.osci.schema import OsciSchemas
from gateway.envelope.osci.signature import Signed
from gateway.envelope.signer import Identity
from gateway.envelope.zertifikate import TrustStore, fingerprint
from gateway.errors import Fault, FaultCode

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NACHRICHT = '<?xml version="1.0" encoding="UTF-8"?><anfrage>Müller</anfrage>'.encode()
ANTWORT = "<antwort>Größe</antwort>".encode()
CHALLENGE = "c2VjcmV0IDEyMw=="
POLICY = OsciPolicy()
OUR_CA = "Test CA"
XSD = Path(__file__).resolve().parents[3] / "xsd"


@cache
def schemas() -> OsciSchemas:
    return OsciSchemas.load(XSD)


def ca(name: str = OUR_CA) -> Identity:
    """Whom the gateway believes, or another one."""
    return _ca(name)


@cache
def _ca(name: str) -> Identity:
    return pki.make_ca(name, NOW)


@cache
def signing(name: str, issuer: str = OUR_CA) -> Identity:
    """A key pair for signing: of the `gateway`, an `intermediary`, an `authority`, or whoever is named."""
    return _issue(name, _ca(issuer), digital_signature=True)


@cache
def cipher(name: str, issuer: str = OUR_CA) -> Identity:
    """A key pair for being encrypted for."""
    return _issue(name, _ca(issuer), key_encipherment=True)


def _issue(name: str, issuer: Identity, **usage: bool) -> Identity:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    bits = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**(bits | usage)), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )
    return Identity(key, certificate)


@cache
def empfaenger(policy: OsciPolicy = POLICY) -> OsciEmpfaenger:
    """The gateway's side."""
    keys = OsciSchluessel(signing("gateway"), cipher("gateway"))
    return OsciEmpfaenger(keys, TrustStore(ca().certificate_pem), schemas(), policy)


IMPLICIT = ControlBlock(challenge=CHALLENGE)


@dataclass(frozen=True)
class Delivery:
    """What an intermediary delivers. Each part can be another one than is proper."""

    nachricht: bytes = NACHRICHT
    message_type: str = "ProcessDelivery"
    control: ControlBlock = IMPLICIT
    message_id: bytes | None = None
    intermediary: Identity | None = None
    intermediary_cipher: Identity | None = None
    author: Identity | None = None
    originator_cipher: Identity | None = None
    reader: Identity | None = None
    package: str | None = None  # instead of the proper content
    signed: bool = True
    content_encrypted: bool = True
    attachments: tuple[mime.Part, ...] = ()
    without: frozenset[str] = frozenset()  # roles whose certificates are left out
    policy: OsciPolicy = POLICY

    def but(self, **changes: object) -> "Delivery":
        return replace(self, **changes)  # type: ignore[arg-type]

    def plain(self) -> bytes:
        """The MIME message that is not encrypted for the transport."""
        signer = self.intermediary or signing("intermediary")
        author = RoleCertificate("SignatureCertificateOriginator", self.signs().certificate)
        reader = RoleCertificate("CipherCertificateAddressee", self.reads().certificate)
        roles = (
            RoleCertificate(
                "CipherCertificateIntermediary", (self.intermediary_cipher or cipher("intermediary")).certificate
            ),
            RoleCertificate("SignatureCertificateIntermediary", signer.certificate),
            RoleCertificate("CipherCertificateOriginator", (self.originator_cipher or cipher("authority")).certificate),
            reader,
            author,
        )
        package = self.package
        if package is None:
            whom = reader if self.content_encrypted else None
            package = content.seal_content(self.nachricht, self.signs(), author.id, whom, self.policy)
        outgoing = Outgoing(
            message_type=self.message_type,
            control=self.control,
            certificates=tuple(entry for entry in roles if entry.role not in self.without),
            signer_role="SignatureCertificateIntermediary",
            payload=self._payload(),
            package=package,
            attachments=self.attachments,
        )
        return compose(outgoing, signer if self.signed else None, self.policy)

    def sealed(self) -> bytes:
        """The same encrypted for the gateway."""
        return encryption.seal_transport(self.plain(), self.reads().certificate, self.policy)

    def signs(self) -> Identity:
        return self.author or signing("authority")

    def reads(self) -> Identity:
        return self.reader or cipher("gateway")

    def _payload(self) -> str:
        if self.message_type == "AcceptDelivery":
            return process_card()
        return "" if self.message_id is None else encoded("MessageIdResponse", self.message_id)


def process_card() -> str:
    plain = "<osci:Plain>2026-03-02T10:00:00.000Z</osci:Plain>"
    return (
        f"<osci:ProcessCardBundle>{encoded('MessageId', b'm-1')}"
        '<osci:ProcessCard RecentModification="2026-03-02T10:00:00.000Z">'
        f"<osci:Creation>{plain}</osci:Creation><osci:Forwarding>{plain}</osci:Forwarding></osci:ProcessCard>"
        "<osci:InspectionReport></osci:InspectionReport></osci:ProcessCardBundle>"
    )


DELIVERY = Delivery()


def accepted(request: bytes, policy: OsciPolicy = POLICY) -> tuple[OsciUmschlag, Opened]:
    umschlag = empfaenger(policy).umschlag()
    return umschlag, umschlag.open(request, NOW)


@dataclass(frozen=True)
class Refusal:
    """How a request is refused: our code, and what the other side reads."""

    code: FaultCode
    osci: str
    soap: bool
    encrypted: bool
    text: str


def refusal(request: bytes, policy: OsciPolicy = POLICY) -> Refusal:
    """The refusal of `request`, as an intermediary reads it: its form and its signature are those of the standard."""
    umschlag = empfaenger(policy).umschlag()
    with pytest.raises(Fault) as caught:
        umschlag.open(request, NOW)
    fault = caught.value
    reply = read_reply(umschlag.fault(fault.code, fault.detail, NOW))
    if isinstance(reply, SoapFault):
        return Refusal(fault.code, reply.code, True, False, reply.text)
    (row,) = reply.feedback
    assert reply.package is None
    return Refusal(fault.code, row.code, False, reply.encrypted, row.text)


def read_reply(data: bytes, challenge: str | None = CHALLENGE) -> Message | SoapFault:
    """What the intermediary makes of an answer: valid by its schema, signed by the gateway, for this Challenge.

    Without one, for any: a request that was damaged may have another.
    """
    envelope = message.opened(data, cipher("intermediary"), POLICY, schemas())
    if isinstance(envelope, SoapFault):
        root = etree.fromstring(mime.read(data).envelope)
        assert schemas().violation(names.FAULT, root) is None
        return envelope
    reply = message.read(envelope, ("ResponseToProcessDelivery", "ResponseToAcceptDelivery"), schemas())
    role = "Originator" if reply.message_type == "ResponseToProcessDelivery" else "Addressee"
    signer = message.check_signature(reply, f"SignatureCertificate{role}", POLICY)
    assert fingerprint(message.loaded(signer)) == fingerprint(signing("gateway").certificate)
    assert reply.control == ControlBlock(response=challenge or reply.control.response)
    return reply


def codes(refused: Refusal) -> tuple[FaultCode, str]:
    return refused.code, refused.osci


def refused(code: FaultCode) -> Callable[[Callable[[], bytes]], Callable[[], None]]:
    """Makes a test of a function that builds a request: it is refused with `code`, and with the code of OSCI for it."""

    def decorate(build: Callable[[], bytes]) -> Callable[[], None]:
        @wraps(build)
        def test() -> None:
            found = refusal(build())
            assert found.code is code, found.text
            assert found.osci == code.value.osci
            assert found.soap == feedback.is_soap_fault(found.osci)
            assert code.name in found.text

        del test.__wrapped__
        test.__annotations__ = {}
        return test

    return decorate


def envelope_of(plain: bytes) -> bytes:
    return mime.read(plain).envelope


def edited(change: Callable[[etree._Element], object], plain: bytes | None = None) -> bytes:
    """A proper delivery whose envelope was changed after it was signed."""
    parts = mime.read(plain or DELIVERY.plain())
    root = etree.fromstring(parts.envelope)
    change(root)
    return mime.write(etree.tostring(root), parts.attachments)


def signed_anew(
    plain: bytes,
    choose: Callable[[list[Signed]], Sequence[Signed]] = list,
    identity: Identity | None = None,
    policy: OsciPolicy = POLICY,
) -> bytes:
    """The delivery signed by the intermediary again, over those of its parts that `choose` makes of them."""
    parts = mime.read(plain)
    root = etree.fromstring(parts.envelope)
    block = root[0].find(names.tag(names.OSCI, "ClientSignature"))
    assert block is not None
    everything = [
        Signed(f"#{element.get('Id')}", names.C14N, element) for element in (*root[0], root[1]) if element is not block
    ]
    everything += [Signed(f"cid:{part.content_id}", "", part.data) for part in parts.attachments]
    signer = identity or signing("intermediary")
    uri = signature.signer_uri(block[0])
    made = signature.create(list(choose(everything)), signer, uri[1:], NAMESPACES, policy)
    text = re.sub(
        rb"<ds:Signature>.*?</ds:Signature>", lambda _: made.encode(), parts.envelope, count=1, flags=re.DOTALL
    )
    return mime.write(text, parts.attachments)
