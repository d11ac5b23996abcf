"""Verifies the records of deletions, and tells what they name: deleted by record is not missing."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from gateway.protokoll.alter import GANGABWEICHUNG, kette_ist_juenger
from gateway.protokoll.befund import Findings, Kind
from gateway.protokoll.kette import LOESCHFELDER, loeschung_hash, loeschung_text
from gateway.protokoll.loeschung import Bereich, unpack
from gateway.protokoll.monat import faellig
from gateway.protokoll.siegelfolge import Siegelfolge
from gateway.protokoll.stand import signed
from gateway.protokoll.tabellen import LOESCHUNG
from gateway.protokoll.zeit import from_micros


class Geloescht:
    """What signed records name: by chain, in the order of numbers. `monate`: those that a record is about."""

    def __init__(self, bereiche: Sequence[Bereich] = (), monate: frozenset[int] = frozenset()) -> None:
        self.monate = monate
        self.anzahl = sum(bereich.anzahl for bereich in bereiche)
        self._by_chain: dict[int, list[Bereich]] = defaultdict(list)
        for bereich in sorted(bereiche, key=lambda one: (one.kette, one.von)):
            self._by_chain[bereich.kette].append(bereich)

    def of(self, kette: int) -> Sequence[Bereich]:
        """Those of a chain."""
        return self._by_chain.get(kette, ())

    def at(self, kette: int, nummer: int) -> Bereich | None:
        """The one that names this entry."""
        bereiche = self.of(kette)
        place = bisect_right(bereiche, nummer, key=lambda one: one.von) - 1
        return bereiche[place] if place >= 0 and nummer <= bereiche[place].bis else None


def read_records(connection: Connection, folge: Siegelfolge, wurzel: bytes | None, findings: Findings) -> Geloescht:
    """The records whose seals hold; the others are found. `wurzel`: what the first one follows, where it is known."""
    bereiche: list[Bereich] = []
    monate: set[int] = set()
    hashes: dict[int, Any] = {}
    last, ende = 0, wurzel
    for row in connection.execute(select(LOESCHUNG).order_by(LOESCHUNG.c.nr)):
        place = f"deletion {row.nr}"
        if row.nr != last + 1:
            findings.add(Kind.MISSING, f"deletion {last + 1}", "a record of a deletion is missing")
        elif ende is not None and row.vorgaenger != ende:
            findings.add(Kind.CHANGED, place, "the record of a deletion does not follow the one before")
        last, ende = row.nr, row.hash
        hashes[row.nr] = row.hash
        found = _believed(row, folge)
        if found is None:
            said = folge.fremd(row.siegel, partial(loeschung_text, row.hash), folge.der_loeschung(row.nr))
            text = "the record of a deletion is forged or changed: it excuses nothing"
            findings.add(Kind.SEAL, place, f"{text}{said}")
            continue
        bereiche += found
        monate.add(row.monat)
    for glied in folge.glieder:
        nr = glied.ab_loeschung - 1
        if glied.loeschung is not None and nr > last:
            findings.add(Kind.MISSING, f"deletion {nr}", "a record that the change of the seal's key saw is missing")
        elif glied.loeschung is not None and nr and hashes.get(nr) not in (None, glied.loeschung):
            findings.add(Kind.CHANGED, f"deletion {nr}", "the change of the seal's key has seen another record here")
    return Geloescht(bereiche, frozenset(monate))


def _believed(row: Any, folge: Siegelfolge) -> list[Bereich] | None:
    try:
        digest = loeschung_hash(row.vorgaenger, [getattr(row, name) for name in LOESCHFELDER])
        if digest != row.hash or not signed(
            folge.der_loeschung(row.nr).oeffentlich, row.siegel, loeschung_text(digest)
        ):
            return None
        return unpack(row.bereiche)
    except (TypeError, ValueError):
        return None


def check_times(connection: Connection, now: datetime, findings: Findings) -> None:
    """Whether what is recorded as deleted was due then. A clock set forward, or back while it was stored, shows so."""
    for row in connection.execute(select(LOESCHUNG).order_by(LOESCHUNG.c.nr)):
        try:
            moment, bereiche = from_micros(row.geloescht), unpack(row.bereiche)
            if moment > now + GANGABWEICHUNG:
                text = "it was done at a time that has not come: a clock was set forward"
            elif moment < faellig(row.monat):
                text = "it was done before the month was due"
            elif any(kette_ist_juenger(connection, kette, moment) for kette in {one.kette for one in bereiche}):
                text = "a chain of the month was begun when it was nearly due: a clock was set back"
            else:
                continue
        except (OverflowError, TypeError, ValueError):
            continue  # a changed record, and found as one
        findings.add(Kind.UNTIMELY, f"deletion {row.nr}", text)
