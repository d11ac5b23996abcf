"""Verifies what stands beside the entries: their months, keys, index rows, claims on UUIDs, and holds.

All of it can be told from the entries themselves, which prove each other. Looked up in steps, so in constant memory.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from gateway.protokoll.befund import Findings, Kind
from gateway.protokoll.kette import FELDER, halt_text, monat_aad
from gateway.protokoll.monat import GEHALTEN, Monatsuhr
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.stand import signed
from gateway.protokoll.tabellen import ANSPRUCH, HALT, KETTE, SCHLUESSEL, VERZEICHNIS
from gateway.protokoll.verzeichnis import Indexzeile, rows_of

SCHRITT = 1000  # rows looked up at a time

_GESPEICHERT, _ANSPRUCH, _DIGEST, _SCHLUESSEL, _VERZEICHNIS = (
    FELDER.index(name) for name in ("gespeichert", "anspruch", "nachricht_digest", "schluessel", "verzeichnis")
)


class Beipruefung:
    """Takes every sound entry once. `geloescht`: months that a deletion is recorded of: their index may be gone."""

    def __init__(
        self, connection: Connection, schluessel: Protokollschluessel, geloescht: frozenset[int], findings: Findings
    ) -> None:
        self._connection = connection
        self._schluessel = schluessel
        self._geloescht = geloescht
        self._findings = findings
        self._monat_von = Monatsuhr()
        self._gehalten = self._holds()
        self.held = 0
        self._benutzt: dict[str, str] = {}  # id of a key → first entry that names it
        self._zeilen: list[Indexzeile] = []
        self._ansprueche: list[tuple[bytes, bytes, str]] = []
        self._erwartet: Counter[int] = Counter()  # index rows by month
        self._beansprucht = 0

    def unsound(self, felder: Sequence[Any]) -> None:
        """One that does not prove itself: what seems to belong to it is not found once more as a stranger's."""
        self._beansprucht += isinstance(felder[_ANSPRUCH], bytes)
        with suppress(OverflowError, TypeError, ValueError):
            rows = rows_of(self._monat_von(felder[_GESPEICHERT]), felder[_VERZEICHNIS], 0, 0)
            self._erwartet.update(row[0] for row in rows)

    def entry(self, kette: int, felder: Sequence[Any], monat: Any) -> None:
        """One that proves itself; `felder` in the order of FELDER."""
        nummer, place = felder[0], f"{kette}/{felder[0]}"
        gespeichert = self._monat_von(felder[_GESPEICHERT])
        self._month(kette, nummer, monat, gespeichert)
        if felder[_SCHLUESSEL] is not None and gespeichert not in self._geloescht:
            self._benutzt.setdefault(felder[_SCHLUESSEL], place)
        if isinstance(felder[_ANSPRUCH], bytes):
            self._beansprucht += 1
            self._ansprueche.append((felder[_ANSPRUCH], felder[_DIGEST], place))
        if isinstance(felder[_VERZEICHNIS], bytes) and gespeichert not in self._geloescht:
            self._index(gespeichert, felder[_VERZEICHNIS], kette, nummer)
        if len(self._zeilen) >= SCHRITT or len(self._ansprueche) >= SCHRITT:
            self._look_up()

    def finish(self) -> None:
        """After the last entry."""
        self._look_up()
        self._keys()
        self._strangers()
        for kette, nummer in sorted(self._gehalten):
            text = "a hold is on an entry that is not there, or is not held"
            self._findings.add(Kind.CONTRADICTION, f"{kette}/{nummer}", text)

    def _month(self, kette: int, nummer: int, monat: Any, gespeichert: int) -> None:
        if monat == GEHALTEN and (kette, nummer) in self._gehalten:
            self._gehalten.discard((kette, nummer))
            self.held += 1
        elif monat != gespeichert:
            text = "the entry is held without a hold" if monat == GEHALTEN else "the entry stands in another month"
            self._findings.add(Kind.CHANGED, f"{kette}/{nummer}", text)

    def _index(self, monat: int, verzeichnis: bytes, kette: int, nummer: int) -> None:
        rows = rows_of(monat, verzeichnis, kette, nummer)
        self._zeilen += rows
        self._erwartet[monat] += len(rows)

    def _look_up(self) -> None:
        zeilen, self._zeilen = self._zeilen, []
        missing: Counter[tuple[int, int]] = Counter()
        key = tuple_(*VERZEICHNIS.primary_key.columns)
        for place in range(0, len(zeilen), SCHRITT):
            some = zeilen[place : place + SCHRITT]
            query = select(*VERZEICHNIS.primary_key.columns).where(key.in_(some))
            there = {tuple(row) for row in self._connection.execute(query)}
            gone = [row for row in some if row not in there]
            missing.update((row[3], row[4]) for row in gone)
            self._erwartet.subtract(row[0] for row in gone)
        for (kette, nummer), count in missing.items():
            text = f"{count} rows by which the index finds the entry are missing"
            self._findings.add(Kind.MISSING, f"{kette}/{nummer}", text)
        self._claims()

    def _claims(self) -> None:
        ansprueche, self._ansprueche = self._ansprueche, []
        given = [anspruch for anspruch, _digest, _place in ansprueche]
        query = select(ANSPRUCH).where(ANSPRUCH.c.anspruch.in_(given))
        there = {row.anspruch: row.nachricht_digest for row in self._connection.execute(query)}
        for anspruch, digest, place in ansprueche:
            if there.get(anspruch) != digest:
                text = "its claim on its UUID is missing or another: the UUID could be used again"
                self._findings.add(Kind.MISSING if anspruch not in there else Kind.CHANGED, place, text)

    def _keys(self) -> None:
        for row in self._connection.execute(select(SCHLUESSEL)):
            self._benutzt.pop(row.id, None)
            try:
                aad = monat_aad(row.id, row.monat, row.mandant)
                self._schluessel.decrypt(row.tresor, row.huelle, aad)
            except LookupError:
                continue  # a matter of the key file, not of what is stored here
            except (TypeError, ValueError):
                self._findings.add(Kind.CHANGED, f"key {row.id}", "the wrapped key is not the one that was stored")
        for key_id, place in self._benutzt.items():
            if key_id not in self._schluessel.aes and "-" in key_id:
                text = "the key of its content, and maybe of others, is missing"
                self._findings.add(Kind.MISSING, f"key {key_id}", f"{place}: {text}")

    def _strangers(self) -> None:
        v = VERZEICHNIS.c
        for monat, count in self._connection.execute(select(v.monat, func.count()).group_by(v.monat)):
            if monat not in self._geloescht and (more := count - self._erwartet[monat]) > 0:
                self._findings.add(
                    Kind.INSERTED,
                    f"index {monat}",
                    f"{more} rows of the index belong to no entry that is there as it was",
                )
        claims = self._connection.scalar(select(func.count()).select_from(ANSPRUCH)) or 0
        if (more := claims - self._beansprucht) > 0:
            self._findings.add(
                Kind.INSERTED, "claims", f"{more} claims on UUIDs belong to no entry that is there as it was"
            )

    def _holds(self) -> set[tuple[int, int]]:
        held: set[tuple[int, int]] = set()
        query = select(HALT, KETTE.c.kennung).outerjoin(KETTE, KETTE.c.nr == HALT.c.kette)
        for row in self._connection.execute(query):
            try:
                text = halt_text(row.kennung, row.nummer, row.seit, row.tresor, row.huelle)
                sound = signed(self._schluessel.siegel_oeffentlich, row.siegel, text)
            except (TypeError, ValueError):
                sound = False
            if sound:
                held.add((row.kette, row.nummer))
            else:
                self._findings.add(Kind.SEAL, f"{row.kette}/{row.nummer}", "the hold on the entry is forged")
        return held
