"""The keys of the Protokoll's contents: one a month and Mandant, random, kept wrapped, and gone with its month.

Mandant: for whose eyes a content is. "" is the operator, who records for the Meldebehoerden; else it is the key of the
authority that has commissioned its Protokoll (§ 40 (3) BMG), and the content is for that authority alone.

From a month's key come a key for each single content, so that one that is held back can outlive its month, and the key
of the month's index.
"""

import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from typing import Protocol as Port

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, insert, select

from gateway.errors import GatewayError, StoreError
from gateway.ports import Suchbegriff
from gateway.protokoll.kette import inhalt_aad, inhalt_label, monat_aad, verzeichnis_label
from gateway.protokoll.tabellen import SCHLUESSEL

KEY_BYTES = 32
NONCE_BYTES = 12
DIGEST_BYTES = 16


class Schluesseltresor(Port):
    """Wraps keys under one that it does not give away: the instance's key file, or a device."""

    def encrypt(self, content: bytes, aad: bytes) -> tuple[str, bytes]:
        """Id of the key that wraps, and `content` wrapped, bound to `aad`."""
        ...

    def decrypt(self, key_id: str, sealed: bytes, aad: bytes) -> bytes:
        """The content again. Raises LookupError for an unknown key, ValueError when it is not what was wrapped."""
        ...

    def check(self, key_ids: Iterable[str]) -> None:
        """Of what was written, before it is committed: raises StoreError unless these keys still open it."""
        ...


class FremderMandant(GatewayError):
    """The content is for another's eyes."""


@dataclass(frozen=True)
class Monatsschluessel:
    """The key of a month's contents for one Mandant. `id` names it in their entries."""

    id: str
    monat: int
    mandant: str
    key: bytes = field(repr=False)
    verzeichnis: bytes = field(repr=False)  # key of the index

    @classmethod
    def of(cls, key_id: str, monat: int, mandant: str, key: bytes) -> "Monatsschluessel":
        """With all that comes of `key`."""
        return cls(key_id, monat, mandant, key, hmac.digest(key, verzeichnis_label(), "sha256"))

    def inhaltsschluessel(self, kennung: bytes, nummer: int) -> bytes:
        """The key of a single content: AES-256."""
        return hmac.digest(self.key, inhalt_label(kennung, nummer), "sha256")

    def encrypt(self, inhalt: bytes, kennung: bytes, nummer: int) -> bytes:
        """Nonce and ciphertext, bound to chain and number."""
        nonce = os.urandom(NONCE_BYTES)  # a batch that failed is encrypted anew under the same numbers
        return nonce + AESGCM(self.inhaltsschluessel(kennung, nummer)).encrypt(
            nonce, inhalt, inhalt_aad(kennung, nummer)
        )

    def digest(self, begriff: Suchbegriff) -> bytes:
        """Under which the index has what can be searched for."""
        return hmac.digest(self.verzeichnis, b"%d\0" % begriff.art + begriff.wert.encode(), "sha256")[:DIGEST_BYTES]

    def packed(self, begriffe: Iterable[Suchbegriff]) -> bytes:
        """Column `verzeichnis` of an entry: of each its kind in a byte and its digest."""
        return b"".join(bytes((begriff.art,)) + self.digest(begriff) for begriff in begriffe)


def decrypt_inhalt(key: bytes, sealed: bytes, kennung: bytes, nummer: int) -> bytes:
    """A content by its own key. Raises ValueError when it is not the one that was stored at this place."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], inhalt_aad(kennung, nummer))
    except (InvalidTag, TypeError, ValueError):
        raise ValueError("the content is not the one that was encrypted for this place") from None


class Schluesselbund:
    """Month keys in the database; `tresor` opens them."""

    def __init__(self, tresor: Schluesseltresor) -> None:
        self._tresor = tresor

    def fuer(self, connection: Connection, monat: int, mandant: str) -> Monatsschluessel | None:
        """The one of a month and Mandant; None where there is none. Raises StoreError when it cannot be opened."""
        s = SCHLUESSEL.c
        row = connection.execute(select(SCHLUESSEL).where(s.monat == monat, s.mandant == mandant)).one_or_none()
        return None if row is None else self._open(row)

    def aller_monate(self, connection: Connection, mandant: str) -> list[Monatsschluessel]:
        """Those of a Mandant, the newest first. Raises StoreError when one cannot be opened."""
        query = select(SCHLUESSEL).where(SCHLUESSEL.c.mandant == mandant).order_by(SCHLUESSEL.c.monat.desc())
        return [self._open(row) for row in connection.execute(query)]

    def neuester(self, connection: Connection) -> Monatsschluessel | None:
        """The operator's newest; None where there is none. Raises StoreError when it cannot be opened."""
        s = SCHLUESSEL.c
        row = connection.execute(select(SCHLUESSEL).where(s.mandant == "").order_by(s.monat.desc()).limit(1)).first()
        return None if row is None else self._open(row)

    def named(self, connection: Connection, key_id: str) -> Monatsschluessel | None:
        """The one with this id; None where there is none. Raises StoreError when it cannot be opened."""
        row = connection.execute(select(SCHLUESSEL).where(SCHLUESSEL.c.id == key_id)).one_or_none()
        return None if row is None else self._open(row)

    def neu(self, connection: Connection, monat: int, mandant: str) -> Monatsschluessel:
        """A new one, stored; the database objects to a second one of the same month and Mandant."""
        schluessel = Monatsschluessel.of(
            f"{monat}-{secrets.token_hex(4)}", monat, mandant, secrets.token_bytes(KEY_BYTES)
        )
        tresor, huelle = self._tresor.encrypt(schluessel.key, monat_aad(schluessel.id, monat, mandant))
        werte = {"id": schluessel.id, "monat": monat, "mandant": mandant, "tresor": tresor, "huelle": huelle}
        connection.execute(insert(SCHLUESSEL), werte)
        self._tresor.check((tresor,))
        return schluessel

    def _open(self, row: Any) -> Monatsschluessel:
        key_id, monat, mandant, tresor, huelle = row
        try:
            key = self._tresor.decrypt(tresor, huelle, monat_aad(key_id, monat, mandant))
        except LookupError:
            raise StoreError(f"the key that wraps the key {key_id} is not in the instance's key file") from None
        except (TypeError, ValueError):
            raise StoreError(f"the key {key_id} of the Protokoll is damaged: run protokoll verify") from None
        return Monatsschluessel.of(key_id, monat, mandant, key)
