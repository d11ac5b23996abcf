"""What an envelope hands to the exchange."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Opened:
    """What the envelope vouches for: the signed message and the certificate that signed it."""

    nachricht: bytes
    fingerprint: str  # SHA-256 of the certificate's DER, lower-case hex
