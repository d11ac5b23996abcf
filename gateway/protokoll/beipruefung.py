"""Verifies what stands beside the entries: their months, keys, index rows, claims on UUIDs, and holds.

All of it can be told from the entries themselves, which prove each other. Index and claims are compared as a whole, by
sums of keyed hashes; only where a sum differs is each row looked up. So an untouched Protokoll is read once, in order.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from gateway.protokoll.befund import MAX_FINDINGS, Findings, Kind
from gateway.protokoll.kette import FELDER, halt_text, monat_aad
from gateway.protokoll.monat import GEHALTEN, Monatsuhr
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.siegelfolge import Siegelfolge
from gateway.protokoll.stand import signed
from gateway.protokoll.summe import Summe
from gateway.protokoll.tabellen import ANSPRUCH, HALT, KETTE, SCHLUESSEL, VERZEICHNIS
from gateway.protokoll.verzeichnis import rows_of
from gateway.protokoll.zeilensuche import missing_claims, missing_rows

SCHRITT = 2000  # rows read at a time

_GESPEICHERT, _ANSPRUCH, _DIGEST, _SCHLUESSEL, _VERZEICHNIS = (
    FELDER.index(name) for name in ("gespeichert", "anspruch", "nachricht_digest", "schluessel", "verzeichnis")
)

_UNGEOEFFNET = "the key {} that it is wrapped with is not in the instance's key file: what it opens cannot be read"


class Beipruefung:
    """Takes every entry once. `geloescht`: months that a deletion is recorded of: their index may be gone."""

    def __init__(
        self,
        connection: Connection,
        schluessel: Protokollschluessel,
        folge: Siegelfolge,
        geloescht: frozenset[int],
        findings: Findings,
    ) -> None:
        self._connection = connection
        self._schluessel = schluessel
        self._folge = folge
        self._geloescht = geloescht
        self._findings = findings
        self._monat_von = Monatsuhr()
        self._gehalten = self._holds()
        self.held = 0
        self._benutzt: dict[str, str] = {}  # id of a key → first entry that names it
        self._unsound: set[tuple[int, int]] = set()  # found already: at most as many as findings are kept
        self._index: dict[int, Summe] = defaultdict(Summe)  # by month; of the entries, without the rows there are
        self._claims = Summe()

    def entry(self, kette: int, felder: Sequence[Any], monat: Any) -> None:
        """One that proves itself; `felder` in the order of FELDER."""
        nummer, gespeichert = felder[0], self._monat_von(felder[_GESPEICHERT])
        self._month(kette, nummer, monat, gespeichert)
        if felder[_SCHLUESSEL] is not None and gespeichert not in self._geloescht:
            self._benutzt.setdefault(felder[_SCHLUESSEL], f"{kette}/{nummer}")
        self._expect(kette, felder, gespeichert)

    def unsound(self, kette: int, felder: Sequence[Any]) -> None:
        """One that does not prove itself: what seems to belong to it is not found once more as a stranger's."""
        if len(self._unsound) < MAX_FINDINGS:
            self._unsound.add((kette, felder[0]))
        with suppress(OverflowError, TypeError, ValueError):
            self._expect(kette, felder, self._monat_von(felder[_GESPEICHERT]))

    def finish(self) -> None:
        """After the last entry."""
        self._keys()
        self._compare_index()
        self._compare_claims()
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

    def _expect(self, kette: int, felder: Sequence[Any], gespeichert: int) -> None:
        if felder[_ANSPRUCH] is not None:
            self._claims.add((felder[_ANSPRUCH], felder[_DIGEST]))
        if felder[_VERZEICHNIS] is not None and gespeichert not in self._geloescht:
            summe = self._index[gespeichert]
            for row in rows_of(gespeichert, felder[_VERZEICHNIS], kette, felder[0]):
                summe.add(row)

    def _compare_index(self) -> None:
        for row in self._stream(VERZEICHNIS):
            if row[0] not in self._geloescht:
                self._index[row[0]].subtract(row)
        for monat, summe in self._index.items():
            if summe.even:
                continue
            missing = Counter(missing_rows(self._connection, monat, self._unsound))
            for (kette, nummer), count in missing.items():
                text = f"{count} rows by which the index finds the entry are missing"
                self._findings.add(Kind.MISSING, f"{kette}/{nummer}", text)
            if (more := missing.total() - summe.count) > 0:
                text = f"{more} rows of the index belong to no entry that is there as it was"
                self._findings.add(Kind.INSERTED, f"index {monat}", text)

    def _compare_claims(self) -> None:
        for row in self._stream(ANSPRUCH):
            self._claims.subtract(row)
        if self._claims.even:
            return
        missing = 0
        for kette, nummer, other in missing_claims(self._connection, self._unsound):
            missing += not other
            text = "its claim on its UUID is missing or another: the UUID could be used again"
            self._findings.add(Kind.CHANGED if other else Kind.MISSING, f"{kette}/{nummer}", text)
        if (more := missing - self._claims.count) > 0:
            text = f"{more} claims on UUIDs belong to no entry that is there as it was"
            self._findings.add(Kind.INSERTED, "claims", text)

    def _stream(self, table: Any) -> Iterator[Any]:
        yield from self._connection.execute(select(table), execution_options={"yield_per": SCHRITT})

    def _keys(self) -> None:
        for row in self._connection.execute(select(SCHLUESSEL)):
            self._benutzt.pop(row.id, None)
            try:
                aad = monat_aad(row.id, row.monat, row.mandant)
                self._schluessel.decrypt(row.tresor, row.huelle, aad)
            except LookupError:
                self._findings.add(Kind.MISSING, f"key {row.id}", _UNGEOEFFNET.format(row.tresor))
            except (TypeError, ValueError):
                self._findings.add(Kind.CHANGED, f"key {row.id}", "the wrapped key is not the one that was stored")
        for key_id, place in self._benutzt.items():
            if key_id not in self._schluessel.stand.aes and "-" in key_id:
                text = "the key of its content, and maybe of others, is missing"
                self._findings.add(Kind.MISSING, f"key {key_id}", f"{place}: {text}")

    def _holds(self) -> set[tuple[int, int]]:
        held: set[tuple[int, int]] = set()
        query = select(HALT, KETTE.c.kennung).outerjoin(KETTE, KETTE.c.nr == HALT.c.kette)
        for row in self._connection.execute(query):
            text = partial(halt_text, row.kennung, row.nummer, row.seit, row.tresor, row.huelle)
            try:
                sound = signed(self._folge.aktuell.oeffentlich, row.siegel, text())
            except (TypeError, ValueError):
                sound = False
            if sound:
                held.add((row.kette, row.nummer))
                if row.tresor not in self._schluessel.stand.aes:
                    place = f"hold {row.kette}/{row.nummer}"
                    self._findings.add(Kind.MISSING, place, _UNGEOEFFNET.format(row.tresor))
            else:
                said = self._folge.fremd(row.siegel, text, self._folge.aktuell)
                self._findings.add(Kind.SEAL, f"{row.kette}/{row.nummer}", f"the hold on the entry is forged{said}")
        return held
