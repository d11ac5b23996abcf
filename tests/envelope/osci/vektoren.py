"""The reference library's messages and the keys to them, and how messages are compared structure by structure."""

import re
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from lxml import etree

from gateway.envelope.osci import message, mime, names
from gateway.envelope.osci.message import Message, OpenedEnvelope
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.signer import Identity, load_pkcs12
from gateway.errors import Fault
from tests.envelope.osci.workshop import schemas
from tests.shared import SHARED

OSCI = SHARED / "osci"
VECTORS = OSCI / "vectors"
PASSWORD = b"123456"
ALICE, BOB, MANAGER = "alice", "bob", "osci_manager"
POLICY = OsciPolicy(content_encrypted=False)


def files(*patterns: str) -> list[str]:
    """Names of the files, relative to the folder; none where the reference material is absent."""
    return sorted(str(path.relative_to(VECTORS)) for pattern in patterns for path in VECTORS.glob(pattern))


@cache
def key(who: str, usage: str) -> Identity:
    return load_pkcs12((OSCI / "pki" / f"{who}_{usage}_4096.p12").read_bytes(), PASSWORD)


@cache
def ca_pem() -> bytes:
    """The CA that has issued them all."""
    path = OSCI / "pki" / "bob_cipher_4096.p12"
    more: list[x509.Certificate] = pkcs12.load_key_and_certificates(path.read_bytes(), PASSWORD)[2]
    return more[0].public_bytes(Encoding.PEM)


def wire(name: str) -> bytes:
    """The message as it was sent; envelopes that were kept alone are put into MIME."""
    data = (VECTORS / name).read_bytes()
    return mime.write(data) if name.endswith(".xml") else data


def opened(name: str) -> Message:
    """The message in the file, opened by whom it is for, and valid by its schema."""
    for who in (ALICE, BOB, MANAGER):
        try:
            envelope = message.opened(wire(name), key(who, "cipher"), POLICY, schemas())
        except Fault:
            continue
        assert isinstance(envelope, OpenedEnvelope)
        return message.read(envelope, schemas().types, schemas())
    raise AssertionError("nobody can open it")


def signer_role(message_type: str) -> str:
    """Who signs: intermediaries where they ask a recipient or answer a client, else the originator."""
    by_intermediary = message_type == "ProcessDelivery" or (
        message_type.startswith("ResponseTo") and message_type != "ResponseToProcessDelivery"
    )
    return "SignatureCertificateIntermediary" if by_intermediary else "SignatureCertificateOriginator"


_SPECIFIC = {
    "Challenge",
    "Response",
    "X509Certificate",
    "SignatureValue",
    "DigestValue",
    "CipherValue",
    "Base64Content",
}


def structure(envelope: bytes) -> list[str]:
    """Every element with its depth, its attributes as written, and its text; what differs each time is left out.

    References stand sorted: their order means nothing, and the library's is that of a hash table.
    """
    root = etree.fromstring(envelope)
    lines: list[str] = []
    for element in root.iter():
        local = etree.QName(element).localname
        if local == "SignedInfo":
            uris = sorted(str(child.get("URI")) for child in element if child.get("URI") is not None)
            lines.append(f"signed: {_steady(' '.join(uris))}")
        if any(ancestor.tag == names.tag(names.DS, "Reference") for ancestor in element.iterancestors()):
            continue
        if local == "Reference":
            lines.append("reference: " + ", ".join(str(child.get("Algorithm")) for child in element.iter()))
            continue
        depth = sum(1 for _ in element.iterancestors())
        attributes = " ".join(f"{name!s}={_steady(str(value))}" for name, value in element.attrib.items())
        text = "" if local in _SPECIFIC else (element.text or "").strip()
        lines.append(f"{depth} {element.tag} {attributes} {text}".strip())
    return lines


def _steady(value: str) -> str:
    """Without counters: encdata_12."""
    return re.sub(r"(encdata_|contentcontainer|content)\d+", r"\1N", value)


def mime_lines(data: bytes) -> list[bytes]:
    """Everything around the parts, without what differs each time."""
    boundary = re.search(rb"boundary=([^;]+)", data)
    assert boundary is not None
    steady = data.replace(boundary.group(1), b"BOUNDARY")
    lines = [line for line in steady.split(b"\r\n") if re.match(rb"--BOUNDARY|MIME|Content", line)]
    return [re.sub(rb"Content-Length: \d+", b"Content-Length: N", line) for line in lines]
