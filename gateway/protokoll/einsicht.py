"""Reading the Protokoll, and what waits beside it: technical columns without keys, the § 40 content with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, select

from gateway.database import store_errors
from gateway.errors import StoreError
from gateway.protokoll.monatsschluessel import FremderMandant
from gateway.protokoll.oeffnen import inhaltsschluessel
from gateway.protokoll.satz import unpack_inhalt
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.stelle import Stelle
from gateway.protokoll.tabellen import EINTRAG, KETTE, NACHARBEIT, POSTAUSGANG, SCHLUESSEL
from gateway.protokoll.zeit import from_micros


@dataclass(frozen=True)
class Protokollzeile:
    """The technical columns of an entry; no personal data."""

    stelle: Stelle
    gespeichert: datetime
    empfangen: datetime
    beantwortet: datetime
    transport: str
    ergebnis: str
    codes: tuple[str, ...]
    behoerde: str | None
    nachrichtentyp: str | None
    nachricht_uuid: str | None
    wiederholung: bool
    treffer: int
    hat_inhalt: bool
    vermittlung: tuple[Mapping[str, Any], ...]  # the legs to other Laender, as `ports.Weg` has them
    fingerprint: str | None
    mandant: str  # for whose eyes the content is; "" the operator's, or there is none


@dataclass(frozen=True)
class Postzeile:
    """A message to deliver, or one that was: all but its content."""

    uuid: str
    nachrichtentyp: str
    art: str
    empfaenger: str
    angelegt: datetime
    zugestellt: datetime | None
    versuche: int


_SPALTEN = (
    *("kette", "nummer", "gespeichert", "empfangen", "beantwortet", "transport", "ergebnis", "codes", "behoerde"),
    *("nachrichtentyp", "nachricht_uuid", "wiederholung", "treffer", "vermittlung", "fingerprint"),
)
#: The technical columns of entries.
ZEILEN = select(
    *(EINTRAG.c[name] for name in _SPALTEN), EINTRAG.c.inhalt.is_not(None).label("hat_inhalt"), SCHLUESSEL.c.mandant
).outerjoin(SCHLUESSEL, SCHLUESSEL.c.id == EINTRAG.c.schluessel)


class Einsicht:
    """Reads through `engine`, which may be read-only and on SQLite should be: another one takes the write lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self) -> int:
        """How many entries there are. Raises StoreError."""
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(EINTRAG)) or 0

    def entries(self, limit: int) -> list[Protokollzeile]:
        """The entries stored last, latest first. Raises StoreError."""
        e = EINTRAG.c
        query = ZEILEN.order_by(e.gespeichert.desc(), e.kette.desc(), e.nummer.desc()).limit(limit)
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            return [zeile_of(row) for row in connection.execute(query)]

    def entry(self, stelle: Stelle) -> Protokollzeile:
        """One entry. Raises LookupError for one that is not there, StoreError."""
        query = ZEILEN.where(EINTRAG.c.kette == stelle.kette, EINTRAG.c.nummer == stelle.nummer)
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise LookupError(f"the Protokoll has no entry {stelle}")
        return zeile_of(row)

    def offen(self) -> tuple[int, int, int]:
        """How many requests are still to be looked at, how many of them failed before, how many messages wait.

        Raises StoreError.
        """
        n, p = NACHARBEIT.c, POSTAUSGANG.c
        counts = select(
            select(func.count()).select_from(NACHARBEIT).scalar_subquery(),
            select(func.count()).where(n.versuche > 0).scalar_subquery(),
            select(func.count()).where(p.faellig.is_not(None)).scalar_subquery(),
        )
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            waiting, failed, messages = connection.execute(counts).one()
        return waiting, failed, messages

    def post(self, limit: int) -> list[Postzeile]:
        """The messages taken in last, latest first. Raises StoreError."""
        p = POSTAUSGANG.c
        query = select(POSTAUSGANG).order_by(p.angelegt.desc(), p.id).limit(limit)
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            Postzeile(
                *(row.uuid, row.nachrichtentyp, row.art, row.empfaenger, from_micros(row.angelegt)),
                from_micros(row.zugestellt) if row.zugestellt is not None else None,
                row.versuche,
            )
            for row in rows
        ]

    def read(
        self, stelle: Stelle, schluessel: Protokollschluessel, mandant: str | None = ""
    ) -> dict[str, object] | None:
        """The § 40 content of an entry, None where it has none.

        Raises LookupError for an entry that is not there, FremderMandant when the content is not for the eyes of
        `mandant` (None: whoever's), StoreError when it is not the one that was stored at this place or its key is gone.
        """
        query = (
            select(EINTRAG.c.schluessel, EINTRAG.c.inhalt, KETTE.c.kennung)
            .join(KETTE, KETTE.c.nr == EINTRAG.c.kette)
            .where(EINTRAG.c.kette == stelle.kette, EINTRAG.c.nummer == stelle.nummer)
        )
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                raise LookupError(f"the Protokoll has no entry {stelle}")
            if row.inhalt is None:
                return None
            oeffner = inhaltsschluessel(connection, schluessel, stelle, row.schluessel, row.kennung)
        if mandant is not None and oeffner.mandant != mandant:
            raise FremderMandant(f"the content of {stelle} is not for the eyes of the one who reads")
        try:
            return unpack_inhalt(oeffner.decrypt(row.inhalt))
        except (TypeError, ValueError):
            raise StoreError(f"the content of {stelle} is not the one that was stored there") from None


def zeile_of(row: Any) -> Protokollzeile:
    """A row of ZEILEN."""
    return Protokollzeile(
        stelle=Stelle(row.kette, row.nummer),
        gespeichert=from_micros(row.gespeichert),
        empfangen=from_micros(row.empfangen),
        beantwortet=from_micros(row.beantwortet),
        transport=row.transport,
        ergebnis=row.ergebnis,
        codes=tuple(row.codes.split()),
        behoerde=row.behoerde,
        nachrichtentyp=row.nachrichtentyp,
        nachricht_uuid=row.nachricht_uuid,
        wiederholung=bool(row.wiederholung),
        treffer=row.treffer,
        hat_inhalt=bool(row.hat_inhalt),
        vermittlung=tuple(json.loads(row.vermittlung)) if row.vermittlung else (),
        fingerprint=row.fingerprint,
        mandant=row.mandant or "",
    )
