"""A development PKI: one CA that issues what an instance on a laptop needs. Not for production."""

import ipaddress
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.envelope.signer import Identity, PrivateKey

_CA_LIFE = timedelta(days=3650)
_LIFE = timedelta(days=825)
_CRL_LIFE = timedelta(days=365)
_BACKDATED = timedelta(minutes=5)  # clocks differ
_NAME_MAX = 64  # ub-common-name and ub-organization-name, RFC 5280 appendix A.1
_LOOPBACK = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


class KeyType(Enum):
    """What `new_key` can make."""

    EC = "ec-p256"
    RSA = "rsa-3072"


def save(identity: Identity, key_file: Path, certificate_file: Path) -> None:
    """Writes both as PEM, the key readable by its owner only. Raises FileExistsError when there is a key."""
    write_secret(key_file, identity.key_pem)
    certificate_file.write_bytes(identity.certificate_pem)


def write_secret(path: Path, content: bytes) -> None:
    """A new file with mode 0600 from its first moment on. Raises FileExistsError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def new_key(kind: KeyType = KeyType.EC) -> PrivateKey:
    if kind is KeyType.RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return ec.generate_private_key(ec.SECP256R1())


def make_ca(name: str, now: datetime, kind: KeyType = KeyType.EC) -> Identity:
    """A self-signed CA that may issue end certificates and revocation lists."""
    key = new_key(kind)
    subject = _subject(name)
    builder = (
        _builder(subject, subject, key, now, _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return Identity(key, builder.sign(key, hashes.SHA256()))


def issue_signing(ca: Identity, name: str, organisation: str, now: datetime, kind: KeyType = KeyType.EC) -> Identity:
    """For signing messages: the gateway's, or an authority's with its dbs key as `name`."""
    return _issue(ca, _subject(name, organisation), now, kind, [])


def issue_cipher(ca: Identity, name: str, organisation: str, now: datetime, kind: KeyType = KeyType.RSA) -> Identity:
    """For being encrypted for, by OSCI-Transport."""
    return _issue(ca, _subject(name, organisation), now, kind, [], _usage(key_encipherment=True))


def issue_tls_server(ca: Identity, now: datetime, kind: KeyType = KeyType.EC) -> Identity:
    """For a TLS server on loopback: localhost, 127.0.0.1 and ::1."""
    purposes: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectAlternativeName(_LOOPBACK), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ]
    return _issue(ca, _subject("localhost"), now, kind, purposes)


def make_crl(ca: Identity, revoked: Iterable[int], now: datetime, before: bytes | None = None) -> bytes:
    """The CA's PEM revocation list: serial numbers `revoked` added to those of the list `before`."""
    old = x509.load_pem_x509_crl(before) if before else None
    dates = {entry.serial_number: entry.revocation_date_utc for entry in old or ()}
    for serial in revoked:
        dates.setdefault(serial, now)
    number = old.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1 if old else 1
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.certificate.subject)
        .last_update(now - _BACKDATED)
        .next_update(now + _CRL_LIFE)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial, date in dates.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(date).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(ca.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def replace_file(path: Path, content: bytes) -> None:
    """Puts `content` in the place of `path` at once: a reader sees the old file or the new one."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.replace(path)


def _subject(name: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "DE")]
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:_NAME_MAX]))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, name[:_NAME_MAX])])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _issue(
    ca: Identity,
    subject: x509.Name,
    now: datetime,
    kind: KeyType,
    purposes: Iterable[tuple[x509.ExtensionType, bool]],
    usage: x509.KeyUsage | None = None,
) -> Identity:
    key = new_key(kind)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    builder = (
        _builder(subject, ca.certificate.subject, key, now, _LIFE)
        .add_extension(authority, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage or _usage(digital_signature=True), critical=True)
    )
    for extension, critical in purposes:
        builder = builder.add_extension(extension, critical)
    return Identity(key, builder.sign(ca.key, hashes.SHA256()))


def _usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
