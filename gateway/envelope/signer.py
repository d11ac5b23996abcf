"""Signs what we send.

The templates below are written in exclusive canonical form (https://www.w3.org/TR/xml-exc-c14n/): every signed element
declares the namespaces that it uses itself, in the canonical order, and has no self-closing tags. So the bytes that are
hashed are the bytes that are sent, and nothing has to be canonicalised. Tests compare them with two canonicalisers.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from gateway.envelope import names
from gateway.errors import ConfigError

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_P256_BYTES = 32
_MIN_RSA_BITS = 2048


@dataclass(frozen=True)
class Identity:
    """A private key and its certificate."""

    key: PrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        """PKCS #8, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def load_identity(key_pem: bytes, certificate_pem: bytes, password: bytes | None = None) -> Identity:
    """The key and its certificate. Raises ConfigError when they are unreadable or do not belong together."""
    try:
        key = load_pem_private_key(key_pem, password)
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except (ValueError, TypeError):
        raise ConfigError("key or certificate is not PEM, or the key has a password") from None
    if not isinstance(key, PrivateKey):
        raise ConfigError("the key is neither RSA nor EC")
    if key.public_key() != certificate.public_key():
        raise ConfigError("the certificate belongs to another key")
    return Identity(key, certificate)


def load_pkcs12(data: bytes, password: bytes) -> Identity:
    """The key and its certificate in a PKCS #12 file. Raises ConfigError when it cannot be opened or lacks one."""
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError("the file is not PKCS #12, or its password is another one") from None
    if key is None or certificate is None:
        raise ConfigError("the PKCS #12 file must hold a key and its certificate")
    if not isinstance(key, PrivateKey):
        raise ConfigError("the key is neither RSA nor EC")
    return Identity(key, certificate)


def _rsa_sha256(key: rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    if key.key_size < _MIN_RSA_BITS:
        raise ConfigError(f"an RSA key needs {_MIN_RSA_BITS} bits")
    scheme, digest = padding.PKCS1v15(), hashes.SHA256()
    return lambda data: key.sign(data, scheme, digest)


def _ecdsa_sha256(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    if not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError("an EC key must be on P-256")
    scheme = ec.ECDSA(hashes.SHA256())

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, scheme))  # XML Signature wants r and s side by side
        return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")

    return sign


_BODY = (
    f'<soap:Body xmlns:soap="{names.SOAP}" xmlns:wsu="{names.WSU}" wsu:Id="body">'.encode(),
    b"</soap:Body>",
)
_TIMESTAMP = (
    f'<wsu:Timestamp xmlns:wsu="{names.WSU}" wsu:Id="timestamp"><wsu:Created>%s</wsu:Created>'
    "<wsu:Expires>%s</wsu:Expires></wsu:Timestamp>"
)
_TOKEN = (
    f'<wsse:BinarySecurityToken xmlns:wsse="{names.WSSE}" xmlns:wsu="{names.WSU}"'
    f' EncodingType="{names.BASE64_BINARY}" ValueType="{names.X509_V3}" wsu:Id="token">%s</wsse:BinarySecurityToken>'
)
_REFERENCE = (
    f'<ds:Reference URI="#%s"><ds:Transforms><ds:Transform Algorithm="{names.EXC_C14N}"></ds:Transform>'
    f'</ds:Transforms><ds:DigestMethod Algorithm="{names.SHA256}"></ds:DigestMethod>'
    "<ds:DigestValue>%s</ds:DigestValue></ds:Reference>"
)
_SIGNED_INFO = (
    f'<ds:SignedInfo xmlns:ds="{names.DS}"><ds:CanonicalizationMethod Algorithm="{names.EXC_C14N}">'
    '</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="%s"></ds:SignatureMethod>%s</ds:SignedInfo>'
)
_HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{names.SOAP}" xmlns:wsse="{names.WSSE}">'
    '<soap:Header><wsse:Security soap:mustUnderstand="1">%s%s'
    f'<ds:Signature xmlns:ds="{names.DS}">%s<ds:SignatureValue>%s</ds:SignatureValue><ds:KeyInfo>'
    f'<wsse:SecurityTokenReference><wsse:Reference URI="#token" ValueType="{names.X509_V3}"/>'
    "</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security></soap:Header>"
)
_TAIL = b"</soap:Envelope>"


class Signer:
    """Puts a Body into a signed envelope: Body, Timestamp and token under one signature of one key, loaded once."""

    def __init__(self, identity: Identity, lifetime: timedelta = timedelta(seconds=300)) -> None:
        """`lifetime` is the distance of Created and Expires. Raises ConfigError for a key of another kind."""
        key = identity.key
        if isinstance(key, rsa.RSAPrivateKey):
            self._method, self._sign = names.RSA_SHA256, _rsa_sha256(key)
        else:
            self._method, self._sign = names.ECDSA_SHA256, _ecdsa_sha256(key)
        self._lifetime = lifetime
        self._token = _TOKEN % _base64(identity.certificate.public_bytes(Encoding.DER))
        self._token_reference = _reference("token", hashlib.sha256(self._token.encode()))

    def envelope(self, content: bytes, now: datetime) -> bytes:
        """The signed envelope. `content` of the Body must be in canonical form and bring its own namespaces."""
        timestamp = _TIMESTAMP % (_instant(now), _instant(now + self._lifetime))
        body_digest = hashlib.sha256(_BODY[0])
        body_digest.update(content)
        body_digest.update(_BODY[1])
        references = (
            _reference("body", body_digest)
            + _reference("timestamp", hashlib.sha256(timestamp.encode()))
            + self._token_reference
        )
        signed_info = _SIGNED_INFO % (self._method, references)
        value = _base64(self._sign(signed_info.encode()))
        head = _HEAD % (self._token, timestamp, signed_info, value)
        return b"".join((head.encode(), _BODY[0], content, _BODY[1], _TAIL))


def _reference(name: str, digest: "hashlib._Hash") -> str:
    return _REFERENCE % (name, _base64(digest.digest()))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _instant(moment: datetime) -> str:
    """UTC with milliseconds (WSS 1.1 § 10)."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
