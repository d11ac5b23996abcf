"""Datenbestaetigung: whether given data agree with a record, § 39a BMG. By the same normal forms as the search."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.meldewesen.anfrage import Anschriftdaten, Bestaetigungsdaten
from gateway.meldewesen.datensatz import Datensatz
from gateway.meldewesen.formen import auslandsstaat, hausnummer
from gateway.meldewesen.normalform import normalform, strassenform
from gateway.meldewesen.werte import NICHT_VORHANDEN

#: Wohnungsstatus 1213: sole and main dwelling.
_ALLEINIGE_ODER_HAUPTWOHNUNG = ("0", "1")


def stimmt_ueberein(daten: Bestaetigungsdaten, datensatz: Datensatz) -> bool:
    """Whether every datum that is given agrees with the record; with what the record does not have, nothing agrees."""
    return all(
        vergleich(wert, datensatz)
        for name, vergleich in _VERGLEICHE.items()
        if (wert := getattr(daten, name)) not in (None, ())
    )


def _name(*felder: str) -> Callable[[str, Datensatz], bool]:
    """The whole name, in one of the record's fields. Nothing agrees with a name that has no letters."""

    def vergleich(wert: str, datensatz: Datensatz) -> bool:
        form = _form(wert)
        return form != "" and any(form == _form(datensatz[feld]) for feld in felder if feld in datensatz)

    return vergleich


def _form(name: str) -> str:
    return name if name == NICHT_VORHANDEN else normalform(name)


def _vornamen(wert: str, datensatz: Datensatz) -> bool:
    """Each first name that is given, in any order: Anlage Nr. 4 c BMeldDAV."""
    given = _words(wert)
    return bool(given) and given <= _words(datensatz["vornamen"]) | _words(datensatz.get("vornamen_pass", ""))


def _words(namen: str) -> set[str]:
    return {form for name in namen.split() if (form := _form(name))}


def _text(feld: str) -> Callable[[str, Datensatz], bool]:
    """Without regard to case and outer spaces."""
    return lambda wert, datensatz: _folded(wert) == _folded(datensatz.get(feld))


def _folded(text: str | None) -> str | None:
    return text.strip().casefold() if text is not None else None


def _gleich(feld: str) -> Callable[[str, Datensatz], bool]:
    return lambda wert, datensatz: wert == datensatz.get(feld)


def _staatsangehoerigkeit(wert: tuple[str, ...], datensatz: Datensatz) -> bool:
    return set(wert) <= set(datensatz.get("staatsangehoerigkeiten", ()))


def _geburtsstaat(wert: str, datensatz: Datensatz) -> bool:
    """Whoever was born in Germany has a place of birth and no state."""
    bekannt = "geburtsstaat" in datensatz or "geburtsort" in datensatz
    return bekannt and auslandsstaat(wert) == auslandsstaat(datensatz.get("geburtsstaat"))


def _familienstand(wert: str, datensatz: Datensatz) -> bool:
    stand: str | None = datensatz.get("familienstand", {}).get("stand")
    return wert == stand


def _anschrift(wert: Anschriftdaten, datensatz: Datensatz) -> bool:
    """Each part that is given, of the present main or sole dwelling."""
    given = {name: teil for name, teil in vars(wert).items() if teil is not None}
    anschriften = (
        wohnung["anschrift"].get("inland", {})
        for wohnung in datensatz["wohnungen"]
        if wohnung["aktuell"] and wohnung.get("status") in _ALLEINIGE_ODER_HAUPTWOHNUNG
    )
    return any(
        all(_part(name, teil) == _part(name, inland.get(name)) for name, teil in given.items())
        for inland in anschriften
    )


def _part(name: str, wert: Any) -> str | None:
    if wert is None:
        return None
    return {"strasse": strassenform, "hausnummer": hausnummer}.get(name, _folded)(wert)


#: How each datum is compared with the record.
_VERGLEICHE: Mapping[str, Callable[[Any, Datensatz], bool]] = {
    "familienname": _name("familienname", "familienname_pass"),  # 0101a
    "geburtsname": _name("geburtsname"),  # 0201a
    "vornamen": _vornamen,  # 0301
    "doktorgrad": _text("doktorgrad"),  # 0401
    "ordensname": _name("ordensname"),  # 0501
    "kuenstlername": _name("kuenstlername"),  # 0502
    "geburtsdatum": _gleich("geburtsdatum"),  # 0601
    "geburtsort": _name("geburtsort"),  # 0602
    "geburtsstaat": _geburtsstaat,  # 0603
    "geschlecht": _gleich("geschlecht"),  # 0701
    "staatsangehoerigkeit": _staatsangehoerigkeit,  # 1001
    "anschrift": _anschrift,  # 1201 to 1209
    "familienstand": _familienstand,  # 1401
    "sterbedatum": _gleich("sterbedatum"),  # 1901
}
