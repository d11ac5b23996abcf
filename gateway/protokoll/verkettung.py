"""Turns a batch into rows: numbered, encrypted, chained, the last one sealed where a seal is due. No database here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.protokoll.kette import Verweis, eintrag_hash, kopf_text, pack_verweise, siegel_text
from gateway.protokoll.monatsschluessel import Monatsschluessel
from gateway.protokoll.satz import Satz
from gateway.protokoll.schluessel import Siegelschluessel

#: Values in the order of the columns of a table.
Zeile = tuple[object, ...]


@dataclass(frozen=True)
class Kette:
    """A writer's chain and its end. The one key seals all of it, and its head until the key changes."""

    nr: int
    kennung: bytes
    hash: bytes
    siegel: Siegelschluessel = field(repr=False)
    nummer: int = 0  # 0: nothing is stored yet, its head neither
    kopfsiegel: bytes = b""
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


def link(
    kette: Kette, beschluesse: Sequence[Beschluss], moment: Moment, verweise: Sequence[Verweis] | None
) -> tuple[Zeilen, Kette]:
    """The entries, and the chain's new end. With `verweise` the last entry is sealed."""
    eintraege: list[Zeile] = []
    ende, letzter = kette.hash, kette.nummer + len(beschluesse)
    for nummer, beschluss in enumerate(beschluesse, kette.nummer + 1):
        packed = pack_verweise(verweise) if nummer == letzter and verweise is not None else None
        felder = (*_felder(kette.kennung, nummer, beschluss, moment), packed)
        digest = eintrag_hash(ende, felder)
        siegel = None if packed is None else kette.siegel.sign(siegel_text(kette.kennung, nummer, digest))
        eintraege.append((kette.nr, *felder, ende, digest, siegel, moment.monat))
        ende = digest
    kopfsiegel = kette.siegel.sign(kopf_text(kette.kennung, letzter, ende))
    return Zeilen(moment.monat, eintraege), replace(kette, nummer=letzter, hash=ende, kopfsiegel=kopfsiegel)


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
