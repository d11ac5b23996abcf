"""What the register keeps of a certificate, and which of them end soon."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from sqlalchemy import Engine, select

from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.tabellen import ZERTIFIKAT
from gateway.database import store_errors
from gateway.envelope.zertifikate import fingerprint


@dataclass(frozen=True)
class Ablauf:
    """A certificate that ends soon or has ended, and no other one of its authority is valid for longer."""

    kennung: str
    fingerprint: str
    gueltig_bis: datetime


def read_certificate(pem: bytes) -> x509.Certificate:
    """Raises BehoerdenError."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise BehoerdenError("this is not a certificate in PEM") from None


def zertifikatsdaten(certificate: x509.Certificate) -> dict[str, str]:
    """The row, but for whose it is. Raises BehoerdenError."""
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

    Where nobody knows how long one of its certificates is valid, nothing is said of the authority.
    """
    query = select(ZERTIFIKAT.c.kennung, ZERTIFIKAT.c.fingerprint, ZERTIFIKAT.c.gueltig_bis)
    with store_errors("the authorities cannot be read"), engine.connect() as connection:
        rows = connection.execute(query.where(~ZERTIFIKAT.c.gesperrt)).all()
    letzte = dict[str, tuple[str, str]]()
    for kennung, digest, bis in rows:
        letzte[kennung] = max(letzte.get(kennung, ("", "")), (bis or "9999-12-31T00:00:00+00:00", digest))
    grenze = jetzt.astimezone(UTC) + timedelta(days=tage)
    found = (Ablauf(kennung, digest, datetime.fromisoformat(bis)) for kennung, (bis, digest) in letzte.items())
    return sorted((one for one in found if one.gueltig_bis <= grenze), key=lambda one: one.gueltig_bis)
