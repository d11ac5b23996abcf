"""The other Laender as retrieving and answering bodies, and the port that finds them (§ 2 (3) Nds. AG BMG)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from gateway.errors import GatewayError


class GegenstelleUnbekannt(GatewayError):
    """No directory names that Land or municipality, or it does not speak the version; the text says which."""


class VersionUnbekannt(GegenstelleUnbekannt):
    """The Land is known, but does not speak the version."""


class VerzeichnisUnerreichbar(GegenstelleUnbekannt):
    """The directory cannot say at the moment, and nothing is known from before."""


@dataclass(frozen=True)
class Gegenstelle:
    """How messages for the municipalities of a Land get there, and whose answers count."""

    land: str  # two digits
    adressat: str  # URI of the passive recipient (ContentReceiver)
    adressat_cipher: x509.Certificate  # content is encrypted for it
    intermediaer: str  # URL of the OSCI intermediary
    intermediaer_cipher: x509.Certificate  # transport encryption
    intermediaer_signatur: x509.Certificate | None  # pinned; None: any that the trust store believes
    autoren: frozenset[str]  # SHA-256 of the DER (lower-case hex) of the certificates that may sign this Land's answers
    versionen: frozenset[str]  # of the standard, e.g. "25.11a"
    mit_message_id: bool = False  # GetMessageId before, where the intermediary wants it
    timeout_seconds: float = 20.0  # for the whole way there and back
    gleichzeitig: int = 4  # exchanges with this Land at a time
    je_gemeinde: bool = False  # freie Suche: one message per Gemeinde
    hoechstens_nachrichten: int = 20  # ... but no more than that


class Verzeichnis(Protocol):
    """A directory of peers."""

    def finde(self, ags: str, version: str) -> Gegenstelle:
        """Who answers for the municipality `ags` (8 digits; "<land>000000" for a Land as a whole) in `version`.

        Raises GegenstelleUnbekannt, of it VersionUnbekannt, VerzeichnisUnerreichbar.
        """
        ...

    def zustand(self) -> Mapping[str, str]:
        """By its name whether it answers: "closed", "open" or "half-open"; nothing where nobody is asked."""
        ...
