"""The certificates of a message's header: who is who, each with an Id that signatures and keys point at."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from osci_stub.osci.names import NONE
from osci_stub.osci.text import base64, block

#: Element: role and usage in its Id, in the schema's order.
INTERMEDIARY = {
    "CipherCertificateIntermediary": "intermed_cipher",
    "SignatureCertificateIntermediary": "intermed_signature",
}
OTHERS = {
    "CipherCertificateOriginator": "originator_cipher",
    "CipherCertificateAddressee": "addressee_cipher",
    "SignatureCertificateOriginator": "originator_signature",
    "SignatureCertificateOtherAuthor": "otherauthor_signature",
    "SignatureCertificateAddressee": "addressee_signature",
}


def certificate_id(element: str, certificate: x509.Certificate) -> str:
    """As the library names it: role, usage and the SHA-256 of the certificate."""
    role = {**INTERMEDIARY, **OTHERS}[element]
    return f"{role}_{hashlib.sha256(der(certificate)).hexdigest()}"


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Named:
    """A certificate in its role, such as CipherCertificateAddressee."""

    element: str
    certificate: x509.Certificate

    @property
    def id(self) -> str:
        return certificate_id(self.element, self.certificate)

    def written(self) -> str:
        data = f"<ds:X509Certificate>{base64(der(self.certificate))}</ds:X509Certificate>"
        return f'<osci:{self.element} Id="{self.id}"><ds:X509Data>{data}</ds:X509Data></osci:{self.element}>'


def written(named: Iterable[Named]) -> tuple[str, str]:
    """The elements of the two header blocks, in the schema's order: the intermediary's, and the others'."""
    by_element = {one.element: one.written() for one in named}
    intermediary = "".join(by_element.get(element, "") for element in INTERMEDIARY)
    return intermediary, "".join(by_element.get(element, "") for element in OTHERS)


def header_block(name: str, content: str) -> str:
    """IntermediaryCertificates or NonIntermediaryCertificates; empty where it would hold nothing."""
    if not content:
        return ""
    attributes = f' Id="{name.lower()}" soap:actor="{NONE}" soap:mustUnderstand="1"'
    return block(f"osci:{name}", content, attributes)
