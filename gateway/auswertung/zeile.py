"""What the rules see of an exchange, and what they say. No person's name, no database."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol as Port

from gateway.protokoll.stelle import Stelle

MAX_STELLEN = 20  # that a finding names


@dataclass(frozen=True, slots=True)
class Abrufzeile:
    """One answered request, or one that the rate limit has stopped, in the order of time.

    Of a Protokoll that is for another's eyes only the technical part is there: `anlass` is None, `nutzer` the
    authority itself, `person` None.
    """

    stelle: Stelle
    tag: int  # ordinal of the day in Germany
    stunde: int
    monat: int  # 202605
    behoerde: str
    nutzer: str  # Kennung; "" where it is not to be known
    person: bytes | None = None  # keyed digest of the one who was meant, the same within a month
    oft: bool = True  # the person is asked for often in this month: `regeln.OFT`
    neutral: bool = False  # nobody was told of
    anlass: str | None = None  # as compared: small letters, single blanks
    grenznah: bool = False  # a wildcard behind hardly any letter
    eigener_name: bool = False  # the user's name is the one that was asked for
    ueber_grenze: bool = False  # refused by a limit that the operator has set for the authority or the user
    fault: bool = False  # it was not read at all: only of limits it tells something

    @property
    def wer(self) -> tuple[str, str]:
        """User and authority."""
        return self.behoerde, self.nutzer

    @property
    def wochenende(self) -> bool:
        """Saturday or Sunday: ordinal 1 was a Monday."""
        return self.tag % 7 in (6, 0)


@dataclass(frozen=True)
class Befund:
    """What a human should look at: records of one authority, why, and what was counted. `tag`: the last of them."""

    regel: str
    behoerde: str
    nutzer: str
    tag: int
    anzahl: int
    stellen: tuple[Stelle, ...]
    text: str  # German


class Pruefer(Port):
    """A rule at work: takes rows in the order of time. With `melden` off it learns what is usual."""

    def sieh(self, zeile: Abrufzeile, *, melden: bool) -> Iterable[Befund]:
        """What has come to its end with this row."""
        ...

    def ende(self, *, melden: bool) -> Iterable[Befund]:
        """What has come to its end with the last one."""
        ...


class Stellen:
    """Counts records and keeps the first ones."""

    __slots__ = ("anzahl", "behoerde", "erste", "nutzer", "tag")

    def __init__(self, zeile: Abrufzeile) -> None:
        self.behoerde, self.nutzer = zeile.wer
        self.anzahl = 0
        self.tag = zeile.tag
        self.erste: list[Stelle] = []

    def add(self, zeile: Abrufzeile) -> None:
        """One more."""
        self.anzahl += 1
        self.tag = zeile.tag
        if len(self.erste) < MAX_STELLEN:
            self.erste.append(zeile.stelle)

    def befund(self, regel: str, text: str) -> Befund:
        """A finding about them."""
        return Befund(regel, self.behoerde, self.nutzer, self.tag, self.anzahl, tuple(self.erste), text)
