"""The workshop of synthetic persons: seeded draws, and the parts of a record that everybody has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any, TypeVar

from gateway.spiegel.musternamen import DEUTSCHLAND, Herkunft, Namenspaar, tafeln
from gateway.spiegel.musterorte import Gemeinde, alle_gemeinden, anschriften

Record = dict[str, Any]
T = TypeVar("T")

#: Share of the listed, frequent names among German surnames; the others are composed, the long tail of every register.
HAEUFIGE = 0.37
GEBOREN_IM_AUSLAND = 0.03  # of those with German names
ADELIGE, DOPPELNAMEN_MIT_BINDESTRICH, DOPPELNAMEN_OHNE = 0.003, 0.012, 0.003

JAHR = 365.2425  # days
WOHNUNGSGEBER_SEIT = date(2015, 11, 1).toordinal()  # the BMG came into force, § 19
_FRUEHESTER, _SPAETESTER = date(1850, 1, 1).toordinal(), date(2100, 1, 1).toordinal()

_HAUSNUMMERN = [str(n) for n in range(1, 180) for _ in range(1 + 60 // (n + 3))]
_STOCKWERKE = ["EG", "1.OG", "2.OG", "3.OG", "DG", "W 3", "W 12", "0104"]
_ZUSAETZE = ["Hinterhaus", "Seitenflügel links", "Gartenhaus", "Wohnheim Block C", "Aufgang 2", "Hof Meinersen"]
_TEILNUMMERN = ["1/2", "1/4", "1/3", "2/3", "3/4"]
_FRUEHERE = [0, 0, 1, 1, 1, 1, 2, 2, 3, 5]
_ZEICHEN = "CFGHJKLMNPRTVWXYZ0123456789"  # of serial numbers
_DREIER = [a + b + c for a in _ZEICHEN for b in _ZEICHEN for c in _ZEICHEN]


@dataclass(slots=True)
class Mensch:
    """A person in the making. `geschlecht` m or w as the names go; dates are proleptic Gregorian ordinals."""

    record: Record
    name: Namenspaar
    geschlecht: str
    geboren: int
    herkunft: Herkunft | None
    gemeinde: Gemeinde


class Werkstatt:
    """Draws everything from one seeded source, so that seed, municipalities and day fix every byte."""

    def __init__(self, seed: int, gemeinden: Sequence[Gemeinde], stichtag: date) -> None:
        self.rnd = Random(seed).random  # noqa: S311 (sample data)
        self.heute = stichtag.toordinal()
        self.tafeln = tafeln()
        self.gemeinden = [g for g in gemeinden for _ in range(max(1, g.gewicht))]
        self.strassen = {g.ags: anschriften(g, seed) for g in (*alle_gemeinden(), *gemeinden)}
        self.anderswo = [a for strassen in self.strassen.values() for a in strassen]
        self._tage = [date.fromordinal(o).isoformat() for o in range(_FRUEHESTER, _SPAETESTER)]
        self._nummer = 0

    def pick(self, table: Sequence[T]) -> T:
        """One entry; an entry that stands twice comes twice as often."""
        return table[int(self.rnd() * len(table))]

    def tag(self, ordinal: int) -> str:
        """The day as the record writes it."""
        return self._tage[ordinal - _FRUEHESTER]

    def vor(self, jahre: float, bis: int) -> int:
        """A day up to `jahre` years before `bis`, the more likely the closer."""
        return bis - int(self.rnd() * self.rnd() * jahre * JAHR)

    # -- names ---------------------------------------------------------------------------------------------------------

    def nachname(self, herkunft: Herkunft | None) -> Namenspaar:
        """A surname as men and women of that origin bear it."""
        if herkunft:
            return self.pick(herkunft.nachnamen)
        draw = self.rnd()
        if draw < ADELIGE:
            titel, sitz = self.pick(self.tafeln.teile["adel"]), self.pick(self.tafeln.teile["sitze"])
            return f"{titel[0]} {sitz}", f"{titel[1]} {sitz}"
        name = self._nachname()
        if draw < ADELIGE + DOPPELNAMEN_MIT_BINDESTRICH:
            name = f"{name}-{self._nachname()}"
        elif draw < ADELIGE + DOPPELNAMEN_MIT_BINDESTRICH + DOPPELNAMEN_OHNE:
            name = f"{name} {self._nachname()}"
        return name, name

    def _nachname(self) -> str:
        if self.rnd() < HAEUFIGE:
            return self.pick(self.tafeln.nachnamen)[0]
        stamm: str = self.pick(self.tafeln.teile["stamm"])
        endung: str = self.pick(self.tafeln.teile["endung"])
        return stamm + endung

    def vornamen(self, geschlecht: str, geburtsdatum: str, herkunft: Herkunft | None) -> list[str]:
        """One to three first names, none twice."""
        table: Sequence[str]
        if herkunft:
            table = herkunft.vornamen[geschlecht]
        else:
            table = self.tafeln.vornamen[geschlecht, min(max(int(geburtsdatum[:3]) * 10, 1920), 2020)]
        draw = self.rnd()
        if draw < 0.58:
            return [self.pick(table)]
        names = [self.pick(table) for _ in range(2 if draw < 0.92 else 3)]
        return list(dict.fromkeys(names))

    # -- persons -------------------------------------------------------------------------------------------------------

    def mensch(
        self, geschlecht: str, geboren: int, herkunft: Herkunft | None, name: Namenspaar, gemeinde: Gemeinde
    ) -> Mensch:
        """A person with name, birth and nationality."""
        geburtsdatum = self.tag(geboren)
        vornamen = self.vornamen(geschlecht, geburtsdatum, herkunft)
        self._nummer += 1
        record: Record = {
            "ags": str(gemeinde.ags),
            "ordnungsmerkmal": f"{self._nummer:09d}",
            "familienname": name[geschlecht == "w"],
            "vornamen": " ".join(vornamen),
            "geburtsdatum": geburtsdatum,
            "geschlecht": geschlecht,
        }
        if len(vornamen) > 1 and self.rnd() < 0.7:
            record["gebraeuchlicher_vorname"] = vornamen[0] if self.rnd() < 0.85 else vornamen[1]
        mensch = Mensch(record, name, geschlecht, geboren, herkunft, gemeinde)
        self._geburt_und_staat(mensch)
        return mensch

    def _geburt_und_staat(self, mensch: Mensch) -> None:
        record, herkunft, draw = mensch.record, mensch.herkunft, self.rnd()
        erwachsen = self.heute - mensch.geboren > 18 * JAHR
        if herkunft and draw < (0.65 if erwachsen else 0.15):
            record["geburtsort"] = self.pick(herkunft.orte)
            record["geburtsstaat"] = herkunft.staat
            record["staatsangehoerigkeiten"] = self.pick(([herkunft.staat], [herkunft.staat], [DEUTSCHLAND])).copy()
            if not herkunft.eu and record["staatsangehoerigkeiten"][0] != DEUTSCHLAND and draw < 0.4:
                record["azr_nummer"] = f"{int(self.rnd() * 10**12):012d}"
            return
        if not herkunft and draw < GEBOREN_IM_AUSLAND:
            record["geburtsstaat"], record["geburtsort"] = self.pick(self.tafeln.teile["geburtsorte_ausland"])
        else:
            record["geburtsort"] = mensch.gemeinde.name if draw > 0.55 else self.pick(self.tafeln.geburtsorte)
        staaten = [DEUTSCHLAND, herkunft.staat] if herkunft and draw > 0.8 else [DEUTSCHLAND]
        record["staatsangehoerigkeiten"] = staaten

    # -- dwellings -----------------------------------------------------------------------------------------------------

    def inland(self, strassen: Sequence[Record]) -> Record:
        """An address in one of the streets."""
        anschrift: Record = dict(self.pick(strassen))
        anschrift["hausnummer"] = self.pick(_HAUSNUMMERN)
        draw = self.rnd()
        if draw < 0.10:
            anschrift["hausnummer_zusatz"] = self.pick("aaaabbbcccddefgABC")
        elif draw < 0.104:
            anschrift["hausnummer_teil"] = self.pick(_TEILNUMMERN)
        elif draw < 0.18:
            anschrift["stockwerk"] = self.pick(_STOCKWERKE)
        elif draw < 0.19:
            anschrift["zusatz"] = self.pick(_ZUSAETZE)
        return anschrift

    def wohne(self, mensch: Mensch, inland: Record, einzug: int) -> None:
        """The dwelling at `inland` and the earlier ones; born after `einzug`, the person has always lived there."""
        seit = self.ziehe_ein(mensch, inland, einzug)
        for _ in range(self.pick(_FRUEHERE)):
            if seit <= mensch.geboren:
                break
            seit = self._frueher(mensch, seit)
        if "geburtsstaat" in mensch.record and seit > mensch.geboren:
            mensch.record["zuzug_ausland"] = {"staat": mensch.record["geburtsstaat"]}
            mensch.record["zuzug_bund"] = self.tag(seit)

    def ziehe_ein(self, mensch: Mensch, inland: Record, einzug: int) -> int:
        """The only dwelling, at `inland`; gives the day since when, that of birth at the earliest."""
        seit = max(einzug, mensch.geboren)
        wohnung = self._wohnung(inland, seit, aktuell=True)
        wohnung["anmeldung"] = self.tag(min(seit + int(self.rnd() * 15), self.heute))
        if seit >= WOHNUNGSGEBER_SEIT and seit != mensch.geboren and self.rnd() < 0.5:
            wohnung["wohnungsgeber"] = self._wohnungsgeber(inland)
        mensch.record["wohnungen"] = [wohnung]
        return seit

    def _wohnung(self, inland: Record, einzug: int, *, aktuell: bool) -> Record:
        return {"aktuell": aktuell, "anschrift": {"inland": dict(inland)}, "status": "0", "einzug": self.tag(einzug)}

    def _wohnungsgeber(self, inland: Record) -> Record:
        name = f"{self.pick(self.tafeln.teile['vermieter'])} {inland['wohnort']}"
        lines = [name, f"{inland['strasse']} {self.pick(_HAUSNUMMERN)}", f"{inland['plz']} {inland['wohnort']}"]
        geber: Record = {"name_anschrift": lines}
        if self.rnd() < 0.1:
            geber["eigentuemer"] = [f"{self._nachname()} Erbengemeinschaft"]
        return geber

    def _frueher(self, mensch: Mensch, auszug: int) -> int:
        """Adds the dwelling before; gives the day on which it was taken."""
        record = mensch.record
        einzug = max(mensch.geboren, self.vor(18, auszug - 100))
        here = self.rnd() < 0.45
        inland = self.inland(self.strassen[mensch.gemeinde.ags] if here else self.anderswo)
        wohnung = self._wohnung(inland, einzug, aktuell=False)
        wohnung["auszug"] = self.tag(auszug)
        record["wohnungen"].append(wohnung)
        if inland["ags"] != record["ags"] and "zuzug_gemeinde" not in record:
            wohnung["art"] = "1"
            self._zuzug(record, inland["ags"], self.tag(auszug))
        return einzug

    def _zuzug(self, record: Record, von: str, tag: str) -> None:
        record["zuzug_gemeinde"] = tag
        if von[:5] != record["ags"][:5]:
            record["zuzug_kreis"] = tag
        if von[:2] != record["ags"][:2]:
            record["zuzug_land"] = tag

    # -- documents -----------------------------------------------------------------------------------------------------

    def ausweise(self, mensch: Mensch) -> None:
        """Identity card from 16 on (§ 1 PAuswG), passport for some; a foreigner's own passport."""
        alter = (self.heute - mensch.geboren) / JAHR
        if mensch.record["staatsangehoerigkeiten"][0] != DEUTSCHLAND:
            if self.rnd() < 0.8:
                mensch.record["ausweisdokumente"] = [self._ausweis("07", "Botschaft in Berlin", 10)]
            return
        stadt = f"Stadt {mensch.gemeinde.name}"
        jahre = 10 if alter >= 24 else 6  # § 6 PAuswG, § 5 PassG
        dokumente = []
        if alter >= 16 and self.rnd() < 0.93:
            dokumente.append(self._ausweis("09", stadt, jahre))
        if self.rnd() < 0.3:
            dokumente.append(self._ausweis("01", stadt, jahre))
        if dokumente:
            mensch.record["ausweisdokumente"] = dokumente

    def _ausweis(self, passart: str, behoerde: str, jahre: int) -> Record:
        ausgestellt = self.heute - int(self.rnd() * (jahre + 1) * JAHR)
        return {
            "passart": passart,
            "behoerde": behoerde,
            "ausstellungsdatum": self.tag(ausgestellt),
            "gueltig_bis": self.tag(ausgestellt + int(jahre * JAHR)),
            "seriennummer": self.pick(_DREIER) + self.pick(_DREIER) + self.pick(_DREIER),
        }
