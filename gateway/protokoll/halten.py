"""Holds single entries back from deletion, for as long as a reason for it stands: they outlive their month.

§ 40 (5) S. 2 BMG knows no exception to its term: what is held beyond it, another law must demand, and the reason names
it. When the term ends, each hold says.

A held entry belongs to no month. The hold keeps the key of its content, which the month's key would take with it, and
why: both encrypted, for a reason may tell of a person. The rest of the chain proves it as before.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from gateway.database import store_errors
from gateway.errors import GatewayError
from gateway.protokoll.kette import halt_aad, halt_text
from gateway.protokoll.monat import GEHALTEN, monat_von, spaetestens
from gateway.protokoll.monate import prepare
from gateway.protokoll.oeffnen import inhaltsschluessel
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.schreibrecht import Schreibrecht
from gateway.protokoll.stand import locked_stand
from gateway.protokoll.stelle import Stelle
from gateway.protokoll.tabellen import EINTRAG, HALT, KETTE
from gateway.protokoll.zeit import from_micros, micros

MAX_GRUND = 500  # characters


class HaltError(GatewayError):
    """The entry is not there, is held already, or is not held."""


@dataclass(frozen=True)
class Halt:
    """An entry that is held back. `grund` is None where it cannot be read any more.

    `bis`: the first moment at which § 40 (5) S. 2 BMG wants it gone.
    """

    stelle: Stelle
    seit: datetime
    bis: datetime
    grund: str | None = field(repr=False)

    def vorbei(self, now: datetime) -> bool:
        """Whether the term is over, so that only another law lets it be kept."""
        return now >= self.bis


class Halteliste:
    """`engine` is one that writes; to list them, one that reads is enough."""

    def __init__(self, engine: Engine, schluessel: Protokollschluessel) -> None:
        self._engine = engine
        self._schluessel = schluessel

    def halte(self, stelle: Stelle, grund: str, now: datetime) -> datetime:
        """Holds an entry back; returns the first moment at which § 40 (5) S. 2 BMG wants it gone.

        Raises HaltError, StoreError, ValueError for a reason that is none.
        """
        if not grund.strip() or len(grund) > MAX_GRUND or not grund.isprintable():
            raise ValueError(f"a hold has a reason of at most {MAX_GRUND} characters")
        with Schreibrecht(self._engine).transaktion("the entry cannot be held") as connection:
            row = self._row(connection, stelle)
            if row.monat == GEHALTEN:
                raise HaltError(f"{stelle} is held already")
            kept = json.dumps({"grund": grund, **self._key(connection, stelle, row)}).encode()
            tresor, huelle = self._schluessel.encrypt(kept, halt_aad(row.kennung, stelle.nummer))
            seit = micros(now)
            _, siegelnd = locked_stand(connection, self._schluessel)
            siegel = siegelnd.sign(halt_text(row.kennung, stelle.nummer, seit, tresor, huelle))
            werte = {"seit": seit, "tresor": tresor, "huelle": huelle, "siegel": siegel}
            connection.execute(insert(HALT), {"kette": stelle.kette, "nummer": stelle.nummer, **werte})
            self._schluessel.check((tresor,))
            _move(connection, stelle, row.monat, GEHALTEN)
        return _ende(row)

    def gib_frei(self, stelle: Stelle) -> None:
        """Ends a hold: the entry goes with its month, at once where that is gone. Raises HaltError, StoreError."""
        h = HALT.c
        with Schreibrecht(self._engine).transaktion("the entry cannot be released") as connection:
            row = self._row(connection, stelle)
            monat = monat_von(row.gespeichert)
            ended = connection.execute(delete(HALT).where(h.kette == stelle.kette, h.nummer == stelle.nummer)).rowcount
            if not ended:
                raise HaltError(f"{stelle} is not held")
            prepare(connection, monat)
            _move(connection, stelle, GEHALTEN, monat)

    def alle(self) -> list[Halt]:
        """Those that are held, the latest first. Raises StoreError."""
        e = EINTRAG.c
        held = (e.kette == HALT.c.kette) & (e.nummer == HALT.c.nummer) & (e.monat == GEHALTEN)
        query = select(HALT, KETTE.c.kennung, e.gespeichert).join(KETTE, KETTE.c.nr == HALT.c.kette).join(EINTRAG, held)
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(HALT.c.seit.desc())).all()
        return [self._halt(row) for row in rows]

    def _halt(self, row: Any) -> Halt:
        return Halt(Stelle(row.kette, row.nummer), from_micros(row.seit), _ende(row), self._grund(row))

    def _row(self, connection: Connection, stelle: Stelle) -> Any:
        e = EINTRAG.c
        row = connection.execute(
            select(e.monat, e.gespeichert, e.schluessel, KETTE.c.kennung)
            .join(KETTE, KETTE.c.nr == e.kette)
            .where(e.kette == stelle.kette, e.nummer == stelle.nummer)
        ).one_or_none()
        if row is None:
            raise HaltError(f"the Protokoll has no entry {stelle}")
        return row

    def _key(self, connection: Connection, stelle: Stelle, row: Any) -> dict[str, str]:
        if row.schluessel is None:
            return {}
        oeffner = inhaltsschluessel(connection, self._schluessel, stelle, row.schluessel, row.kennung)
        if oeffner.key is None:
            return {}
        return {"mandant": oeffner.mandant, "schluessel": base64.b64encode(oeffner.key).decode()}

    def _grund(self, row: Any) -> str | None:
        try:
            kept = json.loads(self._schluessel.decrypt(row.tresor, row.huelle, halt_aad(row.kennung, row.nummer)))
            return str(kept["grund"])
        except (LookupError, TypeError, ValueError):
            return None


def _ende(row: Any) -> datetime:
    return spaetestens(monat_von(row.gespeichert))


def _move(connection: Connection, stelle: Stelle, von: int, nach: int) -> None:
    e = EINTRAG.c
    place = (e.kette == stelle.kette, e.nummer == stelle.nummer, e.monat == von)
    if connection.execute(update(EINTRAG).where(*place).values(monat=nach)).rowcount != 1:
        raise HaltError(f"{stelle} is being deleted just now")
