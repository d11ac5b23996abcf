"""The writer: one transaction per batch that decides repetitions, chains, seals and stores.

A number exists only with the commit that stores its entry, so a failed batch leaves no gap. When a commit's outcome is
unknown the chain is left as it is, whole either way, and the next batch begins another. So does one that finds the
seal's key changed: whoever changed it has sealed the chain's head anew.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from gateway.errors import StoreError
from gateway.ports import UuidReused
from gateway.protokoll.kette import Verweis, stand_text
from gateway.protokoll.monat import Monatsuhr
from gateway.protokoll.monate import prepare
from gateway.protokoll.monatsschluessel import Monatsschluessel, Schluesselbund
from gateway.protokoll.satz import Satz
from gateway.protokoll.schluessel import Protokollschluessel, Siegelschluessel
from gateway.protokoll.sperre import Dateisperre
from gateway.protokoll.stand import begin_chain, signed
from gateway.protokoll.tabellen import NACHARBEIT
from gateway.protokoll.verbindung import Head, Schreibverbindung, is_sqlite, sqlite_file
from gateway.protokoll.verkettung import Beschluss, Kette, Moment, link
from gateway.protokoll.zeit import micros

SIEGEL_ABSTAND = 1.0  # seconds between two sealed entries of a chain, at least
MAX_VERWEISE = 64  # other chains that a sealed entry refers to, the latest ones
VERSUCHE = 5  # of a batch whose UUIDs another process claims at the same moment

_KEY_ID = list(NACHARBEIT.c).index(NACHARBEIT.c.schluessel)


class _ConnectionLost(Exception):
    """Before a commit was tried: nothing of the batch is stored."""


class _SealChanged(Exception):
    """The chain's key seals no more: nothing of the batch is stored."""


class Schreiber:
    """Belongs to one process, and to one thread at a time."""

    def __init__(self, engine: Engine, schluessel: Protokollschluessel, uhr: Callable[[], datetime]) -> None:
        self._engine = engine
        self._uhr = uhr
        self._driver: Any = engine.dialect.loaded_dbapi
        self._schluessel = schluessel
        self._bund = Schluesselbund(schluessel)
        self._monat_von = Monatsuhr()
        self._monat = 0  # whose tables and keys are ready
        self._monatsschluessel: dict[str, Monatsschluessel] = {}  # by Mandant
        self._sperre = Dateisperre(sqlite_file(engine), "protokoll") if is_sqlite(engine) else None
        self._verbindung: Schreibverbindung | None = None
        self._kette: Kette | None = None

    def commit_now(self, saetze: Sequence[Satz]) -> list[Exception | None] | None:
        """`commit`, unless another process writes just now (None). On SQLite only: a server might be waited for."""
        if self._sperre is None:
            return None
        with self._sperre.held(wait=False) as held:
            return self._commit(saetze) if held else None

    def commit(self, saetze: Sequence[Satz]) -> list[Exception | None]:
        """Stores all that may be stored, in one transaction; per Satz None or UuidReused.

        Raises StoreError or the database's own error when nothing is known to be stored.
        """
        with self._sperre.held() if self._sperre is not None else nullcontext():
            return self._commit(saetze)

    def _commit(self, saetze: Sequence[Satz]) -> list[Exception | None]:
        for versuch in range(VERSUCHE):
            if versuch == VERSUCHE - 1:
                self._kette = None  # not a UUID then: something stands in the place of our next entry
            try:
                return self._transaction(saetze, ask=versuch > 0)
            except (IntegrityError, self._driver.IntegrityError):
                continue  # a UUID is taken, by an earlier entry or by another process just now: decide anew
            except (_ConnectionLost, _SealChanged):
                continue  # since the last batch, as when the server has restarted
        raise StoreError("the Protokoll takes no batch: its place is taken or the connection breaks again and again")

    def check(self) -> None:
        """Raises StoreError unless it may lock what it writes to; any thread may ask."""
        try:
            if self._sperre is not None:
                self._sperre.check()
        except OSError as error:
            raise StoreError(f"the Protokoll cannot be written ({error.filename}: {error.strerror})") from None

    def close(self) -> None:
        """Ends the connection."""
        self._discard()
        if self._sperre is not None:
            self._sperre.close()

    def orphan(self) -> None:
        """In a forked child: lets go of the parent's lock file, and leaves the parent's connection untouched."""
        if self._sperre is not None:
            self._sperre.close()

    def _transaction(self, saetze: Sequence[Satz], *, ask: bool) -> list[Exception | None]:
        """Nearly every UUID is new, so the first attempt does not `ask` which are taken; the unique index objects."""
        if self._verbindung is None:
            self._verbindung = Schreibverbindung(self._engine)
        verbindung = self._verbindung
        try:
            moment = self._moment(verbindung, saetze)
            verbindung.begin(first=self._kette is None)
            ansprueche = {satz.anspruch for satz in saetze if satz.anspruch is not None}
            beschluesse = decide(saetze, verbindung.claims(list(ansprueche)) if ask and ansprueche else {})
            zu_speichern = [beschluss for beschluss in beschluesse if beschluss is not None]
            kette = self._store(verbindung, zu_speichern, moment) if zu_speichern else self._kette
        except (IntegrityError, self._driver.IntegrityError):
            verbindung.rollback()
            raise
        except BaseException as error:
            lost = verbindung.lost(error)
            self._discard()
            if lost:
                raise _ConnectionLost from error
            raise
        self._finish(verbindung, kette)
        return [UuidReused() if beschluss is None else None for beschluss in beschluesse]

    def _moment(self, verbindung: Schreibverbindung, saetze: Sequence[Satz]) -> Moment:
        """What a batch of now needs; its month's tables and keys are stored before anything depends on them."""
        jetzt = micros(self._uhr())
        monat = self._monat_von(jetzt)
        mandanten = {satz.mandant for satz in saetze if satz.inhalt is not None or satz.suchbegriffe}
        if monat != self._monat or not mandanten <= self._monatsschluessel.keys():
            self._prepare(verbindung, monat, mandanten)
        return Moment(jetzt, monat, self._monatsschluessel)

    def _prepare(self, verbindung: Schreibverbindung, monat: int, mandanten: set[str]) -> None:
        known = self._monatsschluessel if monat == self._monat else {}
        verbindung.begin(first=True)
        prepare(verbindung.connection, monat)
        fuer = partial(self._bund.fuer, verbindung.connection, monat)
        neu = partial(self._bund.neu, verbindung.connection, monat)
        keys = {wer: known.get(wer) or fuer(wer) or neu(wer) for wer in known.keys() | mandanten}
        verbindung.commit()
        self._monat, self._monatsschluessel = monat, keys

    def _store(self, verbindung: Schreibverbindung, beschluesse: Sequence[Beschluss], moment: Moment) -> Kette:
        """The chain's end when this is committed."""
        jetzt = moment.jetzt
        alt = self._kette or Kette(*begin_chain(verbindung.connection, self._schluessel, jetzt))
        alt, verweise = _verweise(verbindung, alt)
        zeilen, neu = link(alt, beschluesse, moment, verweise)
        head = Head(neu.nr, neu.nummer, neu.hash, jetzt, neu.kopfsiegel)
        later = [one.satz.nacharbeit for one in beschluesse if one.satz.nacharbeit is not None]
        if not verbindung.store(zeilen, later, head, Head(alt.nr, alt.nummer, alt.hash, siegel=alt.kopfsiegel)):
            self._kette = None
            if not _seals(alt.siegel, verbindung):
                raise _SealChanged
            raise StoreError("the head of the Protokoll's chain is not as it was left: run protokoll verify")
        if later:
            self._schluessel.check(row[_KEY_ID] for row in later)
        return neu

    def _finish(self, verbindung: Schreibverbindung, kette: Kette | None) -> None:
        try:
            verbindung.commit()
        except Exception as error:
            self._kette = None
            self._discard()
            raise StoreError(f"the outcome of a commit is unknown ({type(error).__name__})") from None
        self._kette = kette

    def _discard(self) -> None:
        """Gives up the connection and what it has not committed; the next batch opens another."""
        verbindung, self._verbindung = self._verbindung, None
        if verbindung is not None:
            verbindung.discard()


def decide(saetze: Sequence[Satz], taken: Mapping[bytes, bytes]) -> list[Beschluss | None]:
    """Per Satz how it is stored; None when its UUID was used before with other content, as `taken` or in this batch."""
    digests: dict[bytes, bytes | None] = {**taken}
    beschluesse: list[Beschluss | None] = []
    for satz in saetze:
        if satz.anspruch is None or satz.anspruch not in digests:
            if satz.anspruch is not None:
                digests[satz.anspruch] = satz.nachricht_digest
            beschluesse.append(Beschluss(satz, wiederholung=False))
        elif digests[satz.anspruch] == satz.nachricht_digest:
            beschluesse.append(Beschluss(satz, wiederholung=True))
        else:
            beschluesse.append(None)
    return beschluesse


def _seals(siegel: Siegelschluessel, verbindung: Schreibverbindung) -> bool:
    """Whether the head of the register bears its seal."""
    stand = verbindung.stand()
    return stand is not None and signed(siegel.oeffentlich, stand[-1], stand_text(*stand[:-1]))


def _verweise(verbindung: Schreibverbindung, kette: Kette) -> tuple[Kette, list[Verweis] | None]:
    """The other chains' heads that changed since the last seal; None while no seal is due."""
    jetzt = time.monotonic()
    if jetzt < kette.siegel_faellig:
        return kette, None
    koepfe = frozenset(verbindung.heads(kette.nr, MAX_VERWEISE))
    return replace(kette, gesehen=koepfe, siegel_faellig=jetzt + SIEGEL_ABSTAND), sorted(koepfe - kette.gesehen)
