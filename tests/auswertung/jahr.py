"""A synthetic year of exchanges with planted cases of each rule; the same seed gives the same. Persons are invented.

Authorities of different sizes and habits: offices by day, shifts around the clock, procedures that run at night,
seasons, holidays, newcomers, clumsy clerks; persons whom several ask for by duty, follow-ups, namesakes. What is
planted is drawn around the rules' thresholds, below them too: a rule that finds all would be one that nobody tried.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from gateway.auswertung.merkmale import eigener_name, grenznah, namensteile
from gateway.auswertung.regeln import REGELN
from gateway.auswertung.zeile import Abrufzeile
from gateway.protokoll.stelle import Stelle

BEGINN = date(2026, 1, 1)
VORLAUF = 60  # days before anything is planted: the past

_SILBEN = (
    "ber",
    "gal",
    "hor",
    "kem",
    "lin",
    "mar",
    "nol",
    "pet",
    "rau",
    "sem",
    "tor",
    "wal",
    "zig",
    "dor",
    "fen",
    "bru",
)
_ENDEN = ("mann", "sen", "hof", "er", "ing", "beck", "kamp", "stedt", "ow", "ert")
_VORNAMEN = (
    "erika",
    "otto",
    "anna",
    "paul",
    "berta",
    "karl",
    "dora",
    "emil",
    "frieda",
    "gustav",
    "helga",
    "ivo",
    "jana",
    "kurt",
    "lena",
    "moritz",
    "nora",
    "oskar",
    "petra",
    "rolf",
    "silke",
    "tim",
    "ute",
    "viktor",
    "wanda",
)
_ANLAESSE = (
    "ordnungswidrigkeit",
    "verwaltungsverfahren § 28 vwvfg",
    "halteranfrage",
    "zustellung eines bescheides",
    "gewerbeuntersagung",
    "wohngeldantrag prüfung",
    "waffenrechtliche überprüfung",
    "vollstreckung",
    "erbensuche",
    "schulpflicht überwachung",
    "bussgeldverfahren",
    "adressermittlung",
    "unterhaltsvorschuss",
    "jagdschein",
)
_SINNLOS = (
    "",
    "xxx",
    "test",
    "aaaa",
    "asdf",
    "...",
    "123",
    "-",
    "test 2",
    "qwertz",
    "blabla",
    "abababab",
    "1",
    "??",
    "siehe oben",
    "s.o.",
)  # the last two say nothing either, but no rule knows
_EINERLEI = (
    "anfrage",
    "auskunft",
    "ermittlung",
    "prüfung",
    "dienstlich",
    "dienstlich erforderlich",
    "amtshilfe",
    "bekannt",
)

_Person = tuple[int, str, str]


@dataclass(frozen=True)
class Nutzer:
    """How somebody works."""

    behoerde: str
    kennung: str
    rate: float  # requests on a working day
    art: str  # "amt", "schicht", "verfahren"
    anlaesse: tuple[str, ...]
    neutral: float
    ab: int = 0  # day of the year on which he begins


@dataclass
class Jahr:
    """The rows, made when they are asked for, and what was planted: a rule and the records that belong together."""

    abrufe: int
    faelle: int
    seed: int
    tage: int = 365
    gepflanzt: list[tuple[str, set[Stelle]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._r = random.Random(self.seed)
        self._nutzer = self._make_nutzer()
        self._personen = max(2000, self.abrufe)
        self.zahl = 0
        self._zusatz: dict[int, list[tuple[Abrufzeile, int]]] = {}
        self._anders: dict[tuple[str, int], str] = {}  # (user, month): the only Anlass
        self._plant()

    @property
    def ab_tag(self) -> int:
        """First day that is looked at."""
        return BEGINN.toordinal() + VORLAUF

    def zeilen(self) -> Iterator[Abrufzeile]:
        """In the order of time."""
        kurz = [nutzer.rate for nutzer in self._nutzer]
        skala = self.abrufe / (sum(kurz) * self.tage * 0.72)
        for tag in range(self.tage):
            heute = [zeile for nutzer in self._nutzer for zeile in self._arbeitstag(nutzer, tag, skala)]
            heute += [(zeile, -1 - fall) for zeile, fall in self._zusatz.get(tag, ())]
            heute.sort(key=lambda one: one[0].stunde)
            for zeile, fall in heute:
                self.zahl += 1
                stelle = Stelle(1, self.zahl)
                if fall < 0:
                    self.gepflanzt[-1 - fall][1].add(stelle)
                yield replace(zeile, stelle=stelle)

    # -- who works, and how --------------------------------------------------------------------------------------------

    def _make_nutzer(self) -> list[Nutzer]:
        r, found = self._r, []
        groesse = max(6, min(140, self.abrufe // 3000))
        for number in range(groesse):
            behoerde = f"dbs:0399900{number:05d}"
            art = r.choices(("amt", "schicht", "verfahren"), (8, 2, 1))[0]
            texte = tuple(r.sample(_ANLAESSE, r.randint(1, 5)))
            for person in range(1 if art == "verfahren" else r.randint(3, 14)):
                rate = r.lognormvariate(1.9, 0.7) * (12 if art == "verfahren" else 1)
                own = texte if r.random() < 0.7 else tuple(r.sample(texte, 1))
                kennung = f"verfahren-{number}" if art == "verfahren" else self._kennung(number, person)
                neutral = r.uniform(0.03, 0.2) if art != "verfahren" else r.uniform(0.1, 0.4)
                ab = r.randint(30, 250) if r.random() < 0.08 else 0
                found.append(Nutzer(behoerde, kennung, rate, art, own, neutral, ab))
        return found

    def _kennung(self, behoerde: int, person: int) -> str:
        vor, familie = self._r.choice(_VORNAMEN), _familienname(self._r.randrange(1600))
        form = self._r.choice(("{v}.{f}", "{f}.{v}", "{v[0]}.{f}", "{f}{v[0]}", "u{n:05d}", "{f}-{n}"))
        return form.format(v=vor, f=familie, n=behoerde * 100 + person)

    def _arbeitstag(self, nutzer: Nutzer, tag: int, skala: float) -> Iterator[tuple[Abrufzeile, int]]:
        r, datum = self._r, BEGINN + timedelta(days=tag)
        if tag < nutzer.ab:
            return
        frei = datum.weekday() >= 5 and nutzer.art == "amt"
        if (frei and r.random() > 0.02) or (nutzer.art != "verfahren" and r.random() < 0.1):  # holidays, illness
            return
        season = 1.3 if datum.month in (3, 10) else 1.0
        erwartet = nutzer.rate * skala * season * r.lognormvariate(0, 0.35) * (0.2 if frei else 1)
        for _ in range(_poisson(r, erwartet)):
            zeile = self._abruf(nutzer, tag)
            yield zeile, 0
            if r.random() < 0.03:  # asked again: a typing error, a follow-up
                yield replace(zeile, stunde=min(23, zeile.stunde + 1)), 0

    def _abruf(self, nutzer: Nutzer, tag: int) -> Abrufzeile:
        r = self._r
        if r.random() < 0.004:
            person = self._person(r.randrange(max(20, self._personen // 10_000)))  # those whom several ask for by duty
        else:
            person = self._person(r.randrange(self._personen))
        frei = {}
        if nutzer.art != "verfahren" and r.random() < 0.02:
            frei = {"familienname": person[1][: r.choice((2, 3, 4, 5, 6))] + "*"}
        stunde, neutral, zu_viel = self._stunde(nutzer), r.random() < nutzer.neutral, r.random() < 0.002
        return self._zeile(
            nutzer, tag, stunde, person, neutral=neutral and not zu_viel, frei=frei, ueber_grenze=zu_viel
        )

    def _stunde(self, nutzer: Nutzer) -> int:
        if nutzer.art == "verfahren":
            return self._r.choice((1, 2, 3, 4))
        if nutzer.art == "schicht":
            return self._r.randrange(24)
        return min(20, max(6, round(self._r.gauss(11, 2.3))))

    def _zeile(
        self,
        nutzer: Nutzer,
        tag: int,
        stunde: int,
        person: _Person,
        *,
        neutral: bool,
        frei: dict[str, str] | None = None,
        anlass: str | None = None,
        ueber_grenze: bool = False,
    ) -> Abrufzeile:
        datum = BEGINN + timedelta(days=tag)
        monat = datum.year * 100 + datum.month
        if anlass is None:
            anlass = self._anders.get((nutzer.kennung, monat)) or self._anlass(nutzer)
        return Abrufzeile(
            stelle=Stelle(1, 0),
            tag=datum.toordinal(),
            stunde=stunde,
            monat=monat,
            behoerde=nutzer.behoerde,
            nutzer=nutzer.kennung,
            person=b"%d/%d" % (monat, person[0]),
            neutral=neutral and not frei,
            anlass=anlass,
            grenznah=bool(frei) and grenznah(frei),
            ueber_grenze=ueber_grenze,
            eigener_name=not neutral and eigener_name(namensteile(nutzer.kennung), person[1], person[2]),
        )

    def _anlass(self, nutzer: Nutzer) -> str:
        if len(nutzer.anlaesse) == 1:
            return nutzer.anlaesse[0]
        return self._r.choices(nutzer.anlaesse, range(len(nutzer.anlaesse), 0, -1))[0]

    def _person(self, nummer: int) -> _Person:
        r = random.Random(nummer)
        return nummer, _familienname(min(r.randrange(1600), r.randrange(1600))), r.choice(_VORNAMEN)

    # -- what is planted -----------------------------------------------------------------------------------------------

    def _plant(self) -> None:
        namen = [regel.name for regel in REGELN]
        for fall in range(self.faelle):
            name = namen[fall % len(namen)]
            self.gepflanzt.append((name, set()))
            getattr(self, f"_{name}")(fall)

    def _opfer(self, *arten: str) -> Nutzer:
        moeglich = [one for one in self._nutzer if one.art in (arten or ("amt", "schicht")) and one.ab == 0]
        return self._r.choice(moeglich)

    def _tag(self) -> int:
        """A working day."""
        tag = self._r.randrange(VORLAUF + 1, self.tage - 1)
        return tag - max(0, (BEGINN + timedelta(days=tag)).weekday() - 4)

    def _monatstage(self, wie_viele: int) -> list[int]:
        """Working days of one month."""
        erster = (BEGINN + timedelta(days=self._tag())).replace(day=1)
        start = max((erster - BEGINN).days, VORLAUF)
        tage = [tag for tag in range(start, start + 27) if (BEGINN + timedelta(days=tag)).weekday() < 5]
        return sorted(self._r.sample(tage, min(wie_viele, len(tage))))

    def _add(self, fall: int, zeile: Abrufzeile) -> None:
        self._zusatz.setdefault(zeile.tag - BEGINN.toordinal(), []).append((zeile, fall))

    def _fremde(self) -> _Person:
        return self._person(self._r.randrange(self._personen))

    def _menge(self, fall: int) -> None:
        nutzer, tag, skala = (
            self._opfer("amt"),
            self._tag(),
            self.abrufe / (sum(one.rate for one in self._nutzer) * self.tage * 0.72),
        )
        for _ in range(max(self._r.randint(17, 45), round(nutzer.rate * skala * self._r.uniform(2.5, 9)))):
            self._add(fall, self._zeile(nutzer, tag, self._stunde(nutzer), self._fremde(), neutral=False))

    def _stunden(self, fall: int) -> None:
        nutzer, tag, stunde = self._opfer("amt"), self._tag(), self._r.choice((22, 23, 0, 1, 2, 3, 4))
        for _ in range(self._r.randint(2, 10)):
            self._add(fall, self._zeile(nutzer, tag, stunde, self._fremde(), neutral=False))

    def _viele_fragen(self, fall: int) -> None:
        person, tage = (10**9 + fall, "promi", "paula"), self._monatstage(5)
        for nutzer in self._r.sample(self._nutzer, min(len(self._nutzer), self._r.randint(7, 18))):
            tag = self._r.choice(tage)
            self._add(fall, self._zeile(nutzer, tag, self._stunde(nutzer), person, neutral=self._r.random() < 0.2))

    def _immer_wieder(self, fall: int) -> None:
        nutzer, person = self._opfer(), self._fremde()
        for tag in self._monatstage(self._r.randint(4, 11)):
            self._add(fall, self._zeile(nutzer, tag, self._stunde(nutzer), person, neutral=False))

    def _anlass_sinnlos(self, fall: int) -> None:
        nutzer, text = self._opfer(), self._r.choice(_SINNLOS)
        for tag in self._monatstage(self._r.randint(1, 4)):
            self._add(fall, self._zeile(nutzer, tag, self._stunde(nutzer), self._fremde(), neutral=False, anlass=text))

    def _anlass_einerlei(self, fall: int) -> None:
        nutzer, tage, text = self._opfer("amt"), self._monatstage(20), self._r.choice(_EINERLEI)
        datum = BEGINN + timedelta(days=tage[0])
        self._anders[nutzer.kennung, datum.year * 100 + datum.month] = text
        for _ in range(self._r.randint(25, 60)):
            tag = self._r.choice(tage)
            self._add(fall, self._zeile(nutzer, tag, self._stunde(nutzer), self._fremde(), neutral=False))

    def _neutral(self, fall: int) -> None:
        """Within an hour in which he asks for nothing else."""
        nutzer, tag = self._opfer("amt"), self._tag()
        for _ in range(self._r.randint(7, 18)):
            self._add(fall, self._zeile(nutzer, tag, 6, self._fremde(), neutral=True))

    def _platzhalter(self, fall: int) -> None:
        nutzer, tag = self._opfer(), self._tag()
        for _ in range(self._r.randint(3, 12)):
            frei = {"familienname": self._r.choice("abcdefghklm") + self._r.choice(("*", "?*", "a*"))}
            self._add(fall, self._zeile(nutzer, tag, self._stunde(nutzer), self._fremde(), neutral=False, frei=frei))

    def _eigener_name(self, fall: int) -> None:
        nutzer = self._opfer()
        while not any(len(teil) > 5 for teil in namensteile(nutzer.kennung)):
            nutzer = self._opfer()
        wer = next(
            (
                (10**8 + fall, familie, vor)
                for familie in map(_familienname, range(1600))
                for vor in _VORNAMEN
                if eigener_name(namensteile(nutzer.kennung), familie, vor)
            ),
            (10**8 + fall, nutzer.kennung.partition("-")[0], "erika"),  # a Kennung of the family name alone
        )
        self._add(fall, self._zeile(nutzer, self._tag(), self._stunde(nutzer), wer, neutral=False))

    def _grenzen(self, fall: int) -> None:
        """Sometimes fewer than the rule wants."""
        nutzer, tage = self._opfer(), self._monatstage(self._r.randint(3, 8))
        for number in range(self._r.randint(9, 30)):
            tag, wen = tage[number % len(tage)], self._fremde()
            self._add(fall, self._zeile(nutzer, tag, self._stunde(nutzer), wen, neutral=False, ueber_grenze=True))


def _familienname(nummer: int) -> str:
    a, rest = nummer % 16, nummer // 16
    return _SILBEN[a] + _SILBEN[(rest // 10) % 10 + 6 - 1] + _ENDEN[rest % 10]


def _poisson(r: random.Random, erwartet: float) -> int:
    if erwartet > 30:
        return max(0, round(r.gauss(erwartet, erwartet**0.5)))
    grenze, produkt, k = 2.718281828459045**-erwartet, r.random(), 0
    while produkt > grenze:
        produkt *= r.random()
        k += 1
    return k
