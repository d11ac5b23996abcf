"""The register of authorities: `gateway.ports.Behoerden` over SQLite or PostgreSQL, and what the operator changes."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.kategorie import Schluesselliste
from gateway.behoerden.tabellen import BEHOERDE, ZERTIFIKAT, create_schema
from gateway.database import store_errors
from gateway.meldewesen.behoerde import Behoerde, Rolle

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
            return [_behoerde(row) for row in connection.execute(select(BEHOERDE).order_by(BEHOERDE.c.kennung))]

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
        werte = {column.name: getattr(behoerde, column.name) for column in BEHOERDE.columns}
        with self._change(f"{behoerde.kennung} is registered already") as connection:
            connection.execute(insert(BEHOERDE), {**werte, "rolle": behoerde.rolle.value})

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
        return None if row is None else _behoerde(row)

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


def _behoerde(row: Any) -> Behoerde:
    return Behoerde(**{**row._mapping, "rolle": Rolle(row.rolle)})
