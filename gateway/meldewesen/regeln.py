"""Which grounds of Rueckweisung a request gives by itself, before anything is searched. One row a rule.

Here what every kind of request must keep, and the Personensuche; `regeln_freie_suche` has the freie Suche's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.meldewesen.anfrage import Abruf, Datenbestaetigung, Personensuche, Rueckweisungsgrund
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.suchformen import Suchformen, mindestangaben_erfuellt, platzhalter

#: Anlage Nr. 8 BMeldDAV: file number, occasion, user and authority's name.
MAX_FELDLAENGE = 120


@dataclass(frozen=True)
class Pruefling:
    """What the rules for every request look at."""

    anfrage: Abruf
    behoerde: Behoerde
    land: str  # the gateway's own, two digits

    @property
    def rolle(self) -> Rolle:
        """The role in which the request is judged."""
        return wirksame_rolle(self.anfrage, self.behoerde)


@dataclass(frozen=True)
class Suchpruefling(Pruefling):
    """A search for one named person. `formen` is None for a follow-up by Identifikationsmerkmal."""

    anfrage: Personensuche | Datenbestaetigung
    formen: Suchformen | None


P = TypeVar("P", bound=Pruefling, contravariant=True)


@dataclass(frozen=True)
class Regel(Generic[P]):
    """A ground of Rueckweisung and when it applies. 16 and 17 need a German sentence.

    `marke`: see Rueckweisungsgrund.
    """

    code: str
    gilt: Callable[[P], bool]
    freitext: str | None = None
    marke: str | None = None


def wirksame_rolle(anfrage: Abruf, behoerde: Behoerde) -> Rolle:
    """The role in which the query is judged: one entitled as Sicherheitsbehoerde may also ask as a simple one."""
    return behoerde.rolle if anfrage.abrufende_stelle.sicherheitsbehoerde else Rolle.EINFACH


def _claims_too_much(p: Pruefling) -> bool:
    return p.anfrage.abrufende_stelle.sicherheitsbehoerde and p.behoerde.rolle is Rolle.EINFACH


def _feld_zu_lang(p: Pruefling) -> bool:
    stelle = p.anfrage.abrufende_stelle
    return any(
        len(feld) > MAX_FELDLAENGE
        for feld in (stelle.aktenzeichen, stelle.anlass, stelle.kennung, stelle.behoerdenname)
    )


def _cross_border(p: Pruefling) -> bool:
    return p.behoerde.land != p.land


def _other_ags_than_leser(p: Suchpruefling) -> bool:
    return p.formen is not None and p.anfrage.leser.kennung != f"ags:{p.formen.gemeindeschluessel}"


def _platzhalter(p: Suchpruefling) -> bool:
    return p.anfrage.auswahldaten is not None and platzhalter(p.anfrage.auswahldaten)


def _phonetik_mit_platzhalter(p: Suchpruefling) -> bool:
    return p.formen is not None and p.formen.phonetik and _platzhalter(p)


def _minimum_missing(p: Suchpruefling) -> bool:
    return p.formen is not None and not mindestangaben_erfuellt(p.formen)


def _azr_not_allowed(p: Suchpruefling) -> bool:
    auswahl = p.anfrage.auswahldaten
    return auswahl is not None and auswahl.azr_nummer is not None and not p.behoerde.azr_berechtigt


JEDER_ABRUF: tuple[Regel[Pruefling], ...] = (
    Regel("03", _claims_too_much),
    Regel(
        "17",
        _feld_zu_lang,
        "Aktenzeichen, Anlass, Kennung oder Behördenname ist länger als 120 Zeichen (Anlage Nummer 8 BMeldDAV).",
    ),
    Regel(
        "17",
        lambda p: p.anfrage.landesspezifische_erweiterungen and not _cross_border(p),
        "Landesspezifische Erweiterungen werden hier nicht verarbeitet.",
    ),
    Regel("23", lambda p: p.anfrage.landesspezifische_erweiterungen and _cross_border(p)),
)

PERSONENSUCHE: tuple[Regel[Suchpruefling], ...] = (
    *JEDER_ABRUF,
    Regel("14", _other_ags_than_leser),  # Anlage Nr. 2
    Regel("15", _phonetik_mit_platzhalter),
    Regel("17", _platzhalter, "Platzhalter sind in der Personensuche unzulässig (§ 4 Absatz 7 BMeldDAV)."),
    Regel("18", _minimum_missing),  # § 38 (1) BMG
    Regel("24", _azr_not_allowed),  # § 38 (1) S. 2 BMG
)


def pruefe(regeln: Iterable[Regel[P]], pruefling: P) -> list[Rueckweisungsgrund]:
    """Every ground that applies, in the order of the rules."""
    return [Rueckweisungsgrund(regel.code, regel.freitext, regel.marke) for regel in regeln if regel.gilt(pruefling)]


def ordered(gruende: Iterable[Rueckweisungsgrund]) -> tuple[Rueckweisungsgrund, ...]:
    """In the list's order, none twice."""
    return tuple(sorted(set(gruende), key=lambda grund: (grund.code, grund.freitext or "")))
