"""What has to follow an answer because it hid somebody: §§ 34 (5), 34a (5) S. 2, 38 (5), 39a (3) BMG."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from gateway.meldewesen.datensatz import Datensatz
from gateway.meldewesen.sperren import gesperrt, veranlassende

#: A body's key as deliveries are addressed by it; what the register has instead is for the Meldebehoerde to read.
_SCHLUESSEL = re.compile(r"[a-z]{2,8}:[0-9]{1,20}")


class Folgeart(Enum):
    """What is to be done."""

    AUSSTEUERUNG = "aussteuerung"  # the Meldebehoerde treats the request as one by hand: § 34a (5) S. 2 BMG
    STELLE = "stelle"  # the body that had the block set is informed: § 34 (5) S. 1 and 3 BMG
    PERSON = "person"  # the person is informed, through her Meldebehoerde: § 34 (5) S. 1 BMG


@dataclass(frozen=True)
class Folge:
    """One thing to be done, by a message to `empfaenger` (key with prefix, e.g. `ags:03241001`).

    `veranlassende_stelle` is who had the block set, as the register names it, where that is known.
    """

    art: Folgeart
    empfaenger: str
    veranlassende_stelle: str | None = None


@dataclass(frozen=True)
class Ersuchen:
    """What the rules look at in a request that has been answered."""

    aussteuerbar: bool  # of a kind that § 34a BMG has treated by hand
    neutral: bool  # nobody was told of
    verzicht: bool  # § 38 (5) S. 1 BMG
    sicherheitsbehoerde: bool  # of a body of § 34 (4) S. 1 BMG


def folgen(ersuchen: Ersuchen, datensatz: Datensatz, heute: str) -> Iterator[Folge]:
    """What follows for one person whom the Auswahldaten meet, by her blocks in force on `heute` (YYYY-MM-DD).

    Nothing for somebody who is not blocked. She is informed once, however many bodies had blocks set.
    """
    sperren = datensatz.get("auskunftssperren", ())
    if not gesperrt(sperren, heute):
        return
    stellen = veranlassende(sperren, heute)
    meldebehoerde = f"ags:{datensatz['ags']}"
    von_hand = ersuchen.aussteuerbar and ersuchen.neutral  # only what would follow then can be waived: § 38 (5) S. 1
    verzichtet = von_hand and ersuchen.verzicht
    if von_hand and not verzichtet:
        yield Folge(Folgeart.AUSSTEUERUNG, meldebehoerde)
    for stelle in stellen:  # whatever is waived: § 38 (5) S. 2 BMG
        yield Folge(Folgeart.STELLE, _empfaenger(stelle, meldebehoerde), stelle)
    if stellen and not (ersuchen.sicherheitsbehoerde or verzichtet):
        yield Folge(Folgeart.PERSON, meldebehoerde)


def _empfaenger(stelle: str | None, meldebehoerde: str) -> str:
    """Whom a delivery reaches; else the Meldebehoerde, which knows who had the block set."""
    return stelle if stelle and _SCHLUESSEL.fullmatch(stelle) else meldebehoerde
