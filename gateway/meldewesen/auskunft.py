"""What is told of a found person: the record reduced to what was asked for, and what the law adds by itself.

§§ 5, 6, 8 BMeldDAV, § 34a (5) S. 3 BMG. Everything here speaks of fields of the record; which code of a message's
version asks for which field, and where the field then stands in XML, is the mapping's matter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.meldewesen.datensatz import (
    DATENSATZ,
    GEBIET,
    INLAND,
    TEILDATUM,
    UNBEKANNT_1200,
    WAHR,
    WOHNUNG,
    Datensatz,
    Feld,
)
from gateway.meldewesen.sperren import gesperrt

#: A dwelling as it is told. The states abroad and the last move abroad stand apart in the record and are told as
#: dwellings, with `wohnung.aktuell`; `ausland` is the bare fact (§ 5 (1) S. 3 no. 4).
_WOHNUNG = {
    **WOHNUNG,
    "anschrift": Feld(
        {"inland": INLAND, "unbekannt": UNBEKANNT_1200, "zuzugsstaat": GEBIET, "wegzugsstaat": GEBIET, "ausland": WAHR},
        pflicht=True,
    ),
    "letzter_wegzug_ausland": TEILDATUM,
}

#: The fields of an answer: those of the record, and what is derived from it here.
ANTWORT: Mapping[str, Feld] = {
    **DATENSATZ,
    "wohnungen": replace(DATENSATZ["wohnungen"], form=_WOHNUNG),
    "im_inland_verzogen": WAHR,
    "verstorben": WAHR,
}

#: Each of these says that a person is dead.
STERBEDATEN = frozenset({"sterbedatum", "sterbe_nachweis", "sterbeort", "sterbestaat"})
_TOT = STERBEDATEN | {"verstorben"}  # the bare fact, of a record that was reduced

#: Other persons noted with the person: § 34 (1) S. 1 no. 11, 13 and 14 BMG.
_BEIGESCHRIEBEN = ("gesetzliche_vertreter", "partner", "kinder")

_ALLEINIGE_ODER_HAUPTWOHNUNG = ("0", "1")
_VERZOGEN_OHNE_ANSCHRIFT = ("inland_unbekannt", "ausland")
_LETZTE_INLANDSWOHNUNG = "2"  # Wohnungsart
VOLLJAEHRIG = 18  # § 2 BGB


@dataclass(frozen=True)
class Wunsch:
    """A field that may be told: its names on the way from the record down.

    `wenn`: only in entries of the first field's group whose field `wenn[0]` has one of the values `wenn[1]`.
    `begleitend`: never alone, but whenever its group tells something else.
    """

    pfad: tuple[str, ...]
    wenn: tuple[str, frozenset[object]] | None = None
    begleitend: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Which fields of a group are told. A field without a plan of its own is told whole.

    With a `weiche`, the plan of an entry is the one that `je` has for the entry's value of that field, else this.
    """

    felder: tuple[tuple[str, "Plan | None"], ...] = ()
    begleitend: tuple[str, ...] = ()
    weiche: str = ""
    je: Mapping[object, "Plan"] = field(default_factory=dict)


@dataclass(frozen=True)
class Auswahl:
    """What was asked, compiled once per set of Wuensche; the flags decide on the hints of § 5 (1) S. 3 BMeldDAV."""

    plan: Plan
    aktuelle_anschrift: bool
    auslandsanschrift: bool
    wegzugsstaat: bool
    sterbedaten: bool


def auswahl(wuensche: Iterable[Wunsch]) -> Auswahl:
    """Compiles what was asked."""
    gewuenscht = tuple(dict.fromkeys(wuensche))
    pfade = {wunsch.pfad for wunsch in gewuenscht if not wunsch.begleitend}
    return Auswahl(
        plan=_plan(gewuenscht),
        aktuelle_anschrift=any(_is_current_address(wunsch) for wunsch in gewuenscht),
        auslandsanschrift=any(pfad[0] == "wegzug_ausland" for pfad in pfade),
        wegzugsstaat=("wohnungen", "anschrift", "wegzugsstaat") in pfade,
        sterbedaten=any(pfad[0] in STERBEDATEN for pfad in pfade),
    )


def auskunft_person(datensatz: Datensatz, asked: Auswahl, heute: str) -> dict[str, Any]:
    """The person as told on `heute` (YYYY-MM-DD): § 5 BMeldDAV. `datensatz` is left as it is."""
    daten = _choose(_tellable(datensatz, asked, heute), asked.plan)
    familienstand = daten.get("familienstand", {})
    if "beendigung_nachweis" in familienstand:  # one place for both proofs: the present state's is told
        familienstand["nachweis"] = familienstand.pop("beendigung_nachweis")
    if "verringerter_datenumfang" in datensatz:  # no. 6
        daten["verringerter_datenumfang"] = True
    return _with_hints(daten, datensatz, asked)


def auskunft_treffer(datensatz: Datensatz) -> dict[str, Any]:
    """The person as an entry of a Trefferliste: § 6 (1) BMeldDAV, whatever was asked."""
    daten = _choose({**datensatz, "wohnungen": _homes(datensatz)}, _TREFFER)
    return _with_hints(daten, datensatz, _NICHTS)


def auskunft_ergebnis(datensatz: Datensatz, asked: Auswahl) -> dict[str, Any]:
    """The person as an entry of an Ergebnisliste: § 8 BMeldDAV. `datensatz` is left as it is."""
    daten = _choose({**datensatz, "wohnungen": _present_home(datensatz)}, asked.plan)
    if "verringerter_datenumfang" in datensatz:  # § 8 (1) S. 3 no. 5
        daten["verringerter_datenumfang"] = True
    return _with_hints(daten, datensatz, _NICHTS)


def _homes(datensatz: Datensatz) -> list[Mapping[str, Any]]:
    """The present sole or main dwelling."""
    return [
        wohnung
        for wohnung in datensatz["wohnungen"]
        if wohnung["aktuell"] and wohnung.get("status") in _ALLEINIGE_ODER_HAUPTWOHNUNG
    ]


def _present_home(datensatz: Datensatz) -> list[Mapping[str, Any]]:
    """§ 8 (1) no. 9: one dwelling, for which a 1333 has one place.

    Of somebody who moved to a place unknown or abroad there is none: the hint on that move is told, by law and in the
    same place, and an address noted beside it would contradict it.
    """
    return [] if datensatz.get("verzogen") in _VERZOGEN_OHNE_ANSCHRIFT else _homes(datensatz)[:1]


def _tellable(datensatz: Datensatz, asked: Auswahl, heute: str) -> Datensatz:
    """The record without persons who must not be told, and with the stays abroad among the dwellings."""
    daten = {**datensatz, "wohnungen": _dwellings(datensatz, asked)}
    for name in _BEIGESCHRIEBEN:
        if name in daten:
            daten[name] = _not_blocked(daten[name], heute)
    if "kinder" in daten:  # § 5 (1) no. 14: children who are minors
        daten["kinder"] = [kind for kind in daten["kinder"] if _may_be_minor(kind.get("geburtsdatum"), heute)]
    return daten


def _not_blocked(personen: Any, heute: str) -> Any:
    """§ 34a (5) S. 3 BMG: nothing of a person who is blocked on `heute`."""
    if isinstance(personen, list):
        return [person for person in personen if not gesperrt(person.get("auskunftssperren", ()), heute)]
    return None if gesperrt(personen.get("auskunftssperren", ()), heute) else personen


def _may_be_minor(geburtsdatum: str | None, heute: str) -> bool:
    """False from the day on which the child is of age for certain; unknown parts are taken as late as they can be.

    The register holds children while they are minors (§ 3 (1) no. 16 BMG): a date not known says nothing against it.
    """
    if geburtsdatum is None or geburtsdatum.startswith("0000"):
        return True
    latest = geburtsdatum.replace("-00", "-99")
    return heute < f"{int(latest[:4]) + VOLLJAEHRIG:04}{latest[4:]}"


def _dwellings(datensatz: Datensatz, asked: Auswahl) -> list[Mapping[str, Any]]:
    wohnungen = list(datensatz["wohnungen"])
    if "zuzug_ausland" in datensatz:  # 1223, before the present dwelling
        wohnungen.append({"aktuell": False, "anschrift": {"zuzugsstaat": datensatz["zuzug_ausland"]["staat"]}})
    if "wegzug_ausland" in datensatz and not asked.auslandsanschrift:  # 1232 alone; with 1233 it has its own place
        abroad = datensatz.get("verzogen") == "ausland"
        wohnungen.append({"aktuell": abroad, "anschrift": {"wegzugsstaat": datensatz["wegzug_ausland"]["staat"]}})
    if "letzter_wegzug_ausland" in datensatz:  # 1314, the day of moving out of the last dwelling in Germany
        _note_departure(wohnungen, datensatz["letzter_wegzug_ausland"])
    return wohnungen


def _note_departure(wohnungen: list[Mapping[str, Any]], datum: str) -> None:
    for index, wohnung in enumerate(wohnungen):
        if wohnung.get("art") == _LETZTE_INLANDSWOHNUNG and not wohnung["aktuell"]:
            wohnungen[index] = {**wohnung, "letzter_wegzug_ausland": datum}
            return
    wohnungen.append({"aktuell": False, "letzter_wegzug_ausland": datum})


def _with_hints(daten: dict[str, Any], datensatz: Datensatz, asked: Auswahl) -> dict[str, Any]:
    """Adds § 5 (1) S. 3 no. 2 to 5, §§ 6, 8 (1) S. 3 no. 1 to 4 BMeldDAV: each fact whose data were not asked for.

    In lists these hints have no condition: there `asked` is _NICHTS.
    """
    verzogen = datensatz.get("verzogen")
    if verzogen == "inland" and not asked.aktuelle_anschrift:
        daten["im_inland_verzogen"] = True
    if verzogen == "inland_unbekannt" and not asked.aktuelle_anschrift:
        daten.setdefault("wohnungen", []).append({"aktuell": True, "anschrift": {"unbekannt": {}}})
    if verzogen == "ausland" and not (asked.auslandsanschrift or asked.wegzugsstaat):
        daten.setdefault("wohnungen", []).append({"aktuell": True, "anschrift": {"ausland": True}})
    if not asked.sterbedaten and not _TOT.isdisjoint(datensatz):
        daten["verstorben"] = True
    return daten


def _is_current_address(wunsch: Wunsch) -> bool:
    """The address itself (1200 to 1212) of a current dwelling; its status and kind say nothing of where it is."""
    return (
        wunsch.pfad[:2] == ("wohnungen", "anschrift")
        and wunsch.wenn is not None
        and True in wunsch.wenn[1]
        and not wunsch.begleitend
    )


def _plan(wuensche: Iterable[Wunsch]) -> Plan:
    groups: dict[str, list[Wunsch]] = {}
    for wunsch in wuensche:
        groups.setdefault(wunsch.pfad[0], []).append(wunsch)
    felder: list[tuple[str, Plan | None]] = []
    begleitend: list[str] = []
    for name, group in groups.items():
        if any(len(wunsch.pfad) == 1 and wunsch.begleitend for wunsch in group):
            begleitend.append(name)
        elif any(len(wunsch.pfad) == 1 for wunsch in group):
            felder.append((name, None))
        elif (plan := _plan_of_group(group)).felder or plan.je:
            felder.append((name, plan))
    return Plan(tuple(felder), tuple(begleitend))


def _plan_of_group(group: Iterable[Wunsch]) -> Plan:
    always = [replace(wunsch, pfad=wunsch.pfad[1:]) for wunsch in group if wunsch.wenn is None]
    plan = _plan(always)
    weichen = {wunsch.wenn for wunsch in group if wunsch.wenn is not None}
    if not weichen:
        return plan
    (weiche,) = {name for name, _ in weichen}
    je = {
        value: _plan(
            [
                *always,
                *(Wunsch(w.pfad[1:], None, w.begleitend) for w in group if w.wenn is not None and value in w.wenn[1]),
            ]
        )
        for value in frozenset().union(*(values for _, values in weichen))
    }
    return replace(plan, weiche=weiche, je=je)


def _choose(daten: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """The fields of `plan` that `daten` has; groups of which nothing is left are dropped."""
    chosen: dict[str, Any] = {}
    for name, teil in plan.felder:
        wert = daten.get(name)
        if wert is None:
            continue
        if teil is not None:
            wert = _choose_each(wert, teil) if isinstance(wert, list) else _choose_entry(wert, teil)
            if not wert:
                continue
        chosen[name] = wert
    if chosen:
        for name in plan.begleitend:
            if name in daten:
                chosen[name] = daten[name]
    return chosen


def _choose_each(entries: list[Mapping[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    return [chosen for entry in entries if (chosen := _choose_entry(entry, plan))]


def _choose_entry(entry: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    return _choose(entry, plan.je.get(entry[plan.weiche], plan) if plan.weiche else plan)


def _treffer() -> Plan:
    inland = ("ags", "plz", "wohnort", "frueherer_gemeindename", "strasse")
    hausnummer = ("hausnummer", "hausnummer_zusatz", "hausnummer_teil")
    pfade = [
        *(("familienname",), ("familienname_pass",), ("ehename",), ("lebenspartnerschaftsname",)),  # 0101a to 0105a
        *(("geburtsname",), ("familiennamen_vor_aenderung", "name")),  # 0201a, 0203a
        *(("vornamen",), ("vornamen_pass",), ("vornamen_vor_aenderung", "vornamen")),  # 0301, 0303
        *(("geburtsdatum",), ("fruehere_geburtsdaten",)),  # 0601, every period
        *(("wohnungen", "anschrift", "inland", name) for name in (*inland, *hausnummer)),  # 1201 to 1209
        ("wohnungen", "art"),  # 1213a
    ]
    return _plan([*(Wunsch(pfad) for pfad in pfade), Wunsch(("wohnungen", "aktuell"), begleitend=True)])


#: § 6 (1) S. 2 BMeldDAV. A mark of § 52 BMG is not told in a list.
_TREFFER = _treffer()

#: As if nothing had been asked for: then each hint is told.
_NICHTS = auswahl(())
