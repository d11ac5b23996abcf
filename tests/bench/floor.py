"""The limit: what no gateway of this kind can leave out, straight on lxml and `cryptography`.

The envelope and the message parsed, both messages checked against the schema, the digests of both envelopes, one
verification, one signature, base64. No limits on what comes in, no certificate, no authority, no search, no Protokoll;
the answers are given, and are not even serialised.
"""

import hashlib
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from gateway.envelope.signer import Identity

Element = etree._Element
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_ECDSA, _PKCS1 = ec.ECDSA(SHA256()), padding.PKCS1v15()
_P256_BYTES = 32


class Floor:
    """Belongs to one thread: neither schema nor trees are shared."""

    def __init__(self, own: Identity, peer: PublicKey, schema: etree.XMLSchema, replies: Sequence[bytes]) -> None:
        """`own` signs the replies, `peer` has signed the requests; `replies` are the gateway's, one for each person."""
        self._verify = _verifier(peer)
        self._sign = _signer(own)
        self._schema = schema
        self._replies = [etree.fromstring(reply) for reply in replies]
        self._texts = [b64decode(_content(reply)) for reply in self._replies]
        self.zeiten: dict[str, int] = {}  # of the last call: step → nanoseconds

    def __call__(self, request: bytes, person: int) -> None:
        """One exchange's worth of work. Raises when a digest, a signature or a schema does not hold."""
        start = time.perf_counter_ns()
        text = self._open(request)
        opened = time.perf_counter_ns()
        message = etree.fromstring(text)
        parsed = time.perf_counter_ns()
        self._schema.assertValid(message)
        validated = time.perf_counter_ns()
        self._schema.assertValid(etree.fromstring(self._texts[person]))
        checked = time.perf_counter_ns()
        self._close(self._replies[person], self._texts[person])
        self.zeiten = {
            "open": opened - start,
            "choose": parsed - opened,
            "validate": validated - parsed,
            "write": checked - validated,
            "close": time.perf_counter_ns() - checked,
        }

    def _open(self, request: bytes) -> bytes:
        envelope = etree.fromstring(request)
        body, token, timestamp, info, value = _parts(envelope)
        targets = {"#body": body, "#token": token, "#timestamp": timestamp}
        for reference in list(info)[2:]:
            if _digest(targets[reference.get("URI", "")]) != b64decode(reference[2].text or ""):
                raise ValueError("a digest does not hold")
        self._verify(b64decode(value.text or ""), _c14n(info))
        return b64decode(_content(envelope))

    def _close(self, envelope: Element, answer: bytes) -> None:
        body, _, timestamp, info, value = _parts(envelope)
        body[0][0].text = _base64(answer)
        for reference, target in zip(list(info)[2:4], (body, timestamp), strict=True):
            reference[2].text = _base64(_digest(target))
        value.text = _base64(self._sign(_c14n(info)))


def _parts(envelope: Element) -> tuple[Element, Element, Element, Element, Element]:
    """Body, token, Timestamp, SignedInfo and SignatureValue, where the gateway's signer puts them."""
    token, timestamp, signature = envelope[0][0]
    return envelope[1], token, timestamp, signature[0], signature[1]


def _content(envelope: Element) -> str:
    return envelope[1][0][0].text or ""


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _c14n(element: Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def _digest(element: Element) -> bytes:
    return hashlib.sha256(_c14n(element)).digest()


def _verifier(key: PublicKey) -> Callable[[bytes, bytes], None]:
    if isinstance(key, rsa.RSAPublicKey):
        return lambda value, data: key.verify(value, data, _PKCS1, SHA256())
    return lambda value, data: key.verify(_der(value), data, _ECDSA)


def _signer(identity: Identity) -> Callable[[bytes], bytes]:
    key: Any = identity.key
    if isinstance(key, rsa.RSAPrivateKey):
        return lambda data: key.sign(data, _PKCS1, SHA256())
    return lambda data: _side_by_side(key.sign(data, _ECDSA))


def _der(value: bytes) -> bytes:
    r, s = (int.from_bytes(half, "big") for half in (value[:_P256_BYTES], value[_P256_BYTES:]))
    return encode_dss_signature(r, s)


def _side_by_side(der: bytes) -> bytes:
    return b"".join(number.to_bytes(_P256_BYTES, "big") for number in decode_dss_signature(der))
