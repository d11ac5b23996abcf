"""Single certificates of authorities. Every function raises BehoerdenError for what cannot be, and StoreError."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from sqlalchemy import Engine, insert, select, update

from gateway.behoerden.aenderungen import Verwaltung, Zeile, mit_schluessel, zeile
from gateway.behoerden.fehler import BehoerdenError, NichtGefunden
from gateway.behoerden.stamm import verlange
from gateway.behoerden.tabellen import BEHOERDE, ZERTIFIKAT
from gateway.database import store_errors
from gateway.envelope.zertifikate import fingerprint

_UNBEKANNT = "9999-12-31T00:00:00+00:00"  # how long it is valid
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Ablauf:
    """A certificate that ends soon or has ended. `letztes`: no other one of its authority is valid for longer."""

    kennung: str
    fingerprint: str
    gueltig_bis: datetime
    letztes: bool = True


def read_certificate(pem: bytes) -> x509.Certificate:
    """Raises BehoerdenError."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise BehoerdenError("this is not a certificate in PEM") from None


def ordne_zu(v: Verwaltung, kennung: str, certificate: x509.Certificate | str) -> str:
    """One more certificate for an authority, or its fingerprint alone; returns the fingerprint.

    With four eyes it is blocked until another one lifts that.
    """
    if isinstance(certificate, str):
        if not _FINGERPRINT.fullmatch(certificate):
            raise BehoerdenError("the fingerprint of a certificate is its SHA-256 as 64 lower-case hexadecimal digits")
        werte: Zeile = {"fingerprint": certificate}
    else:
        werte = _daten(certificate)
        if werte["gueltig_bis"] <= v.jetzt:
            raise BehoerdenError("the certificate has expired")
    fingerprint: str = werte["fingerprint"]
    vergeben = "the certificate was given to an authority just now"
    with v.aendere("zuordnen", ZERTIFIKAT, fingerprint, vergeben=vergeben) as t:
        verlange(t.connection, kennung)
        if there := zeile(t.connection, ZERTIFIKAT, fingerprint):
            taken = there["kennung"]
            whose = "this authority already" if taken == kennung else f"another authority, {taken}"
            raise BehoerdenError(f"the certificate belongs to {whose}")
        t.connection.execute(insert(ZERTIFIKAT), {**werte, "kennung": kennung, "gesperrt": v.vier_augen})
    return fingerprint


def sperre(v: Verwaltung, fingerprint: str, *, gesperrt: bool) -> None:
    """Blocks one certificate or lifts the block, within a second in every process; `fingerprint` may be its head.

    With four eyes a block is lifted by another one than who has set it, or given the certificate.
    """
    fingerprint = _eindeutig(v, fingerprint)
    with v.aendere("sperren" if gesperrt else "entsperren", ZERTIFIKAT, fingerprint) as t:
        there = zeile(t.connection, ZERTIFIKAT, fingerprint)
        if there is None or there["gesperrt"] == gesperrt:
            raise BehoerdenError(f"the certificate is {'blocked already' if gesperrt else 'not blocked'}")
        if not gesperrt:
            t.verlange_anderen(ZERTIFIKAT, fingerprint)
        t.connection.execute(mit_schluessel(update(ZERTIFIKAT), ZERTIFIKAT, fingerprint).values(gesperrt=gesperrt))


def _eindeutig(v: Verwaltung, head: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8,64}", head):
        raise BehoerdenError("a certificate is named by its fingerprint, or the first 8 or more digits of it")
    with store_errors("the authorities cannot be read"), v.engine.connect() as connection:
        found = connection.scalars(select(ZERTIFIKAT.c.fingerprint).where(ZERTIFIKAT.c.fingerprint.startswith(head)))
        fingerprints = list(found)
    if not fingerprints:
        raise NichtGefunden("no certificate has this fingerprint")
    if len(fingerprints) > 1:
        raise BehoerdenError("more than one certificate has this fingerprint")
    return str(fingerprints[0])


def _daten(certificate: x509.Certificate) -> dict[str, str]:
    """The row, but for whose it is."""
    try:
        return {
            "fingerprint": fingerprint(certificate),
            "subject": certificate.subject.rfc4514_string(),
            "serial": f"{certificate.serial_number:x}",
            "gueltig_ab": certificate.not_valid_before_utc.isoformat(timespec="milliseconds"),
            "gueltig_bis": certificate.not_valid_after_utc.isoformat(timespec="milliseconds"),
        }
    except (ValueError, x509.InvalidVersion):
        raise BehoerdenError("the certificate cannot be read") from None


def ablaufende(engine: Engine, jetzt: datetime, tage: int) -> list[Ablauf]:
    """Of each authority the certificate that ends last, where that is within so many days. Raises StoreError.

    Of what is blocked nothing is said.
    Where nobody knows how long one of its certificates is valid, nothing is said of the authority.
    """
    return [one for one in alle_ablaufenden(engine, jetzt, tage) if one.letztes]


def alle_ablaufenden(engine: Engine, jetzt: datetime, tage: int) -> list[Ablauf]:
    """Also those beside which another one is valid for longer, which may be for another use. Raises StoreError."""
    z = ZERTIFIKAT.c
    query = select(z.kennung, z.fingerprint, z.gueltig_bis).join(BEHOERDE, BEHOERDE.c.kennung == z.kennung)
    with store_errors("the authorities cannot be read"), engine.connect() as connection:
        rows = connection.execute(query.where(~ZERTIFIKAT.c.gesperrt, ~BEHOERDE.c.gesperrt)).all()
    letzte = dict[str, tuple[str, str]]()
    for kennung, digest, bis in rows:
        letzte[kennung] = max(letzte.get(kennung, ("", "")), (bis or _UNBEKANNT, digest))
    grenze = jetzt.astimezone(UTC) + timedelta(days=tage)
    found = (
        Ablauf(kennung, digest, datetime.fromisoformat(bis), letztes=letzte[kennung] == (bis, digest))
        for kennung, digest, bis in rows
        if bis is not None
    )
    return sorted((one for one in found if one.gueltig_bis <= grenze), key=lambda one: one.gueltig_bis)
