"""Rules over a user's day: how much, and when, against his own past and his authority's."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator

from gateway.auswertung.ueblich import Menge, Quote, Zeiten
from gateway.auswertung.zeile import Abrufzeile, Befund, Stellen

Wer = tuple[str, str]

TAGESLICHT = (6, 21)  # hours


class _Tageweise(ABC):
    """Gathers what concerns a user on one day; `_tag` judges it when the day is over."""

    def __init__(self) -> None:
        self._heute: dict[Wer, Stellen] = {}
        self._datum = 0

    def sieh(self, zeile: Abrufzeile, *, melden: bool) -> Iterator[Befund]:
        if zeile.tag != self._datum:
            yield from self.ende(melden=melden)
            self._datum = zeile.tag
        if self._betrifft(zeile):
            stellen = self._heute.get(zeile.wer)
            if stellen is None:
                stellen = self._heute[zeile.wer] = Stellen(zeile)
            stellen.add(zeile)

    def ende(self, *, melden: bool) -> Iterator[Befund]:
        for wer, stellen in self._heute.items():
            befund = self._tag(wer, stellen)
            if befund is not None and melden:
                yield befund
        self._heute.clear()
        self._nacht()

    def _betrifft(self, zeile: Abrufzeile) -> bool:
        return True

    @abstractmethod
    def _tag(self, wer: Wer, stellen: Stellen) -> Befund | None: ...

    def _nacht(self) -> None:  # noqa: B027  not every rule has something to do then
        """After all users of a day."""


class Tagesmenge(_Tageweise):
    """More in a day than `abweichungen` above the usual and `vielfaches` of it, and at least `mindestens`.

    Whose past has fewer than `tage` days is measured by his authority's users.
    """

    def __init__(self, *, mindestens: int, abweichungen: float, vielfaches: float, tage: int) -> None:
        super().__init__()
        self._mindestens, self._abweichungen, self._vielfaches, self._tage = mindestens, abweichungen, vielfaches, tage
        self._nutzer: defaultdict[Wer, Menge] = defaultdict(Menge)
        self._behoerden: defaultdict[str, Menge] = defaultdict(Menge)

    def _tag(self, wer: Wer, stellen: Stellen) -> Befund | None:
        eigene, behoerde = self._nutzer[wer], self._behoerden[wer[0]]
        past = eigene if eigene.tage >= self._tage else behoerde
        known = past.tage >= self._tage
        grenze = max(self._mindestens, past.grenze(self._abweichungen), self._vielfaches * past.mittel)
        # What stands out is learnt as far as the limit: what stays becomes usual, a single day does not.
        gelernt = min(stellen.anzahl, grenze) if known else stellen.anzahl
        usual, whose = past.mittel, "des Nutzers" if past is eigene else "der Behörde"
        eigene.lerne(gelernt)
        behoerde.lerne(gelernt)
        if not known or stellen.anzahl <= grenze:
            return None
        text = f"{stellen.anzahl} Abrufe an einem Tag; üblich {whose}: {usual:.0f} je Nutzer und Tag"
        return stellen.befund("menge", text)


class Tageszeiten(_Tageweise):
    """At least `mindestens` a day in parts of the week of which the user's past has less than `anteil`, and the
    authority's too; both known from `bekannt` requests on, else the authority's alone. By daylight (a Saturday's
    overtime) `tagsueber` of them.
    """

    def __init__(self, *, mindestens: int, tagsueber: int, anteil: float, bekannt: int) -> None:
        super().__init__()
        self._mindestens, self._tagsueber, self._anteil, self._bekannt = mindestens, tagsueber, anteil, bekannt
        self._nachts: set[Wer] = set()
        self._nutzer: defaultdict[Wer, Zeiten] = defaultdict(Zeiten)
        self._behoerden: defaultdict[str, Zeiten] = defaultdict(Zeiten)
        self._gelernt: list[tuple[Wer, int]] = []

    def _betrifft(self, zeile: Abrufzeile) -> bool:
        teil = zeile.stunde // 3 + 8 * zeile.wochenende
        self._gelernt.append((zeile.wer, teil))
        behoerde, nutzer = self._behoerden[zeile.behoerde], self._nutzer[zeile.wer]
        if behoerde.gesamt < self._bekannt or behoerde.anteil(teil) >= self._anteil:
            return False
        if nutzer.gesamt >= self._bekannt and nutzer.anteil(teil) >= self._anteil:
            return False
        if not TAGESLICHT[0] <= zeile.stunde < TAGESLICHT[1]:
            self._nachts.add(zeile.wer)
        return True

    def _tag(self, wer: Wer, stellen: Stellen) -> Befund | None:
        if stellen.anzahl < (self._mindestens if wer in self._nachts else self._tagsueber):
            return None
        return stellen.befund("stunden", f"{stellen.anzahl} Abrufe zu Zeiten, zu denen sonst kaum abgerufen wird")

    def _nacht(self) -> None:
        for wer, teil in self._gelernt:
            self._nutzer[wer].lerne(teil)
            self._behoerden[wer[0]].lerne(teil)
        self._gelernt.clear()
        self._nachts.clear()


class Grenznah(_Tageweise):
    """At least `mindestens` searches a day with wildcards near the limit."""

    def __init__(self, *, mindestens: int) -> None:
        super().__init__()
        self._mindestens = mindestens

    def _betrifft(self, zeile: Abrufzeile) -> bool:
        return zeile.grenznah

    def _tag(self, wer: Wer, stellen: Stellen) -> Befund | None:
        if stellen.anzahl < self._mindestens:
            return None
        return stellen.befund("platzhalter", f"{stellen.anzahl} freie Suchen eines Tages mit kaum einem Buchstaben")


class NeutraleFolge:
    """Neutral answers in a row, about `personen` different ones at least: so many that chance gives them, by the user's
    own share of neutral answers, once in 1 / `zufall` rows; never fewer than `mindestens`.
    """

    def __init__(self, *, mindestens: int, personen: int, zufall: float) -> None:
        self._mindestens, self._personen, self._zufall = mindestens, personen, zufall
        self._quoten: defaultdict[Wer, Quote] = defaultdict(Quote)
        self._folgen: dict[Wer, tuple[Stellen, set[bytes]]] = {}

    def sieh(self, zeile: Abrufzeile, *, melden: bool) -> Iterator[Befund]:
        if zeile.neutral:
            folge = self._folgen.get(zeile.wer)
            if folge is None:
                folge = self._folgen[zeile.wer] = (Stellen(zeile), set())
            folge[0].add(zeile)
            if zeile.person is not None and len(folge[1]) < self._personen:
                folge[1].add(zeile.person)
            return
        yield from self._zu_ende(zeile.wer, melden=melden)
        self._quoten[zeile.wer].lerne(0, 1)

    def ende(self, *, melden: bool) -> Iterator[Befund]:
        for wer in list(self._folgen):
            yield from self._zu_ende(wer, melden=melden)

    def _zu_ende(self, wer: Wer, *, melden: bool) -> Iterator[Befund]:
        folge = self._folgen.pop(wer, None)
        if folge is None:
            return
        stellen, personen = folge
        grenze = self._grenze(self._quoten[wer].wert(0.1, 20))
        self._quoten[wer].lerne(min(stellen.anzahl, grenze), min(stellen.anzahl, grenze))
        if melden and stellen.anzahl >= grenze and len(personen) >= self._personen:
            yield stellen.befund("neutral", f"{stellen.anzahl} neutrale Antworten in Folge zu verschiedenen Personen")

    def _grenze(self, quote: float) -> int:
        laenge = self._mindestens
        while quote**laenge > self._zufall and laenge < 1000:
            laenge += 1
        return laenge
