"""Which municipalities a Suchbereich has, by the publisher's list of keys (AGS)."""

from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

from gateway.errors import ConfigError
from gateway.genericode import read_genericode
from gateway.meldewesen.anfrage import SUCHBEREICHE

URI = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:ags"

#: Last three digits of what the list has beside municipalities: waters, joint sovereign territory, collective keys.
_UNBEWOHNT = ("998", "999")


class Gemeindeverzeichnis:
    """The municipalities of all Laender. Gemeindefreie Gebiete are among them: some have residents and a register."""

    def __init__(self, gemeinden: Iterable[str]) -> None:
        """`gemeinden`: keys of 8 digits."""
        self._gemeinden = tuple(sorted(gemeinden))

    def gemeinden(self, schluessel: str) -> tuple[str, ...]:
        """The keys, in order, of all municipalities of a Land, Bezirk, Kreis or Gemeinde; none where it has none."""
        if len(schluessel) not in SUCHBEREICHE:
            return ()
        first, last = bisect_left(self._gemeinden, schluessel), bisect_left(self._gemeinden, schluessel + ":")
        return self._gemeinden[first:last]  # ":" comes after all digits


def load_gemeindeverzeichnis(path: Path) -> Gemeindeverzeichnis:
    """From the publisher's genericode file. Raises ConfigError when it is not that list."""
    gemeinden = set[str]()
    for number, (ags, hinweis) in enumerate(read_genericode(path, URI, "SCHLUESSEL", "Hinweis").zeilen, 1):
        if not (len(ags) == 8 and ags.isascii() and ags.isdigit()):
            raise ConfigError(f"{path}: row {number} has no key of 8 digits")
        if not hinweis and not ags.endswith(_UNBEWOHNT):  # the hint marks parts of Hamburg, Bremen and Berlin
            gemeinden.add(ags)
    if not gemeinden:
        raise ConfigError(f"{path} holds no municipalities")
    return Gemeindeverzeichnis(gemeinden)
