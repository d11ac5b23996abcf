"""Whether the record of changes is as it was written, and the register as that says: nothing was changed past it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from gateway.behoerden.aenderungen import BEGINN, json_text, kettenhash, lesbare_zeile
from gateway.behoerden.tabellen import (
    AENDERUNG,
    ANTRAG,
    BEHOERDE,
    BENUTZER,
    EINSICHTSANTRAG,
    ERMAECHTIGTE,
    KONTO,
    LESER,
    LISTE,
    ZERTIFIKAT,
)
from gateway.database import snapshot, store_errors

#: Tables of which every change is recorded.
GEFUEHRT = (BEHOERDE, BENUTZER, ERMAECHTIGTE, ZERTIFIKAT, KONTO, ANTRAG, LESER, EINSICHTSANTRAG, LISTE)

#: Of each row, by its table and key: the number of its newest change, and what that left, None for nothing.
_Soll = dict[tuple[str, str], tuple[int, str | None]]


@dataclass(frozen=True)
class Registerbefund:
    """What the record of changes and the register look like. `spitze` is the newest change's hash."""

    anzahl: int
    spitze: str
    fehler: tuple[str, ...]


def pruefe(engine: Engine) -> Registerbefund:
    """Every change that is missing or is not what was written, by its number; every row that is not as its newest
    change left it. Raises StoreError.
    """
    soll: _Soll = {}
    fehler: list[str] = []
    with store_errors("the authorities cannot be read"), snapshot(engine) as connection:
        anzahl, spitze = _kette(connection, soll, fehler)
        for tabelle in GEFUEHRT:
            fehler += _zeilen(connection, tabelle, soll)
    fehler += (
        f"{_name(*wo)} is gone, though change {nummer} left it there"
        for wo, (nummer, nachher) in soll.items()
        if nachher is not None
    )
    return Registerbefund(anzahl, spitze, tuple(fehler))


def spitze(engine: Engine) -> tuple[int, str]:
    """Number and hash of the newest change; 0 where there is none. Raises StoreError."""
    newest = select(AENDERUNG.c.nummer, AENDERUNG.c.hash).order_by(AENDERUNG.c.nummer.desc()).limit(1)
    with store_errors("the authorities cannot be read"), engine.connect() as connection:
        row = connection.execute(newest).one_or_none()
    return (row.nummer, row.hash) if row else (0, BEGINN)


def ist_enthalten(engine: Engine, nummer: int, digest: str) -> bool:
    """Whether the change with this number still has this hash, and so all before it. Raises StoreError."""
    with store_errors("the authorities cannot be read"), engine.connect() as connection:
        found = connection.scalar(select(AENDERUNG.c.hash).where(AENDERUNG.c.nummer == nummer))
    return found == digest if nummer else digest == BEGINN


def _kette(connection: Connection, soll: _Soll, fehler: list[str]) -> tuple[int, str]:
    anzahl, digest = 0, BEGINN
    for row in connection.execute(
        select(AENDERUNG).order_by(AENDERUNG.c.nummer), execution_options={"yield_per": 1000}
    ):
        anzahl += 1
        if row.nummer != anzahl:
            fehler.append(f"change {anzahl} is missing" if row.nummer > anzahl else f"change {row.nummer} is extra")
            anzahl = row.nummer
        elif row.hash != kettenhash(digest, dict(row._mapping)):
            fehler.append(f"change {row.nummer} is not what was written")
        digest = row.hash
        soll[row.tabelle, row.schluessel] = row.nummer, row.nachher
    return anzahl, digest


def _zeilen(connection: Connection, tabelle: Table, soll: _Soll) -> Iterator[str]:
    for row in connection.execute(select(tabelle)):
        ist = lesbare_zeile(row)
        wo = tabelle.name, json_text([ist[spalte.name] for spalte in tabelle.primary_key.columns])
        nummer, nachher = soll.pop(wo, (0, None))
        if nachher is None:
            yield f"{_name(*wo)} is there, and no change put it there"
        elif anders := sorted(_anders(ist, nachher)):
            yield f"{_name(*wo)} is not as change {nummer} left it: {', '.join(anders)}"


def _anders(ist: dict[str, Any], nachher: str) -> Iterator[str]:
    """Columns; of those that came with a later release than the change nothing is known."""
    try:
        soll: dict[str, Any] = json.loads(nachher)
        yield from (name for name, wert in soll.items() if name in ist and ist[name] != wert)
    except (AttributeError, ValueError):
        yield "unreadable"


def _name(tabelle: str, schluessel: str) -> str:
    return f"{tabelle.removeprefix('behoerde_').removeprefix('protokoll_')} {schluessel}"
