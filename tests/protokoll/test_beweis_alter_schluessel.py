"""Whoever has a key that seals no more, and all of the database, makes no evidence of the time when it did."""

import io
import json
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.protokoll import SqlProtokoll
from gateway.protokoll.beweis import export
from gateway.protokoll.kette import FELDER, belegt_hash, siegel_text
from gateway.protokoll.schluessel import Protokollschluessel, Siegelschluessel
from tests.protokoll.eintraege import eintrag
from tests.protokoll.siegelbestand import MAI, alt, change, schluessel, schluessel_datei, seals_at_once
from tests.protokoll.test_beweis import Zeile, pruefe

__all__ = ["alt", "schluessel", "schluessel_datei", "seals_at_once"]

TAG = timedelta(days=1)

_BYTES = {*(f"{was}_digest" for was in ("anfrage", "antwort", "nachricht")), "anspruch", "inhalt", "verzeichnis"}
_BYTES |= {"verweise", "vorgaenger"}


@pytest.fixture
def bestand(engine: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel) -> Engine:
    """Chain 1 of the first key, an entry each day for ten days and each sealed; then the key changes."""
    zeit = [MAI]
    with closing(SqlProtokoll(engine, schluessel, uhr=lambda: zeit[0])) as store:
        for _ in range(10):
            store.record(eintrag())
            zeit[0] += TAG
    change(engine, schluessel)
    return engine


def beweis(engine: Engine, schluessel: Protokollschluessel, von: datetime, bis: datetime) -> list[Zeile]:
    out = io.StringIO()
    export(engine, schluessel, von, bis, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def neu_verkettet(zeilen: list[Zeile], alt: Siegelschluessel, aendere: Callable[[Zeile], None]) -> list[Zeile]:
    """Each entry behind what was changed is chained and sealed anew with the old key, as far as the file has them."""
    kennung = bytes.fromhex(next(zeile["kennung"] for zeile in zeilen if zeile["art"] == "kette"))
    davor: bytes | None = None
    for zeile in (zeile for zeile in zeilen if zeile["art"] == "eintrag"):
        aendere(zeile)
        if davor is not None:
            zeile["vorgaenger"] = davor.hex()
        roh: dict[str, Any] = {n: bytes.fromhex(w) if _ist_hex(n, w) else w for n, w in zeile.items()}
        davor = belegt_hash(roh["vorgaenger"], [roh[name] for name in FELDER])
        zeile["hash"] = davor.hex()
        if zeile["siegel"] is not None:
            zeile["siegel"] = alt.sign(siegel_text(kennung, zeile["nummer"], davor)).hex()
    return zeilen


def _ist_hex(name: str, wert: object) -> bool:
    return isinstance(wert, str) and name in _BYTES


def test_an_entry_changed_with_the_old_key_is_found_in_the_evidence_of_a_period_long_before_its_end(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    zeilen = beweis(bestand, schluessel, MAI + 3 * TAG, MAI + 5 * TAG)
    assert pruefe(tmp_path / "echt.jsonl", zeilen).rc == 0
    neu = schluessel.stand.siegel.id
    falsch = neu_verkettet(zeilen, alt, lambda zeile: zeile.update(ergebnis="fault") if zeile["nummer"] == 5 else None)
    assert pruefe(tmp_path / "falsch.jsonl", falsch, "--schluessel", neu).befunde == {"GEÄNDERT Kette 1"}
    kurz = [
        zeile for zeile in falsch if zeile["art"] != "eintrag" or zeile["nummer"] <= 6
    ]  # the seal behind the period
    assert pruefe(tmp_path / "kurz.jsonl", kurz, "--schluessel", neu).befunde == {"FEHLT 1/7-10"}


def test_the_evidence_of_the_key_that_seals_ends_at_the_seal_behind_the_period(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path
) -> None:
    zeit = [MAI + 20 * TAG]
    with closing(SqlProtokoll(bestand, schluessel, uhr=lambda: zeit[0])) as store:
        for _ in range(5):
            store.record(eintrag())
            zeit[0] += TAG
    zeilen = beweis(bestand, schluessel, MAI + 20 * TAG, MAI + 22 * TAG)
    assert [(z["kette"], z["nummer"]) for z in zeilen if z["art"] == "eintrag"] == [(1, 10), (2, 1), (2, 2), (2, 3)]
    assert pruefe(tmp_path / "echt.jsonl", zeilen).rc == 0
