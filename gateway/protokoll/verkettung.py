"""Turns a batch into rows: numbered, encrypted, chained, the last one sealed where a seal is due. No database here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.protokoll.kette import Verweis, eintrag_hash, inhalt_aad, kopf_text, pack_verweise, siegel_text
from gateway.protokoll.satz import Satz
from gateway.protokoll.schluessel import Protokollschluessel

#: Values in the order of the columns of the table `protokoll`.
Zeile = tuple[object, ...]
#: Place of `anspruch` there.
ANSPRUCH = 15


@dataclass(frozen=True)
class Kette:
    """A writer's chain and its end."""

    nr: int
    kennung: bytes
    hash: bytes
    nummer: int = 0  # 0: nothing is stored yet, its head neither
    gesehen: frozenset[Verweis] = frozenset()  # heads of other chains at the last seal
    siegel_faellig: float = 0.0  # monotonic time in seconds


@dataclass(frozen=True)
class Beschluss:
    """A Satz that will be stored, and whether it repeats an earlier entry."""

    satz: Satz
    wiederholung: bool


class Verketter:
    """Makes rows with the instance's keys."""

    def __init__(self, schluessel: Protokollschluessel) -> None:
        self._schluessel = schluessel

    def link(
        self, kette: Kette, beschluesse: Sequence[Beschluss], jetzt: int, verweise: Sequence[Verweis] | None
    ) -> tuple[list[Zeile], Kette]:
        """The rows, and the chain's new end. `jetzt` in microseconds; with `verweise` the last row is sealed."""
        zeilen: list[Zeile] = []
        ende = kette.hash
        for nummer, beschluss in enumerate(beschluesse, kette.nummer + 1):
            last = len(zeilen) + 1 == len(beschluesse)
            packed = pack_verweise(verweise) if last and verweise is not None else None
            felder = self._felder(kette.kennung, nummer, beschluss, jetzt, packed)
            digest = eintrag_hash(ende, felder)
            siegel = None if packed is None else self._sign(siegel_text(kette.kennung, nummer, digest))
            zeilen.append((kette.nr, *felder, ende, digest, siegel))
            ende = digest
        return zeilen, replace(kette, nummer=kette.nummer + len(zeilen), hash=ende)

    def head_seal(self, kette: Kette) -> bytes:
        """The seal of the chain's head."""
        return self._sign(kopf_text(kette.kennung, kette.nummer, kette.hash))

    def _felder(self, kennung: bytes, nummer: int, beschluss: Beschluss, jetzt: int, verweise: bytes | None) -> Zeile:
        """In the order of FELDER."""
        satz = beschluss.satz
        anspruch = None if beschluss.wiederholung else satz.anspruch
        schluessel, inhalt = self._encrypt(kennung, nummer, satz.inhalt)
        ende = (anspruch, int(beschluss.wiederholung), satz.treffer, schluessel, inhalt, verweise)
        return (nummer, jetzt, *satz.vorne, *ende)

    def _encrypt(self, kennung: bytes, nummer: int, inhalt: bytes | None) -> tuple[str | None, bytes | None]:
        if inhalt is None:
            return None, None
        return self._schluessel.encrypt(inhalt, inhalt_aad(kennung, nummer))

    def _sign(self, text: bytes) -> bytes:
        return self._schluessel.siegel.sign(text)
