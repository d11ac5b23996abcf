"""A Protokoll whose seal's key has changed twice, with a key file of its own, and how it is looked at."""

import io
import json
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.protokoll import Kind, SqlProtokoll, schluesseldatei, verify
from gateway.protokoll import aufbewahrung as aufbewahrung_modul
from gateway.protokoll.aufbewahrung import Aufbewahrung
from gateway.protokoll.beweis import export
from gateway.protokoll.schluessel import (
    Protokollschluessel,
    Siegelschluessel,
)
from gateway.protokoll.siegelwechsel import Wechsel, wechsle
from tests.protokoll.eintraege import eintrag
from tests.protokoll.schluesselbestand import MONATE, fuelle, schluessel, schluessel_datei
from tests.protokoll.test_beweis import Urteil, Zeile, pruefe

__all__ = ["schluessel", "schluessel_datei"]

FRUEHER, MAI = MONATE[0] - timedelta(days=500), MONATE[1]


@pytest.fixture
def alt(schluessel: Protokollschluessel) -> Siegelschluessel:
    """The first key of the seal, as whoever got hold of it has it."""
    return schluessel.stand.siegel


@pytest.fixture(autouse=True)
def seals_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.protokoll.schreiber.SIEGEL_ABSTAND", 0.0)
    monkeypatch.setattr(aufbewahrung_modul, "ATEMPAUSE", 0)
    monkeypatch.setattr(aufbewahrung_modul, "ist_juenger", lambda *_: False)  # `bestand` writes with an earlier clock


def change(engine: Engine, schluessel: Protokollschluessel) -> Wechsel | None:
    schluesseldatei.fuege_siegel_hinzu(schluessel)
    done = wechsle(engine, schluessel, MAI)
    schluesseldatei.setze_siegel_ein(schluessel)
    return done


def write(engine: Engine, schluessel: Protokollschluessel, count: int = 1, now: datetime = MAI) -> None:
    """In a chain of its own."""
    with closing(SqlProtokoll(engine, schluessel, uhr=lambda: now)) as store:
        for _ in range(count):
            store.record(eintrag())


@pytest.fixture
def bestand(engine: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel) -> Engine:
    """Chains 1 to 3 and deletion 1 of the first key, 4 and 5 of the second, 6 of the third; deletion 2 of that too."""
    fuelle(engine, schluessel)
    write(engine, schluessel, 2, FRUEHER)
    Aufbewahrung(engine, schluessel).loesche(MAI, uhr_stimmt=True)
    assert change(engine, schluessel) == Wechsel(4, 0)
    write(engine, schluessel, 2)
    write(engine, schluessel, 2, FRUEHER)
    assert change(engine, schluessel) == Wechsel(6, 0)
    Aufbewahrung(engine, schluessel).loesche(MAI, uhr_stimmt=True)
    write(engine, schluessel, 3)
    return engine


def found(engine: Engine, schluessel: Protokollschluessel) -> set[tuple[Kind, str]]:
    return {(finding.kind, finding.place) for finding in verify(engine, schluessel).findings}


def said(engine: Engine, schluessel: Protokollschluessel) -> str:
    return "\n".join(f"{finding.place}: {finding.text}" for finding in verify(engine, schluessel).findings)


def beweiszeilen(engine: Engine, schluessel: Protokollschluessel) -> list[Zeile]:
    """The evidence of all of it."""
    out = io.StringIO()
    export(engine, schluessel, FRUEHER - timedelta(days=1), MAI + timedelta(days=1), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def beweis(engine: Engine, schluessel: Protokollschluessel, path: Path, *arguments: str) -> Urteil:
    """What the script says of it."""
    return pruefe(path, beweiszeilen(engine, schluessel), *arguments)
