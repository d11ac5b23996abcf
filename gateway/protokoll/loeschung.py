"""Records of deletions: which entries went, when and by what rule, signed. No personal data, and none is ever deleted.

Of each run of numbers a record keeps what the first entry followed and the hash of the last one, so the chain of those
that stay still holds, and what a record names is known to have been deleted where else it would be missing.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Row, func, insert, select

from gateway.errors import StoreError
from gateway.protokoll.kette import LOESCHFELDER, loeschung_hash, loeschung_text, wurzel_hash
from gateway.protokoll.monat import REGEL
from gateway.protokoll.monate import in_month
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.stand import locked_stand
from gateway.protokoll.tabellen import EINTRAG, LOESCHUNG
from gateway.protokoll.zeit import micros


class Bereich(NamedTuple):
    """A run of numbers of a chain: what its first entry followed, and the hash of its last one."""

    kette: int
    von: int
    bis: int
    vorgaenger: bytes
    hash: bytes

    @property
    def anzahl(self) -> int:
        """How many entries."""
        return self.bis - self.von + 1


#: Chain, first and last number.
Lauf = tuple[int, int, int]


def pack(bereiche: Iterable[Bereich]) -> str:
    """Column `bereiche`."""
    return json.dumps([[b.kette, b.von, b.bis, b.vorgaenger.hex(), b.hash.hex()] for b in bereiche])


def unpack(packed: str) -> list[Bereich]:
    """What `pack` was given. Raises ValueError, TypeError for anything else."""
    return [Bereich(k, von, bis, bytes.fromhex(v), bytes.fromhex(h)) for k, von, bis, v, h in json.loads(packed)]


def bereiche(connection: Connection, monat: int) -> list[Bereich]:
    """The entries of a month that no record names yet."""
    genannt = [bereich for row in records(connection, monat) for bereich in unpack(row.bereiche)]
    return [_with_ends(connection, lauf) for lauf in minus(laeufe(connection, monat), genannt)]


def records(connection: Connection, monat: int) -> Sequence[Row[tuple[object, ...]]]:
    """The records of a month's deletions."""
    query = select(LOESCHUNG).where(LOESCHUNG.c.monat == monat).order_by(LOESCHUNG.c.nr)
    return connection.execute(query).all()


def record(
    connection: Connection, schluessel: Protokollschluessel, monat: int, now: datetime, weg: Sequence[Bereich]
) -> None:
    """Stores the signed record that `weg` is deleted."""
    stand, siegelnd = locked_stand(connection, schluessel)
    last = connection.execute(select(LOESCHUNG).order_by(LOESCHUNG.c.nr.desc()).limit(1)).one_or_none()
    vorgaenger = last.hash if last is not None else wurzel_hash(stand.wurzel)
    werte: dict[str, object] = {
        "nr": (last.nr if last is not None else 0) + 1,
        "monat": monat,
        "regel": REGEL,
        "geloescht": micros(now),
        "anzahl": sum(bereich.anzahl for bereich in weg),
        "bereiche": pack(weg),
    }
    digest = loeschung_hash(vorgaenger, [werte[name] for name in LOESCHFELDER])
    siegel = siegelnd.sign(loeschung_text(digest))
    connection.execute(insert(LOESCHUNG), {**werte, "vorgaenger": vorgaenger, "hash": digest, "siegel": siegel})


def minus(laeufe: Iterable[Lauf], genannt: Iterable[Bereich]) -> list[Lauf]:
    """What is left of runs without those that are named."""
    left = list(laeufe)
    for one in genannt:
        left = [rest for lauf in left for rest in _without(lauf, one)]
    return left


def _without(lauf: Lauf, weg: Bereich) -> list[Lauf]:
    kette, von, bis = lauf
    if kette != weg.kette or weg.bis < von or bis < weg.von:
        return [lauf]
    rest = ((kette, von, weg.von - 1), (kette, weg.bis + 1, bis))
    return [(k, first, last) for k, first, last in rest if first <= last]


def laeufe(connection: Connection, monat: int) -> list[Lauf]:
    """The runs of a month's entries. Where numbers follow each other, they are as far from their rank in the chain."""
    e = EINTRAG.c
    rank = func.row_number().over(partition_by=e.kette, order_by=e.nummer)
    ranked = select(e.kette, e.nummer, (e.nummer - rank).label("lauf")).where(in_month(connection, monat)).subquery()
    von, bis = func.min(ranked.c.nummer), func.max(ranked.c.nummer)
    query = select(ranked.c.kette, von, bis).group_by(ranked.c.kette, ranked.c.lauf).order_by(ranked.c.kette, von)
    return [(kette, first, last) for kette, first, last in connection.execute(query)]


def _with_ends(connection: Connection, lauf: Lauf) -> Bereich:
    kette, von, bis = lauf
    e = EINTRAG.c
    first, last = (
        connection.execute(select(e.vorgaenger, e.hash).where(e.kette == kette, e.nummer == nummer)).first()
        for nummer in (von, bis)
    )
    if first is None or last is None:
        raise StoreError("entries of the Protokoll went while they were looked at: run protokoll verify")
    return Bereich(kette, von, bis, first.vorgaenger, last.hash)
