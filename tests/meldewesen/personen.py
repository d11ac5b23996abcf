"""An invented person to tell of."""

from typing import Any

from gateway.meldewesen.datensatz import check

HEUTE = "2026-06-15"
INLAND = {"ags": "03241001", "plz": "30159", "wohnort": "Hannover", "strasse": "Am Wall", "hausnummer": "3"}


def person(**felder: Any) -> dict[str, Any]:
    """An invented person; a field given as None is left out."""
    record = {
        "ags": "03241001",
        "ordnungsmerkmal": "4711",
        "familienname": "Muster",
        "vornamen": "Erika Maria",
        "geburtsdatum": "1980-05-30",
        "wohnungen": [dwelling()],
        **felder,
    }
    check(record)
    return record


def dwelling(**felder: Any) -> dict[str, Any]:
    return {"aktuell": True, "anschrift": {"inland": INLAND}, "status": "0", **felder}
