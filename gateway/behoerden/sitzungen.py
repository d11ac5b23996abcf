"""Sessions: short-lived signed tokens. An account that is blocked or gets another password loses all of its own."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.behoerden import konten
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.konten import Konto

_MAX = 1000  # characters of a token


@dataclass(frozen=True)
class Sitzungen:
    """`key`: 32 bytes that all processes of the instance share. `dauer`: after which one has to log in again."""

    key: bytes
    dauer: timedelta
    uhr: Callable[[], datetime]

    @classmethod
    def derive(cls, secret: bytes, dauer: timedelta, uhr: Callable[[], datetime]) -> "Sitzungen":
        """With a key of its own, derived from one of the instance's."""
        return cls(HKDF(SHA256(), 32, None, b"xmeld-gateway admin session").derive(secret), dauer, uhr)

    def beginne(self, konto: Konto) -> tuple[str, datetime]:
        """The token, and until when it holds."""
        bis = self.uhr().astimezone(UTC) + self.dauer
        body = json.dumps([konto.name, konto.sitzungen, bis.timestamp()]).encode()
        return f"{_text(body)}.{_text(self._mac(body))}", bis

    def lies(self, token: str, v: Verwaltung) -> Konto | None:
        """Whose it is; None for what was not signed here, is over, or belongs to an account that has changed since."""
        body, _, mac = token.partition(".")
        try:
            signed = _bytes(body)
            if len(token) > _MAX or not hmac.compare_digest(self._mac(signed), _bytes(mac)):
                return None
        except ValueError:
            return None
        name, sitzungen, bis = json.loads(signed)
        if self.uhr().timestamp() >= bis:
            return None
        konto = konten.lies(v, name)
        return konto if konto and konto.sitzungen == sitzungen else None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self.key, body, "sha256")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
