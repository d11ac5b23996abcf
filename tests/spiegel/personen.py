"""Invented records for tests of the mirror."""

from typing import Any

from gateway.meldewesen.sperren import Sicht

AGS = "03241001"
HEUTE = "2025-11-22"
SICHT = Sicht.neutral(HEUTE)


def wohnung(ags: str = AGS, *, aktuell: bool = True, **inland: str) -> dict[str, Any]:
    """A dwelling in Germany; `inland` replaces or adds fields of its address."""
    anschrift = {"ags": ags, "plz": "30159", "wohnort": "Hannover", "strasse": "Prüfweg", "hausnummer": "1"} | inland
    return {"aktuell": aktuell, "anschrift": {"inland": anschrift}, "status": "0"}


def datensatz(ordnungsmerkmal: str = "1", ags: str = AGS, **felder: Any) -> dict[str, Any]:
    """A person's record; `felder` replaces or adds fields, None takes one away."""
    record = {
        "ags": ags,
        "ordnungsmerkmal": ordnungsmerkmal,
        "familienname": "Musterfrau",
        "vornamen": "Erika",
        "geburtsdatum": "1964-08-12",
        "geburtsort": "Hannover",
        "geschlecht": "w",
        "wohnungen": [wohnung(ags)],
    } | felder
    return {name: wert for name, wert in record.items() if wert is not None}


def sperre(grund: str, **felder: str) -> dict[str, Any]:
    """The field `auskunftssperren` with one block."""
    return {"auskunftssperren": [{"grund": grund, **felder}]}
