"""The head of the register of chains: how it begins with the tables, how it grows, and how it is checked."""

import os
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine, false, insert, inspect, select, update

from gateway.database import begin, store_errors
from gateway.errors import StoreError
from gateway.protokoll.kette import FASSUNG, KETTENFELDER, kette_hash, stand_text, wurzel_hash
from gateway.protokoll.monat import GEHALTEN
from gateway.protokoll.monate import prepare
from gateway.protokoll.monatsschluessel import Schluesselbund
from gateway.protokoll.schluessel import Protokollschluessel, Schluesselstand, Siegelschluessel
from gateway.protokoll.tabellen import KETTE, METADATA, NACHARBEIT, POSTAUSGANG, STAND

KENNUNG_BYTES = 16
_SELECT = select(STAND.c.wurzel, STAND.c.ketten, STAND.c.hash, STAND.c.siegel).where(STAND.c.id == 1)
_BESIDE = _SELECT.with_for_update(read=True, key_share=True)

_FREMD = (
    "the head of the register of chains bears no seal of a key in {}: that is the file of another Protokoll or of "
    "another time, or the head is forged: run protokoll verify"
)

#: Of the head, for who changes the seal's key: nobody seals meanwhile.
ALONE = _SELECT.with_for_update()

#: SQLite gives BEGIN IMMEDIATE to who may not write to the file, and refuses the first statement that would.
_WRITES_NOTHING = update(STAND).where(false()).values(ketten=STAND.c.ketten)


def create_schema(engine: Engine, schluessel: Protokollschluessel) -> None:
    """Makes the tables and the signed head of an empty register; does nothing where they are. Raises StoreError.

    A head that has gone from existing tables is not replaced: that would hide what was removed with it.
    """
    with store_errors("the Protokoll's tables cannot be made"), engine.connect() as connection:
        begin(connection, write=True)
        if not inspect(connection).has_table(STAND.name):
            METADATA.create_all(connection)
            prepare(connection, GEHALTEN)
            wurzel = os.urandom(KENNUNG_BYTES)
            anfang = wurzel_hash(wurzel)
            siegel = schluessel.stand.siegel.sign(stand_text(wurzel, 0, anfang))
            connection.execute(
                insert(STAND), {"id": 1, "wurzel": wurzel, "ketten": 0, "hash": anfang, "siegel": siegel}
            )
        METADATA.create_all(connection, [NACHARBEIT, POSTAUSGANG])  # no part of the record: made where they are missing
        connection.commit()


def check_usable(engine: Engine, schluessel: Protokollschluessel) -> None:
    """Raises StoreError unless entries can be stored: the database takes a writer, the keys are this Protokoll's."""
    with store_errors("the Protokoll cannot be written"), engine.connect() as connection:
        begin(connection, write=True)
        for table in (NACHARBEIT, POSTAUSGANG):
            with store_errors(f"the Protokoll's database has no table {table.name}, or it cannot be read"):
                connection.execute(select(table.c.id).limit(0))
        connection.execute(_WRITES_NOTHING)
        stand = connection.execute(_SELECT.with_for_update(key_share=True)).one_or_none()
        Schluesselbund(schluessel).neuester(connection)
        connection.rollback()
    if stand is None or siegelnd(schluessel.stand, stand) is None:
        raise StoreError(_FREMD.format(schluessel.path.name))


def begin_chain(
    connection: Connection, schluessel: Protokollschluessel, jetzt: int
) -> tuple[int, bytes, bytes, Siegelschluessel]:
    """Adds a chain to the register: its number, Kennung and hash, and what seals it. `jetzt` in microseconds.

    It follows the register's signed state alone: what was tampered with is never sealed over. Raises StoreError then.
    """
    stand, siegel = locked_stand(connection, schluessel, _SELECT.with_for_update(key_share=True))
    nr, kennung = stand.ketten + 1, os.urandom(KENNUNG_BYTES)
    werte = {"nr": nr, "kennung": kennung, "begonnen": jetzt, "siegel_schluessel": siegel.id}
    werte["fassung"] = FASSUNG
    digest = kette_hash(stand.hash, [werte[name] for name in KETTENFELDER])
    connection.execute(insert(KETTE), {**werte, "vorgaenger": stand.hash, "hash": digest})
    neu = siegel.sign(stand_text(stand.wurzel, nr, digest))
    connection.execute(update(STAND).where(STAND.c.id == 1).values(ketten=nr, hash=digest, siegel=neu))
    return nr, kennung, digest, siegel


def locked_stand(
    connection: Connection, schluessel: Protokollschluessel, query: Any = _BESIDE
) -> tuple[Any, Siegelschluessel]:
    """The head of the register, and the key that seals until the transaction has ended: a change of it waits for that.

    Others may begin chains meanwhile. Raises StoreError where there is no head, or it bears no seal of ours.
    """
    stand = connection.execute(query).one_or_none()
    if stand is None:
        raise StoreError("the register of chains has no head: run protokoll verify")
    siegel = siegelnd(schluessel.stand, stand)
    if siegel is None:
        raise StoreError(_FREMD.format(schluessel.path.name))
    return stand, siegel


def siegelnd(datei: Schluesselstand, stand: Any) -> Siegelschluessel | None:
    """The key that seals now: the one of the file whose seal the head of the register bears."""
    return next((one for one in datei.siegelschluessel if stand_holds(one.oeffentlich, stand)), None)


def stand_holds(key: Ed25519PublicKey, stand: Any) -> bool:
    """Whether a row of STAND bears its seal."""
    try:
        return signed(key, stand.siegel, stand_text(stand.wurzel, stand.ketten, stand.hash))
    except (TypeError, ValueError):
        return False


def signed(key: Ed25519PublicKey, siegel: object, text: bytes) -> bool:
    """Whether `siegel` is the signature of `text`."""
    if not isinstance(siegel, bytes):
        return False
    try:
        key.verify(siegel, text)
    except InvalidSignature:
        return False
    return True
