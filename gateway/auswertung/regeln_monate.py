"""Rules over a month: who asks for whom, and why. A month's digests mean nothing in another one."""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterator

from gateway.auswertung.merkmale import passt_auf_alles, sinnlos
from gateway.auswertung.zeile import Abrufzeile, Befund, Stellen

Wer = tuple[str, str]

VIELSEITIG = 0.8  # share of the commonest reason, at most, of one who gives several


class _Monatsweise(ABC):
    """Counts within a month; `_schluss` judges when it is over. Nothing here is learnt."""

    def __init__(self) -> None:
        self._monat = 0

    def sieh(self, zeile: Abrufzeile, *, melden: bool) -> Iterator[Befund]:
        if zeile.monat != self._monat:
            yield from self.ende(melden=melden)
            self._monat = zeile.monat
        if melden:
            self._zaehle(zeile)

    def ende(self, *, melden: bool) -> Iterator[Befund]:
        if melden:
            yield from self._schluss()
        self._leere()

    @abstractmethod
    def _zaehle(self, zeile: Abrufzeile) -> None: ...

    @abstractmethod
    def _schluss(self) -> Iterator[Befund]: ...

    @abstractmethod
    def _leere(self) -> None: ...


class VieleFragen(_Monatsweise):
    """One person asked for by `nutzer` different users, or more."""

    def __init__(self, *, nutzer: int) -> None:
        super().__init__()
        self._nutzer = nutzer
        self._einmal: dict[bytes, Abrufzeile] = {}
        self._mehrmals: dict[bytes, tuple[Stellen, set[Wer]]] = {}

    def _zaehle(self, zeile: Abrufzeile) -> None:
        if zeile.person is None or not zeile.oft:
            return
        mehrere = self._mehrmals.get(zeile.person)
        if mehrere is None:
            erste = self._einmal.setdefault(zeile.person, zeile)
            if erste.wer == zeile.wer:
                return
            del self._einmal[zeile.person]
            mehrere = self._mehrmals[zeile.person] = (Stellen(erste), {erste.wer})
            mehrere[0].add(erste)
        mehrere[0].add(zeile)
        mehrere[1].add(zeile.wer)

    def _schluss(self) -> Iterator[Befund]:
        for stellen, wer in self._mehrmals.values():
            if len(wer) >= self._nutzer:
                behoerden = {behoerde for behoerde, _ in wer}
                if len(behoerden) > 1:  # no single authority's affair
                    stellen.behoerde = ""
                stellen.nutzer = ""
                text = f"Nach einer Person fragten {len(wer)} Nutzer aus {len(behoerden)} Behörde(n)"
                yield stellen.befund("viele_fragen", text)

    def _leere(self) -> None:
        self._einmal.clear()
        self._mehrmals.clear()


class ImmerWieder(_Monatsweise):
    """One user asks for one person `mindestens` times, on `tage` different days at least."""

    def __init__(self, *, mindestens: int, tage: int) -> None:
        super().__init__()
        self._mindestens, self._tage = mindestens, tage
        self._einmal: dict[tuple[Wer, bytes], Abrufzeile] = {}
        self._mehrmals: dict[tuple[Wer, bytes], tuple[Stellen, set[int]]] = {}

    def _zaehle(self, zeile: Abrufzeile) -> None:
        if zeile.person is None or not zeile.oft:
            return
        key = (zeile.wer, zeile.person)
        mehrere = self._mehrmals.get(key)
        if mehrere is None:
            erste = self._einmal.pop(key, None)
            if erste is None:
                self._einmal[key] = zeile
                return
            mehrere = self._mehrmals[key] = (Stellen(erste), {erste.tag})
            mehrere[0].add(erste)
        mehrere[0].add(zeile)
        mehrere[1].add(zeile.tag)

    def _schluss(self) -> Iterator[Befund]:
        for stellen, tage in self._mehrmals.values():
            if stellen.anzahl >= self._mindestens and len(tage) >= self._tage:
                text = f"{stellen.anzahl} Abrufe zu derselben Person an {len(tage)} Tagen"
                yield stellen.befund("immer_wieder", text)

    def _leere(self) -> None:
        self._einmal.clear()
        self._mehrmals.clear()


class EigenerName(_Monatsweise):
    """A user asks for a person who is called as he is."""

    def __init__(self) -> None:
        super().__init__()
        self._faelle: dict[Wer, Stellen] = {}

    def _zaehle(self, zeile: Abrufzeile) -> None:
        if zeile.eigener_name:
            self._faelle.setdefault(zeile.wer, Stellen(zeile)).add(zeile)

    def _schluss(self) -> Iterator[Befund]:
        for stellen in self._faelle.values():
            yield stellen.befund("eigener_name", f"{stellen.anzahl} Abruf(e) zum Namen, den die eigene Kennung trägt")

    def _leere(self) -> None:
        self._faelle.clear()


class SinnloserAnlass(_Monatsweise):
    """The Anlass is missing, or means nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._urteile: dict[str, bool] = {}
        self._faelle: dict[Wer, Stellen] = {}

    def _zaehle(self, zeile: Abrufzeile) -> None:
        if zeile.anlass is None:
            return
        urteil = self._urteile.get(zeile.anlass)
        if urteil is None:
            urteil = self._urteile[zeile.anlass] = sinnlos(zeile.anlass)
        if urteil:
            self._faelle.setdefault(zeile.wer, Stellen(zeile)).add(zeile)

    def _schluss(self) -> Iterator[Befund]:
        for stellen in self._faelle.values():
            yield stellen.befund("anlass_sinnlos", f"{stellen.anzahl} Abruf(e) ohne aussagekräftigen Anlass")

    def _leere(self) -> None:
        self._faelle.clear()
        self._urteile.clear()


class AnlassEinerlei(_Monatsweise):
    """One text for `anteil` of a user's `mindestens` requests or more: one that fits everything, or of a user who gave
    several in the months before. Others of his authority give it for less than half of theirs: else it is what they do.
    """

    def __init__(self, *, mindestens: int, anteil: float) -> None:
        super().__init__()
        self._mindestens, self._anteil = mindestens, anteil
        self._nutzer: dict[Wer, tuple[Stellen, Counter[str]]] = {}
        self._behoerden: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._vielseitig: set[Wer] = set()  # gave several reasons in a month before

    def sieh(self, zeile: Abrufzeile, *, melden: bool) -> Iterator[Befund]:
        yield from super().sieh(zeile, melden=melden)
        if not melden:
            self._zaehle(zeile)

    def ende(self, *, melden: bool) -> Iterator[Befund]:
        if melden:
            yield from self._schluss()
        for wer, (stellen, texte) in self._nutzer.items():
            if stellen.anzahl >= self._mindestens / 2 and texte.most_common(1)[0][1] < VIELSEITIG * stellen.anzahl:
                self._vielseitig.add(wer)
        self._leere()

    def _zaehle(self, zeile: Abrufzeile) -> None:
        if zeile.anlass is None:
            return
        nutzer = self._nutzer.get(zeile.wer)
        if nutzer is None:
            nutzer = self._nutzer[zeile.wer] = (Stellen(zeile), Counter())
        nutzer[0].add(zeile)
        nutzer[1][zeile.anlass] += 1
        self._behoerden[zeile.behoerde][zeile.anlass] += 1

    def _schluss(self) -> Iterator[Befund]:
        for wer, (stellen, texte) in self._nutzer.items():
            anlass, oft = texte.most_common(1)[0]
            if stellen.anzahl < self._mindestens or oft < self._anteil * stellen.anzahl:
                continue
            aller = self._behoerden[stellen.behoerde]
            andere, anderer = aller.total() - stellen.anzahl, aller[anlass] - oft
            if anderer <= andere / 2 and (passt_auf_alles(anlass) or wer in self._vielseitig):
                yield stellen.befund("anlass_einerlei", f"Derselbe Anlass für {oft} von {stellen.anzahl} Abrufen")

    def _leere(self) -> None:
        self._nutzer.clear()
        self._behoerden.clear()


class Grenzen(_Monatsweise):
    """At least `mindestens` refusals of a user by limits in a month, on `tage` days; or `behoerde` of an authority, not
    counting users who are found themselves: of what it keeps to itself, and of faults, nobody knows the user.
    """

    def __init__(self, *, mindestens: int, behoerde: int, tage: int) -> None:
        super().__init__()
        self._mindestens, self._behoerde, self._tage = mindestens, behoerde, tage
        self._nutzer: dict[Wer, tuple[Stellen, set[int]]] = {}
        self._behoerden: dict[str, tuple[Stellen, set[int]]] = {}

    def _zaehle(self, zeile: Abrufzeile) -> None:
        if not zeile.ueber_grenze:
            return
        found = [self._behoerden.setdefault(zeile.behoerde, (Stellen(zeile), set()))]
        if zeile.nutzer:
            found.append(self._nutzer.setdefault(zeile.wer, (Stellen(zeile), set())))
        for stellen, tage in found:
            stellen.add(zeile)
            tage.add(zeile.tag)

    def _schluss(self) -> Iterator[Befund]:
        gesagt = Counter[str]()
        for (behoerde, _), (stellen, tage) in self._nutzer.items():
            if stellen.anzahl >= self._mindestens and len(tage) >= self._tage:
                gesagt[behoerde] += stellen.anzahl
                yield _ueberschritten(stellen, tage, "")
        for behoerde, (stellen, tage) in self._behoerden.items():
            if stellen.anzahl - gesagt[behoerde] >= self._behoerde and len(tage) >= self._tage:
                stellen.nutzer = ""
                yield _ueberschritten(stellen, tage, ", in der ganzen Behörde")

    def _leere(self) -> None:
        self._nutzer.clear()
        self._behoerden.clear()


def _ueberschritten(stellen: Stellen, tage: set[int], wo: str) -> Befund:
    text = f"{stellen.anzahl} Anfragen an {len(tage)} Tagen über Kontingent oder Recht hinaus{wo}"
    return stellen.befund("grenzen", text)
