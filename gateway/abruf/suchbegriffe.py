"""By what a Protokolleintrag can be found again: § 11 BMG (who has asked for me), § 40 (5) BMG (control of retrievals).

Whom a request names is found whether or not somebody was told of: of those, blocked and absent, the request says all.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from unicodedata import normalize

from gateway.meldewesen.anfrage import Abruf, Auswahldaten, Datenbestaetigung, FreieAuswahl, FreieSuche, Personensuche
from gateway.meldewesen.formen import FORMEN, ganz, teile
from gateway.ports import Suchart, Suchbegriff

#: First names of a person of another Land by which he is found: its answer is not ours to bound.
MAX_VORNAMEN = 10

_WILDCARD = re.compile(r"[?*]")


def suchbegriffe(anfrage: Abruf, behoerde: str, inhalt: Mapping[str, Any]) -> tuple[Suchbegriff, ...]:
    """Those of an exchange. `inhalt`: what the Protokoll has of it; `behoerde`: whose certificate signed, its key."""
    stelle = anfrage.abrufende_stelle
    return (
        nutzer(behoerde, stelle.kennung),
        freitext(Suchart.AKTENZEICHEN, stelle.aktenzeichen),
        freitext(Suchart.ANLASS, stelle.anlass),
        *_gesucht(anfrage),
        *(
            begriff
            for liste in ("treffer", "ergebnisse")
            for one in inhalt.get(liste, ())
            for begriff in _gefunden(one)
        ),
        *(begriff for one in _anderswo(inhalt) for begriff in benannt(one["daten"])[:MAX_VORNAMEN]),
    )


def nutzer(behoerde: str, kennung: str) -> Suchbegriff:
    """A user of an authority."""
    return Suchbegriff(Suchart.NUTZER, f"{behoerde}\n{_bare(kennung)}")


def freitext(art: Suchart, text: str) -> Suchbegriff:
    """An Aktenzeichen or Anlass: neither case nor the number of blanks matters."""
    return Suchbegriff(art, _bare(text))


def person(ags: str, ordnungsmerkmal: str) -> Suchbegriff:
    """Whose record was told of."""
    return Suchbegriff(Suchart.PERSON, f"{ags}\n{ordnungsmerkmal}")


def namen(familienname: str | None, vornamen: str | None, geburtsdatum: str | None) -> list[Suchbegriff]:
    """Normal forms of family name and each first name, and the day of birth; what is not given is empty.

    Whoever looks for a person looks also without the day: it need not have been given.
    """
    if any(_WILDCARD.search(name) for name in (familienname, vornamen) if name):
        return []
    familie, geboren = "".join(ganz(FORMEN, familienname)), geburtsdatum or ""
    if not familie:
        return []
    return [
        Suchbegriff(Suchart.NAME, f"{familie}\n{vorname}\n{geboren}") for vorname in teile(FORMEN, vornamen) or ("",)
    ]


def benannt(daten: Mapping[str, Any]) -> list[Suchbegriff]:
    """`namen` of what was told of a person."""
    return namen(daten.get("familienname"), daten.get("vornamen"), daten.get("geburtsdatum"))


def _gesucht(anfrage: Abruf) -> Iterator[Suchbegriff]:
    if isinstance(anfrage, Personensuche | FreieSuche | Datenbestaetigung) and anfrage.auswahldaten:
        yield from _auswahl(anfrage.auswahldaten)


def _auswahl(auswahl: Auswahldaten | FreieAuswahl) -> Iterator[Suchbegriff]:
    yield from namen(auswahl.familienname, auswahl.vornamen, auswahl.geburtsdatum)
    yield from namen(auswahl.ordens_oder_kuenstlername, None, auswahl.geburtsdatum)


def _gefunden(one: Mapping[str, Any]) -> Iterator[Suchbegriff]:
    yield person(one["ags"], one["ordnungsmerkmal"])
    yield from benannt(one.get("daten", {}))


def _anderswo(inhalt: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of whom another Land's register told: he has no record here, and is found by his names alone."""
    return (one for antwort in inhalt.get("vermittelt", ()) for one in antwort["personen"])


def _bare(text: str) -> str:
    return " ".join(normalize("NFC", text).casefold().split())
