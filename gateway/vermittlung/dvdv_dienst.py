"""A service description of DVDV as the way to a peer: what is read of it, and how leniently.

The wire differs from the description in places: fields are null or missing, certificates come wrapped or as PEM, and a
type may stand in the field for types of the installation's own. What is needed must be there and usable.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from gateway.errors import GatewayError
from gateway.sections import is_loopback, is_usable
from gateway.vermittlung.eintrag import Weg, der_certificate, kann_verschluesseln

_MAX_URI = 1000  # the description's own limit


class DienstUnbrauchbar(GatewayError):
    """DVDV names a service that nobody could reach by what it says; the text says what is wrong."""


@dataclass(frozen=True)
class Dienst:
    """The way, and the certificates of the same description that are for signing."""

    weg: Weg
    intermediaer_signatur: x509.Certificate | None
    signaturen: frozenset[x509.Certificate]  # of the addressee, and of nobody in particular


@dataclass(frozen=True)
class _Element:
    typ: str
    beschreibung: str  # name of its description: what belongs together has the same
    uri: str
    chiffrier: x509.Certificate | None
    signatur: x509.Certificate | None


def read_dienst(description: Mapping[str, Any], *, plain_http: bool) -> Dienst:
    """The service `description` (schema Service of the API). Raises DienstUnbrauchbar.

    `plain_http`: whether an intermediary may be reached by http:// beyond loopback.
    """
    elemente = list(_elemente(description.get("serviceElements")))
    adressat, intermediaer = _das(elemente, "OSCI_ADDRESSEE"), _das(elemente, "OSCI_INTERMEDIARY")
    secure = intermediaer.uri.startswith("https://") or is_loopback(intermediaer.uri)
    if not (secure or (plain_http and intermediaer.uri.startswith("http://"))):
        raise DienstUnbrauchbar("the address of OSCI_INTERMEDIARY is not one with https://")
    weg = Weg(
        adressat.uri,
        _chiffrier(elemente, adressat),
        intermediaer.uri,
        _chiffrier(elemente, intermediaer),
    )
    seine = [one for one in elemente if one.signatur and _belongs(one, intermediaer)]
    andere = [one for one in elemente if one.signatur and (_belongs(one, adressat) or not _belongs(one, intermediaer))]
    return Dienst(
        weg,
        next((one.signatur for one in seine), None),
        frozenset(one.signatur for one in andere if one.signatur and one.typ != intermediaer.typ),
    )


def _das(elemente: Iterable[_Element], typ: str) -> _Element:
    """The first of a type that has an address."""
    found = next((one for one in elemente if one.typ == typ and one.uri), None)
    if found is None:
        raise DienstUnbrauchbar(f"there is no {typ} with an address")
    return found


def _chiffrier(elemente: Iterable[_Element], element: _Element) -> x509.Certificate:
    """Its own, or that of a CIPHER_CERTIFICATE element with the same description name."""
    certificates = [element.chiffrier] + [
        one.chiffrier for one in elemente if one.typ == "CIPHER_CERTIFICATE" and _belongs(one, element)
    ]
    found = next((one for one in certificates if one and kann_verschluesseln(one)), None)
    if found is None:
        raise DienstUnbrauchbar(f"there is no usable certificate to encrypt for {element.typ}")
    return found


def _belongs(one: _Element, to: _Element) -> bool:
    return one is to or (one.beschreibung != "" and one.beschreibung == to.beschreibung)


def _elemente(value: object) -> Iterator[_Element]:
    for one in value if isinstance(value, list) else []:
        if isinstance(one, Mapping):
            uri = _text(one, "serviceElementUri")
            yield _Element(
                typ=(_text(one, "serviceElementType") or _text(one, "customServiceElementType")).upper(),
                beschreibung=_text(one, "serviceElementDescriptionName"),
                uri=uri if len(uri) <= _MAX_URI and is_usable(uri) else "",
                chiffrier=_certificate(one.get("cipherCertificate")),
                signatur=_certificate(one.get("signatureCertificate")),
            )


def _text(one: Mapping[str, Any], key: str) -> str:
    value = one.get(key)
    return value.strip() if isinstance(value, str) else ""


def _certificate(value: object) -> x509.Certificate | None:
    """From DVDV's wrapping or as it is; none where it is revoked or no certificate."""
    if isinstance(value, Mapping):
        value = None if value.get("revocationDate") else value.get("content")
    if not isinstance(value, str):
        return None
    lines = [line.strip() for line in value.split("\n")]
    text = "".join(line for line in lines if not line.startswith("-----"))
    try:
        return der_certificate(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
