"""How a freie Suche is gone about: which datum leads, and of which others the persons are gathered before.

What the mirror counts decides. To walk an entry of the index is cheap, to gather its person for later costs three times
as much, to look up a datum of a person twenty-five times: measured, much alike on both databases.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from gateway.meldewesen.bedingung import Bedingung, paar
from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchdaten import FAMILIENNAME_TEIL, PERSON, Art
from gateway.ports import Treffer
from gateway.spiegel import abfrage
from gateway.spiegel.abfrage import GANZ, Auftrag
from gateway.spiegel.lesezugang import Lesezugang

#: Entries up to which is counted: of few everything may be looked up, ...
WENIGE = 2_000
#: ... for more others are gathered, ...
VIELE = 40_000
#: ... and of still more it no longer matters how many they are.
ALLZU_VIELE = 200_000

#: Where every datum has many entries, most persons often have all of them and the answer is soon too long: entries that
#: are walked to see, and how many of them must have been found to walk on, up to VIELE.
PROBE, VERSPRECHEND = 2_000, 100

#: Data of which more than WENIGE are counted, at most: to count sixty to ALLZU_VIELE would take two seconds.
_ERWOGEN = 12

#: Entries that are gathered rather than one looked up: by the costs above.
SAMMELN = 8
#: How many data are gathered at most: what the fourth would leave out is little.
_GESAMMELTE = 3
#: Entries of what leads from which on another statement pays: fewer are looked up within a millisecond.
LOHNT = 200

#: Kinds of which a value may belong to a good part of all persons, the more of them the later.
_HAEUFIGE = (
    Art.GEBURTSDATUM,
    Art.FAMILIENSTAND,
    Art.GESCHLECHT,
    Art.GEMEINDE,
    Art.HAUSNUMMER,
    Art.STATUS,
    Art.STAATSANGEHOERIGKEIT,
    Art.INAKTUELL,
    Art.AKTUELL,
)

#: Those that nearly everybody may have are not gathered unless they are known to be few; nor are ranges of some, ...
_ALLGEGENWAERTIGE = (Art.STATUS, Art.STAATSANGEHOERIGKEIT, Art.AKTUELL)
_WEITE = (Art.HAUSNUMMER, Art.GEBURTSDATUM)
#: ... and those that half of all have only where every datum has very many.
_HALBE = (Art.FAMILIENSTAND, Art.GESCHLECHT)

#: Pairs of family name and first name that are tried out.
_PAARE = 4

#: A search, told how many entries of what leads it is to walk at most.
Suche = Callable[[Auftrag, int], Sequence[Treffer]]


@dataclass(frozen=True)
class _Angabe:
    """A datum with entries of its own, and for which of the query's data it stands: whoever has it has those."""

    bedingung: Bedingung
    statt: frozenset[Bedingung]


#: Whoever is in the area.
_ALLE = _Angabe(Bedingung(PERSON), frozenset())


class Fuehrung:
    """Chooses by counting, no further than it takes."""

    def __init__(self, zugang: Lesezugang, formen: FreieSuchformen, sicht: Sicht) -> None:
        self._zugang = zugang
        self._formen = formen
        angaben = list(_angaben(formen))
        # of a whole Land there are always more persons than have a datum
        ueberall = [] if angaben and formen.bereich.art == "land" else [_ALLE]
        self._angaben = sorted([*angaben, *ueberall], key=lambda one: _rang(one.bedingung))
        self._sicht = sicht

    def suche(self, suche: Suche) -> Sequence[Treffer]:
        """What the last of the searches finds that it takes.

        Raises what `suche` raises: ZuVieleTreffer, StoreError.
        """
        angaben = self._angaben
        if len(angaben) == 1:
            return suche(self._auftrag(angaben), GANZ)
        for stufe, erwogen in ((WENIGE, len(angaben)), (VIELE, _ERWOGEN)):
            angaben = angaben[:erwogen]
            anzahlen = self._zaehle(angaben, stufe)
            if min(anzahlen) < stufe:
                return suche(self._auftrag(*_nach_anzahl(angaben, anzahlen, stufe)), GANZ)
        if len(suche(self._auftrag(angaben), PROBE)) >= VERSPRECHEND:
            suche(self._auftrag(angaben), VIELE)
        gesammelte = 1
        if len(angaben) > 2:  # of two, what leads and what is gathered cost much the same
            angaben, gesammelte = _nach_anzahl(angaben, self._zaehle(angaben, ALLZU_VIELE), ALLZU_VIELE)
        return suche(self._auftrag(angaben, max(gesammelte, 1)), GANZ)  # whatever it costs, to look it up costs more

    def _zaehle(self, angaben: Sequence[_Angabe], stufe: int) -> Sequence[int]:
        """Entries of each datum, `stufe` for so many and all above."""
        bedingungen = [one.bedingung for one in angaben]
        statement, werte = abfrage.haeufigkeit(bedingungen, self._formen.bereich.schluessel, self._sicht)
        (anzahlen,) = self._zugang.rows(statement, {**werte, "hoechstens": stufe})
        return anzahlen

    def _auftrag(self, angaben: Sequence[_Angabe], gesammelte: int = 0) -> Auftrag:
        """The first one leads, of so many behind it the persons are gathered, whatever is left is looked up: what is
        cheapest first, and last what is likely of those whom this one leads to.
        """
        fuehrend, *weitere = angaben[: 1 + gesammelte]
        gesammelt: list[Bedingung] = []
        erledigt = set(fuehrend.statt)
        for one in weitere:
            if one is not _ALLE and not (one.statt and one.statt <= erledigt):
                gesammelt.append(one.bedingung)
                erledigt |= one.statt
        formen = self._formen
        person = [one for one in formen.person if one not in erledigt]
        person.sort(key=lambda one: (one.bis is not None, one.arten == fuehrend.bedingung.arten, _rang(one)))
        wohnung = () if erledigt.issuperset(formen.wohnung) else formen.wohnung
        return Auftrag(formen.bereich.schluessel, fuehrend.bedingung, gesammelt, person, wohnung)


def _nach_anzahl(angaben: Sequence[_Angabe], anzahlen: Sequence[int], stufe: int) -> tuple[list[_Angabe], int]:
    """The rarest first, behind it those of which the persons should be gathered, and how many these are.

    Of one kind one is enough: two beginnings of a name may say the same.
    """
    fuehrend, *weitere = sorted(range(len(angaben)), key=lambda number: anzahlen[number])
    uebrig = SAMMELN * anzahlen[fuehrend] if anzahlen[fuehrend] >= LOHNT else 0
    gesammelt: dict[tuple[Art, ...], int] = {}
    for number in weitere:
        bedingung, mehr = angaben[number].bedingung, anzahlen[number] == stufe
        kosten = 2 * max(stufe, VIELE) if mehr else anzahlen[number]  # how many more is not known; among WENIGE never
        if kosten > uebrig or len(gesammelt) == _GESAMMELTE:
            break
        if bedingung.arten not in gesammelt and not (mehr and _zu_viele(bedingung, stufe)):
            gesammelt[bedingung.arten] = number
            uebrig -= kosten
    erste = [fuehrend, *gesammelt.values()]
    reihe = [*erste, *(number for number in weitere if number not in erste)]
    return [angaben[number] for number in reihe], len(gesammelt)


def _angaben(formen: FreieSuchformen) -> Iterator[_Angabe]:
    """All data that have entries of their own. Those of a dwelling must be of the same one, so each stands for itself
    only where it is alone.
    """
    yield from _paare(formen.person)
    yield from (_Angabe(one, frozenset([one])) for one in formen.person if not one.ohne)
    einzige = frozenset(formen.wohnung if len(formen.wohnung) == 1 else ())
    yield from (_Angabe(one, einzige) for one in formen.wohnung if one.arten != (Art.WOHNUNG_AKTUELL,))


def _paare(person: Sequence[Bedingung]) -> Iterator[_Angabe]:
    """Family name and first name as the one entry that they are in the index."""
    familiennamen = [one for one in person if one.arten == FAMILIENNAME_TEIL]
    vornamen = [one for one in person if one.arten == (Art.VORNAME,)]
    namen = islice(product(familiennamen, vornamen), _PAARE)
    yield from (_Angabe(paar(*beide), frozenset(beide)) for beide in namen)


def _zu_viele(bedingung: Bedingung, stufe: int) -> bool:
    """Whether a datum of which only is known that `stufe` entries are not all may have too many to gather."""
    art = bedingung.arten[0]
    if art in _HALBE:
        return stufe < ALLZU_VIELE
    return art in _ALLGEGENWAERTIGE or (art in _WEITE and bedingung.bis is not None)


def _rang(bedingung: Bedingung) -> tuple[bool, int, int]:
    """Whose data are the most, by experience: the last. Of one kind the longest are the fewest."""
    art = bedingung.arten[0]
    haeufig = art in _HAEUFIGE
    return haeufig, _HAEUFIGE.index(art) if haeufig else 0, -len(bedingung.muster or bedingung.von)
