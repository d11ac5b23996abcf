"""Synthetic persons for a sample mirror: households with German names by frequency, and the awkward in small shares.

Nobody here exists. `generate` is seeded: the same arguments give the same bytes on every machine and every supported
Python. The hand-made persons, each for a case of its own, are in `musterpersonen`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.spiegel.musterbesonderes import EINTRAEGE, MUTTER, NAMEN, VATER, Seltenes, nachweis, sperre
from gateway.spiegel.musternamen import Herkunft, Namenspaar
from gateway.spiegel.musterorte import Gemeinde, gemeinden, strassen
from gateway.spiegel.musterwerk import JAHR, Mensch, Record, Werkstatt

__all__ = ["STICHTAG", "Gemeinde", "Record", "gemeinden", "generate", "strassen"]

#: The day on which the sample was drawn; ages, deadlines and documents are as of then.
STICHTAG = date(2026, 11, 1)

#: First days of the LPartG and of marriage for all, after which no Lebenspartnerschaft is founded.
LPARTG, EHE_FUER_ALLE = date(2001, 8, 1).toordinal(), date(2017, 10, 1).toordinal()

#: How couples are named: his for both, hers for both, his and for her with hers behind a hyphen; the rest keep theirs.
NAME_DES_MANNES, NAME_DER_FRAU, BEGLEITNAME = 0.70, 0.06, 0.06


def generate(
    persons: int, *, seed: int = 1, gemeinden: Sequence[Gemeinde], stichtag: date = STICHTAG
) -> Iterator[Record]:
    """`persons` records, household after household, spread over `gemeinden` by their inhabitants.

    One record a person: the copy that a second municipality would keep of somebody who moved is not made.
    Raises ValueError for a negative number or no municipality.
    """
    if persons < 0 or not gemeinden:
        raise ValueError("a sample needs a number of persons and at least one municipality")
    return _generate(persons, Werkstatt(seed, gemeinden, stichtag))


def _generate(persons: int, werk: Werkstatt) -> Iterator[Record]:
    left = persons
    while left > 0:
        haushalt = werk.pick(_HAUSHALTE)(werk)
        for mensch in haushalt:
            sperre(werk, mensch, haushalt)
        for mensch in haushalt[:left]:
            yield mensch.record
        left -= len(haushalt)


# -- where a household lives, or lived -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verbleib:
    """Where those who left went: § 5 (1) S. 3 BMeldDAV, and the key of DSMeld 1200 where nobody knows exactly."""

    verzogen: str
    sachverhalt: str = ""


VERBLEIB: Seltenes[Verbleib] = Seltenes(
    (0.075, Verbleib("inland")),
    (0.016, Verbleib("ausland")),
    (0.006, Verbleib("inland_unbekannt", "1")),
    (0.005, Verbleib("inland_unbekannt", "0")),
    (0.003, Verbleib("ausland", "2")),
)


@dataclass(frozen=True)
class Heim:
    """A household's address and its time there. `bis` is the sample's day, or when the household left."""

    gemeinde: Gemeinde
    herkunft: Herkunft | None
    inland: Record
    einzug: int
    bis: int


def _heim(werk: Werkstatt, bis: int | None = None) -> Heim:
    gemeinde = werk.pick(werk.gemeinden)
    bis = werk.heute if bis is None else bis
    herkunft, inland = werk.pick(werk.tafeln.herkunft), werk.inland(werk.strassen[gemeinde.ags])
    return Heim(gemeinde, herkunft, inland, werk.vor(45, bis - 30), bis)


def _person(werk: Werkstatt, heim: Heim, geschlecht: str, alter: float, name: Namenspaar | None = None) -> Mensch:
    """An adult of that age (years at the end of the time here), with the rare things of names and births."""
    geboren = heim.bis - int((alter + werk.rnd()) * JAHR)
    mensch = werk.mensch(geschlecht, geboren, heim.herkunft, name or werk.nachname(heim.herkunft), heim.gemeinde)
    werk.wohne(mensch, heim.inland, heim.einzug)
    besonders = NAMEN.draw(werk)
    if besonders:
        besonders(werk, mensch)
    return mensch


def _lebt(werk: Werkstatt, mensch: Mensch) -> None:
    """What a living resident has beside name and dwelling."""
    werk.ausweise(mensch)
    eintrag = EINTRAEGE.draw(werk)
    if eintrag:
        eintrag(werk, mensch)


def _vollende(werk: Werkstatt, heim: Heim, menschen: list[Mensch], verbleib: Verbleib | None) -> None:
    for mensch in menschen:
        _lebt(werk, mensch)
    if verbleib:
        _verziehe(werk, heim, menschen, verbleib)


def _verziehe(werk: Werkstatt, heim: Heim, menschen: list[Mensch], verbleib: Verbleib) -> None:
    """Everybody leaves for the same place on the last day here."""
    inland = werk.inland(werk.anderswo)
    staat, *zeilen = _ausland(werk, heim)
    for mensch in menschen:
        record = mensch.record
        _beende(werk, mensch, heim.bis, amtlich=verbleib.sachverhalt == "0")
        record["verzogen"] = verbleib.verzogen
        if verbleib.verzogen == "ausland":
            record["letzter_wegzug_ausland"] = werk.tag(heim.bis)
        if verbleib == Verbleib("ausland"):
            record["wegzug_ausland"] = {"staat": staat, "anschrift": list(zeilen)}
        elif verbleib == Verbleib("inland"):
            einzug = {"status": "0", "art": "4", "einzug": werk.tag(heim.bis)}
            record["wohnungen"].insert(0, {"aktuell": True, "anschrift": {"inland": dict(inland)}, **einzug})
        else:
            unbekannt = {"sachverhalt": verbleib.sachverhalt}
            record["wohnungen"].insert(0, {"aktuell": True, "anschrift": {"unbekannt": unbekannt}})


def _ausland(werk: Werkstatt, heim: Heim) -> list[str]:
    """State and lines of an address abroad, for many where the family came from."""
    if heim.herkunft:
        return [heim.herkunft.staat, "c/o " + werk.pick(heim.herkunft.nachnamen)[0], werk.pick(heim.herkunft.orte)]
    found: list[str] = werk.pick(werk.tafeln.teile["auslandsanschriften"])
    return found


def _beende(werk: Werkstatt, mensch: Mensch, auszug: int, *, amtlich: bool = False) -> None:
    """The dwellings here end; § 13 (2) and § 14 (2) BMG thin out what is older than five years."""
    for wohnung in mensch.record["wohnungen"]:
        if wohnung["aktuell"]:
            wohnung["aktuell"] = False
            wohnung["auszug"] = werk.tag(auszug)
            wohnung.pop("wohnungsgeber", None)
            wohnung["abmeldung_von_amts_wegen" if amtlich else "abmeldung"] = werk.tag(auszug)
    if int(werk.tag(auszug)[:4]) + 5 < int(werk.tag(werk.heute)[:4]):
        mensch.record["verringerter_datenumfang"] = True
        mensch.record.pop("ausweisdokumente", None)


# -- households ------------------------------------------------------------------------------------------------------


def _geschlecht(werk: Werkstatt) -> str:
    return "m" if werk.rnd() < 0.49 else "w"


def _aufbruch(werk: Werkstatt) -> tuple[Heim, Verbleib | None]:
    """A home, and for some where they went from there."""
    verbleib = VERBLEIB.draw(werk)
    return _heim(werk, werk.vor(25, werk.heute) if verbleib else None), verbleib


def _ledig(werk: Werkstatt) -> list[Mensch]:
    heim, verbleib = _aufbruch(werk)
    mensch = _person(werk, heim, _geschlecht(werk), 18 + werk.rnd() * werk.rnd() * 75)
    mensch.record["familienstand"] = {"stand": "LD"}
    _vollende(werk, heim, [mensch], verbleib)
    return [mensch]


def _geschieden(werk: Werkstatt) -> list[Mensch]:
    heim, verbleib = _aufbruch(werk)
    mensch = _person(werk, heim, _geschlecht(werk), 30 + werk.rnd() * 55)
    record = mensch.record
    if mensch.geschlecht == "w" and werk.rnd() < 0.5:
        record["geburtsname"] = werk.nachname(heim.herkunft)[1]
    ende = max(mensch.geboren + int(29 * JAHR), werk.vor(25, heim.bis))
    record["familienstand"] = {
        "stand": "GS",
        "beginn": werk.tag(ende - int((2 + werk.rnd() * 8) * JAHR)),
        "beendigungsgrund": "2",
        "ende": werk.tag(ende),
        "beendigung_nachweis": {"behoerde": f"Amtsgericht {heim.gemeinde.name}", "aktenzeichen": "604 F 1234/05"},
    }
    _vollende(werk, heim, [mensch], verbleib)
    return [mensch]


def _paar(werk: Werkstatt) -> list[Mensch]:
    heim, verbleib = _aufbruch(werk)
    paar = _eheleute(werk, heim, 26 + werk.rnd() * 62)
    _vollende(werk, heim, paar, verbleib)
    _verheirate(werk, heim, paar, _hochzeit(werk, heim, paar))
    return paar


def _lebenspartner(werk: Werkstatt) -> list[Mensch]:
    heim, verbleib = _aufbruch(werk)
    geschlecht, alter = _geschlecht(werk), 32 + werk.rnd() * 45
    paar = [_person(werk, heim, geschlecht, alter + werk.rnd() * 6 - 3) for _ in range(2)]
    _vollende(werk, heim, paar, verbleib)
    tag = max(_hochzeit(werk, heim, paar), LPARTG)
    _verheirate(werk, heim, paar, tag, "LP" if tag < EHE_FUER_ALLE else "EG")
    return paar


def _familie(werk: Werkstatt) -> list[Mensch]:
    heim = _heim(werk)
    alter = 24 + werk.rnd() * 26
    eltern = _eheleute(werk, heim, alter)
    _vollende(werk, heim, eltern, None)
    _verheirate(werk, heim, eltern, _hochzeit(werk, heim, eltern))
    return eltern + _kinder(werk, heim, eltern, alter, werk.pick((1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 4)))


def _alleinerziehend(werk: Werkstatt) -> list[Mensch]:
    heim = _heim(werk)
    alter = 22 + werk.rnd() * 26
    eltern = [_person(werk, heim, "w" if werk.rnd() < 0.85 else "m", alter)]
    eltern[0].record["familienstand"] = {"stand": "LD"}
    _vollende(werk, heim, eltern, None)
    return eltern + _kinder(werk, heim, eltern, alter, werk.pick((1, 1, 1, 2, 2, 3)))


def _verwitwet(werk: Werkstatt) -> list[Mensch]:
    """A dead person and the survivor, who married long ago."""
    heim = _heim(werk, werk.vor(20, werk.heute))
    seither = (werk.heute - heim.bis) / JAHR
    paar = _eheleute(werk, heim, 52 + werk.rnd() * (46 - seither))
    for mensch in paar:
        werk.ausweise(mensch)
    ehe = _verheirate(werk, heim, paar, _hochzeit(werk, heim, paar))
    tot, lebend = paar if werk.rnd() < 0.75 else paar[::-1]
    _stirb(werk, tot, heim.bis)
    lebend.record["partner"]["sterbedatum"] = tot.record["sterbedatum"]
    ende = {"beendigungsgrund": "1", "ende": tot.record["sterbedatum"]}
    lebend.record["familienstand"] = {**ehe, "stand": "VW", **ende}
    return [tot, lebend]


def _verstorben(werk: Werkstatt) -> list[Mensch]:
    heim = _heim(werk, werk.vor(55, werk.heute))
    mensch = _person(werk, heim, _geschlecht(werk), 45 + werk.rnd() * 50)
    mensch.record["familienstand"] = {"stand": werk.pick(("LD", "VW", "GS", "NB"))}
    _stirb(werk, mensch, heim.bis)
    return [mensch]


_HAUSHALTE: list[Callable[[Werkstatt], list[Mensch]]] = [
    *[_ledig] * 370,
    *[_geschieden] * 75,
    *[_paar] * 250,
    *[_lebenspartner] * 8,
    *[_familie] * 150,
    *[_alleinerziehend] * 45,
    *[_verwitwet] * 60,
    *[_verstorben] * 42,
]


# -- relatives -------------------------------------------------------------------------------------------------------


def _eheleute(werk: Werkstatt, heim: Heim, alter: float) -> list[Mensch]:
    """Husband and wife with their married names (§ 1355 BGB)."""
    sein, ihr = werk.nachname(heim.herkunft), werk.nachname(heim.herkunft)
    draw = werk.rnd()
    mann = _person(werk, heim, "m", alter + werk.rnd() * 8 - 2, sein)
    frau = _person(werk, heim, "w", alter, ihr)
    if draw < NAME_DES_MANNES:
        _ehename(mann, frau, sein)
    elif draw < NAME_DES_MANNES + NAME_DER_FRAU:
        _ehename(frau, mann, ihr)
    elif draw < NAME_DES_MANNES + NAME_DER_FRAU + BEGLEITNAME:
        _ehename(mann, frau, sein)
        if " " not in sein[1] + ihr[1] and "-" not in sein[1] + ihr[1]:
            frau.record["familienname"] = f"{sein[1]}-{ihr[1]}"
    return [mann, frau]


def _ehename(behaelt: Mensch, nimmt: Mensch, name: Namenspaar) -> None:
    nimmt.record["geburtsname"] = nimmt.record["familienname"]
    nimmt.record["familienname"] = nimmt.record["ehename"] = name[nimmt.geschlecht == "w"]
    nimmt.name = name
    behaelt.record["ehename"] = behaelt.record["familienname"]


def _hochzeit(werk: Werkstatt, heim: Heim, paar: list[Mensch]) -> int:
    """A day when both were grown up."""
    return min(max(mensch.geboren for mensch in paar) + int((19 + werk.rnd() * 14) * JAHR), heim.bis)


def _verheirate(werk: Werkstatt, heim: Heim, paar: list[Mensch], tag: int, typ: str = "EG") -> Record:
    """Lets the two records refer to each other; gives their common Familienstand."""
    ehe: Record = {"stand": "VH" if typ == "EG" else "LP", "beginn": werk.tag(tag)}
    ehe["ort"] = heim.gemeinde.name if werk.rnd() < 0.6 else werk.pick(werk.tafeln.geburtsorte)
    if werk.rnd() < 0.1:
        ehe["nachweis"] = nachweis(werk, "Eheurkunde", ehe["beginn"])
    for einer, anderer in (paar, paar[::-1]):
        einer.record["familienstand"] = dict(ehe)
        einer.record["partner"] = _partner(anderer, typ)
    return ehe


_PARTNERFELDER = ("familienname", "geburtsname", "vornamen", "doktorgrad", "geburtsdatum", "geschlecht")


def _angaben(record: Record, felder: Sequence[str]) -> Record:
    return {feld: record[feld] for feld in felder if feld in record}


def _anschrift(record: Record) -> Record:
    """A copy of where the person lives now, as others' records have it."""
    if "wegzug_ausland" in record:
        return {"ausland": {"staat": record["wegzug_ausland"]["staat"]}}
    return {art: dict(werte) for art, werte in record["wohnungen"][0]["anschrift"].items()}


def _partner(mensch: Mensch, typ: str) -> Record:
    wohnung = {"anschrift": _anschrift(mensch.record), "status": "0", "art": "7"}
    return {"typ": typ, **_angaben(mensch.record, _PARTNERFELDER), "wohnungen": [wohnung]}


def _kinder(werk: Werkstatt, heim: Heim, eltern: list[Mensch], alter: float, anzahl: int) -> list[Mensch]:
    """Minor children, whose records name the parents as the parents' records name them (§ 3 (1) Nr. 9 and 16 BMG)."""
    hoechstens = min(17.9, alter - 19)
    name = werk.pick(eltern).name  # one for all, § 1617 BGB
    kinder = [_kind(werk, heim, eltern, name, werk.rnd() * hoechstens) for _ in range(anzahl)]
    for elternteil in eltern:
        elternteil.record["kinder"] = [
            {**_angaben(kind.record, _KINDFELDER), "anschrift": _anschrift(kind.record)} for kind in kinder
        ]
    return kinder


_KINDFELDER = ("familienname", "vornamen", "geburtsdatum", "geschlecht")


def _kind(werk: Werkstatt, heim: Heim, eltern: list[Mensch], name: Namenspaar, alter: float) -> Mensch:
    geboren = heim.bis - int(alter * JAHR)
    kind = werk.mensch(_geschlecht(werk), geboren, heim.herkunft, name, heim.gemeinde)
    werk.ziehe_ein(kind, heim.inland, heim.einzug)
    _wohnte_bei(kind.record, eltern[-1].record)
    kind.record["familienstand"] = {"stand": "LD"}
    kind.record["gesetzliche_vertreter"] = [
        {
            "art": VATER if elternteil.geschlecht == "m" else MUTTER,
            **_angaben(elternteil.record, ("familienname", "vornamen", "doktorgrad", "geburtsdatum", "geschlecht")),
            "anschrift": _anschrift(elternteil.record),
        }
        for elternteil in eltern
    ]
    if werk.rnd() < 0.4:
        werk.ausweise(kind)
    return kind


def _wohnte_bei(kind: Record, elternteil: Record) -> None:
    """The parent's former dwellings since the child's birth are the child's as well."""
    geboren = kind["geburtsdatum"]
    for wohnung in elternteil["wohnungen"]:
        if wohnung.get("auszug", "") > geboren:
            anschrift = {"inland": dict(wohnung["anschrift"]["inland"])}
            kind["wohnungen"].append({**wohnung, "anschrift": anschrift, "einzug": max(wohnung["einzug"], geboren)})
    for feld in ("zuzug_gemeinde", "zuzug_kreis", "zuzug_land"):
        if elternteil.get(feld, "") > geboren:
            kind[feld] = elternteil[feld]


def _stirb(werk: Werkstatt, mensch: Mensch, tag: int) -> None:
    record = mensch.record
    record["sterbedatum"] = werk.tag(tag)
    record["sterbeort"] = mensch.gemeinde.name
    record["sterbe_nachweis"] = {"behoerde": f"Standesamt {mensch.gemeinde.name}", "aktenzeichen": f"S {tag % 4000}"}
    _beende(werk, mensch, tag)
