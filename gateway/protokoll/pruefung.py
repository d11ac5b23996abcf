"""`protokoll verify`: names what someone who can write the database but lacks the key has done to the Protokoll.

What it finds: a changed entry, also one whose hashes were computed anew; entries missing in the middle, at the end of a
chain, or a chain as a whole; inserted entries and chains, numbers used twice; forged or removed seals and heads; and a
chain set back to an older state of itself where another chain has seen the newer one; missing or added index rows,
claims, keys and holds; what is sealed with a key of another time. What a signed record of a deletion names is not
missing, and nothing else excuses a gap.

What no look at the database alone can find: the whole database set back to an older state of itself (a restored
backup), or a single chain set back that no other has seen since. An anchor, kept elsewhere, shows that (`anker`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, func, select, tuple_

from gateway.database import store_errors
from gateway.protokoll.anker import Anker, compare
from gateway.protokoll.befund import Finding, Findings, Kind, Verification
from gateway.protokoll.beipruefung import Beipruefung
from gateway.protokoll.kette import FELDER, KETTENFELDER, Verweis, kette_hash, stand_text, unpack_verweise, wurzel_hash
from gateway.protokoll.kettenpruefung import Kettenpruefung, Kopf
from gateway.protokoll.loeschpruefung import Geloescht, check_times, read_records
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.siegelfolge import lies
from gateway.protokoll.stand import stand_holds
from gateway.protokoll.tabellen import EINTRAG, KETTE, KOPF, STAND
from gateway.protokoll.verbindung import snapshot

__all__ = ["Finding", "Kind", "Verification", "verify"]

SCHRITT = 500  # entries read at a time, and between two reports of progress

#: Called with the entries verified so far and how many there should be.
Progress = Callable[[int, int], None]


def verify(
    engine: Engine,
    schluessel: Protokollschluessel,
    progress: Progress | None = None,
    anker: Sequence[Anker] = (),
    now: datetime | None = None,
) -> Verification:
    """Verifies the whole Protokoll in one state of the database, while it is written to, in constant memory.

    With `anker` also what those have seen, with `now` also whether what was deleted was due. `engine` may be read-only
    and on SQLite should be: another one keeps the writers out meanwhile. Raises StoreError when the database cannot be
    read.
    """
    with store_errors("the Protokoll cannot be read"), snapshot(engine) as connection:
        return _Pruefung(connection, schluessel, progress or (lambda _done, _total: None)).run(anker, now)


class _Pruefung:
    """One run: the register of chains, each chain, what the chains have seen of each other, what belongs to none."""

    def __init__(self, connection: Connection, schluessel: Protokollschluessel, progress: Progress) -> None:
        self._connection = connection
        self._schluessel = schluessel
        self._progress = progress
        self._findings = Findings()
        self._folge = lies(connection, schluessel, self._findings)
        self._chains: list[int] = []
        self._entries = 0
        self._total = 0
        self._geloescht = Geloescht()
        self._unfinished = self._deleted = 0
        self._seen: list[tuple[str, Verweis]] = []  # references not yet looked up, with the entry that holds them

    def run(self, anker: Sequence[Anker], now: datetime | None) -> Verification:
        self._register()
        if now is not None:
            check_times(self._connection, now, self._findings)
        written = int(self._connection.scalar(select(func.coalesce(func.sum(KOPF.c.nummer), 0))) or 0)
        self._total = max(written - self._geloescht.anzahl, 0)
        bei = Beipruefung(self._connection, self._schluessel, self._folge, self._geloescht.monate, self._findings)
        for nr in self._chains:
            self._chain(nr, bei)
        self._look_up()
        self._strangers()
        bei.finish()
        for one in anker:
            compare(self._connection, one, self._geloescht, self._findings)
        self._progress(self._entries, self._total)
        counts = {"deleted": self._deleted, "held": bei.held, "unfinished": self._unfinished}
        return self._findings.result(len(self._chains), self._entries, **counts)

    def _register(self) -> None:
        stand = self._connection.execute(select(STAND).where(STAND.c.id == 1)).one_or_none()
        held = stand is not None and stand_holds(self._folge.aktuell.oeffentlich, stand)
        if stand is None:
            self._findings.add(Kind.MISSING, "register", "the register's signed head is missing, chains may be too")
        elif not held:
            text = partial(stand_text, stand.wurzel, stand.ketten, stand.hash)
            said = self._folge.fremd(stand.siegel, text, self._folge.aktuell)
            self._findings.add(Kind.SEAL, "register", f"the seal of the register's head is forged{said}")
        last, digest = 0, wurzel_hash(stand.wurzel) if stand is not None and held else None
        self._geloescht = read_records(self._connection, self._folge, digest, self._findings)
        for row in self._connection.execute(select(KETTE).order_by(KETTE.c.nr)):
            if not isinstance(row.nr, int) or row.nr < 1:
                self._findings.add(Kind.INSERTED, "register", "a chain has no proper number")
                continue
            digest = self._register_row(row, last, digest)
            last = row.nr
            self._chains.append(last)
        if stand is not None and held:
            self._register_end(stand, last, digest)

    def _register_row(self, row: Any, last: int, digest: bytes | None) -> bytes:
        if row.nr > last + 1:
            self._missing_chains(last + 1, row.nr - 1)
        try:
            sound = kette_hash(row.vorgaenger, [getattr(row, name) for name in KETTENFELDER]) == row.hash
        except (TypeError, ValueError):
            sound = False
        if not sound:
            self._findings.add(Kind.CHANGED, str(row.nr), "the chain's row is not the one that was stored")
        elif row.nr == last + 1 and digest is not None and row.vorgaenger != digest:
            self._findings.add(Kind.CHANGED, str(row.nr), "the chain's row does not follow the one before")
        if row.siegel_schluessel != (key := self._folge.der_kette(row.nr).id):
            text = f"the chain is sealed with another key than that of its time, {key}"
            self._findings.add(Kind.SEAL, str(row.nr), text)
        return bytes(row.hash) if isinstance(row.hash, bytes) else b""

    def _register_end(self, stand: Any, last: int, digest: bytes | None) -> None:
        if last < stand.ketten:
            self._missing_chains(last + 1, stand.ketten)
        elif last > stand.ketten:
            text = "the register's signed end lies before: what stands there was inserted"
            self._findings.add(Kind.INSERTED, _chain_range(stand.ketten + 1, last), text)
        elif digest is not None and last and digest != stand.hash:
            text = "the rows of the register do not lead to its signed head: one of them was changed"
            self._findings.add(Kind.CHANGED, "register", text)

    def _missing_chains(self, first: int, last: int) -> None:
        self._findings.add(Kind.MISSING, _chain_range(first, last), "missing from the register of chains")

    def _chain(self, nr: int, bei: Beipruefung) -> None:
        row = self._connection.execute(
            select(
                KETTE.c.nr, KETTE.c.kennung, KETTE.c.fassung, KETTE.c.hash, KOPF.c.nummer, KOPF.c.hash, KOPF.c.siegel
            )
            .outerjoin(KOPF, KOPF.c.kette == KETTE.c.nr)
            .where(KETTE.c.nr == nr)
        ).one()
        geloescht = self._geloescht.of(nr)
        pruefung = Kettenpruefung(Kopf(*row), self._folge, self._findings, geloescht)
        columns = [EINTRAG.c[name] for name in (*FELDER, "vorgaenger", "hash", "siegel", "monat")]
        query = select(*columns).where(EINTRAG.c.kette == nr).order_by(EINTRAG.c.nummer)
        rows = self._connection.execute(query, execution_options={"yield_per": SCHRITT})
        for *felder, vorgaenger, digest, siegel, monat in rows:
            if pruefung.entry(felder, vorgaenger, digest, siegel):
                bei.entry(nr, felder, monat)
            else:
                bei.unsound(nr, felder)
            self._remember(nr, felder[0], felder[-1])
            self._entries += 1
            if self._entries % SCHRITT == 0:
                self._progress(self._entries, self._total)
        pruefung.finish()
        self._unfinished += pruefung.unfinished
        self._deleted += pruefung.deleted

    def _remember(self, nr: int, nummer: Any, verweise: Any) -> None:
        if not (isinstance(verweise, bytes) and isinstance(nummer, int)):
            return
        try:
            self._seen += [(f"{nr}/{nummer}", verweis) for verweis in unpack_verweise(verweise)]
        except ValueError:
            return  # a changed entry, and found as one
        if len(self._seen) >= SCHRITT:
            self._look_up()

    def _look_up(self) -> None:
        """Whether what chains have seen of others is there still, as they saw it."""
        seen, self._seen = self._seen, []
        if not seen:
            return
        columns = (EINTRAG.c.kette, EINTRAG.c.nummer, EINTRAG.c.hash)
        places = {(kette, nummer) for _place, (kette, nummer, _digest) in seen}
        query = select(*columns).where(tuple_(EINTRAG.c.kette, EINTRAG.c.nummer).in_(places))
        there = {(kette, nummer): digest for kette, nummer, digest in self._connection.execute(query)}
        for place, (kette, nummer, digest) in seen:
            weg = self._geloescht.at(kette, nummer)
            if (kette, nummer) not in there and weg and (nummer < weg.bis or digest == weg.hash):
                continue
            if there.get((kette, nummer)) != digest:
                text = f"the entry {place} has seen it, and it is missing or another"
                self._findings.add(Kind.CONTRADICTION, f"{kette}/{nummer}", text)

    def _strangers(self) -> None:
        """Entries and heads of chains that the register does not have."""
        known = select(KETTE.c.nr)
        for table, what in ((EINTRAG, "entries"), (KOPF, "heads")):
            query = select(table.c.kette, func.count()).where(table.c.kette.not_in(known)).group_by(table.c.kette)
            for nr, count in self._connection.execute(query):
                text = f"{count} {what} belong to a chain that the register does not have"
                self._findings.add(Kind.INSERTED, str(nr), text)


def _chain_range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
