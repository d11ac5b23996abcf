"""The register of authorities: `gateway.ports.Behoerden` over SQLite or PostgreSQL, and what the operator changes."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.kategorie import Schluesselliste
from gateway.behoerden.tabellen import BEHOERDE, ERMAECHTIGTE, ZERTIFIKAT, create_schema
from gateway.database import store_errors
from gateway.meldewesen.behoerde import NUMMERN, NUMMERN_TROTZ_SPERRE, Behoerde, Rolle
from gateway.meldewesen.regeln import MAX_FELDLAENGE

__all__ = ["BehoerdenError", "SqlBehoerden", "create_schema"]

MAX_AGE = 0.5  # seconds; a block is effective within one second in every process
MAX_CACHED = 4096  # certificates, unknown ones too: strangers cannot make it grow
MAX_NAME = 250  # characters

_KENNUNG = re.compile(r"dbs:[0-9]{12}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class _Cache:
    """What was read at most MAX_AGE ago, by certificate. None stands for an unknown one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[float, Behoerde | None]] = {}
        self._lock = threading.Lock()

    def get(self, fingerprint: str, read: Callable[[str], Behoerde | None]) -> Behoerde | None:
        entry = self._entries.get(fingerprint)
        now = self._clock()  # before it is read: its age begins here
        if entry is not None and now - entry[0] < MAX_AGE:
            return entry[1]
        behoerde = read(fingerprint)
        with self._lock:
            if len(self._entries) >= MAX_CACHED:
                self._entries.clear()
            self._entries[fingerprint] = (now, behoerde)
        return behoerde

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class SqlBehoerden:
    """Answers from `engine`, which may be read-only where nothing is changed. All methods raise StoreError.

    With the publisher's `liste` an authority is registered with no more than its key has there.
    """

    def __init__(
        self, engine: Engine, liste: Schluesselliste | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._liste = liste
        self._cache = _Cache(clock)

    def of_certificate(self, fingerprint: str) -> Behoerde | None:
        """The authority with this certificate (SHA-256 of its DER, lower-case hex), blocked or not, as of 0.5 s ago."""
        return self._cache.get(fingerprint, self._read)

    def all(self) -> list[Behoerde]:
        """Every authority, by its key."""
        with store_errors("the authorities cannot be read"), self._engine.connect() as connection:
            rows = connection.execute(select(BEHOERDE).order_by(BEHOERDE.c.kennung)).all()
            return [_behoerde(row, connection) for row in rows]

    def certificates(self, kennung: str) -> list[str]:
        """Fingerprints of an authority's certificates. Raises BehoerdenError for an unknown key."""
        query = select(ZERTIFIKAT.c.fingerprint).where(ZERTIFIKAT.c.kennung == kennung)
        with store_errors("the authorities cannot be read"), self._engine.connect() as connection:
            _demand(connection, kennung)
            return list(connection.scalars(query.order_by(ZERTIFIKAT.c.fingerprint)))

    def add(self, behoerde: Behoerde) -> None:
        """Registers an authority. Raises BehoerdenError for a malformed or known key, or more than it may claim."""
        if not _KENNUNG.fullmatch(behoerde.kennung):
            raise BehoerdenError("the key of an authority is written dbs: and 12 digits, as in dbs:060030020000")
        if not 0 < len(behoerde.name) <= MAX_NAME or not behoerde.name.isprintable():
            raise BehoerdenError(f"the name of an authority has 1 to {MAX_NAME} printable characters")
        if self._liste is not None:
            self._liste.check(behoerde)
        _check_trotz_sperre(behoerde)
        werte = {column.name: getattr(behoerde, column.name) for column in BEHOERDE.columns}
        with self._change(f"{behoerde.kennung} is registered already") as connection:
            connection.execute(insert(BEHOERDE), {**werte, "rolle": behoerde.rolle.value})
            for benutzer in sorted(behoerde.ermaechtigte):
                connection.execute(insert(ERMAECHTIGTE), {"kennung": behoerde.kennung, "benutzer": benutzer})

    def add_certificate(self, kennung: str, fingerprint: str) -> None:
        """Gives an authority one more certificate. Raises BehoerdenError when one is unknown or the other taken."""
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise BehoerdenError("the fingerprint of a certificate is its SHA-256 as 64 lower-case hexadecimal digits")
        owner = select(ZERTIFIKAT.c.kennung).where(ZERTIFIKAT.c.fingerprint == fingerprint)
        with self._change("the certificate was given to an authority just now") as connection:
            _demand(connection, kennung)
            taken = connection.scalar(owner)
            if taken is not None:
                whose = "this authority already" if taken == kennung else f"another authority, {taken}"
                raise BehoerdenError(f"the certificate belongs to {whose}")
            connection.execute(insert(ZERTIFIKAT), {"fingerprint": fingerprint, "kennung": kennung})

    def block(self, kennung: str) -> None:
        """Blocks an authority, within a second in every process. Raises BehoerdenError when unknown or blocked."""
        self._set_gesperrt(kennung, gesperrt=True)

    def unblock(self, kennung: str) -> None:
        """Lifts the block. Raises BehoerdenError when the authority is unknown or not blocked."""
        self._set_gesperrt(kennung, gesperrt=False)

    def empower(self, kennung: str, benutzer: str) -> None:
        """§ 34a (6) BMG: the user may receive data in spite of a block. Raises BehoerdenError."""
        if not 0 < len(benutzer) <= MAX_FELDLAENGE or not benutzer.isprintable():
            raise BehoerdenError(f"a user is named by 1 to {MAX_FELDLAENGE} printable characters, as messages name it")
        with self._change(f"{benutzer} is empowered already") as connection:
            _demand(connection, kennung)
            if not connection.scalar(select(BEHOERDE.c.trotz_sperre).where(BEHOERDE.c.kennung == kennung)):
                raise BehoerdenError(f"{kennung} is not entitled by § 34a (6) BMG: register it with --trotz-sperre")
            connection.execute(insert(ERMAECHTIGTE), {"kennung": kennung, "benutzer": benutzer})

    def disempower(self, kennung: str, benutzer: str) -> None:
        """Takes it back, within a second in every process. Raises BehoerdenError."""
        e = ERMAECHTIGTE.c
        with self._change("") as connection:
            _demand(connection, kennung)
            if (
                connection.execute(delete(ERMAECHTIGTE).where(e.kennung == kennung, e.benutzer == benutzer)).rowcount
                != 1
            ):
                raise BehoerdenError(f"{benutzer} is not empowered")

    def _set_gesperrt(self, kennung: str, *, gesperrt: bool) -> None:
        change = update(BEHOERDE).where(BEHOERDE.c.kennung == kennung, BEHOERDE.c.gesperrt != gesperrt)
        with self._change("") as connection:
            _demand(connection, kennung)
            if connection.execute(change.values(gesperrt=gesperrt)).rowcount != 1:
                raise BehoerdenError(f"{kennung} is {'blocked already' if gesperrt else 'not blocked'}")

    def _read(self, fingerprint: str) -> Behoerde | None:
        query = select(BEHOERDE).join(ZERTIFIKAT).where(ZERTIFIKAT.c.fingerprint == fingerprint)
        with store_errors("the authorities cannot be read"), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None else _behoerde(row, connection)

    @contextmanager
    def _change(self, taken: str) -> Iterator[Connection]:
        """A transaction; `taken` is what is said when another one was first. This process sees the change at once."""
        with store_errors("the authorities cannot be changed"):
            try:
                with self._engine.begin() as connection:
                    yield connection
            except IntegrityError:
                raise BehoerdenError(taken) from None
        self._cache.clear()


def _demand(connection: Connection, kennung: str) -> None:
    if connection.scalar(select(BEHOERDE.c.kennung).where(BEHOERDE.c.kennung == kennung)) is None:
        raise BehoerdenError(f"{kennung} is not registered")


def _check_trotz_sperre(behoerde: Behoerde) -> None:
    if behoerde.nummer is not None and (behoerde.rolle is Rolle.EINFACH or behoerde.nummer not in NUMMERN):
        raise BehoerdenError("only a Sicherheitsbehörde has a number of § 34 (4) S. 1 BMG, 1 to 13")
    if behoerde.trotz_sperre and (behoerde.zentrale_stelle or behoerde.nummer not in NUMMERN_TROTZ_SPERRE):
        numbers = ", ".join(map(str, sorted(NUMMERN_TROTZ_SPERRE)))
        raise BehoerdenError(f"§ 34a (6) BMG is for the bodies of § 34 (4) S. 1 no. {numbers}, asking for themselves")
    if behoerde.ermaechtigte and not behoerde.trotz_sperre:
        raise BehoerdenError("users are empowered in an authority that is entitled by § 34a (6) BMG")


def _behoerde(row: Any, connection: Connection) -> Behoerde:
    users = select(ERMAECHTIGTE.c.benutzer).where(ERMAECHTIGTE.c.kennung == row.kennung)
    ermaechtigte = frozenset(connection.scalars(users)) if row.trotz_sperre else frozenset[str]()
    return Behoerde(**{**row._mapping, "rolle": Rolle(row.rolle), "ermaechtigte": ermaechtigte})
