"""Records kept under § 13 (2) BMG: five years after the year of death or departure little of them may still be told."""

from gateway.meldewesen.behoerde import Rolle
from gateway.meldewesen.datensatz import Datensatz

#: § 13 (2) S. 3 BMG: names, birth, addresses, day of moving out, death; and what the record itself needs.
AUSGENOMMEN = frozenset(
    {
        *("ags", "ordnungsmerkmal", "verringerter_datenumfang", "auskunftssperren", "verzogen"),
        *("familienname", "familienname_pass", "ehename", "lebenspartnerschaftsname", "geburtsname"),
        *("familiennamen_vor_aenderung", "ordensname", "kuenstlername"),
        *("vornamen", "vornamen_pass", "gebraeuchlicher_vorname", "vornamen_vor_aenderung"),
        *("geburtsdatum", "fruehere_geburtsdaten", "geburtsort", "geburtsstaat"),
        *("wohnungen", "wegzug_ausland", "sterbedatum", "sterbeort", "sterbestaat"),
    }
)
VON_WOHNUNGEN = frozenset({"aktuell", "anschrift", "auszug"})


def tellable(datensatz: Datensatz, rolle: Rolle) -> Datensatz:
    """The record as far as § 13 (2) BMG lets an authority in this role have it; S. 4 no. 2 c excepts § 34 (4) S. 1."""
    if "verringerter_datenumfang" not in datensatz or rolle is Rolle.SICHERHEIT:
        return datensatz
    kept = {name: wert for name, wert in datensatz.items() if name in AUSGENOMMEN}
    kept["wohnungen"] = [
        {name: wert for name, wert in wohnung.items() if name in VON_WOHNUNGEN} for wohnung in kept["wohnungen"]
    ]
    return kept
