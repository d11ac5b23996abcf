"""Detached signatures of reports by the instance's key, as `openssl dgst -sha256 -verify` checks them."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import Certificate

from gateway.envelope.signer import Identity


def unterschreibe(identity: Identity, dokument: bytes) -> bytes:
    """ECDSA in DER, or RSASSA-PKCS1-v1_5, over the SHA-256 of the very bytes."""
    if isinstance(identity.key, ec.EllipticCurvePrivateKey):
        return identity.key.sign(dokument, ec.ECDSA(SHA256()))
    return identity.key.sign(dokument, padding.PKCS1v15(), SHA256())


def ist_unterschrieben(certificate: Certificate, dokument: bytes, unterschrift: bytes) -> bool:
    """Whether the certificate's key has signed just this."""
    key = certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(unterschrift, dokument, ec.ECDSA(SHA256()))
        else:
            key.verify(unterschrift, dokument, padding.PKCS1v15(), SHA256())  # type: ignore[union-attr,call-arg,arg-type]
    except InvalidSignature:
        return False
    return True
