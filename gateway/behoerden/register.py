"""The register of authorities as an exchange asks it: `gateway.ports.Behoerden` over SQLite or PostgreSQL."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from cryptography import x509
from sqlalchemy import Connection, Engine, select

from gateway.behoerden import stamm, zertifikate
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.kategorie import Schluesselliste
from gateway.behoerden.tabellen import BEHOERDE, BENUTZER, ERMAECHTIGTE, ZERTIFIKAT, create_schema
from gateway.database import store_errors
from gateway.errors import StoreError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.rechte import Rechte, Zugang, aus_tabelle, benutzerform

__all__ = ["BehoerdenError", "SqlBehoerden", "create_schema"]

MAX_AGE = 0.5  # seconds; a block is effective within one second in every process
MAX_CACHED = 4096  # certificates, unknown ones too: strangers cannot make it grow

_SPALTEN = frozenset(Behoerde.__dataclass_fields__) & frozenset(BEHOERDE.c.keys())


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

    What changes something beside this is `stamm` and its neighbours, by `verwaltung`; it is seen after MAX_AGE, or
    after `refresh`.
    """

    def __init__(
        self,
        engine: Engine,
        liste: Schluesselliste | None = None,
        *,
        wer: str = "xmeld-gateway",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self.verwaltung = Verwaltung(engine, wer, lambda: liste)
        self._cache = _Cache(clock)

    def of_certificate(self, fingerprint: str) -> Behoerde | None:
        """The authority with this certificate (SHA-256 of its DER, lower-case hex), blocked or not, as of 0.5 s ago."""
        return self._cache.get(fingerprint, self._read)

    def refresh(self) -> None:
        """Nothing is told from memory that was read before."""
        self._cache.clear()

    def all(self) -> list[Behoerde]:
        """Every authority, by its key."""
        with store_errors("the authorities cannot be read"), self._engine.connect() as connection:
            rows = connection.execute(select(BEHOERDE).order_by(BEHOERDE.c.kennung)).all()
            return [_behoerde(row, connection) for row in rows]

    def certificates(self, kennung: str) -> list[str]:
        """Fingerprints of an authority's certificates. Raises BehoerdenError for an unknown key."""
        query = select(ZERTIFIKAT.c.fingerprint).where(ZERTIFIKAT.c.kennung == kennung)
        with store_errors("the authorities cannot be read"), self._engine.connect() as connection:
            stamm.verlange(connection, kennung)
            return list(connection.scalars(query.order_by(ZERTIFIKAT.c.fingerprint)))

    def add(self, behoerde: Behoerde) -> None:
        """See `stamm.registriere`."""
        stamm.registriere(self.verwaltung, behoerde)
        self.refresh()

    def add_certificate(self, kennung: str, certificate: x509.Certificate | str) -> None:
        """See `zertifikate.ordne_zu`."""
        zertifikate.ordne_zu(self.verwaltung, kennung, certificate)
        self.refresh()

    def block(self, kennung: str) -> None:
        """Blocks an authority, within a second in every process. Raises BehoerdenError when unknown or blocked."""
        stamm.sperre(self.verwaltung, kennung, gesperrt=True)
        self.refresh()

    def unblock(self, kennung: str) -> None:
        """Lifts the block. Raises BehoerdenError when the authority is unknown or not blocked."""
        stamm.sperre(self.verwaltung, kennung, gesperrt=False)
        self.refresh()

    def _read(self, fingerprint: str) -> Behoerde | None:
        query = select(BEHOERDE).join(ZERTIFIKAT).where(ZERTIFIKAT.c.fingerprint == fingerprint)
        with store_errors("the authorities cannot be read"), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None else _behoerde(row, connection)


def _behoerde(row: Any, connection: Connection) -> Behoerde:
    e = ERMAECHTIGTE.c
    users = select(e.benutzer).where(e.kennung == row.kennung, ~e.wartet)
    werte = {name: getattr(row, name) for name in _SPALTEN}
    ermaechtigte = frozenset(connection.scalars(users)) if row.trotz_sperre else frozenset[str]()
    zugang = _zugang(row, connection)
    return Behoerde(**{**werte, "rolle": Rolle(row.rolle), "ermaechtigte": ermaechtigte, "zugang": zugang})


def _zugang(row: Any, connection: Connection) -> Zugang:
    b, z = BENUTZER.c, ZERTIFIKAT.c
    gesperrt = select(b.benutzer).where(b.kennung == row.kennung, b.gesperrt.is_not(None))
    offen = select(b.benutzer).where(b.kennung == row.kennung, b.gesperrt.is_(None))
    entzogen = select(z.fingerprint).where(z.kennung == row.kennung, z.gesperrt)
    return Zugang(
        rechte=_rechte(row.rechte),
        benutzer=frozenset(connection.scalars(offen)) if row.nur_benutzer else None,
        gesperrte_benutzer=frozenset(map(benutzerform, connection.scalars(gesperrt))),
        gesperrte_zertifikate=frozenset(connection.scalars(entzogen)),
    )


def _rechte(text: str | None) -> Rechte:
    try:
        return aus_tabelle(json.loads(text)) if text else Rechte()
    except ValueError:
        raise StoreError("the rights of an authority cannot be read") from None
