"""XML Encryption as OSCI uses it: AES-256-GCM, its key wrapped by RSA-OAEP."""

import binascii
import secrets
from base64 import b64decode
from collections.abc import Callable, Mapping

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from osci_stub.keys import Signatory
from osci_stub.osci.names import AES256_GCM, BASE64, DS, IV, NS, RSA_OAEP, X509DATA, XENC, XENC11
from osci_stub.osci.refused import Refused
from osci_stub.osci.text import base64, block

ENCRYPTED_DATA = f"{{{XENC}}}EncryptedData"
CID = "osci_enc"
KEY_BYTES, IV_BYTES, OLD_IV_BYTES = 32, 12, 16

_HASHES: Mapping[str, hashes.HashAlgorithm] = {XENC + "sha256": hashes.SHA256(), XENC + "sha512": hashes.SHA512()}
_MGFS: Mapping[str, hashes.HashAlgorithm] = {
    XENC11 + "mgf1sha256": hashes.SHA256(),
    XENC11 + "mgf1sha512": hashes.SHA512(),
}


def encrypt_content(plain: bytes, certificate: x509.Certificate, certificate_id: str, number: int) -> str:
    """An EncryptedData with the cipher text inside, whose key the holder of the named certificate can open."""
    method = f'<ds:RetrievalMethod Type="{X509DATA}" URI="#{certificate_id}"></ds:RetrievalMethod>'
    encrypted, wrapped = _encrypt(plain, certificate)
    inner = _written(method, wrapped, f"<xenc:CipherValue>{base64(encrypted)}</xenc:CipherValue>")
    return block("xenc:EncryptedData", inner, f' Id="encdata_{number}" MimeType="text/xml"')


def encrypt_transport(plain: bytes, certificate: x509.Certificate) -> tuple[str, bytes]:
    """The EncryptedData of a MessageEncrypted for the whole inner message, and the part that it points at."""
    der = certificate.public_bytes(Encoding.DER)
    data = f"<ds:X509Data><ds:X509Certificate>{base64(der)}</ds:X509Certificate></ds:X509Data>"
    encrypted, wrapped = _encrypt(plain, certificate)
    reference = (
        f'<xenc:CipherReference URI="cid:{CID}"><xenc:Transforms><ds:Transform Algorithm="{BASE64}">'
        "</ds:Transform></xenc:Transforms></xenc:CipherReference>"  # the library says base64 for binary parts too
    )
    inner = _written(data, wrapped, reference)
    return f'<xenc:EncryptedData MimeType="Multipart/Related">{inner}</xenc:EncryptedData>', encrypted


def _encrypt(plain: bytes, certificate: x509.Certificate) -> tuple[bytes, bytes]:
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise TypeError("OSCI encrypts for RSA keys only")
    key, iv = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(IV_BYTES)
    wrapped = public.encrypt(key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    return iv + AESGCM(key).encrypt(iv, plain, None), wrapped


def _written(key_info: str, wrapped: bytes, data: str) -> str:
    iv = f'<osci128:IvLength xmlns:osci128="{IV}" Value="{IV_BYTES}"></osci128:IvLength>'
    mgf = f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{XENC11}mgf1sha256"></xenc11:MGF>'
    digest = f'<ds:DigestMethod Algorithm="{XENC}sha256"></ds:DigestMethod>'
    return (
        f'<xenc:EncryptionMethod Algorithm="{AES256_GCM}">{iv}</xenc:EncryptionMethod><ds:KeyInfo><xenc:EncryptedKey>'
        f'<xenc:EncryptionMethod Algorithm="{RSA_OAEP}">{mgf}{digest}</xenc:EncryptionMethod>'
        f"<ds:KeyInfo>{key_info}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{base64(wrapped, ending=True)}"
        "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
        f"<xenc:CipherData>{data}</xenc:CipherData>"
    )


def recipients(data: etree._Element) -> list[etree._Element]:
    """The EncryptedKeys of an EncryptedData."""
    return data.findall("ds:KeyInfo/xenc:EncryptedKey", NS)


def decrypt(
    data: etree._Element, wrapped: etree._Element, key: Signatory, part: Callable[[str], bytes | None]
) -> bytes:
    """What `data` holds, opened with the key in `wrapped`; `part` finds an attachment by Content-ID.

    Raises Refused 9202, whatever the reason.
    """
    try:
        secret = _unwrap(wrapped, key)
        length = _iv_length(data)
        sealed = _cipher_text(data, part)
        return AESGCM(secret).decrypt(sealed[:length], sealed[length:], None)
    except (_NotOpened, ValueError, InvalidTag, binascii.Error):
        raise Refused("9202", "cannot be decrypted") from None


class _NotOpened(Exception):
    pass


def _unwrap(wrapped: etree._Element, key: Signatory) -> bytes:
    method = wrapped.find("xenc:EncryptionMethod", NS)
    if method is None or method.get("Algorithm") != RSA_OAEP or not isinstance(key.key, rsa.RSAPrivateKey):
        raise _NotOpened
    digest, mgf = method.find("ds:DigestMethod", NS), method.find("xenc11:MGF", NS)
    algorithm = _HASHES.get("" if digest is None else digest.get("Algorithm") or "")
    mask = _MGFS.get("" if mgf is None else mgf.get("Algorithm") or "")
    if algorithm is None or mask is None:
        raise _NotOpened
    secret = key.key.decrypt(_inline(wrapped), padding.OAEP(padding.MGF1(mask), algorithm, None))
    if len(secret) != KEY_BYTES:
        raise _NotOpened
    return secret


def _iv_length(data: etree._Element) -> int:
    method = data.find("xenc:EncryptionMethod", NS)
    if method is None or method.get("Algorithm") != AES256_GCM:
        raise _NotOpened
    length = method.find("osci128:IvLength", NS)
    value = str(OLD_IV_BYTES) if length is None else length.get("Value")
    if value not in (str(IV_BYTES), str(OLD_IV_BYTES)):
        raise _NotOpened
    return int(value)


def _cipher_text(data: etree._Element, part: Callable[[str], bytes | None]) -> bytes:
    reference = data.find("xenc:CipherData/xenc:CipherReference", NS)
    if reference is None:
        return _inline(data)
    uri = reference.get("URI") or ""
    found = part(uri.removeprefix("cid:")) if uri.startswith("cid:") else None
    if found is None:
        raise _NotOpened
    return found


def _inline(parent: etree._Element) -> bytes:
    return b64decode("".join(parent.findtext("xenc:CipherData/xenc:CipherValue", "", NS).split()), validate=True)


def certificate_in(node: etree._Element) -> x509.Certificate | None:
    """The X509Certificate below `node`, None where there is not exactly one that can be read."""
    texts = [found.text or "" for found in node.iter(f"{{{DS}}}X509Certificate")]
    try:
        return x509.load_der_x509_certificate(b64decode("".join(texts[0].split()))) if len(texts) == 1 else None
    except ValueError:
        return None
