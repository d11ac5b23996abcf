"""Changes the key of the seal while the gateway serves: from one moment on the new one seals, in every process.

In one transaction in which nobody seals: the change is stored, signed by both keys, with the chain and the record of a
deletion from which on the new one counts; and the heads of all chains and the holds get the new key's seal. So no chain
goes on with the old key, neither a writer's, which finds its head sealed anew and begins another chain, nor that of
somebody who has got hold of the old key. Entries and records of deletions keep their seals. What bears no seal of ours
is left as it is, for `verify` to find.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, bindparam, insert, select, text, update

from gateway.database import store_errors
from gateway.errors import GatewayError, StoreError
from gateway.protokoll.kette import (
    WECHSELFELDER,
    halt_text,
    kopf_text,
    stand_text,
    wechsel_hash,
    wechsel_text,
    wurzel_hash,
)
from gateway.protokoll.schluessel import Protokollschluessel, Siegelschluessel
from gateway.protokoll.schreibrecht import Schreibrecht
from gateway.protokoll.stand import ALONE, locked_stand, signed
from gateway.protokoll.tabellen import HALT, KETTE, KOPF, LOESCHUNG, STAND, WECHSEL
from gateway.protokoll.zeit import micros

#: So long who seals is waited for, and who wants to seal waits at most: less than an exchange waits for its record.
_LOCK_TIMEOUT = "3s"


class Wechsel(NamedTuple):
    """What a change has done. `offen`: heads and holds that bore no seal of the old key, and were left as they are."""

    ab_kette: int
    offen: int


#: Of a head what it says, and its seals by the old key and the new one; None: the old one's does not hold.
_Neu = tuple[tuple[object, ...], bytes | None]


def wechsle(engine: Engine, schluessel: Protokollschluessel, now: datetime) -> Wechsel | None:
    """The key that waits in the key file seals from now on; None where it does already.

    Raises GatewayError when none waits, StoreError.
    """
    neu = schluessel.stand.siegel_neu
    if neu is None:
        raise GatewayError(f"no new key of the seal waits in {schluessel.path}: protokoll seal add")
    with store_errors("the Protokoll cannot be read"), engine.connect() as connection:
        reading = connection.execution_options(isolation_level="AUTOCOMMIT")
        vorab = _koepfe(reading, schluessel.stand.siegel, neu, {})  # takes a while where there are many chains
    with Schreibrecht(engine).transaktion("the seal's key cannot be changed") as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
        stand, alt = locked_stand(connection, schluessel, ALONE)
        if alt.id == neu.id:
            return None
        if connection.dialect.name == "postgresql":
            # in this order: while it waits for the holds nobody who records waits for it
            connection.execute(text("LOCK TABLE protokoll_halt, protokoll_kopf IN SHARE ROW EXCLUSIVE MODE"))
        _note(connection, stand, alt, neu, now)
        siegel = neu.sign(stand_text(stand.wurzel, stand.ketten, stand.hash))
        connection.execute(update(STAND).where(STAND.c.id == 1).values(siegel=siegel))
        koepfe = _koepfe(connection, alt, neu, vorab)
        offen = _reseal(connection, KOPF, [{"b_kette": nr, "siegel": siegel} for nr, (_, siegel) in koepfe.items()])
        offen += _reseal(connection, HALT, _halte(connection, alt, neu))
        return Wechsel(stand.ketten + 1, offen)


def _note(connection: Connection, stand: Any, alt: Siegelschluessel, neu: Siegelschluessel, now: datetime) -> None:
    last = connection.execute(select(WECHSEL).order_by(WECHSEL.c.nr.desc()).limit(1)).one_or_none()
    geloescht = connection.execute(select(LOESCHUNG).order_by(LOESCHUNG.c.nr.desc()).limit(1)).one_or_none()
    if last is not None and last.neu != alt.oeffentlich.public_bytes_raw():
        raise StoreError("the changes of the seal's key do not lead to the one that seals: run protokoll verify")
    anfang = wurzel_hash(stand.wurzel)
    werte: dict[str, object] = {
        "nr": last.nr + 1 if last is not None else 1,
        "alt": alt.oeffentlich.public_bytes_raw(),
        "neu": neu.oeffentlich.public_bytes_raw(),
        "seit": micros(now),
        "ab_kette": stand.ketten + 1,
        "ab_loeschung": geloescht.nr + 1 if geloescht is not None else 1,
        "loeschung": geloescht.hash if geloescht is not None else anfang,
    }
    vorgaenger = last.hash if last is not None else anfang
    digest = wechsel_hash(vorgaenger, [werte[name] for name in WECHSELFELDER])
    siegel = {"siegel_alt": alt.sign(wechsel_text(digest)), "siegel_neu": neu.sign(wechsel_text(digest))}
    connection.execute(insert(WECHSEL), {**werte, "vorgaenger": vorgaenger, "hash": digest, **siegel})


def _koepfe(
    connection: Connection, alt: Siegelschluessel, neu: Siegelschluessel, vorab: dict[int, _Neu]
) -> dict[int, _Neu]:
    """The heads by chain; one that is as `vorab` was looked at and sealed already."""
    query = select(KETTE.c.kennung, KOPF.c.kette, KOPF.c.nummer, KOPF.c.hash, KOPF.c.siegel)
    koepfe: dict[int, _Neu] = {}
    for row in connection.execute(query.join(KETTE, KETTE.c.nr == KOPF.c.kette)):
        bekannt = vorab.get(row.kette)
        if bekannt is None or bekannt[0] != tuple(row):
            bekannt = tuple(row), _anew(alt, neu, row.siegel, partial(kopf_text, row.kennung, row.nummer, row.hash))
        koepfe[row.kette] = bekannt
    return koepfe


def _halte(connection: Connection, alt: Siegelschluessel, neu: Siegelschluessel) -> list[dict[str, object]]:
    query = select(HALT, KETTE.c.kennung).join(KETTE, KETTE.c.nr == HALT.c.kette)
    rows = list[dict[str, object]]()
    for row in connection.execute(query):
        inhalt = partial(halt_text, row.kennung, row.nummer, row.seit, row.tresor, row.huelle)
        rows.append({"b_kette": row.kette, "b_nummer": row.nummer, "siegel": _anew(alt, neu, row.siegel, inhalt)})
    return rows


def _anew(alt: Siegelschluessel, neu: Siegelschluessel, siegel: object, inhalt: Callable[[], bytes]) -> bytes | None:
    """None also for what is none of ours: values may be of any type."""
    try:
        return neu.sign(inhalt()) if signed(alt.oeffentlich, siegel, inhalt()) else None
    except (TypeError, ValueError):
        return None


def _reseal(connection: Connection, table: Any, rows: Sequence[dict[str, object]]) -> int:
    """Stores the new seals; how many there are none for."""
    neue = [row for row in rows if row["siegel"] is not None]
    if neue:
        place = [table.c[name.removeprefix("b_")] == bindparam(name) for name in neue[0] if name.startswith("b_")]
        connection.execute(update(table).where(*place), neue)
    return len(rows) - len(neue)
