"""Every change of the register in one way: a transaction, and in it a record of who, when, before and after.

The records are a chain of hashes. Whoever changes or removes one has to write all later ones anew; the newest hash,
kept elsewhere (`behoerde verlauf` shows it), tells that too.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, insert, select
from sqlalchemy.exc import IntegrityError

from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.kategorie import Schluesselliste
from gateway.behoerden.tabellen import AENDERUNG
from gateway.database import store_errors

#: Never written down: secrets, and what is known of a person beyond the account.
_GEHEIM = frozenset({"passwort", "haelfte_1", "haelfte_2", "administrator"})

_BEGINN = "0" * 64

#: Changes that are read at a time.
_STEP = 1000

_ZUGLEICH = "somebody changed the same just now"

Zeile = dict[str, Any]


@dataclass(frozen=True)
class Verwaltung:
    """Who changes the register, and by which rules. `fuer`: the one authority whose administrator it is."""

    engine: Engine
    wer: str
    liste: Callable[[], Schluesselliste | None] = lambda: None  # the publisher's keys, where there are
    vier_augen: bool = False
    fuer: str | None = None
    uhr: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @property
    def jetzt(self) -> str:
        """The moment as the tables have it."""
        return self.uhr().astimezone(UTC).isoformat(timespec="milliseconds")

    @contextmanager
    def transaktion(self, vergeben: str = _ZUGLEICH) -> Iterator["Transaktion"]:
        """All or nothing; `vergeben` is said when another one was first. Raises BehoerdenError, StoreError."""
        with store_errors("the authorities cannot be changed"):
            try:
                with self.engine.begin() as connection:
                    if connection.dialect.name == "postgresql":  # one after the other: the records are one chain
                        connection.exec_driver_sql("LOCK TABLE behoerde_aenderung IN SHARE ROW EXCLUSIVE MODE")
                    yield Transaktion(connection, self)
            except IntegrityError:
                raise BehoerdenError(vergeben) from None

    @contextmanager
    def aendere(
        self, was: str, tabelle: Table, *schluessel: str | int, vergeben: str = _ZUGLEICH
    ) -> Iterator["Transaktion"]:
        """`transaktion` with one change of one row."""
        with self.transaktion(vergeben) as t, t.aendere(was, tabelle, *schluessel):
            yield t

    def lies(self, tabelle: Table, *schluessel: str | int) -> Zeile | None:
        """A row without its secrets. Raises StoreError."""
        with store_errors("the authorities cannot be read"), self.engine.connect() as connection:
            return zeile(connection, tabelle, *schluessel)


@dataclass(frozen=True)
class Transaktion:
    """What belongs together."""

    connection: Connection
    v: Verwaltung

    @contextmanager
    def aendere(self, was: str, tabelle: Table, *schluessel: str | int) -> Iterator[None]:
        """The change of one row (by its primary key) that the block makes, recorded."""
        vorher = zeile(self.connection, tabelle, *schluessel)
        yield
        nachher = zeile(self.connection, tabelle, *schluessel)
        letzte = self.connection.execute(
            select(AENDERUNG.c.nummer, AENDERUNG.c.hash).order_by(AENDERUNG.c.nummer.desc()).limit(1)
        ).one_or_none()
        werte: Zeile = {
            "nummer": letzte.nummer + 1 if letzte else 1,
            "zeit": self.v.jetzt,
            "wer": self.v.wer,
            "was": was,
            "tabelle": tabelle.name,
            "schluessel": json_text(schluessel),
            "vorher": None if vorher is None else json_text(vorher),
            "nachher": None if nachher is None else json_text(nachher),
        }
        werte["hash"] = _hash(letzte.hash if letzte else _BEGINN, werte)
        self.connection.execute(insert(AENDERUNG), werte)


def zeile(connection: Connection, tabelle: Table, *schluessel: str | int) -> Zeile | None:
    """A row by its primary key, without secrets."""
    query = select(*(spalte for spalte in tabelle.c if spalte.name not in _GEHEIM))
    found = connection.execute(mit_schluessel(query, tabelle, *schluessel)).one_or_none()
    return None if found is None else dict(found._mapping)


def mit_schluessel(statement: Any, tabelle: Table, *schluessel: str | int) -> Any:
    """The statement for the row with this primary key."""
    for spalte, wert in zip(tabelle.primary_key.columns, schluessel, strict=True):
        statement = statement.where(spalte == wert)
    return statement


def json_text(wert: object) -> str:
    """The one way in which a value is written as JSON."""
    return json.dumps(wert, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _hash(vorgaenger: str, werte: Zeile) -> str:
    fields = [werte[spalte.name] for spalte in AENDERUNG.c if spalte.name != "hash"]
    return hashlib.sha256(f"{vorgaenger}{json_text(fields)}".encode()).hexdigest()


def verlauf(engine: Engine, *, hoechstens: int = 100, tabelle: str = "", schluessel: str = "") -> list[Zeile]:
    """The newest changes, newest first; of one row if `tabelle` and its key (its first part) are given."""
    query = select(AENDERUNG).order_by(AENDERUNG.c.nummer.desc()).limit(hoechstens)
    if tabelle:
        query = query.where(AENDERUNG.c.tabelle == tabelle)
    if schluessel:
        query = query.where(AENDERUNG.c.schluessel.startswith(json_text([schluessel])[:-1], autoescape=True))
    with store_errors("the authorities cannot be read"), engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def unterschied(aenderung: Zeile) -> tuple[str, str]:
    """What was before and after, without what stayed the same."""
    vorher, nachher = (json.loads(aenderung[name] or "{}") for name in ("vorher", "nachher"))
    keys = [key for key in {**vorher, **nachher} if vorher.get(key, ...) != nachher.get(key, ...)]
    texts = (
        " ".join(f"{key}={zeile[key]}" for key in keys if zeile.get(key) is not None) for zeile in (vorher, nachher)
    )
    return next(texts), next(texts)


@dataclass(frozen=True)
class Kettenbefund:
    """What the chain of changes looks like. `spitze` is its newest hash."""

    anzahl: int
    spitze: str
    fehler: tuple[str, ...]


def _from_the_first(connection: Connection) -> Iterator[Row[Any]]:
    """All changes in order, some at a time: PostgreSQL has cursors in a transaction only, and readers have none."""
    query = select(AENDERUNG).order_by(AENDERUNG.c.nummer).limit(_STEP)
    rows = connection.execute(query).all()
    while rows:
        yield from rows
        rows = connection.execute(query.where(AENDERUNG.c.nummer > rows[-1].nummer)).all()


def pruefe_kette(engine: Engine) -> Kettenbefund:
    """Every change that is missing or is not what was written, by its number. Raises StoreError."""
    anzahl, spitze, fehler = 0, _BEGINN, list[str]()
    with store_errors("the authorities cannot be read"), engine.connect() as connection:
        for row in _from_the_first(connection):
            anzahl += 1
            if row.nummer != anzahl:
                fehler.append(f"change {anzahl} is missing" if row.nummer > anzahl else f"change {row.nummer} is extra")
                anzahl = row.nummer
            elif row.hash != _hash(spitze, dict(row._mapping)):
                fehler.append(f"change {row.nummer} is not what was written")
            spitze = row.hash
    return Kettenbefund(anzahl, spitze, tuple(fehler))
