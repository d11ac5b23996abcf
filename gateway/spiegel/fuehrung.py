"""Which datum of a freie Suche leads: the one with the fewest entries in the index, as the mirror counts them."""

from collections.abc import Iterator, Sequence
from itertools import islice, product

from gateway.meldewesen.bedingung import Bedingung, paar
from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchdaten import FAMILIENNAME_TEIL, PERSON, Art
from gateway.spiegel import abfrage
from gateway.spiegel.abfrage import GANZ, Auftrag
from gateway.spiegel.lesezugang import Lesezugang

#: Entries up to which is counted: to walk so many costs hardly more than to count again, ...
_WENIGE = 2_000
#: ... so many are walked on trial, since where everybody has all the data an answer is soon too long, ...
VIELE = 40_000
#: ... and for data of more there is nothing to choose.
_ALLZU_VIELE = 300_000

#: Kinds of which a value may belong to a good part of all persons, the more of them the later.
_HAEUFIGE = (
    Art.GEBURTSDATUM,
    Art.FAMILIENSTAND,
    Art.GESCHLECHT,
    Art.GEMEINDE,
    Art.STATUS,
    Art.STAATSANGEHOERIGKEIT,
    Art.INAKTUELL,
    Art.AKTUELL,
)

#: Pairs of family name and first name that are tried out.
_PAARE = 4

#: Whoever is in the area.
_ALLE = Bedingung(PERSON)


class Fuehrung:
    """Chooses by counting, no further than it takes."""

    def __init__(self, zugang: Lesezugang, formen: FreieSuchformen, sicht: Sicht) -> None:
        self._zugang = zugang
        self._formen = formen
        daten = [*_paare(formen.person), *filter(_fuehrt, (*formen.person, *formen.wohnung))]
        # of a whole Land there are always more persons than have a datum
        self._moegliche = sorted(daten if daten and formen.bereich.art == "land" else [*daten, _ALLE], key=_rang)
        self._statement, self._werte = abfrage.haeufigkeit(self._moegliche, formen.bereich.schluessel, sicht)

    def auftraege(self) -> Iterator[tuple[Auftrag, int]]:
        """Searches, each with how many entries of what leads it is to walk: the next one is needed where the last one
        did not walk all and found few.
        """
        if len(self._moegliche) == 1:
            yield self._auftrag(self._moegliche[0]), GANZ
            return
        for stufe in (_WENIGE, VIELE):
            anzahl, seltenste = self._seltenste(stufe)
            if anzahl < stufe:
                yield self._auftrag(seltenste), GANZ
                return
        yield self._auftrag(self._moegliche[0]), VIELE
        yield self._auftrag(self._seltenste(_ALLZU_VIELE)[1]), GANZ

    def _seltenste(self, stufe: int) -> tuple[int, Bedingung]:
        (anzahlen,) = self._zugang.rows(self._statement, {**self._werte, "hoechstens": stufe})
        anzahl = min(anzahlen)
        return anzahl, self._moegliche[anzahlen.index(anzahl)]

    def _auftrag(self, fuehrend: Bedingung) -> Auftrag:
        formen = self._formen
        person = sorted((one for one in formen.person if one != fuehrend), key=_rang)  # the next one is seldom needed
        wohnung = () if formen.wohnung == (fuehrend,) else formen.wohnung
        return Auftrag(formen.bereich.schluessel, fuehrend, person, wohnung)


def _rang(bedingung: Bedingung) -> tuple[bool, int]:
    """Whose data are the most, by experience: the last."""
    art = bedingung.arten[0]
    return art in _HAEUFIGE, _HAEUFIGE.index(art) if art in _HAEUFIGE else 0


def _fuehrt(bedingung: Bedingung) -> bool:
    return not bedingung.ohne and bedingung.arten != (Art.WOHNUNG_AKTUELL,)


def _paare(person: Sequence[Bedingung]) -> Iterator[Bedingung]:
    """Family name and first name as the one entry that they are in the index."""
    familiennamen = [one for one in person if one.arten == FAMILIENNAME_TEIL]
    vornamen = [one for one in person if one.arten == (Art.VORNAME,)]
    return islice((paar(*namen) for namen in product(familiennamen, vornamen)), _PAARE)
