"""The hand-made persons of a sample mirror: each awkward case of a register once, under a fixed Ordnungsmerkmal.

They are data, in `muster_daten/person*.toml`, and invented. What a person there does not say is filled in here: the
municipality's key, postcode and name in addresses, German nationality, and one sole dwelling in the Lange Straße.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gateway.meldewesen.normalform import TABELLE_9
from gateway.spiegel.musternamen import DEUTSCHLAND
from gateway.spiegel.musterorte import Gemeinde, alle_gemeinden, nachbar_of, plz_of, read_toml
from gateway.spiegel.musterwerk import Record

_DATEIEN = (
    "personen_namen",
    "personen_wohnungen",
    "personen_sperren",
    "personen_familie",
    "person_vollstaendig",
    "personen_demo",
)

#: Keys of a person in the files that are not fields of its record: what it is for; "nachbar" if it stands in the
#: neighbour's register; the AGS of the only municipality that has it.
_NOTE, _REGISTER, _NUR = "note", "register", "nur"

#: Who bears every letter of DIN 91379, and who has every field.
ALLE_BUCHSTABEN, ALLE_FELDER = "M-129", "M-800"


@dataclass(frozen=True)
class Demofrage:
    """A Personensuche for a demonstration in any municipality and the status that it must get (§ 34a (5) BMG)."""

    zweck: str
    status: str
    familienname: str
    vornamen: str
    geschlecht: str
    geburtsdatum: str | None = None
    strasse: str | None = None


#: One found, a list, and twice the same answer: blocked and absent.
DEMO = (
    Demofrage("one person found", "01", "Lüdenscheidt-Sörensen", "Erika Maria", "w", geburtsdatum="1964-08-12"),
    Demofrage("two namesakes", "02", "Tjardsen-Quellmalz", "Jan", "m", strasse="Hafenstraße"),
    Demofrage("there, but blocked", "03", "Wiebold-Nachtigal", "Marlene", "w", geburtsdatum="1990-01-26"),
    Demofrage("not there", "03", "Niemandsland-Ypsilanti", "Nemo", "m", geburtsdatum="1990-01-26"),
)


def notizen() -> dict[str, str]:
    """What each person is for, by Ordnungsmerkmal, in its order."""
    return {merkmal: person[_NOTE] for merkmal, person in sorted(_vorlagen().items())}


def musterpersonen(gemeinde: Gemeinde, nachbar: Gemeinde | None = None) -> list[Record]:
    """The persons as records of `gemeinde`, in the order of their Ordnungsmerkmal.

    With `nachbar` also the records which that municipality keeps of persons who live in both or moved there; without,
    it only stands in addresses, and is another municipality of the Land. Raises ValueError when the two are the same.
    """
    if nachbar is not None and nachbar.ags == gemeinde.ags:
        raise ValueError("a municipality is not its own neighbour")
    orte = {"": gemeinde, "nachbar": nachbar or nachbar_of(gemeinde), "fern": _fern(gemeinde)}
    return [
        _record(merkmal, person, orte)
        for merkmal, person in sorted(_vorlagen().items())
        if (nachbar or _REGISTER not in person) and person.get(_NUR, gemeinde.ags) == gemeinde.ags
    ]


def _fern(gemeinde: Gemeinde) -> Gemeinde:
    """A municipality of another Land."""
    return next(andere for andere in alle_gemeinden() if andere.ags.land not in (gemeinde.ags.land, "01"))


@cache
def _vorlagen() -> dict[str, Record]:
    persons: dict[str, Record] = {ALLE_BUCHSTABEN: _alle_buchstaben()}
    for datei in _DATEIEN:
        persons |= read_toml(f"{datei}.toml")
    return persons


def _record(merkmal: str, person: Mapping[str, Any], orte: Mapping[str, Gemeinde]) -> Record:
    filled = {
        "ags": str(orte[person.get(_REGISTER, "")].ags),
        "ordnungsmerkmal": merkmal,
        "staatsangehoerigkeiten": [DEUTSCHLAND],
        "wohnungen": [_lange_strasse(merkmal)],
        **{feld: wert for feld, wert in person.items() if feld not in (_NOTE, _REGISTER, _NUR)},
    }
    return {feld: _ortsfest(feld, wert, orte) for feld, wert in filled.items()}


def _lange_strasse(merkmal: str) -> Record:
    inland = {"strasse": "Lange Straße", "hausnummer": merkmal.removeprefix("M-")}
    return {"aktuell": True, "anschrift": {"inland": inland}, "status": "0", "einzug": "2015-04-01"}


def _ortsfest(feld: str, wert: Any, orte: Mapping[str, Gemeinde]) -> Any:
    """A copy in which each address in Germany has its municipality's key, postcode and name."""
    if isinstance(wert, list):
        return [_ortsfest("", entry, orte) for entry in wert]
    if not isinstance(wert, dict):
        return wert
    if feld != "inland":
        return {name: _ortsfest(name, inner, orte) for name, inner in wert.items()}
    ort = orte[wert.get("ags", "")]
    ortsangaben = {"ags": str(ort.ags), "plz": plz_of(ort, wert["strasse"]), "wohnort": ort.name}
    return {**ortsangaben, **wert, "ags": str(ort.ags)}


def _alle_buchstaben() -> Record:
    """Letters and sequences of Tabelle 9 spelled out in earlier names, as many as the record can hold."""
    letters = list(TABELLE_9)
    size = -(-len(letters) // 18)
    return {
        _NOTE: "every letter of DIN 91379, precomposed and as base letter with combining marks, in her earlier names",
        "familienname": "Zeichensatz",
        "vornamen": "Ǎḷṗẖą",
        "geburtsdatum": "1993-07-26",
        "geschlecht": "w",
        "familiennamen_vor_aenderung": list(_namen(letters, size)),
    }


def _namen(letters: list[str], size: int) -> Iterator[Record]:
    for start in range(0, len(letters), size):
        yield {"name": "".join(letters[start : start + size])}
