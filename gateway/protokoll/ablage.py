"""The statements that store a batch, straight on the driver: one entry, what claims its UUID, what finds it again."""

from functools import lru_cache
from typing import Any

from gateway.protokoll.monate import partition
from gateway.protokoll.tabellen import EINTRAG, NACHARBEIT
from gateway.protokoll.verkettung import Zeile, Zeilen
from gateway.protokoll.verzeichnis import Indexzeile, rows_of

_COLUMNS = tuple(column.name for column in EINTRAG.columns)
_GIVEN = ", ".join("?" * len(_COLUMNS))
_ANSPRUCH, _DIGEST, _VERZEICHNIS = (_COLUMNS.index(name) for name in ("anspruch", "nachricht_digest", "verzeichnis"))

_INSERT = f"INSERT INTO {{}} ({', '.join(_COLUMNS)}) VALUES ({_GIVEN})"  # noqa: S608
_CLAIM = "INSERT INTO protokoll_anspruch (anspruch, nachricht_digest) "
_FIND = "INSERT INTO {} (monat, art, digest, kette, nummer) "

#: What comes of an entry's own columns, on the server: bytes are counted from 0, substrings from 1.
_CLAIMED = "SELECT anspruch, nachricht_digest FROM eintrag WHERE anspruch IS NOT NULL"
_UNPACKED = (
    "SELECT monat, get_byte(verzeichnis, i), substr(verzeichnis, i + 2, 16), kette, nummer "
    "FROM eintrag, generate_series(0, octet_length(verzeichnis) - 1, 17) AS i"
)

LATER = f"INSERT INTO nacharbeit ({', '.join(column.name for column in NACHARBEIT.columns)}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608


def store_on_sqlite(cursor: Any, zeilen: Zeilen, head: str, werte: tuple[object, ...]) -> None:
    """Entries with all that comes of them, then the chain's head."""
    cursor.executemany(_INSERT.format("protokoll"), zeilen.eintraege)
    claims = [(zeile[_ANSPRUCH], zeile[_DIGEST]) for zeile in zeilen.eintraege if zeile[_ANSPRUCH] is not None]
    cursor.executemany(_CLAIM + "VALUES (?, ?)", claims)
    found = [row for zeile in zeilen.eintraege for row in _fundstellen(zeile)]
    cursor.executemany(_FIND.format("protokoll_index") + "VALUES (?, ?, ?, ?, ?)", found)
    cursor.execute(head, werte)


def store_on_postgresql(cursor: Any, zeilen: Zeilen, head: str, werte: tuple[object, ...]) -> None:
    """The same, each entry in one way to the server, and the head on the last one's."""
    # In the order of their claims: two processes with the same ones then wait in turn, not crosswise.
    *others, last = sorted(zeilen.eintraege, key=_by_claim)
    entry, find = _on_postgresql(zeilen.monat)
    if others:
        cursor.executemany(f"{entry} {find}", others)
    cursor.execute(f"{entry}, fundstelle AS ({find}) {head.replace('?', '%s')}", (*last, *werte))


@lru_cache(maxsize=2)
def _on_postgresql(monat: int) -> tuple[str, str]:
    """Into the month's own tables, which needs no routing."""
    insert = _INSERT.format(partition("protokoll", monat)).replace("?", "%s")
    find = _FIND.format(partition("protokoll_index", monat))
    return f"WITH eintrag AS ({insert} RETURNING *), anspruch AS ({_CLAIM}{_CLAIMED})", f"{find}{_UNPACKED}"


def _fundstellen(zeile: Any) -> list[Indexzeile]:
    verzeichnis = zeile[_VERZEICHNIS]
    return rows_of(zeile[-1], verzeichnis, zeile[0], zeile[1]) if verzeichnis is not None else []


def _by_claim(zeile: Zeile) -> bytes:
    claim = zeile[_ANSPRUCH]
    return claim if isinstance(claim, bytes) else b""
