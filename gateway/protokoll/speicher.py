"""The Protokoll of one process: `gateway.ports.Protokoll` over SQLite or PostgreSQL."""

import os
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine, select

from gateway.database import store_errors
from gateway.ports import Protokolleintrag, UuidReused
from gateway.protokoll.kette import anspruch
from gateway.protokoll.sammler import Sammler
from gateway.protokoll.satz import Satz, prepare
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.schreiber import Schreiber
from gateway.protokoll.stand import check_usable
from gateway.protokoll.tabellen import ANSPRUCH

WARTEZEIT = 5.0  # seconds that an exchange waits for its record
MAX_WARTENDE = 1024
MAX_BATCH = 256


class SqlProtokoll:
    """Stores every exchange durably, chained and sealed.

    Threads of one process share one writer; each process has its own, with its own chain. `engine` is one that writes.
    Its tables are those of `create_schema`. Raises ConfigError for a database that cannot be durable.
    """

    def __init__(
        self,
        engine: Engine,
        schluessel: Protokollschluessel,
        *,
        wartezeit: float = WARTEZEIT,
        uhr: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._uhr = uhr
        self._schluessel = schluessel
        self._wartezeit = wartezeit
        self._parents: list[Schreiber] = []  # of the process that forked this one; never to be closed from here
        self._start()
        this = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _restart(this))

    def record(self, eintrag: Protokolleintrag) -> None:
        """Returns when `eintrag` is durable.

        The same authority, message UUID and content as before is stored as a repetition. Raises UuidReused when the
        content is another (nothing is stored), StoreError when the entry cannot be stored or not within `wartezeit`;
        in the last case it may yet be stored.
        """
        self._sammler.submit(prepare(eintrag, self._schluessel))

    def check_uuid(self, behoerde: str, uuid: str, nachricht_digest: bytes) -> None:
        """See `gateway.ports.Protokoll.check_uuid`."""
        query = select(ANSPRUCH.c.nachricht_digest).where(ANSPRUCH.c.anspruch == anspruch(behoerde, uuid))
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            used = connection.execution_options(isolation_level="AUTOCOMMIT").scalar(query)  # waits for no writer
        if used is not None and used != nachricht_digest:
            raise UuidReused

    def check(self) -> None:
        """Raises StoreError unless entries can be stored now."""
        check_usable(self._engine, self._schluessel)
        self._schreiber.check()

    def close(self) -> None:
        """Stores what waits and ends the writer; `record` raises StoreError afterwards."""
        with self._closing:
            if self._sammler.close(self._wartezeit):
                self._schreiber.close()

    def _start(self) -> None:
        self._closing = threading.Lock()
        self._schreiber = Schreiber(self._engine, self._schluessel, self._uhr)
        self._sammler: Sammler[Satz] = Sammler(
            self._schreiber.commit,
            self._schreiber.commit_now,
            timeout=self._wartezeit,
            capacity=MAX_WARTENDE,
            batch=MAX_BATCH,
        )


def _restart(reference: "weakref.ref[SqlProtokoll]") -> None:
    """A forked child has neither the thread nor a right to the parent's connection and lock: it begins its own."""
    protokoll = reference()
    if protokoll is not None:
        protokoll._schreiber.orphan()
        protokoll._parents.append(protokoll._schreiber)
        protokoll._engine.dispose(close=False)
        protokoll._start()
