"""One Land's table of the peers file, and the certificates that it names."""

from dataclasses import dataclass, field
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import Field, field_validator, model_validator

from gateway.errors import ConfigError
from gateway.sections import Address, Section, is_usable

#: Content and transport keys are wrapped with RSA-OAEP.
_MIN_RSA_BITS = 2048

#: Seconds for one retrieval, there and back.
MAX_TIMEOUT = 120.0

_Version = Annotated[str, Field(pattern=r"^[0-9]{2}\.[0-9]{2}[a-z]?$")]

_WEG = ("adressat", "adressat_cipher", "intermediaer", "intermediaer_cipher")
_DAZU = (*_WEG, "autoren", "versionen")


class Tabelle(Section):
    """As written in the file. Certificates are PEM files, relative to its folder.

    The way (`adressat` to `intermediaer_cipher`) is given whole, with `autoren` and `versionen`, or left to DVDV.
    `schluessel` is the organisation key under which DVDV has it; empty: each municipality's own.
    """

    adressat: str = Field("", max_length=1000)
    adressat_cipher: str = ""
    intermediaer: Address | None = None
    intermediaer_cipher: str = ""
    intermediaer_signatur: str = ""
    autoren: list[str] = Field(default_factory=list)
    versionen: list[_Version] = Field(default_factory=list)
    schluessel: str = Field("", pattern=r"^([a-z]{2,8}:[0-9]{1,20})?$")
    mit_message_id: bool = False
    timeout_seconds: float = Field(20.0, ge=1, le=MAX_TIMEOUT)
    gleichzeitig: int = Field(4, ge=1, le=64)
    je_gemeinde: bool = False
    hoechstens_nachrichten: int = Field(20, ge=1, le=500)

    @field_validator("adressat")
    @classmethod
    def _is_uri(cls, adressat: str) -> str:
        if adressat and not is_usable(adressat):
            raise ValueError("must be the URI of the passive recipient")
        return adressat

    @model_validator(mode="after")
    def _way_whole_or_not_at_all(self) -> "Tabelle":
        if any(getattr(self, key) for key in _WEG) and (missing := self.fehlt()):
            raise ValueError(f"{missing} is missing: {', '.join(_DAZU)} go together")
        return self

    def fehlt(self) -> str | None:
        """The first key without which nobody but DVDV could complete it."""
        return next((key for key in _DAZU if not getattr(self, key)), None)


@dataclass(frozen=True)
class Weg:
    """Where messages go, and for whom they are encrypted."""

    adressat: str
    adressat_cipher: x509.Certificate
    intermediaer: str
    intermediaer_cipher: x509.Certificate


@dataclass(frozen=True)
class Eintrag:
    """What the file says of a Land, its certificates read. `weg` None, no `autoren`, no `versionen`: not said."""

    weg: Weg | None = None
    intermediaer_signatur: x509.Certificate | None = None
    autoren: frozenset[str] = frozenset()
    versionen: frozenset[str] = frozenset()
    tabelle: Tabelle = field(default_factory=Tabelle)


def pem_certificate(content: bytes) -> x509.Certificate:
    """The one certificate of a PEM file. Raises ConfigError."""
    try:
        certificates = x509.load_pem_x509_certificates(content)
        if len(certificates) != 1:
            raise ConfigError(f"holds {len(certificates)} certificates instead of one")
        certificates[0].public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"is not a PEM certificate: {error}") from None
    return certificates[0]


def der_certificate(content: bytes) -> x509.Certificate:
    """A certificate with a public key that can be read. Raises ValueError."""
    try:
        certificate = x509.load_der_x509_certificate(content)
        certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("not a certificate") from None
    return certificate


def kann_verschluesseln(certificate: x509.Certificate) -> bool:
    """Whether keys can be wrapped for it."""
    key = certificate.public_key()
    return isinstance(key, RSAPublicKey) and key.key_size >= _MIN_RSA_BITS
