"""The kinds of freie Suche whose latency is measured, each asked for values that the mirror has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from gateway.meldewesen.anfrage import AKTUELL, INAKTUELL, KEINE_ANGABE, FreieAuswahl, FreieWohnung
from gateway.meldewesen.freie_suche import FreieSuchformen, platzhalter_fehler
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from tests.bench.fundus import Fundus, Record, inland
from tests.bench.measuring import Goal
from tests.spiegel.personen import freie_formen

USUAL, ALLOWED = Goal("usual", 0.99, 0.050), Goal("allowed", 1, 1.0)

LAND, KREIS, GEMEINDE = 2, 5, 8  # digits of the area

Auswahl = Mapping[str, Any] | None
Angabe = Callable[[Fundus, Record], Auswahl]


@dataclass(frozen=True)
class FreiesKind:
    """`gibt` says what is given, None where the person has it not; all parts of it together make the query."""

    name: str
    gibt: Sequence[Angabe]
    bereich: int = LAND
    goal: Goal = USUAL
    aktualitaet: str | None = None

    def queries(self, fundus: Fundus, number: int) -> list[FreieSuchformen]:
        """See `kinds.Kind.queries`."""
        found = (formen for person in fundus.persons if (formen := self._query(fundus, person)) is not None)
        return list(islice(found, number))

    def _query(self, fundus: Fundus, person: Record) -> FreieSuchformen | None:
        auswahl: dict[str, Any] = {}
        for angabe in self.gibt:
            given = angabe(fundus, person)
            if given is None:
                return None
            auswahl |= given
        if "wohnung" in auswahl:
            auswahl["wohnung"] = FreieWohnung(**auswahl["wohnung"])
        if platzhalter_fehler(FreieAuswahl(**auswahl)):
            return None
        return freie_formen(person["ags"][: self.bereich], self.aktualitaet, **auswahl)


# -- what is given: as the record has it -----------------------------------------------------------------------------


def _hat(*felder: str) -> Angabe:
    """Fields of the record that the query has by the same names."""
    return lambda _, person: {feld: person[feld] for feld in felder} if all(map(person.get, felder)) else None


def _fest(**auswahl: Any) -> Angabe:
    return lambda _fundus, _person: auswahl


def _dort(**felder: str) -> Angabe:
    """Of the dwelling here: fields of the query by those of the record."""

    def given(_: Fundus, person: Record) -> Auswahl:
        adresse = inland(person)
        if not all(map(adresse.get, felder.values())):
            return None
        return {"wohnung": {feld: adresse[name] for feld, name in felder.items()}}

    return given


def _anfang(feld: str, letters: int) -> Angabe:
    """The first letters of a name, and a wildcard."""

    def given(_: Fundus, person: Record) -> Auswahl:
        name = person.get(feld, "")[:letters]
        return {feld: f"{name}*"} if len(name) == letters and name.isalpha() else None

    return given


def _geboren(tage: int) -> Angabe:
    """The time from the birth on; 0 for the day itself."""

    def given(_: Fundus, person: Record) -> Auswahl:
        tag = person["geburtsdatum"]
        if tag.endswith("-00"):
            return None
        bis = (date.fromisoformat(tag) + timedelta(tage)).isoformat()
        return {"geburt_von": tag, "geburt_bis": bis} if tage else {"geburtsdatum": Teildatum(tag)}

    return given


def _strasse(nummern: int = 0, **wohnung: str) -> Angabe:
    """The street, and as many house numbers from the own one on."""

    def given(_: Fundus, person: Record) -> Auswahl:
        adresse = inland(person)
        if not adresse.get("hausnummer", "").isdigit():
            return None
        von = int(adresse["hausnummer"])
        bereich = {"hausnummer_von": str(von), "hausnummer_bis": str(von + nummern)} if nummern else {}
        return {"wohnung": {"strasse": adresse["strasse"], **bereich, **wohnung}}

    return given


def _staat(_: Fundus, person: Record) -> Auswahl:
    fremde = [staat for staat in person.get("staatsangehoerigkeiten", ()) if staat != "000"]
    return {"staatsangehoerigkeit": fremde[0]} if fremde else None


def _stand(_: Fundus, person: Record) -> Auswahl:
    stand = person.get("familienstand", {}).get("stand")
    return {"familienstand": stand} if stand else None


def _im_ausland(_: Fundus, person: Record) -> Auswahl:
    wegzug = person.get("wegzug_ausland")
    return {"wohnung": {"auslandsanschrift_staat": wegzug["staat"]}} if wegzug else None


def _waffen(feld: str, wahl: str) -> Angabe:
    return lambda _, person: {wahl: True} if person.get(feld) else None


_WAFFENERLAUBNIS = _waffen("waffenrechtliche_erlaubnisse", "waffenrechtliche_erlaubnis")
_WAFFENVERBOT = _waffen("waffenbesitzverbote", "waffenbesitzverbot")


# -- what is given: what many have ------------------------------------------------------------------------------------


def _haeufigste(*felder: str) -> Angabe:
    return lambda fundus, _: {feld: fundus.commonest(feld) for feld in felder}


def _anderswo(fundus: Fundus, person: Record) -> Auswahl:
    """A dwelling in the commonest municipality, by its key, with the name of another: nobody has one."""
    haeufigste, ort = fundus.commonest("ags"), inland(person).get("wohnort")
    if not ort or haeufigste == person["ags"]:
        return None
    return {"wohnung": {"gemeindeschluessel": Gemeindeschluessel(haeufigste), "wohnort": ort}}


def _strassen(name: str, von: int, bis: int, **wohnung: str) -> dict[str, str]:
    return {"strasse": name, "hausnummer_von": str(von), "hausnummer_bis": str(bis), **wohnung}


_KINDER = _fest(geburt_von="2008-12-01", geburt_bis="2026-12-31")
_ECHT_VERSCHIEDENE = _fest(familienname="S* S?* S??* S???* S????* S*e* S?*e* S??*e* S*r* S?*r*")
_AN_A = {"vornamen": " ".join(f"An{'?' * length}*a" for length in range(10))}
_H_STRASSEN = {"strasse": "H*", "status": "2"}
_ALLE_GEBURTEN = _fest(geburt_von="1900-01-01", geburt_bis="2026-12-31")
_NAME, _VORNAME, _TAG, _SEX = _hat("familienname"), _hat("vornamen"), _geboren(0), _hat("geschlecht")
_UEBLICH = _fest(geschlecht="m", staatsangehoerigkeit="000", wohnung={"status": "0"})
_WAHLLOS = {"familienname": "M*", "vornamen": "A*"}

KINDS: Sequence[FreiesKind] = (
    FreiesKind("surname, Kreis", (_NAME,), KREIS),
    FreiesKind("surname", (_NAME,)),
    FreiesKind("surname + first names", (_NAME, _VORNAME)),
    FreiesKind("surname + first names, phonetic", (_NAME, _VORNAME, _fest(phonetik=True))),
    FreiesKind("surname + first names, phonetic, Gemeinde", (_NAME, _VORNAME, _fest(phonetik=True)), GEMEINDE),
    FreiesKind("surname, current persons", (_NAME,), aktualitaet=AKTUELL),
    FreiesKind("surname, former persons", (_NAME,), aktualitaet=INAKTUELL),
    FreiesKind("surname abcd* + births of 5 years", (_anfang("familienname", 4), _geboren(1826))),
    FreiesKind("surname ab* + first name ab*", (_anfang("familienname", 2), _anfang("vornamen", 2))),
    FreiesKind("surname a* + birth date", (_anfang("familienname", 1), _TAG)),
    FreiesKind("first name abc* + sex", (_anfang("vornamen", 3), _SEX)),
    FreiesKind("first name abc* + sex, Gemeinde", (_anfang("vornamen", 3), _SEX), GEMEINDE),
    FreiesKind(
        "Künstlername", (lambda _, p: {"ordens_oder_kuenstlername": n} if (n := p.get("kuenstlername")) else None,)
    ),
    FreiesKind("doctoral degree + first names", (_hat("doktorgrad"), _VORNAME)),
    FreiesKind("street + numbers, Gemeinde", (_strasse(10),), GEMEINDE),
    FreiesKind("street + numbers", (_strasse(10),)),
    FreiesKind("street, current dwellings", (_strasse(0, aktualitaet=AKTUELL),), GEMEINDE),
    FreiesKind("postcode + number", (_dort(postleitzahl="plz", hausnummer="hausnummer"),)),
    FreiesKind("birth date", (_TAG,)),
    FreiesKind("births of a week", (_geboren(6),)),
    FreiesKind("births of a week, Gemeinde", (_geboren(6),), GEMEINDE),
    FreiesKind("birth place + birth date", (_hat("geburtsort"), _TAG)),
    FreiesKind("foreign nationality + births of a year", (_staat, _geboren(365))),
    FreiesKind("marital status + place", (_stand, _dort(wohnort="wohnort"))),
    FreiesKind("marital status + place + surname", (_stand, _dort(wohnort="wohnort"), _NAME)),
    FreiesKind("weapons permission, Gemeinde", (_WAFFENERLAUBNIS,), GEMEINDE),
    FreiesKind("weapons permission + births of a year", (_WAFFENERLAUBNIS, _geboren(365))),
    FreiesKind("weapons ban", (_WAFFENVERBOT,), GEMEINDE),
    FreiesKind("day of death", (_hat("sterbedatum"),)),
    FreiesKind("address abroad by state", (_im_ausland,)),
    FreiesKind("address abroad by state + surname", (_im_ausland, _NAME)),
    FreiesKind("sex", (_SEX,)),
    FreiesKind("only an area: Gemeinde", (), GEMEINDE),
    FreiesKind("only an area: Land", ()),
    FreiesKind("only former persons", (), aktualitaet=INAKTUELL),
)

#: The worst: much is walked, and few are found or none.
_SCHLIMMSTE: Sequence[tuple[str, Sequence[Angabe]]] = (
    ("M* + A*", (_fest(**_WAHLLOS),)),
    ("M* + A* + divers", (_fest(**_WAHLLOS, geschlecht="d"),)),
    ("S* M* B* as surnames", (_fest(familienname="S* M* B*"),)),
    ("S* S* S* + A* B* C*", (_fest(familienname="S* Sc* Sch*", vornamen="A* B* C*"),)),
    ("A* B* as first names + sex", (_fest(vornamen="A* B*"), _SEX)),
    ("commonest surname + birth place, born abroad", (_haeufigste("familienname", "geburtsort"), _hat("geburtsstaat"))),
    ("commonest birth place, born abroad", (_haeufigste("geburtsort"), _hat("geburtsstaat"))),
    ("born in no state + first names", (_fest(geburtsstaat=KEINE_ANGABE), _VORNAME)),
    ("born in no state + place abroad", (_fest(geburtsstaat=KEINE_ANGABE), _hat("geburtsstaat", "geburtsort"))),
    ("A* to M* as first names", (_fest(vornamen=" ".join(f"{letter}*" for letter in "ABCDEFGHJKLM")),)),
    ("A* A?* A??* … as first names", (_fest(vornamen=" ".join(f"A{'?' * length}*" for length in range(20))),)),
    ("S* S?* S??* S*e* … as surnames, children in H*", (_KINDER, _ECHT_VERSCHIEDENE, _fest(wohnung=_H_STRASSEN))),
    ("An*a An?*a … as first names + men", (_fest(**_AN_A, geschlecht="m"),)),
    ("S* + A*a + men, all births", (_ALLE_GEBURTEN, _fest(familienname="S*", vornamen="A*a", geschlecht="m"))),
    ("all births, widowed men", (_ALLE_GEBURTEN, _fest(familienstand="VW", geschlecht="m"))),
    ("married children", (_KINDER, _fest(familienstand="VH"))),
    ("married boys, German, with dwelling", (_KINDER, _UEBLICH, _fest(familienstand="VH"))),
    ("widowed children, boys", (_KINDER, _fest(familienstand="VW", geschlecht="m"))),
    ("children died", (_KINDER, _hat("sterbeort"))),
    ("children of surname S*, married", (_KINDER, _fest(familienstand="VH", familienname="S*"))),
    ("men of women's names", (_fest(geschlecht="m", vornamen="An*a"),)),
    ("one municipality's key, another's name", (_anderswo,)),
    ("street S* + all numbers, second dwelling", (_fest(wohnung=_strassen("S*", 1, 9999, status="2")),)),
    ("street S* + high numbers", (_fest(wohnung=_strassen("S*", 178, 9999)),)),
    ("street S?h* + numbers + A* B*", (_fest(vornamen="A* B*", wohnung=_strassen("S?h*", 1, 99)),)),
    ("any state abroad + first name a*", (_fest(wohnung={"staat": "*"}), _anfang("vornamen", 1))),
    ("any state abroad, children, married", (_KINDER, _fest(wohnung={"staat": "*"}, familienstand="VH"))),
    ("surname a*b* + births of 5 years", (lambda _, p: {"familienname": f"{p['familienname'][0]}*z*"}, _geboren(1826))),
)  # fmt: skip

KINDS = (*KINDS, *(FreiesKind(name, gibt, goal=ALLOWED) for name, gibt in _SCHLIMMSTE))
