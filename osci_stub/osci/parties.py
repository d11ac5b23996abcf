"""Who takes part: each with a key for signatures and one for encryption, made new or read from files."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs12

from osci_stub.keys import Issuer, Signatory, load_signatory, new_key

SIGNATURE, CIPHER = "signatur", "chiffrierung"


@dataclass(frozen=True)
class Party:
    """`signature` signs, `cipher` opens what is encrypted for the party; both RSA.

    `issuers` are the CAs whose certificates came in the party's own files.
    """

    name: str
    signature: Signatory
    cipher: Signatory
    issuers: frozenset[x509.Certificate] = frozenset()

    @classmethod
    def make(cls, name: str, issuer: Issuer, bits: int = 3072) -> "Party":
        """New keys with certificates by `issuer`."""
        return cls(
            name,
            issuer.certify(f"{name} Signatur", new_key("rsa", bits)),
            issuer.certify(f"{name} Chiffrierung", new_key("rsa", bits), "cipher"),
        )

    @classmethod
    def load(cls, name: str, signature: Path, cipher: Path, password: bytes | None = None) -> "Party":
        """From two files, each PKCS#12 or a PEM with key and certificate. Raises ValueError, OSError."""
        keys = [load_key(file, password) for file in (signature, cipher)]
        issuers = frozenset(issuer for file in (signature, cipher) for issuer in _issuers(file, password))
        return cls(name, keys[0], keys[1], issuers)

    @classmethod
    def read(cls, name: str, folder: Path) -> "Party":
        """What `export` wrote with private keys. Raises ValueError, OSError."""
        signature, cipher = (_read(folder / f"{name}-{kind}.pem") for kind in (SIGNATURE, CIPHER))
        return cls(name, signature, cipher)

    def export(self, folder: Path, *, private: bool = False) -> None:
        """Writes `<name>-signatur.pem` and `<name>-chiffrierung.pem`; with `private` the keys as `….key.pem` too."""
        for kind, key in ((SIGNATURE, self.signature), (CIPHER, self.cipher)):
            (folder / f"{self.name}-{kind}.pem").write_bytes(key.certificate_pem)
            if private:
                write_private(folder / f"{self.name}-{kind}.key.pem", key.key_pem)


def load_key(file: Path, password: bytes | None = None) -> Signatory:
    """A key with its certificate from PKCS#12 (`.p12`, `.pfx`) or PEM. Raises ValueError, OSError."""
    data = file.read_bytes()
    if _is_pkcs12(file):
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password)
    else:
        key, certificate = load_pem_private_key(data, password), x509.load_pem_x509_certificate(data)
    if not isinstance(key, rsa.RSAPrivateKey) or certificate is None:
        raise ValueError(f"{file}: must hold an RSA key and its certificate")
    if certificate.public_key() != key.public_key():
        raise ValueError(f"{file}: the certificate belongs to another key")
    return Signatory(key, certificate)


def _issuers(file: Path, password: bytes | None) -> list[x509.Certificate]:
    if not _is_pkcs12(file):
        return []
    return pkcs12.load_key_and_certificates(file.read_bytes(), password)[2]


def _is_pkcs12(file: Path) -> bool:
    return file.suffix.lower() in (".p12", ".pfx")


def _read(certificate: Path) -> Signatory:
    return load_signatory(certificate.with_suffix(".key.pem").read_bytes(), certificate.read_bytes())


def write_private(file: Path, data: bytes) -> None:
    """For the owner's eyes only."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)


def pem_bundle(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)
