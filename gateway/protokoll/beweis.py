"""The evidence of a period as a file that a third party checks offline, with `pruefskript/pruefe_protokoll.py` alone.

JSON Lines: the register's signed head and the public key that seals now, the changes of that key, every chain of the
register with its signed head, the records of deletions, and of each chain the entries of the period, from the seal
before to the seal behind it. All chains and unbroken numbers between seals show that nothing of the period is left out,
as far as the clock ran forward. A seal of an earlier key closes no period, for others may have that key by now: such a
chain goes on to its end, which the present key has sealed. Contents go in as their SHA-256, unless they are asked for;
then each with the key that opens it alone.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TextIO

from sqlalchemy import Connection, Engine, func, select

from gateway.database import store_errors
from gateway.errors import StoreError
from gateway.protokoll.befund import Findings
from gateway.protokoll.kette import FELDER, LOESCHFELDER, digest_of
from gateway.protokoll.oeffnen import inhaltsschluessel
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.siegelfolge import Glied, lies
from gateway.protokoll.stelle import Stelle
from gateway.protokoll.tabellen import EINTRAG, KETTE, KOPF, LOESCHUNG, STAND, WECHSEL
from gateway.protokoll.verbindung import snapshot
from gateway.protokoll.zeit import micros

FORMAT = "xmeld-gateway-beweis-1"
SCHRITT = 500

_SPALTEN = (*FELDER, "vorgaenger", "hash", "siegel")


def export(
    engine: Engine,
    schluessel: Protokollschluessel,
    von: datetime,
    bis: datetime,
    out: TextIO,
    *,
    mandant: str | None = None,
) -> int:
    """Writes what was stored from `von` and before `bis`: how many entries. `engine` may be read-only.

    With `mandant` also the contents that are for its eyes ("": the operator's): whoever asks must be entitled to them.
    Raises StoreError, OSError.
    """
    with store_errors("the Protokoll cannot be read"), snapshot(engine) as connection:
        beweis = _Beweis(connection, schluessel, micros(von), micros(bis), mandant)
        out.writelines(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in beweis.lines())
        return beweis.entries


class _Beweis:
    def __init__(
        self, connection: Connection, schluessel: Protokollschluessel, von: int, bis: int, mandant: str | None
    ) -> None:
        self._connection = connection
        self._schluessel = schluessel
        self._von, self._bis = von, bis
        self._mandant = mandant
        self.entries = 0

    def lines(self) -> Iterator[dict[str, Any]]:
        aktuell = lies(self._connection, self._schluessel, Findings()).aktuell
        yield self._head(aktuell)
        for row in self._connection.execute(select(WECHSEL).order_by(WECHSEL.c.nr)):
            yield {"art": "siegelwechsel", **_plain(row._asdict())}
        query = select(KETTE, KOPF.c.nummer, KOPF.c.hash.label("ende"), KOPF.c.siegel.label("kopfsiegel"))
        chains = self._connection.execute(query.outerjoin(KOPF, KOPF.c.kette == KETTE.c.nr).order_by(KETTE.c.nr)).all()
        for chain in chains:
            yield {"art": "kette", **_plain(chain._asdict())}
        for row in self._connection.execute(select(LOESCHUNG).order_by(LOESCHUNG.c.nr)):
            names = (*LOESCHFELDER, "vorgaenger", "hash", "siegel")
            yield {"art": "loeschung", **_plain({name: getattr(row, name) for name in names})}
        within = self._within()
        for chain in chains:
            if chain.begonnen < self._bis:
                ganz = chain.nr < aktuell.ab_kette
                yield from self._chain(chain, *within.get(chain.nr, (None, None)), to_end=ganz)

    def _head(self, key: Glied) -> dict[str, Any]:
        stand = self._connection.execute(select(STAND)).one_or_none()
        if stand is None:
            raise StoreError("the register of chains has no head: run protokoll verify")
        period = {"art": "beweis", "format": FORMAT, "von": self._von, "bis": self._bis}
        row = stand._asdict()
        del row["id"]
        return {**period, "schluessel": key.oeffentlich.public_bytes_raw().hex(), **_plain(row)}

    def _within(self) -> dict[int, tuple[int, int]]:
        """By chain the first and the last number of the period."""
        e = EINTRAG.c
        query = select(e.kette, func.min(e.nummer), func.max(e.nummer)).group_by(e.kette)
        rows = self._connection.execute(query.where(e.gespeichert >= self._von, e.gespeichert < self._bis))
        return {kette: (first, last) for kette, first, last in rows}

    def _chain(self, chain: Any, first: int | None, last: int | None, *, to_end: bool) -> Iterator[dict[str, Any]]:
        e = EINTRAG.c
        if first is None or last is None:  # nothing: between which two entries
            earlier = select(func.max(e.nummer)).where(e.kette == chain.nr, e.gespeichert < self._von)
            last = self._connection.scalar(earlier) or 0
            first = last + 1
        sealed = select(e.nummer).where(e.kette == chain.nr, e.siegel.is_not(None))
        before = sealed.where(e.nummer < first, e.gespeichert < self._von).order_by(e.nummer.desc())
        behind = sealed.where(e.nummer > last, e.gespeichert >= self._bis).order_by(e.nummer)
        start = self._connection.scalar(before.limit(1)) or 1
        end = (None if to_end else self._connection.scalar(behind.limit(1))) or chain.nummer or 0
        columns = [e[name] for name in _SPALTEN]
        query = select(*columns).where(e.kette == chain.nr, e.nummer.between(start, end)).order_by(e.nummer)
        for row in self._connection.execute(query, execution_options={"yield_per": SCHRITT}):
            self.entries += 1
            yield self._entry(chain, row._asdict())

    def _entry(self, chain: Any, row: dict[str, Any]) -> dict[str, Any]:
        inhalt, key_id = row["inhalt"], row["schluessel"]
        if chain.fassung != 1:  # the first kind has the content itself in its hash
            row["inhalt"] = digest_of(inhalt)
        line = {"art": "eintrag", "kette": chain.nr, **_plain(row)}
        if inhalt is None or self._mandant is None:
            return line
        stelle = Stelle(chain.nr, row["nummer"])
        try:
            oeffner = inhaltsschluessel(self._connection, self._schluessel, stelle, key_id, chain.kennung)
        except StoreError:
            return line
        if oeffner.mandant == self._mandant and oeffner.key is not None:
            line |= {"verschluesselt": inhalt.hex(), "inhaltsschluessel": oeffner.key.hex()}
        return line


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Bytes in hex."""
    return {name: wert.hex() if isinstance(wert, bytes) else wert for name, wert in row.items()}
