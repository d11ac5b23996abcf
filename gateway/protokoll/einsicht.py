"""Reading the Protokoll, and what waits beside it: technical columns without keys, the § 40 content with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, select

from gateway.database import store_errors
from gateway.errors import StoreError
from gateway.protokoll.kette import inhalt_aad
from gateway.protokoll.satz import unpack_inhalt
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.tabellen import EINTRAG, KETTE, NACHARBEIT, POSTAUSGANG
from gateway.protokoll.zeit import from_micros


class Stelle(NamedTuple):
    """Where an entry stands: its chain and its number there. Written `3/1207`."""

    kette: int
    nummer: int

    def __str__(self) -> str:
        return f"{self.kette}/{self.nummer}"

    @classmethod
    def parse(cls, text: str) -> "Stelle":
        """Raises ValueError for anything but two whole numbers with a slash between."""
        kette, slash, nummer = text.partition("/")
        if not (slash and kette.isascii() and kette.isdecimal() and nummer.isascii() and nummer.isdecimal()):
            raise ValueError("an entry of the Protokoll is named by chain and number, as in 3/1207")
        return cls(int(kette), int(nummer))


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


_ZEILEN = select(
    EINTRAG.c.kette,
    EINTRAG.c.nummer,
    EINTRAG.c.gespeichert,
    EINTRAG.c.empfangen,
    EINTRAG.c.beantwortet,
    EINTRAG.c.transport,
    EINTRAG.c.ergebnis,
    EINTRAG.c.codes,
    EINTRAG.c.behoerde,
    EINTRAG.c.nachrichtentyp,
    EINTRAG.c.nachricht_uuid,
    EINTRAG.c.wiederholung,
    EINTRAG.c.treffer,
    EINTRAG.c.inhalt.is_not(None).label("hat_inhalt"),
    EINTRAG.c.vermittlung,
)


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
        query = _ZEILEN.order_by(EINTRAG.c.gespeichert.desc(), EINTRAG.c.kette.desc(), EINTRAG.c.nummer.desc()).limit(
            limit
        )
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            return [_zeile(row) for row in connection.execute(query)]

    def entry(self, stelle: Stelle) -> Protokollzeile:
        """One entry. Raises LookupError for one that is not there, StoreError."""
        query = _ZEILEN.where(EINTRAG.c.kette == stelle.kette, EINTRAG.c.nummer == stelle.nummer)
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise LookupError(f"the Protokoll has no entry {stelle}")
        return _zeile(row)

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

    def read(self, stelle: Stelle, schluessel: Protokollschluessel) -> dict[str, object] | None:
        """The § 40 content of an entry, None where it has none.

        Raises LookupError for an entry that is not there, StoreError when the content is not the one that was stored
        at this place or its key is not among `schluessel`.
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
        try:
            return unpack_inhalt(schluessel.decrypt(row.schluessel, row.inhalt, inhalt_aad(row.kennung, stelle.nummer)))
        except LookupError:
            raise StoreError(f"the key of the content of {stelle} is not in the instance's key file") from None
        except (TypeError, ValueError):
            raise StoreError(f"the content of {stelle} is not the one that was stored there") from None


def _zeile(row: Any) -> Protokollzeile:
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
    )
