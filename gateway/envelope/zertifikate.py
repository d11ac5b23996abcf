"""Which certificates are believed: chain to the instance's CA, validity, purpose, key, revocation.

Explicit checks instead of `cryptography.x509.verification`: that one is made for the web's PKI (it wants a subject
alternative name), tells every refusal with one exception, and knows no revocation list. A message carries one
certificate, so the chain has one step: the certificate was issued by one of the configured CAs, which the operator
trusts as they are.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from pathlib import Path

import xmlsec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtensionOID

from gateway.errors import ConfigError, Fault, FaultCode

log = logging.getLogger(__name__)

_CACHED = 4096  # certificates; only those that a configured CA has issued get in
_LOOK_AT_CRL_EVERY = 1.0  # seconds
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_UNDERSTOOD = frozenset({ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE})

#: What the Protokoll says where a revocation list counted that had ended.
LIST_ENDED = "REVOCATION_LIST_ENDED"

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    CryptographyDeprecationWarning,  # a negative serial number: still a warning, announced to become an error
)


class Purpose(Enum):
    """What a certificate is for, by the bit of its keyUsage: `x509.KeyUsage`'s name and the standard's."""

    SIGNING = ("digital_signature", "digitalSignature")
    CIPHER = ("key_encipherment", "keyEncipherment")


@dataclass(frozen=True)
class KeyPolicy:
    """Keys that are strong enough (BSI TR-02102-1 asks for more than 3000 bits of RSA; older cards have 2048)."""

    min_rsa_bits: int = 2048
    curves: frozenset[str] = frozenset({"secp256r1", "secp384r1", "secp521r1"})


@dataclass(frozen=True)
class Certificate:
    """An examined certificate. `kind` is "rsa" or "ecdsa", as in the names of the signature methods."""

    fingerprint: str  # SHA-256 of the DER, lower-case hex
    kind: str
    key: xmlsec.Key = field(repr=False)
    serial: int
    issuer: bytes  # SHA-256 of the CA certificate's DER
    not_before: datetime
    not_after: datetime
    marken: tuple[str, ...] = ()  # see Opened


class TrustStore:
    """The instance's CAs and, if configured, their revocation lists."""

    def __init__(
        self,
        ca_pem: bytes,
        crl: Path | None = None,
        keys: KeyPolicy | None = None,
        frist: timedelta = timedelta(0),
    ) -> None:
        """`ca_pem` holds one or more CA certificates, the file `crl` one PEM revocation list of each.

        `frist`: how long a list still counts that has ended. Raises ConfigError.
        """
        self._cas = load_cas(ca_pem)
        self._crl = RevocationFile(crl, self._cas, frist=frist) if crl else None
        self._keys = keys or KeyPolicy()
        self._examined = lru_cache(_CACHED)(self._examine)  # remembers results, not refusals

    @property
    def issuers(self) -> frozenset[x509.Certificate]:
        """The CAs' certificates."""
        return frozenset(self._cas)

    def revocation_until(self) -> tuple[datetime, datetime] | None:
        """Until when all CAs' revocation lists hold, and until when one of them counts; long ago where they are
        missing, None where none is checked.
        """
        return self._crl.until() if self._crl else None

    def check(self, der: bytes, now: datetime, purpose: Purpose = Purpose.SIGNING) -> Certificate:
        """The certificate `der`, believed at `now` (aware). Raises Fault CERTIFICATE_* or REVOCATION_UNKNOWN."""
        certificate = self._examined(der, purpose)
        if not certificate.not_before <= now <= certificate.not_after:
            raise Fault(FaultCode.CERTIFICATE_EXPIRED)
        if self._crl is None:
            return certificate
        if self._crl.is_revoked(certificate, now):
            raise Fault(FaultCode.CERTIFICATE_REVOKED)
        return replace(certificate, marken=(LIST_ENDED,)) if self._crl.ended(certificate, now) else certificate

    def _examine(self, der: bytes, purpose: Purpose) -> Certificate:
        """What does not change while the process lives. The issuer comes first: what follows is a known CA's work."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            ca = self._issuer(certificate)
            _check_purpose(certificate, purpose)
            kind = self._check_key(certificate)
            if purpose is Purpose.CIPHER and kind != "rsa":
                raise Fault(FaultCode.CERTIFICATE_INVALID, "only an RSA key can be encrypted for")
            return _examined(certificate, kind, ca)
        except _UNREADABLE as error:
            raise Fault(FaultCode.CERTIFICATE_INVALID, "the certificate cannot be read") from error

    def _issuer(self, certificate: x509.Certificate) -> x509.Certificate:
        for ca in self._cas:
            if ca.subject == certificate.issuer:
                try:
                    certificate.verify_directly_issued_by(ca)
                except (InvalidSignature, *_UNREADABLE):
                    continue  # another CA of the same name may have issued it
                return ca
        raise Fault(FaultCode.CERTIFICATE_UNTRUSTED)

    def _check_key(self, certificate: x509.Certificate) -> str:
        key = certificate.public_key()
        if isinstance(key, RSAPublicKey):
            if key.key_size < self._keys.min_rsa_bits:
                raise Fault(FaultCode.CERTIFICATE_INVALID, f"an RSA key needs {self._keys.min_rsa_bits} bits")
            return "rsa"
        if isinstance(key, EllipticCurvePublicKey):
            if key.curve.name not in self._keys.curves:
                raise Fault(FaultCode.CERTIFICATE_INVALID, "the key's curve is not accepted")
            return "ecdsa"
        raise Fault(FaultCode.CERTIFICATE_INVALID, "the key is neither RSA nor EC")


def load_cas(ca_pem: bytes) -> tuple[x509.Certificate, ...]:
    """The CA certificates in a PEM file. Raises ConfigError."""
    try:
        cas = tuple(x509.load_pem_x509_certificates(ca_pem))
        for ca in cas:
            constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
            usage = ca.extensions.get_extension_for_class(x509.KeyUsage).value
            if not (constraints.ca and usage.key_cert_sign):
                raise ConfigError(f"the certificate {ca.subject.rfc4514_string()} is not one of a CA")
    except (*_UNREADABLE, x509.ExtensionNotFound) as error:
        raise ConfigError(f"the CA certificates cannot be used: {error}") from error
    return cas


def _check_purpose(certificate: x509.Certificate, purpose: Purpose) -> None:
    if not isinstance(certificate.signature_hash_algorithm, _HASHES):
        raise Fault(FaultCode.CERTIFICATE_INVALID, "the certificate is signed with a weak hash")
    extensions = {extension.oid: extension for extension in certificate.extensions}
    if any(extension.critical and oid not in _UNDERSTOOD for oid, extension in extensions.items()):
        raise Fault(FaultCode.CERTIFICATE_INVALID, "a critical extension is not understood")  # RFC 5280 § 4.2
    constraints = extensions.get(ExtensionOID.BASIC_CONSTRAINTS)
    if constraints and constraints.value.ca:
        raise Fault(FaultCode.CERTIFICATE_INVALID, "a CA does not take part in messages")
    usage = extensions.get(ExtensionOID.KEY_USAGE)
    bit, name = purpose.value
    if usage is None or not getattr(usage.value, bit):
        raise Fault(FaultCode.CERTIFICATE_INVALID, f"keyUsage lacks {name}")


def _examined(certificate: x509.Certificate, kind: str, ca: x509.Certificate) -> Certificate:
    pem = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Certificate(
        fingerprint=fingerprint(certificate),
        kind=kind,
        key=xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem),
        serial=certificate.serial_number,
        issuer=ca.fingerprint(hashes.SHA256()),
        not_before=max(certificate.not_valid_before_utc, ca.not_valid_before_utc),
        not_after=min(certificate.not_valid_after_utc, ca.not_valid_after_utc),
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate's DER, lower-case hex: how an authority's certificate is registered."""
    return certificate.fingerprint(hashes.SHA256()).hex()


@dataclass(frozen=True)
class Crl:
    """A complete revocation list."""

    serials: frozenset[int]
    this_update: datetime
    next_update: datetime


class RevocationFile:
    """A file of PEM revocation lists, one per CA, read again when it changes.

    A file that has become unusable is not bridged with the old lists: whoever replaced it wanted something revoked.
    Then no certificate is accepted, and the log says why.
    """

    def __init__(
        self,
        path: Path,
        cas: Sequence[x509.Certificate],
        clock: Callable[[], float] = time.monotonic,
        frist: timedelta = timedelta(0),
    ) -> None:
        """`frist`: see TrustStore. Raises ConfigError when the file is unusable."""
        self._frist = frist
        self._path = path
        self._cas = cas
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = self._stamp()
        self._looked = clock()
        self._lists = self._load()

    def is_revoked(self, certificate: Certificate, now: datetime) -> bool:
        """Whether the certificate is on its CA's list. Raises Fault REVOCATION_UNKNOWN when there is no current one."""
        if self._clock() - self._looked >= _LOOK_AT_CRL_EVERY:
            self._look()
        crl = self._lists.get(certificate.issuer)
        if crl is None or not crl.this_update <= now <= crl.next_update + self._frist:
            raise Fault(FaultCode.REVOCATION_UNKNOWN)
        return certificate.serial in crl.serials

    def ended(self, certificate: Certificate, now: datetime) -> bool:
        """Whether the CA's list has ended, and counts only because a newer one may come late."""
        crl = self._lists.get(certificate.issuer)
        return crl is None or now > crl.next_update

    def until(self) -> tuple[datetime, datetime]:
        """See TrustStore."""
        if self._clock() - self._looked >= _LOOK_AT_CRL_EVERY:
            self._look()
        lists = self._lists
        found = [lists.get(ca.fingerprint(hashes.SHA256())) for ca in self._cas]
        ends = [one.next_update if one else _LONG_AGO for one in found]
        return min(ends), max(ends) + self._frist

    def _look(self) -> None:
        with self._lock:
            if self._clock() - self._looked < _LOOK_AT_CRL_EVERY:
                return
            try:
                stamp = self._stamp()
                if stamp != self._seen:
                    self._lists = self._load()
                    self._seen = stamp
            except ConfigError as error:
                if self._lists:
                    log.error("no certificate is accepted: %s", error)
                self._lists = {}
                self._seen = ()
            self._looked = self._clock()

    def _stamp(self) -> tuple[int, ...]:
        try:
            stat = self._path.stat()
        except OSError as error:
            raise ConfigError(f"the revocation list cannot be read: {error}") from error
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _load(self) -> dict[bytes, Crl]:
        try:
            blocks = (block + _PEM_END for block in self._path.read_bytes().split(_PEM_END)[:-1])
            lists = [check_crl(x509.load_pem_x509_crl(block), self._cas) for block in blocks]
        except (OSError, *_UNREADABLE) as error:
            raise ConfigError(f"the revocation list {self._path.name} cannot be read: {error}") from error
        if not lists:
            raise ConfigError(f"the file {self._path.name} holds no PEM revocation list")
        if len(dict(lists)) != len(lists):
            raise ConfigError(f"the file {self._path.name} holds two revocation lists of one CA")
        return dict(lists)


def check_crl(crl: x509.CertificateRevocationList, cas: Sequence[x509.Certificate]) -> tuple[bytes, Crl]:
    """Whose list it is (SHA-256 of the CA certificate's DER), and what it says. Raises ConfigError, ValueError."""
    # Delta lists and lists with a limited scope say so in a critical extension (RFC 5280 § 5.2).
    if any(extension.critical for extension in crl.extensions):
        raise ConfigError("the revocation list has a critical extension, only complete lists are accepted")
    if crl.next_update_utc is None:
        raise ConfigError("the revocation list does not say until when it holds")
    ca = next((ca for ca in cas if ca.subject == crl.issuer and _signed_by(crl, ca)), None)
    if ca is None:
        raise ConfigError("the revocation list is not signed by one of the CAs")
    serials = frozenset(entry.serial_number for entry in crl)
    return ca.fingerprint(hashes.SHA256()), Crl(serials, crl.last_update_utc, crl.next_update_utc)


_PEM_END = b"-----END X509 CRL-----"


def _signed_by(crl: x509.CertificateRevocationList, ca: x509.Certificate) -> bool:
    usage = ca.extensions.get_extension_for_class(x509.KeyUsage).value
    strong = isinstance(crl.signature_hash_algorithm, _HASHES)
    key = ca.public_key()
    return (
        usage.crl_sign
        and strong
        and isinstance(key, RSAPublicKey | EllipticCurvePublicKey)
        and (crl.is_signature_valid(key))
    )
