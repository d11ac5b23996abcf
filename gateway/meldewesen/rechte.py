"""What the operator lets one authority do below what its role may, and who asks for it: no more than data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time
from typing import Any
from unicodedata import normalize

from gateway.meldewesen.anfrage import SUCHBEREICHE, Auswahldaten, Bestaetigungsdaten, FreieAuswahl, FreieWohnung

#: From the smallest to the largest.
BEREICHE = tuple(SUCHBEREICHE[digits] for digits in sorted(SUCHBEREICHE, reverse=True))

#: No Auswahldaten themselves: how is searched, what a request must name in any case, and what holds others.
_KEINE = {"phonetik", "gemeindeschluessel", "wohnung"}

#: What may be searched with, by the names of the fields.
AUSWAHLDATEN = frozenset(
    field.name for kind in (Auswahldaten, FreieAuswahl, FreieWohnung) for field in fields(kind)
) - frozenset(_KEINE)

#: What may be had confirmed (§ 39a BMG), by the names of the fields: told by a word, but told.
BESTAETIGUNGSDATEN = frozenset(field.name for field in fields(Bestaetigungsdaten))

_NACHRICHTEN, _DATENBESTAETIGUNG = ("1330", "1332"), "9910"
_MOST = 1_000_000_000


@dataclass(frozen=True)
class Stunden:
    """A span of the day in Germany; over midnight where it ends before it begins."""

    von: time
    bis: time

    def umfasst(self, uhrzeit: time) -> bool:
        """Whether it is open then; the end is not part of it."""
        if self.von <= self.bis:
            return self.von <= uhrzeit < self.bis
        return uhrzeit >= self.von or uhrzeit < self.bis


@dataclass(frozen=True)
class Rechte:
    """None, and the default of all others: as far as the role goes."""

    elemente: frozenset[str] | None = None  # "1330:7": message and Anforderungselement; "9910:geburtsdatum"
    auswahldaten: frozenset[str] | None = None  # of AUSWAHLDATEN
    phonetik: bool = True
    freie_suche: bool = True
    suchbereich: str = BEREICHE[-1]  # the largest of a freie Suche
    stunden: Stunden | None = None
    je_sekunde: int | None = None  # requests
    je_tag: int | None = None  # requests
    treffer_je_tag: int | None = None  # persons told of

    def erlaubt_bereich(self, art: str) -> bool:
        """Whether a Suchbereich of this kind is not too large."""
        return BEREICHE.index(art) <= BEREICHE.index(self.suchbereich)


#: Of an authority of which nothing is said.
ALLE_RECHTE = Rechte()


@dataclass(frozen=True)
class Zugang:
    """What stands between an authority's role and a request: its rights, its users, certificates taken from it."""

    rechte: Rechte = ALLE_RECHTE
    benutzer: frozenset[str] | None = None  # who may ask, by Kennung; None: whom the authority lets
    gesperrte_benutzer: frozenset[str] = frozenset()  # in `benutzerform`
    gesperrte_zertifikate: frozenset[str] = frozenset()  # fingerprints

    def sperrt(self, kennung: str) -> bool:
        """Whether the user is blocked, also if it is written a little differently."""
        return bool(self.gesperrte_benutzer) and benutzerform(kennung) in self.gesperrte_benutzer

    def laesst_zu(self, kennung: str) -> bool:
        """Whether the user is one of those who may ask."""
        return self.benutzer is None or kennung in self.benutzer


#: Of an account as it is registered.
OHNE_EINSCHRAENKUNG = Zugang()


def benutzerform(kennung: str) -> str:
    """A Kennung without what a person does not see as another one."""
    return " ".join(normalize("NFC", kennung).casefold().split())


@dataclass(frozen=True)
class Verbrauch:
    """What an authority has had on one day."""

    anfragen: int = 0
    treffer: int = 0


def als_tabelle(rechte: Rechte) -> dict[str, Any]:
    """What differs from the default, for JSON."""
    tabelle: dict[str, Any] = {}
    for field in fields(Rechte):
        wert = getattr(rechte, field.name)
        if wert == field.default:
            continue
        if isinstance(wert, frozenset):
            wert = sorted(wert)
        if isinstance(wert, Stunden):
            wert = f"{wert.von:%H:%M}-{wert.bis:%H:%M}"
        tabelle[field.name] = wert
    return tabelle


def aus_tabelle(tabelle: Mapping[str, Any]) -> Rechte:
    """What `als_tabelle` wrote, or somebody by hand; None stands for the default.

    Raises ValueError that names the key and what is wrong with it.
    """
    werte: dict[str, Any] = {}
    for name, wert in tabelle.items():
        if name not in _LESER:
            raise ValueError(f"{name} is no right: there are {', '.join(sorted(_LESER))}")
        if wert is not None:
            try:
                werte[name] = _LESER[name](wert)
            except (ValueError, TypeError) as error:
                raise ValueError(f"{name}: {error}") from None
    return Rechte(**werte)


def _menge(wert: Any) -> frozenset[str]:
    if not isinstance(wert, list | tuple | frozenset) or not all(isinstance(one, str) for one in wert):
        raise ValueError("must be a list of texts")
    return frozenset(wert)


def _elemente(wert: Any) -> frozenset[str]:
    menge = _menge(wert)
    for one in sorted(menge):
        nachricht, _, code = one.partition(":")
        if nachricht == _DATENBESTAETIGUNG:
            known = code in BESTAETIGUNGSDATEN
        else:
            known = nachricht in _NACHRICHTEN and code.isascii() and code.isdigit()
        if not known:
            raise ValueError(
                f"{one} is not written as 1330:7, message and code, or 9910:geburtsdatum, what is confirmed"
            )
    return menge


def _auswahldaten(wert: Any) -> frozenset[str]:
    menge = _menge(wert)
    if unknown := sorted(menge - AUSWAHLDATEN):
        raise ValueError(f"{unknown[0]} is no Auswahldatum: there are {', '.join(sorted(AUSWAHLDATEN))}")
    return menge


def _ja_nein(wert: Any) -> bool:
    if not isinstance(wert, bool):
        raise ValueError("must be true or false")
    return wert


def _bereich(wert: Any) -> str:
    if wert not in BEREICHE:
        raise ValueError(f"must be one of {', '.join(BEREICHE)}")
    return str(wert)


def _stunden(wert: Any) -> Stunden:
    von, _, bis = str(wert).partition("-")
    try:
        stunden = Stunden(time.fromisoformat(von), time.fromisoformat(bis))
    except ValueError:
        raise ValueError("must be a span of the day, written 06:00-20:00") from None
    if (stunden.von.tzinfo, stunden.bis.tzinfo) != (None, None) or stunden.von == stunden.bis:
        raise ValueError("must be a span of the day, written 06:00-20:00")
    return stunden


def _anzahl(wert: Any) -> int:
    if isinstance(wert, bool) or not isinstance(wert, int) or not 0 < wert <= _MOST:
        raise ValueError(f"must be a whole number from 1 to {_MOST}")
    return wert


_LESER = {
    "elemente": _elemente,
    "auswahldaten": _auswahldaten,
    "phonetik": _ja_nein,
    "freie_suche": _ja_nein,
    "suchbereich": _bereich,
    "stunden": _stunden,
    "je_sekunde": _anzahl,
    "je_tag": _anzahl,
    "treffer_je_tag": _anzahl,
}

#: Rights that are lists of names.
LISTEN = frozenset({"elemente", "auswahldaten"})
