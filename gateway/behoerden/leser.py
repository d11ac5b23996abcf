"""Readers of the Protokoll, and requests to read it that another one has to confirm: `gateway.ports.Einsichtsrecht`."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.tabellen import BEHOERDE, EINSICHTSANTRAG, LESER
from gateway.database import store_errors
from gateway.meldewesen.zweck import Zweck
from gateway.ports import Einsichtsgrund

GILT = timedelta(hours=24)  # a confirmation, from its moment on

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


@dataclass(frozen=True)
class Einsichtsantrag:
    """A request; `bestaetigt_von` None: it waits."""

    id: str
    grund: Einsichtsgrund
    gestellt: datetime
    bestaetigt_von: str | None


class SqlLeser:
    """Answers from `engine`, which may be read-only where nothing is changed. All methods raise StoreError."""

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

    def add(self, wer: str, mandant: str) -> None:
        """Lets somebody read. Raises BehoerdenError; an authority must have commissioned its Protokoll."""
        if not _NAME.fullmatch(wer):
            raise BehoerdenError("the name of a reader has 2 to 64 small letters, digits, '.', '_' and '-'")
        commissioned = select(BEHOERDE.c.protokoll_beauftragt).where(BEHOERDE.c.kennung == mandant)
        with self._change(f"{wer} may read that already") as connection:
            if mandant and not connection.scalar(commissioned):
                raise BehoerdenError(f"{mandant} is not registered, or has not commissioned its Protokoll")
            connection.execute(insert(LESER), {"wer": wer, "mandant": mandant})

    def remove(self, wer: str, mandant: str) -> None:
        """Takes it back. Raises BehoerdenError."""
        with self._change("") as connection:
            gone = delete(LESER).where(LESER.c.wer == wer, LESER.c.mandant == mandant)
            if connection.execute(gone).rowcount != 1:
                raise BehoerdenError(f"{wer} is no reader of that")

    def beantrage(self, grund: Einsichtsgrund, now: datetime) -> str:
        """Takes in a request: its id. Raises BehoerdenError for one who is no reader."""
        if grund.mandant not in self.mandanten(grund.wer):
            raise BehoerdenError(f"{grund.wer} is no reader of that")
        antrag = secrets.token_hex(4)
        werte = {"wer": grund.wer, "mandant": grund.mandant, "zweck": grund.zweck.value, "referenz": grund.referenz}
        with self._change("") as connection:
            connection.execute(insert(EINSICHTSANTRAG), {"id": antrag, **werte, "gestellt": _text(now)})
        return antrag

    def bestaetige(self, antrag: str, wer: str, now: datetime) -> None:
        """Another reader of the same Protokoll says yes. Raises BehoerdenError."""
        a = EINSICHTSANTRAG.c
        with self._change("") as connection:
            row = connection.execute(select(EINSICHTSANTRAG).where(a.id == antrag)).one_or_none()
            if row is None or row.bestaetigt is not None:
                raise BehoerdenError(f"no request {antrag} waits")
            if row.wer == wer:
                raise BehoerdenError("four eyes: another one must confirm it")
            if connection.scalar(select(LESER.c.wer).where(LESER.c.wer == wer, LESER.c.mandant == row.mandant)) is None:
                raise BehoerdenError(f"{wer} is no reader of that")
            change = update(EINSICHTSANTRAG).where(a.id == antrag)
            connection.execute(change.values(bestaetigt=_text(now), bestaetigt_von=wer))

    def bestaetigt_von(self, antrag: str, grund: Einsichtsgrund, now: datetime) -> str | None:
        """See the port."""
        with self._read() as connection:
            row = connection.execute(select(EINSICHTSANTRAG).where(EINSICHTSANTRAG.c.id == antrag)).one_or_none()
        if row is None or row.bestaetigt is None or _grund(row) != grund:
            return None
        if not timedelta(0) <= now - datetime.fromisoformat(row.bestaetigt) <= GILT:
            return None
        return str(row.bestaetigt_von)

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

    @contextmanager
    def _change(self, taken: str) -> Iterator[Connection]:
        with store_errors("the readers of the Protokoll cannot be changed"):
            try:
                with self._engine.begin() as connection:
                    yield connection
            except IntegrityError:
                raise BehoerdenError(taken) from None


def _grund(row: object) -> Einsichtsgrund:
    wer, mandant, zweck, referenz = (getattr(row, name) for name in ("wer", "mandant", "zweck", "referenz"))
    return Einsichtsgrund(wer, mandant, Zweck(zweck), referenz)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
