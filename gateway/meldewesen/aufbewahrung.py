"""Records kept under § 13 (2) BMG: five years after the year of death or departure little of them may still be told."""

from gateway.meldewesen.auskunft import STERBEDATEN
from gateway.meldewesen.behoerde import Rolle
from gateway.meldewesen.datensatz import Datensatz

#: § 13 (2) S. 2 BMG, after the end of the calendar year of death or departure.
AUFBEWAHRUNG_IN_VOLLEM_UMFANG = 5  # years

#: § 13 (2) S. 3 BMG: names (no stage name), birth, addresses with their mark as main or secondary, day of moving out,
#: death; and what the record itself needs.
_AUSGENOMMEN = frozenset(
    {
        *("ags", "ordnungsmerkmal", "verringerter_datenumfang", "auskunftssperren", "verzogen"),
        *("familienname", "familienname_pass", "ehename", "lebenspartnerschaftsname", "geburtsname"),
        *("familiennamen_vor_aenderung", "vornamen", "vornamen_pass", "gebraeuchlicher_vorname"),
        *("vornamen_vor_aenderung", "geburtsdatum", "fruehere_geburtsdaten", "geburtsort", "geburtsstaat"),
        *("wohnungen", "wegzug_ausland", "sterbedatum", "sterbeort", "sterbestaat"),
    }
)

#: Of lists that are excepted, what is: dwellings without the other dates and the landlord, names without their proof.
_TEILE = {
    "wohnungen": frozenset({"aktuell", "anschrift", "status", "auszug"}),
    "familiennamen_vor_aenderung": frozenset({"name"}),
    "vornamen_vor_aenderung": frozenset({"vornamen"}),
}

#: Head of a date of which nothing is known. As a year it lies longer back than any term: a day of departure or death
#: that the register does not know is one of its old ones, and where it is not, too little is told rather than what may
#: not be processed any more.
_UNBEKANNT = "0000"


def tellable(datensatz: Datensatz, rolle: Rolle, heute: str) -> Datensatz:
    """The record as far as § 13 (2) BMG lets an authority in this role have it on `heute` (YYYY-MM-DD).

    Where the paragraph holds, by the municipality's flag or by the dates, the record says `verringerter_datenumfang`.
    S. 4 no. 2 c lets the bodies of § 34 (4) S. 1 have the rest too.
    """
    if not (datensatz.get("verringerter_datenumfang") or verringert(datensatz, heute)):
        return datensatz
    marked = {**datensatz, "verringerter_datenumfang": True}
    return marked if rolle is Rolle.SICHERHEIT else _reduced(marked)


def verringert(datensatz: Datensatz, heute: str) -> bool:
    """Whether the five years after the year of death or departure have passed. A year is enough of a date."""
    ended = (_tod(datensatz), _wegzug(datensatz))
    return any(tag and int(heute[:4]) - int(tag[:4]) > AUFBEWAHRUNG_IN_VOLLEM_UMFANG for tag in ended)


def _tod(datensatz: Datensatz) -> str | None:
    """The day of death, None of the living."""
    return None if STERBEDATEN.isdisjoint(datensatz) else datensatz.get("sterbedatum", _UNBEKANNT)


def _wegzug(datensatz: Datensatz) -> str | None:
    """The day of the last moving out of the record's own municipality, None of whom still lives there.

    Departed is who has no dwelling there and has moved by the record's word, or by a day of moving out.
    """
    eigene = [wohnung for wohnung in datensatz["wohnungen"] if _ags(wohnung) == datensatz["ags"]]
    if any(wohnung["aktuell"] for wohnung in eigene):
        return None
    auszug = max((wohnung.get("auszug", "") for wohnung in eigene), default="")
    return auszug or (_UNBEKANNT if "verzogen" in datensatz else None)


def _ags(wohnung: Datensatz) -> str | None:
    ags: str | None = wohnung["anschrift"].get("inland", {}).get("ags")
    return ags


def _reduced(datensatz: Datensatz) -> Datensatz:
    kept = {name: wert for name, wert in datensatz.items() if name in _AUSGENOMMEN}
    if not STERBEDATEN.isdisjoint(datensatz):  # whatever says so is left out
        kept["verstorben"] = True
    for name, teile in _TEILE.items():
        if name in kept:
            kept[name] = [{teil: wert for teil, wert in entry.items() if teil in teile} for entry in kept[name]]
    return kept
