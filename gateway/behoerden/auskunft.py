"""What is registered, for those who look after it: plain values, ready for JSON."""

import json

from sqlalchemy import Connection, Table, select

from gateway.behoerden.aenderungen import Verwaltung, Zeile
from gateway.behoerden.stamm import verlange
from gateway.behoerden.tabellen import BEHOERDE, BENUTZER, ERMAECHTIGTE, VERBRAUCH, ZERTIFIKAT
from gateway.database import store_errors

_TAGE = 7  # of use that are shown


def behoerden(v: Verwaltung) -> list[Zeile]:
    """Every authority, without what belongs to it. Raises StoreError."""
    with store_errors("the authorities cannot be read"), v.engine.connect() as connection:
        return [
            _lesbar(dict(row._mapping)) for row in connection.execute(select(BEHOERDE).order_by(BEHOERDE.c.kennung))
        ]


def behoerde(v: Verwaltung, kennung: str) -> Zeile:
    """One with its certificates, users and last days' use. Raises BehoerdenError, StoreError."""
    with store_errors("the authorities cannot be read"), v.engine.connect() as connection:
        found = _lesbar(verlange(connection, kennung))
        ermaechtigte = _rows(connection, ERMAECHTIGTE, kennung)
        return {
            **found,
            "zertifikate": _rows(connection, ZERTIFIKAT, kennung),
            "benutzer": _rows(connection, BENUTZER, kennung),
            "ermaechtigte": [row["benutzer"] for row in ermaechtigte if not row["wartet"]],
            "ermaechtigung_wartet": [row["benutzer"] for row in ermaechtigte if row["wartet"]],
            "verbrauch": _rows(connection, VERBRAUCH, kennung)[-_TAGE:],
        }


def benutzer(v: Verwaltung, kennung: str) -> list[Zeile]:
    """The users of an authority. Raises BehoerdenError, StoreError."""
    with store_errors("the authorities cannot be read"), v.engine.connect() as connection:
        verlange(connection, kennung)
        return _rows(connection, BENUTZER, kennung)


def _rows(connection: Connection, tabelle: Table, kennung: str) -> list[Zeile]:
    spalten = [spalte for spalte in tabelle.c if spalte.name != "kennung"]
    query = select(*spalten).where(tabelle.c.kennung == kennung).order_by(*spalten)
    return [dict(row._mapping) for row in connection.execute(query)]


def _lesbar(zeile: Zeile) -> Zeile:
    return {**zeile, "rechte": json.loads(zeile["rechte"] or "{}")}
