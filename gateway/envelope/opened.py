"""What an envelope hands to the exchange."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Opened:
    """What the envelope vouches for: the signed message and the certificate that signed it.

    `reply_fingerprint` is the certificate for which the answer will be encrypted, where the envelope does that. It came
    with the request, so the exchange has to see that it belongs to the same authority.
    """

    nachricht: bytes
    fingerprint: str  # SHA-256 of the certificate's DER, lower-case hex
    reply_fingerprint: str | None = None
    marken: tuple[str, ...] = ()  # what the Protokoll has to say of how far the certificates were believed
