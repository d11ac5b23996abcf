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

#: Data of which more than WENIGE are counted, at most.
_ERWOGEN = 12

#: Entries that are gathered rather than one looked up.
SAMMELN = 8
#: Entries of what leads from which on it is worth a statement of another shape, and how many data are gathered at most.
LOHNT, _GESAMMELTE = 200, 3

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

#: Those of them that are not gathered as long as nobody knows that they are few; nor are ranges of house numbers.
_ALLGEGENWAERTIGE = (Art.FAMILIENSTAND, Art.GESCHLECHT, Art.STATUS, Art.STAATSANGEHOERIGKEIT, Art.AKTUELL)

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
        return suche(self._auftrag(angaben, max(gesammelte, 1)), GANZ)

    def _zaehle(self, angaben: Sequence[_Angabe], stufe: int) -> Sequence[int]:
        """Entries of each datum, `stufe` for so many and all above."""
        bedingungen = [one.bedingung for one in angaben]
        statement, werte = abfrage.haeufigkeit(bedingungen, self._formen.bereich.schluessel, self._sicht)
        (anzahlen,) = self._zugang.rows(statement, {**werte, "hoechstens": stufe})
        return anzahlen

    def _auftrag(self, angaben: Sequence[_Angabe], gesammelte: int = 0) -> Auftrag:
        """The first one leads, of so many behind it the persons are gathered, whatever is left is looked up."""
        fuehrend, *weitere = angaben[: 1 + gesammelte]
        gesammelt: list[Bedingung] = []
        erledigt = set(fuehrend.statt)
        for one in weitere:
            if one is not _ALLE and not (one.statt and one.statt <= erledigt):
                gesammelt.append(one.bedingung)
                erledigt |= one.statt
        formen = self._formen
        person = sorted((one for one in formen.person if one not in erledigt), key=_rang)  # the last is seldom needed
        wohnung = () if erledigt.issuperset(formen.wohnung) else formen.wohnung
        return Auftrag(formen.bereich.schluessel, fuehrend.bedingung, gesammelt, person, wohnung)


def _nach_anzahl(angaben: Sequence[_Angabe], anzahlen: Sequence[int], stufe: int) -> tuple[list[_Angabe], int]:
    """The rarest first, and of how many behind it the persons should be gathered."""
    reihe = sorted(range(len(angaben)), key=lambda number: anzahlen[number])
    wenigste = anzahlen[reihe[0]]
    uebrig = SAMMELN * wenigste if wenigste >= LOHNT else 0
    gesammelte = 0
    for number in reihe[1 : 1 + _GESAMMELTE]:
        mehr = anzahlen[number] == stufe
        uebrig -= 2 * max(stufe, VIELE) if mehr else anzahlen[number]  # how many more there are is not known
        if uebrig < 0 or (mehr and _allgegenwaertig(angaben[number].bedingung)):
            break
        gesammelte += 1
    return [angaben[number] for number in reihe], gesammelte


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


def _allgegenwaertig(bedingung: Bedingung) -> bool:
    art = bedingung.arten[0]
    return art in _ALLGEGENWAERTIGE or (art is Art.HAUSNUMMER and bedingung.bis is not None)


def _rang(bedingung: Bedingung) -> tuple[bool, int, int]:
    """Whose data are the most, by experience: the last. Of one kind the longest are the fewest."""
    art = bedingung.arten[0]
    haeufig = art in _HAEUFIGE
    return haeufig, _HAEUFIGE.index(art) if haeufig else 0, -len(bedingung.muster or bedingung.von)
