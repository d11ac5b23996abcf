"""Readers of the Protokoll, and requests to read it that another one has to confirm: `gateway.ports.Einsichtsrecht`."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, update

from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.tabellen import BEHOERDE, EINSICHTSANTRAG, LESER
from gateway.database import store_errors
from gateway.meldewesen.zweck import Zweck
from gateway.ports import Einsichtsgrund

GILT = timedelta(hours=24)  # a confirmation, from its moment on

_NAME = re.compile(r"([a-z]+:)?[A-Za-z0-9_][A-Za-z0-9._@+-]{0,63}")  # of what knows him, as in "cli:anna"


@dataclass(frozen=True)
class Einsichtsantrag:
    """A request; `bestaetigt_von` None: it waits."""

    id: str
    grund: Einsichtsgrund
    gestellt: datetime
    bestaetigt_von: str | None


class SqlLeser:
    """Answers from `engine`, which may be read-only. All methods raise StoreError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[tuple[str, str]]:
        """Every reader, and whose Protokoll it is."""
        with self._read() as connection:
            rows = connection.execute(select(LESER.c.wer, LESER.c.mandant).order_by(*LESER.primary_key.columns))
            return [(wer, mandant) for wer, mandant in rows]

    def mandanten(self, wer: str) -> frozenset[str]:
        """See the port."""
        with self._read() as connection:
            return frozenset(connection.scalars(select(LESER.c.mandant).where(LESER.c.wer == wer)))

    def bestaetigt_von(self, antrag: str, grund: Einsichtsgrund, now: datetime) -> str | None:
        """See the port."""
        with self._read() as connection:
            row = connection.execute(select(EINSICHTSANTRAG).where(EINSICHTSANTRAG.c.id == antrag)).one_or_none()
        if row is None or row.bestaetigt is None or _grund(row) != grund:
            return None
        if not timedelta(0) <= now - datetime.fromisoformat(row.bestaetigt) <= GILT:
            return None
        confirmed_by = str(row.bestaetigt_von)  # the word of one who is no reader any more does not count
        return confirmed_by if grund.mandant in self.mandanten(confirmed_by) else None

    def antraege(self) -> list[Einsichtsantrag]:
        """Every request, the newest first."""
        with self._read() as connection:
            rows = connection.execute(select(EINSICHTSANTRAG).order_by(EINSICHTSANTRAG.c.gestellt.desc())).all()
        return [
            Einsichtsantrag(row.id, _grund(row), datetime.fromisoformat(row.gestellt), row.bestaetigt_von)
            for row in rows
        ]

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with store_errors("the readers of the Protokoll cannot be read"), self._engine.connect() as connection:
            yield connection


def fuege_hinzu(v: Verwaltung, wer: str, mandant: str) -> None:
    """Lets somebody read. Raises BehoerdenError; an authority must have commissioned its Protokoll."""
    if not _NAME.fullmatch(wer):
        raise BehoerdenError("the name of a reader has 1 to 64 letters, digits and '._@+-'")
    commissioned = select(BEHOERDE.c.protokoll_beauftragt).where(BEHOERDE.c.kennung == mandant)
    with v.aendere("anlegen", LESER, wer, mandant, vergeben=f"{wer} may read that already") as t:
        if mandant and not t.connection.scalar(commissioned):
            raise BehoerdenError(f"{mandant} is not registered, or has not commissioned its Protokoll")
        t.connection.execute(insert(LESER), {"wer": wer, "mandant": mandant})


def entferne(v: Verwaltung, wer: str, mandant: str) -> None:
    """Takes it back. Raises BehoerdenError."""
    with v.aendere("entfernen", LESER, wer, mandant) as t:
        _verlange(t.connection, wer, mandant)
        t.connection.execute(delete(LESER).where(LESER.c.wer == wer, LESER.c.mandant == mandant))


def beantrage(v: Verwaltung, grund: Einsichtsgrund) -> str:
    """Takes in a request: its id. Raises BehoerdenError for one who is no reader."""
    antrag = secrets.token_hex(4)
    werte = {"wer": grund.wer, "mandant": grund.mandant, "zweck": grund.zweck.value, "referenz": grund.referenz}
    with v.aendere("beantragen", EINSICHTSANTRAG, antrag) as t:
        _verlange(t.connection, grund.wer, grund.mandant)
        t.connection.execute(insert(EINSICHTSANTRAG), {"id": antrag, **werte, "gestellt": v.jetzt})
    return antrag


def bestaetige(v: Verwaltung, antrag: str, wer: str) -> None:
    """Another reader of the same Protokoll says yes. Raises BehoerdenError."""
    a = EINSICHTSANTRAG.c
    with v.aendere("bestaetigen", EINSICHTSANTRAG, antrag) as t:
        row = t.connection.execute(select(EINSICHTSANTRAG).where(a.id == antrag)).one_or_none()
        if row is None or row.bestaetigt is not None:
            raise BehoerdenError(f"no request {antrag} waits")
        if row.wer == wer:
            raise BehoerdenError("four eyes: another one must confirm it")
        _verlange(t.connection, wer, row.mandant)
        change = update(EINSICHTSANTRAG).where(a.id == antrag)
        t.connection.execute(change.values(bestaetigt=v.jetzt, bestaetigt_von=wer))


def _verlange(connection: Connection, wer: str, mandant: str) -> None:
    known = select(LESER.c.wer).where(LESER.c.wer == wer, LESER.c.mandant == mandant)
    if connection.scalar(known) is None:
        raise BehoerdenError(f"{wer} is no reader of that")


def _grund(row: object) -> Einsichtsgrund:
    wer, mandant, zweck, referenz = (getattr(row, name) for name in ("wer", "mandant", "zweck", "referenz"))
    return Einsichtsgrund(wer, mandant, Zweck(zweck), referenz)
