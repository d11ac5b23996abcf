"""Keys of the stub's own: a CA, and certificates that it issues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KeyType = Literal["ec", "rsa"]
Usage = Literal["ca", "signature", "cipher"]

LIFETIME = timedelta(days=30)
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Signatory:
    """A private key and the certificate that belongs to it."""

    key: PrivateKey
    certificate: x509.Certificate

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as unencrypted PKCS#8 PEM: keys of this package are for trials only."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True)
class Issuer:
    """A CA made for one run."""

    ca: Signatory

    @classmethod
    def make(cls, name: str) -> "Issuer":
        key = new_key("ec")
        subject = _name(name)
        certificate = (
            _builder(subject, subject, key, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage("ca"), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(Signatory(key, certificate))

    def issue(self, name: str, kind: KeyType = "ec") -> Signatory:
        """A new key, P-256 or RSA-3072, with a certificate for signatures that runs for 30 days."""
        return self.certify(name, new_key(kind))

    def certify(self, name: str, key: PrivateKey, usage: Usage = "signature") -> Signatory:
        """A certificate for `key` that runs for 30 days; with usage `cipher` it is for wrapping keys only."""
        certificate = (
            _builder(_name(name), self.ca.certificate.subject, key, self.ca.key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(usage), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self.ca.key, hashes.SHA256())
        )
        return Signatory(key, certificate)


def load_signatory(key_pem: bytes, certificate_pem: bytes) -> Signatory:
    """A given key with its certificate. Raises ValueError when either is unusable or they do not belong together."""
    key = load_pem_private_key(key_pem, password=None)
    if not isinstance(key, PrivateKey):
        raise ValueError("the key must be an EC or RSA key")
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    if certificate.public_key() != key.public_key():
        raise ValueError("the certificate belongs to another key")
    return Signatory(key, certificate)


def trusted(certificate: x509.Certificate, anchors: Sequence[x509.Certificate], now: datetime) -> bool:
    """Whether `certificate` is valid at `now` and is one of `anchors` or issued directly by one that is a CA."""
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return False
    return certificate in anchors or any(_issued_by(certificate, anchor, now) for anchor in anchors)


def _issued_by(certificate: x509.Certificate, anchor: x509.Certificate, now: datetime) -> bool:
    try:
        constraints = anchor.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(anchor)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return constraints.ca and anchor.not_valid_before_utc <= now <= anchor.not_valid_after_utc


def new_key(kind: KeyType, bits: int = 3072) -> PrivateKey:
    """P-256, or RSA of `bits`."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: PrivateKey, issuer_key: PrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    public, issuer_public = key.public_key(), issuer_key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public), critical=False)
    )


def _key_usage(usage: Usage) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=usage == "signature",
        content_commitment=False,
        key_encipherment=usage == "cipher",
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=usage == "ca",
        crl_sign=usage == "ca",
        encipher_only=False,
        decipher_only=False,
    )
