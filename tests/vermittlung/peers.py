"""Invented other Laender: certificates of a shared key, and the peers file that names them."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.envelope.signer import Identity, PrivateKey
from gateway.vermittlung.verzeichnis import DateiVerzeichnis

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def certificate(name: str, *, until: datetime = NOW + timedelta(days=30), with_ec: bool = False) -> x509.Certificate:
    """Of a key that all share: what matters here is which certificate it is."""
    key: PrivateKey = ec_key() if with_ec else rsa_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=300))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )


def identity(name: str) -> Identity:
    return Identity(rsa_key(), certificate(name))


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


#: A Land's table: every key that a peer without DVDV needs, and what it is called here.
BAYERN = {
    "adressat": '"http://empfaenger.by.example/osci"',
    "adressat_cipher": '"adressat.pem"',
    "intermediaer": '"https://intermediaer.by.example/entry"',
    "intermediaer_cipher": '"intermediaer.pem"',
    "autoren": '["autor.pem", "autor-alt.pem"]',
    "versionen": '["25.11a"]',
}
PEM = ("adressat", "intermediaer", "autor", "autor-alt", "signatur")


def table(land: str = "09", **keys: str | None) -> str:
    """The table of BAYERN with other `keys`, as TOML says them; None leaves one out."""
    lines = [f"{key} = {value}" for key, value in (BAYERN | keys).items() if value is not None]
    return "\n".join([f"[{land}]", *lines, ""])


def without_way(land: str = "09", **keys: str | None) -> str:
    """What a Land's table may be where DVDV knows the way."""
    return table(land, **dict.fromkeys(BAYERN, None) | keys)


def write(folder: Path, text: str = table()) -> Path:
    """The file and the certificates that it can name."""
    for name in PEM:
        (folder / f"{name}.pem").write_bytes(pem(certificate(name)))
    path = folder / "gegenstellen.toml"
    path.write_text(text, encoding="utf-8")
    return path


class Clock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def directory(path: Path, clock: Clock, **more: bool) -> DateiVerzeichnis:
    return DateiVerzeichnis(path, land="03", clock=clock, now=lambda: NOW, **more)
