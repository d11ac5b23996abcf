"""Turns a batch into rows: numbered, encrypted, chained, the last one sealed where a seal is due. No database here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.protokoll.kette import Verweis, eintrag_hash, kopf_text, pack_verweise, siegel_text
from gateway.protokoll.monatsschluessel import Monatsschluessel
from gateway.protokoll.satz import Satz

#: Values in the order of the columns of a table.
Zeile = tuple[object, ...]


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


@dataclass(frozen=True)
class Moment:
    """When a batch is stored, in microseconds, in which month, and that month's keys by Mandant."""

    jetzt: int
    monat: int
    schluessel: Mapping[str, Monatsschluessel]


@dataclass(frozen=True)
class Zeilen:
    """Entries of one month, in the order of the columns of `protokoll`."""

    monat: int
    eintraege: list[Zeile]


class Verketter:
    """Makes rows, and seals them with the instance's key."""

    def __init__(self, siegel: Ed25519PrivateKey) -> None:
        self._siegel = siegel

    def link(
        self, kette: Kette, beschluesse: Sequence[Beschluss], moment: Moment, verweise: Sequence[Verweis] | None
    ) -> tuple[Zeilen, Kette]:
        """The entries, and the chain's new end. With `verweise` the last one is sealed."""
        eintraege: list[Zeile] = []
        ende, letzter = kette.hash, kette.nummer + len(beschluesse)
        for nummer, beschluss in enumerate(beschluesse, kette.nummer + 1):
            packed = pack_verweise(verweise) if nummer == letzter and verweise is not None else None
            felder = (*_felder(kette.kennung, nummer, beschluss, moment), packed)
            digest = eintrag_hash(ende, felder)
            siegel = None if packed is None else self._siegel.sign(siegel_text(kette.kennung, nummer, digest))
            eintraege.append((kette.nr, *felder, ende, digest, siegel, moment.monat))
            ende = digest
        return Zeilen(moment.monat, eintraege), replace(kette, nummer=letzter, hash=ende)

    def head_seal(self, kette: Kette) -> bytes:
        """The seal of the chain's head."""
        return self._siegel.sign(kopf_text(kette.kennung, kette.nummer, kette.hash))


def _felder(kennung: bytes, nummer: int, beschluss: Beschluss, moment: Moment) -> Zeile:
    """In the order of FELDER, up to `verzeichnis`."""
    satz = beschluss.satz
    anspruch = None if beschluss.wiederholung else satz.anspruch
    vorne = (nummer, moment.jetzt, *satz.vorne, anspruch, int(beschluss.wiederholung), satz.treffer)
    if satz.inhalt is None and not satz.suchbegriffe:
        return (*vorne, None, None, None)
    schluessel = moment.schluessel[satz.mandant]
    inhalt = None if satz.inhalt is None else schluessel.encrypt(satz.inhalt, kennung, nummer)
    verzeichnis = schluessel.packed(satz.suchbegriffe) if satz.suchbegriffe else None
    return (*vorne, schluessel.id, inhalt, verzeichnis)
