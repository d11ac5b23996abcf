"""Invented records for tests of the mirror."""

from typing import Any

from gateway.meldewesen.anfrage import (
    AbrufendeStelle,
    FreieAuswahl,
    FreieSuche,
    Nachrichtenkennung,
    Stelle,
    Suchbereich,
)
from gateway.meldewesen.freie_suche import FreieSuchformen, formen_der_freien_suche
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


def freie_suche(bereich: str = AGS, aktualitaet: str | None = None, **auswahl: Any) -> FreieSuche:
    """A freie Suche; what the mirror does not look at is anything."""
    wer = Stelle("DVDV", "dbs:030010990000", "Prüfamt")
    stelle = AbrufendeStelle(True, "Prüfamt", "Prüfweg 1", ("0800",), "AZ", "Prüfung", "ich")
    return FreieSuche(
        kennung=Nachrichtenkennung("00000000-0000-4000-8000-000000000000", "1332", "2025-11-22T08:00:00"),
        autor=wer,
        leser=wer,
        abrufende_stelle=stelle,
        auswahldaten=FreieAuswahl(**auswahl),
        suchbereich=Suchbereich(bereich),
        aktualitaet=aktualitaet,
    )


def freie_formen(bereich: str = AGS, aktualitaet: str | None = None, **auswahl: Any) -> FreieSuchformen:
    """What such a search is compared by."""
    return formen_der_freien_suche(freie_suche(bereich, aktualitaet, **auswahl))
