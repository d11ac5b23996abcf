"""The publisher's key list in the register: what a new version changes is shown before it is taken over."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, select

from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.kategorie import Schluessel, Schluesselliste
from gateway.behoerden.register import SqlBehoerden
from gateway.behoerden.tabellen import LISTE, SCHLUESSEL
from gateway.database import store_errors


@dataclass(frozen=True)
class Unterschied:
    """A key (without prefix) that differs; None where a list has not got it."""

    dbs: str
    vorher: Schluessel | None
    nachher: Schluessel | None


@dataclass(frozen=True)
class Vergleich:
    """What taking over a list would change. `betroffen`: what it says against authorities that are registered."""

    version_vorher: str  # "" where none was taken over
    version_nachher: str
    unterschiede: tuple[Unterschied, ...]
    betroffen: tuple[str, ...]


def load(engine: Engine) -> Schluesselliste | None:
    """The list that was taken over last; None where none was. Raises StoreError."""
    with store_errors("the key list cannot be read"), engine.connect() as connection:
        return _load(connection)


def _load(connection: Connection) -> Schluesselliste | None:
    version = connection.scalar(select(LISTE.c.version))
    if version is None:
        return None
    return Schluesselliste(
        version, {row.dbs: Schluessel(row.name, row.kategorie) for row in connection.execute(select(SCHLUESSEL))}
    )


def vergleiche(v: Verwaltung, neu: Schluesselliste) -> Vergleich:
    """What would change. Raises StoreError."""
    alt = load(v.engine) or Schluesselliste("", {})
    unterschiede = tuple(
        Unterschied(dbs, alt.schluessel.get(dbs), neu.schluessel.get(dbs))
        for dbs in sorted(alt.schluessel.keys() | neu.schluessel.keys())
        if alt.schluessel.get(dbs) != neu.schluessel.get(dbs)
    )
    return Vergleich(alt.version, neu.version, unterschiede, tuple(_against(v, neu)))


def _against(v: Verwaltung, neu: Schluesselliste) -> Sequence[str]:
    found = list[str]()
    for behoerde in SqlBehoerden(v.engine).all():
        try:
            neu.check(behoerde)
        except BehoerdenError as error:
            found.append(str(error))
    return found


def uebernimm(v: Verwaltung, neu: Schluesselliste) -> Vergleich:
    """Takes it over; registered authorities stay as they are, also those that it says something against."""
    vergleich = vergleiche(v, neu)
    arten = [(u.vorher is None, u.nachher is None) for u in vergleich.unterschiede]
    werte = {
        "id": 1,
        "version": neu.version,
        "eingespielt": v.jetzt,
        "neu": arten.count((True, False)),
        "geaendert": arten.count((False, False)),
        "entfallen": arten.count((False, True)),
    }
    rows = [{"dbs": dbs, "name": s.name, "kategorie": s.kategorie} for dbs, s in neu.schluessel.items()]
    with v.aendere("einspielen", LISTE, 1) as t:
        t.connection.execute(delete(LISTE))
        t.connection.execute(delete(SCHLUESSEL))
        t.connection.execute(insert(SCHLUESSEL), rows)
        t.connection.execute(insert(LISTE), werte)
    return vergleich
