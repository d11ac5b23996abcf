"""The publisher's list of `dbs` keys (genericode) and what its Kategorie lets a key claim."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.behoerden.fehler import BehoerdenError
from gateway.errors import ConfigError
from gateway.genericode import Codeliste, parse_genericode, read_genericode
from gateway.meldewesen.behoerde import Behoerde, Rolle

URI = "urn:xoev-de:bund:bmi:bit:codeliste:dvdv.behoerdenschluessel"

_SPALTEN = ("dbs", "Behoerdenname", "Kategorie")

_SICHERHEIT = "Sicherheitsbehörde"
_FIU = "Finanztransaktionsuntersuchungen"  # § 31 (7) GwG
_ZENTRAL = "abrufende zentrale Stelle"


@dataclass(frozen=True)
class Schluessel:
    """What the list says of a key."""

    name: str
    kategorie: str


@dataclass(frozen=True)
class Schluesselliste:
    """Keys without prefix. `version` is the list's own."""

    version: str
    schluessel: Mapping[str, Schluessel]

    def check_rolle(self, kennung: str, rolle: Rolle) -> None:
        """Simple access for every key, also one that the list does not have: it says what a key may have beyond that.

        The FIU's keys are security bodies in the list, but get less than those (§ 5 (2) S. 2 BMeldDAV): only the role
        of their own. Raises BehoerdenError.
        """
        if rolle is Rolle.EINFACH:
            return
        schluessel = self._of(kennung)
        if _SICHERHEIT not in schluessel.kategorie:
            raise BehoerdenError(f"{kennung} is no Sicherheitsbehörde in version {self.version} of the key list")
        if (_FIU in schluessel.name) != (rolle is Rolle.FIU):
            raise BehoerdenError(f"{kennung} may not have the role {rolle.value}: it is for the FIU, or for all others")

    def check(self, behoerde: Behoerde) -> None:
        """`check_rolle`, and that only a zentrale Stelle of the list passes on queries. Raises BehoerdenError."""
        self.check_rolle(behoerde.kennung, behoerde.rolle)
        if behoerde.zentrale_stelle and _ZENTRAL not in self._of(behoerde.kennung).name:
            raise BehoerdenError(f"{behoerde.kennung} is no zentrale Stelle in version {self.version} of the key list")

    def _of(self, kennung: str) -> Schluessel:
        return self.schluessel.get(kennung.partition(":")[2], Schluessel("", ""))


def load_schluesselliste(path: Path) -> Schluesselliste:
    """The list from the publisher's file. Raises ConfigError when it is not that list."""
    return _liste(read_genericode(path, URI, *_SPALTEN), str(path))


def parse_schluesselliste(data: bytes) -> Schluesselliste:
    """The same from the file's content."""
    return _liste(parse_genericode(data, "the file", URI, *_SPALTEN), "the file")


def _liste(liste: Codeliste, where: str) -> Schluesselliste:
    keys: dict[str, Schluessel] = {}
    for number, (dbs, name, kategorie) in enumerate(liste.zeilen, 1):
        if not (dbs and name and kategorie) or dbs in keys:
            raise ConfigError(f"{where}: row {number} has no key, name or Kategorie, or a key that was there before")
        keys[dbs] = Schluessel(name, kategorie)
    if not keys:
        raise ConfigError(f"{where} holds no keys")
    return Schluesselliste(liste.version, keys)
