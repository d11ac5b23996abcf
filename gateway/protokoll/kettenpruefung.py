"""Verifies one chain: every entry proves itself, follows the one before, and the last one is the signed head's."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from gateway.protokoll.befund import Findings, Kind
from gateway.protokoll.kette import eintrag_hash, kopf_text, siegel_text
from gateway.protokoll.loeschung import Bereich
from gateway.protokoll.siegelfolge import Glied, Siegelfolge
from gateway.protokoll.stand import signed


@dataclass(frozen=True)
class Kopf:
    """A chain's row in the register with its head; `nummer`, `hash` and `siegel` None where the head is missing."""

    nr: int
    kennung: Any
    fassung: Any
    anfang: Any  # hash of the row: what the first entry follows
    nummer: Any
    hash: Any
    siegel: Any


class Kettenpruefung:
    """Takes a chain's entries in the order of their numbers. Values are what the database gave, of any type."""

    def __init__(self, kopf: Kopf, folge: Siegelfolge, findings: Findings, geloescht: Sequence[Bereich] = ()) -> None:
        """`geloescht`: what records of deletions name of this chain, in the order of their numbers."""
        self._kopf = kopf
        self._folge = folge
        self._key = folge.der_kette(kopf.nr)
        self._findings = findings
        self._geloescht = geloescht
        self.deleted = 0  # entries that are gone by a record
        self.unfinished = 0  # that are there, though a record names them
        self._nummer = 0  # of the last entry seen
        self._hash: object = kopf.anfang  # of the last entry seen
        self._sound = True  # nothing was found at the last entry seen
        self._sealed = 0  # the last entry whose seal holds
        self._seals_hold = True
        self._kopf_holds = isinstance(kopf.nummer, int) and self._signed(
            folge.aktuell, kopf.siegel, kopf_text, kopf.nummer, kopf.hash
        )

    def entry(self, felder: Sequence[Any], vorgaenger: Any, digest: Any, siegel: Any) -> bool:
        """Whether the entry is one that was stored at this place, as it is; `felder` in the order of FELDER."""
        nummer = felder[0]
        if not isinstance(nummer, int):
            self._findings.add(Kind.INSERTED, self._place("?"), "the entry has no number")
            return False
        if nummer <= self._nummer:
            text = "the number is there twice, the chain is forked" if nummer > 0 else "no entry has such a number"
            self._findings.add(Kind.DUPLICATED if nummer > 0 else Kind.INSERTED, self._place(nummer), text)
            return False
        if nummer > self._nummer + 1:
            self._gap(nummer - 1)
        self.unfinished += any(one.von <= nummer <= one.bis for one in self._geloescht)
        if self._kopf_holds and nummer > self._kopf.nummer:
            self._findings.add(
                Kind.INSERTED, self._place(nummer), "the entry stands behind the signed end of its chain"
            )
        self._proves_itself(nummer, felder, vorgaenger, digest)
        self._follows(nummer, vorgaenger)
        self._seal(nummer, felder[-1], digest, siegel)
        self._nummer, self._hash = nummer, digest
        return self._sound and not (self._kopf_holds and nummer > self._kopf.nummer)

    def finish(self) -> None:
        """After the last entry: the head."""
        kopf, place = self._kopf, str(self._kopf.nr)
        if kopf.nummer is None:
            self._findings.add(Kind.MISSING, place, "the chain's signed head is missing, entries at its end may be too")
        elif not self._kopf_holds:
            sealed = partial(kopf_text, kopf.kennung, kopf.nummer, kopf.hash)
            said = self._folge.fremd(kopf.siegel, sealed, self._folge.aktuell)
            self._findings.add(Kind.SEAL, place, f"the seal of the chain's head is forged{said}")
        elif kopf.nummer > self._nummer and not self._gap(kopf.nummer):
            return
        elif kopf.nummer == self._nummer and self._hash is not None and kopf.hash != self._hash:
            text = "the entries do not lead to the chain's signed head: one of them was changed"
            self._findings.add(Kind.CHANGED, self._range(self._sealed + 1, self._nummer), text)

    def _gap(self, last: int) -> bool:
        """From the entry behind the last one seen: whether all of them up to `last` are gone by a record."""
        for one in self._geloescht:
            if one.bis <= self._nummer or one.von > last:
                continue
            if one.von > self._nummer + 1:
                self._missing(self._nummer + 1, one.von - 1)
            elif one.von == self._nummer + 1 and self._sound and self._hash is not None:
                self._chained_to_deleted(one)
            end = min(one.bis, last)
            self.deleted += end - max(one.von, self._nummer + 1) + 1
            # Of a range that has gone in part only, what its next entry followed is not known.
            self._nummer, self._hash, self._sound = end, one.hash if end == one.bis else None, end == one.bis
        if self._nummer < last:
            self._missing(self._nummer + 1, last)
            return False
        return True

    def _chained_to_deleted(self, one: Bereich) -> None:
        if one.vorgaenger != self._hash:
            text = "the entry is not the one that the deleted ones behind it were chained to: it was changed"
            self._findings.add(Kind.CHANGED, self._place(self._nummer), text)

    def _proves_itself(self, nummer: int, felder: Sequence[Any], vorgaenger: Any, digest: Any) -> None:
        try:
            sound = eintrag_hash(vorgaenger, felder, self._kopf.fassung) == digest
        except (TypeError, ValueError):
            sound = False
        if not sound:
            self._findings.add(
                Kind.CHANGED,
                self._place(nummer),
                "the entry, or what it says of the one before, is not what was stored",
            )
        self._was_sound, self._sound = self._sound, sound

    def _follows(self, nummer: int, vorgaenger: Any) -> None:
        """Finds an entry that was changed together with its hash: its successor was chained to another."""
        if nummer != self._nummer + 1 or vorgaenger == self._hash or not (self._was_sound and self._sound):
            return
        if self._nummer == 0:
            self._findings.add(Kind.CHANGED, self._place(nummer), "the first entry does not follow the chain's own row")
            return
        text = f"the entry is not the one that {self._place(nummer)} was chained to: one of the two was changed"
        self._findings.add(Kind.CHANGED, self._place(self._nummer), text)

    def _seal(self, nummer: int, verweise: Any, digest: Any, siegel: Any) -> None:
        if verweise is None and siegel is None:
            return
        if verweise is not None and self._signed(self._key, siegel, siegel_text, nummer, digest):
            self._sealed, self._seals_hold = nummer, True
            return
        sealed = partial(siegel_text, self._kopf.kennung, nummer, digest)
        if said := self._folge.fremd(siegel, sealed, self._key):
            self._findings.add(Kind.SEAL, self._place(nummer), f"the seal does not hold{said}")
        elif self._seals_hold:  # said once: all seals behind a changed entry fail with it
            text = "the seal at the end of this range does not hold: it is forged, or one of the entries was changed"
            self._findings.add(Kind.SEAL, self._range(self._sealed + 1, nummer), text)
        self._seals_hold = False

    def _signed(self, key: Glied, siegel: Any, text: Any, nummer: int, digest: Any) -> bool:
        try:
            return signed(key.oeffentlich, siegel, text(self._kopf.kennung, nummer, digest))
        except (TypeError, ValueError):
            return False

    def _missing(self, first: int, last: int) -> None:
        count = last - first + 1
        text = "an entry is missing" if count == 1 else f"{count} entries are missing"
        self._findings.add(Kind.MISSING, self._range(first, last), text)

    def _place(self, nummer: object) -> str:
        return f"{self._kopf.nr}/{nummer}"

    def _range(self, first: int, last: int) -> str:
        return self._place(last) if first >= last else f"{self._place(first)}-{last}"
