"""What opens a content: its month's key; for a held entry, whose month may be gone, what the hold keeps of it."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection, select

from gateway.errors import StoreError
from gateway.protokoll.kette import halt_aad, inhalt_aad
from gateway.protokoll.monatsschluessel import Schluesselbund, decrypt_inhalt
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.stelle import Stelle
from gateway.protokoll.tabellen import HALT


@dataclass(frozen=True)
class Oeffner:
    """Opens one content. `key` is its own key; None for one of the first kind, encrypted by the key file itself."""

    mandant: str
    key: bytes | None = field(repr=False)
    decrypt: Callable[[bytes], bytes] = field(repr=False)  # raises ValueError


def inhaltsschluessel(
    connection: Connection, schluessel: Protokollschluessel, stelle: Stelle, key_id: str, kennung: bytes
) -> Oeffner:
    """Of an entry of the chain `kennung`, `key_id` being its column `schluessel`. Raises StoreError if it is gone."""
    if key_id in schluessel.stand.aes:
        aad = inhalt_aad(kennung, stelle.nummer)
        return Oeffner("", None, lambda sealed: schluessel.decrypt(key_id, sealed, aad))
    monat = Schluesselbund(schluessel).named(connection, key_id)
    if monat is not None:
        return _with_key(monat.mandant, monat.inhaltsschluessel(kennung, stelle.nummer), kennung, stelle.nummer)
    h = HALT.c
    halt = connection.execute(select(HALT).where(h.kette == stelle.kette, h.nummer == stelle.nummer)).one_or_none()
    if halt is None:
        raise StoreError(
            f"the key of the content of {stelle} is neither in the Protokoll nor in the instance's key file"
        )
    try:
        kept = json.loads(schluessel.decrypt(halt.tresor, halt.huelle, halt_aad(kennung, stelle.nummer)))
        return _with_key(kept["mandant"], base64.b64decode(kept["schluessel"]), kennung, stelle.nummer)
    except (LookupError, TypeError, ValueError):
        raise StoreError(f"what the hold of {stelle} keeps cannot be opened") from None


def _with_key(mandant: str, key: bytes, kennung: bytes, nummer: int) -> Oeffner:
    return Oeffner(mandant, key, partial(decrypt_inhalt, key, kennung=kennung, nummer=nummer))
