"""Whether entries are as old as they say: what is known to come before them tells, whatever the clock was set to.

A clock that was set back stores entries in a month that is long over; by that month alone they would be deleted at
once. Their chain proves that they came later: entries before them, chains begun before theirs, and what their chain has
seen of others when it began.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from gateway.protokoll.kette import unpack_verweise
from gateway.protokoll.loeschung import Lauf, laeufe
from gateway.protokoll.monat import beginn, monat_von, nach
from gateway.protokoll.tabellen import EINTRAG, KETTE
from gateway.protokoll.zeit import micros

#: By how much clocks may differ, or be set right, without anybody being delayed.
GANGABWEICHUNG = timedelta(days=1)

_MONATE = 12  # § 40 (5) BMG: at least


def ist_juenger(connection: Connection, monat: int, now: datetime) -> bool:
    """Whether something before one of the month's entries is known to be younger than twelve months."""
    spanne = junge(now)
    return any(
        _seit(connection, KETTE.c.begonnen, spanne, KETTE.c.nr <= lauf[0]) or _davor(connection, lauf, spanne)
        for lauf in laeufe(connection, monat)
    )


def kette_ist_juenger(connection: Connection, kette: int, moment: datetime) -> bool:
    """Whether at that moment the chain, or one that was begun before it, was younger than what could be deleted."""
    return _seit(connection, KETTE.c.begonnen, junge(moment), KETTE.c.nr <= kette)


def junge(now: datetime) -> tuple[int, int]:
    """Between these moments (microseconds) lies what cannot be deleted yet; nothing is known of what lies ahead."""
    return micros(beginn(nach(monat_von(micros(now)), -_MONATE)) + GANGABWEICHUNG), micros(now)


def _davor(connection: Connection, lauf: Lauf, spanne: tuple[int, int]) -> bool:
    kette, von, _ = lauf
    e = EINTRAG.c
    if _seit(connection, e.gespeichert + 0, spanne, e.kette == kette, e.nummer < von):  # not by the index of times
        return True
    if von > 1:
        return False
    verweise = connection.scalar(select(e.verweise).where(e.kette == kette, e.nummer == von))
    try:
        gesehen = [(nr, nummer) for nr, nummer, _ in unpack_verweise(verweise or b"")]
    except (TypeError, ValueError):
        return False  # a changed entry: `protokoll verify` finds it
    return _seit(connection, e.gespeichert + 0, spanne, tuple_(e.kette, e.nummer).in_(gesehen))


def _seit(
    connection: Connection, moment: ColumnElement[int], spanne: tuple[int, int], *where: ColumnElement[bool]
) -> bool:
    found = select(func.count()).select_from(
        select(moment).where(moment >= spanne[0], moment <= spanne[1], *where).limit(1).subquery()
    )
    return bool(connection.scalar(found))
