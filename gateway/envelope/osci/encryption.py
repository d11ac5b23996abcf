"""XML Encryption as OSCI uses it: a new AES key for each message, wrapped for a certificate by RSA-OAEP.

Whoever sends garbage learns only that it cannot be decrypted. A key that does not unwrap is replaced by a random one,
so that there is one way to fail, behind the cipher, whatever was wrong.
"""

import secrets
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.envelope.osci import mime, names
from gateway.envelope.osci.canonical import ANSWER, children, unwrapped, wrapped
from gateway.envelope.osci.names import DS, OSCI_8, SOAP, XENC, XENC_11, Element, schema_location, tag
from gateway.envelope.osci.policy import CBC, IV_LENGTHS, OsciPolicy
from gateway.envelope.parse import parse
from gateway.envelope.signer import Identity
from gateway.errors import ConfigError, Fault, FaultCode

ENCRYPTED_DATA = tag(XENC, "EncryptedData")
_METHOD, _KEY, _DATA, _VALUE, _REFERENCE = (
    tag(XENC, name) for name in ("EncryptionMethod", "EncryptedKey", "CipherData", "CipherValue", "CipherReference")
)
_KEY_INFO, _X509_DATA, _X509, _RETRIEVAL, _DIGEST = (
    tag(DS, name) for name in ("KeyInfo", "X509Data", "X509Certificate", "RetrievalMethod", "DigestMethod")
)
_IV_LENGTH, _MGF = tag(OSCI_8, "IvLength"), tag(XENC_11, "MGF")

_OAEP: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    names.SHA256: (names.MGF_SHA256, hashes.SHA256()),
    names.SHA512: (names.MGF_SHA512, hashes.SHA512()),
}
_KEY_BYTES = {
    names.AES_128_GCM: 16,
    names.AES_192_GCM: 24,
    names.AES_256_GCM: 32,
    names.AES_128_CBC: 16,
    names.AES_192_CBC: 24,
    names.AES_256_CBC: 32,
}
_LEGACY_IV = 16  # where no IvLength is named
_MAX_KEYS = 8
_BLOCK = 16
_CODE = FaultCode.NOT_DECRYPTABLE


@dataclass(frozen=True)
class WrappedKey:
    """A content key for one reader: who is meant stands as a certificate, or as the URI of one in the message."""

    digest: str
    value: bytes = field(repr=False)
    certificate: bytes | None = None  # DER
    uri: str | None = None


@dataclass(frozen=True)
class EncryptedData:
    """An xenc:EncryptedData, read strictly. The cipher text stands inside, or in the part that `cid` names."""

    method: str
    iv_length: int
    keys: tuple[WrappedKey, ...]
    value: bytes | None = field(repr=False)
    cid: str | None


def read(element: Element, policy: OsciPolicy) -> EncryptedData:
    """Reads an xenc:EncryptedData. Raises Fault NOT_DECRYPTABLE for a form or an algorithm that is not accepted."""
    method, key_info, data = children(element, _CODE, _METHOD, _KEY_INFO, _DATA)
    algorithm = method.get("Algorithm")
    if algorithm not in policy.cipher_methods:
        raise Fault(_CODE, "the cipher is not accepted")
    keys = tuple(_read_key(key, policy) for key in key_info)
    if not 1 <= len(keys) <= _MAX_KEYS:
        raise Fault(_CODE, f"there must be one to {_MAX_KEYS} EncryptedKey")
    if len(data) != 1 or data[0].tag not in (_VALUE, _REFERENCE):
        raise Fault(_CODE, "unexpected content in CipherData")
    inline = data[0].tag == _VALUE
    return EncryptedData(
        method=algorithm,
        iv_length=_iv_length(method),
        keys=keys,
        value=unwrapped(data[0], _CODE) if inline else None,
        cid=None if inline else data[0].get("URI"),
    )


def _iv_length(method: Element) -> int:
    if not len(method):
        return _LEGACY_IV
    (iv_length,) = children(method, _CODE, _IV_LENGTH)
    value = iv_length.get("Value", "")
    if value not in map(str, IV_LENGTHS):
        raise Fault(_CODE, "IvLength is neither 12 nor 16")
    return int(value)


def _read_key(element: Element, policy: OsciPolicy) -> WrappedKey:
    if element.tag != _KEY:
        raise Fault(_CODE, "unexpected content in KeyInfo")
    method, key_info, data = children(element, _CODE, _METHOD, _KEY_INFO, _DATA)
    mgf, digest = children(method, _CODE, _MGF, _DIGEST)
    algorithm = digest.get("Algorithm")
    if method.get("Algorithm") != names.RSA_OAEP or algorithm not in policy.oaep_digests:
        raise Fault(_CODE, "the key transport is not accepted")
    if mgf.get("Algorithm") != _OAEP[algorithm][0]:
        raise Fault(_CODE, "RSA-OAEP must use one hash for its digest and its MGF")
    (value,) = children(data, _CODE, _VALUE)
    certificate, uri = _read_reader(key_info)
    return WrappedKey(algorithm, unwrapped(value, _CODE), certificate, uri)


def _read_reader(key_info: Element) -> tuple[bytes | None, str | None]:
    if len(key_info) == 1 and key_info[0].tag == _RETRIEVAL and not len(key_info[0]):
        return None, key_info[0].get("URI")
    (x509_data,) = children(key_info, _CODE, _X509_DATA)
    (certificate,) = children(x509_data, _CODE, _X509)
    return unwrapped(certificate, _CODE), None


def decrypt(data: EncryptedData, key: WrappedKey, identity: Identity, cipher: bytes) -> bytes:
    """The plain text of `cipher`, which is IV, cipher text and tag. Raises Fault NOT_DECRYPTABLE."""
    secret = _unwrap(key, identity, _KEY_BYTES[data.method])
    iv, body = cipher[: data.iv_length], cipher[data.iv_length :]
    try:
        if data.method in CBC:
            return _decrypt_cbc(secret, iv, body)
        return AESGCM(secret).decrypt(iv, body, None)
    except (InvalidTag, ValueError):
        raise Fault(_CODE) from None


def _unwrap(key: WrappedKey, identity: Identity, length: int) -> bytes:
    instead = secrets.token_bytes(length)
    digest = _OAEP[key.digest][1]
    try:
        secret = _rsa(identity).decrypt(key.value, padding.OAEP(padding.MGF1(digest), digest, None))
    except ValueError:
        return instead
    return secret if len(secret) == length else instead


def _rsa(identity: Identity) -> rsa.RSAPrivateKey:
    if not isinstance(identity.key, rsa.RSAPrivateKey):
        raise ConfigError("OSCI needs an RSA key for decrypting")
    return identity.key


def _decrypt_cbc(secret: bytes, iv: bytes, body: bytes) -> bytes:
    """https://www.w3.org/TR/xmlenc-core1/ § 5.2: the last byte says how many were added. Raises ValueError."""
    decryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).decryptor()
    padded = decryptor.update(body) + decryptor.finalize()
    if not padded or not 1 <= padded[-1] <= _BLOCK:
        raise ValueError("padding")
    return padded[: -padded[-1]]


def read_transport(root: Element, policy: OsciPolicy) -> EncryptedData:
    """What a transport envelope (MessageEncrypted, valid by its schema) says. Raises Fault as `read`, and NOT_OSCI."""
    (body,) = children(root, FaultCode.NOT_OSCI, tag(SOAP, "Body"))
    (element,) = children(body, FaultCode.NOT_OSCI, ENCRYPTED_DATA)
    return read(element, policy)


def open_transport(data: EncryptedData, message: mime.Mime, identity: Identity) -> bytes:
    """What is encrypted beside the transport envelope: the inner MIME message.

    Raises Fault WRONG_CIPHER_CERTIFICATE where it is encrypted for another certificate than ours, byte for byte, and
    NOT_DECRYPTABLE.
    """
    own = identity.certificate.public_bytes(Encoding.DER)
    key = next((key for key in data.keys if key.certificate == own), None)
    if key is None:
        raise Fault(FaultCode.WRONG_CIPHER_CERTIFICATE)
    part = message.attachment(data.cid) if data.cid else None
    if part is None or len(message.attachments) != 1:
        raise Fault(_CODE, "CipherReference must name the one part besides the envelope")
    return decrypt(data, key, identity, part.data)


_ENCRYPTED_KEY = (
    f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{names.RSA_OAEP}">'
    f'<xenc11:MGF xmlns:xenc11="{XENC_11}" Algorithm="%s"></xenc11:MGF><ds:DigestMethod Algorithm="%s">'
    "</ds:DigestMethod></xenc:EncryptionMethod><ds:KeyInfo>%s</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>%s"
    "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
)
_CONTENT = (
    f'<xenc:EncryptionMethod Algorithm="{names.AES_256_GCM}">%s</xenc:EncryptionMethod><ds:KeyInfo>%s</ds:KeyInfo>'
    "<xenc:CipherData>%s</xenc:CipherData>"
)
_IV = f'<osci128:IvLength xmlns:osci128="{OSCI_8}" Value="%d"></osci128:IvLength>'
_BY_CERTIFICATE = "<ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data>"
_BY_ID = f'<ds:RetrievalMethod Type="{names.X509_DATA}" URI="#%s"></ds:RetrievalMethod>'
_BY_PART = (
    f'<xenc:CipherReference URI="cid:{names.CIPHER_ID}"><xenc:Transforms><ds:Transform Algorithm="{names.BASE64}">'
    "</ds:Transform></xenc:Transforms></xenc:CipherReference>"
)
_TRANSPORT = (
    f'<?xml version="1.0" encoding="UTF-8"?>\r\n\r\n<soap:Envelope xmlns:ds="{DS}" xmlns:soap="{SOAP}"'
    f' xmlns:xenc="{XENC}" xmlns:xsi="{names.XSI}" xsi:schemaLocation="{schema_location(names.ENCRYPTED)}">'
    '<soap:Body><xenc:EncryptedData MimeType="Multipart/Related">%s</xenc:EncryptedData></soap:Body></soap:Envelope>'
)


def seal_transport(inner: bytes, reader: x509.Certificate, policy: OsciPolicy) -> bytes:
    """The MIME message whose transport envelope holds the MIME message `inner` for the certificate `reader`."""
    secret, cipher = _encrypt(inner, policy)
    who = _BY_CERTIFICATE % wrapped(reader.public_bytes(Encoding.DER))
    content = _content(secret, reader, who, _BY_PART, policy)
    return mime.write_encrypted((_TRANSPORT % content).encode("ascii"), cipher)


def check_reader(reader: x509.Certificate) -> None:
    """Raises Fault CERTIFICATE_INVALID where nothing can be encrypted for the certificate.

    A stranger's key can be such that OpenSSL refuses to compute with it; that shows only when it is used.
    """
    _wrap(secrets.token_bytes(_KEY_BYTES[names.AES_256_GCM]), reader, names.SHA256)


def encrypted_content(plain: bytes, reader: x509.Certificate, reader_id: str, policy: OsciPolicy) -> str:
    """What stands in an xenc:EncryptedData that holds `plain` for the certificate with the Id `reader_id`."""
    secret, cipher = _encrypt(plain, policy)
    value = f"<xenc:CipherValue>{wrapped(cipher)}</xenc:CipherValue>"
    return _content(secret, reader, _BY_ID % reader_id, value, policy)


def _encrypt(plain: bytes, policy: OsciPolicy) -> tuple[bytes, bytes]:
    """A new key, and IV, cipher text and tag."""
    secret, iv = AESGCM.generate_key(256), secrets.token_bytes(policy.iv_length)
    return secret, iv + AESGCM(secret).encrypt(iv, plain, None)


def _content(secret: bytes, reader: x509.Certificate, who: str, cipher_data: str, policy: OsciPolicy) -> str:
    mgf, _ = _OAEP[policy.oaep_digest]
    wrapped_key = _ENCRYPTED_KEY % (mgf, policy.oaep_digest, who, wrapped(_wrap(secret, reader, policy.oaep_digest)))
    iv = _IV % policy.iv_length if policy.iv_length != _LEGACY_IV else ""
    return _CONTENT % (iv, wrapped_key, cipher_data)


def _wrap(secret: bytes, reader: x509.Certificate, oaep_digest: str) -> bytes:
    _, digest = _OAEP[oaep_digest]
    key = reader.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Fault(FaultCode.CERTIFICATE_INVALID, "only an RSA key can be encrypted for")
    try:
        return key.encrypt(secret, padding.OAEP(padding.MGF1(digest), digest, None))
    except ValueError:
        raise Fault(FaultCode.CERTIFICATE_INVALID, "the key cannot be encrypted for") from None


def parse_plain(data: bytes) -> Element:
    """The root of decrypted XML. Raises Fault of `parse`."""
    return parse(data, ANSWER)
