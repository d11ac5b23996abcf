"""A Protokoll that has everything which a key of the key file wraps, and a key file of its own."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.ports import Nacharbeit, Sendung
from gateway.protokoll import Einsicht, SqlNachlauf, SqlProtokoll, Stelle, Verzeichnis, verify
from gateway.protokoll.halten import Halteliste
from gateway.protokoll.schluessel import Protokollschluessel, create_protokollschluessel, load_protokollschluessel
from tests.protokoll.eintraege import BEGRIFFE, INHALT, POLIZEI, eintrag

GRUND = "Verfahren 12 Js 345"
MONATE = (datetime(2026, 4, 2, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC))
NACHRICHT = b"<nachricht>" + b"x" * 500
SPAETER = datetime(2027, 1, 1, tzinfo=UTC)

#: Keys of months, holds, waiting messages, waiting requests.
UMFANG = {"keys of months": 4, "holds": 1, "waiting messages": 2, "waiting requests": 3}


@pytest.fixture
def schluessel_datei(tmp_path: Path) -> Path:
    """A key file that a test may change."""
    create_protokollschluessel(tmp_path / "protokoll.key")
    return tmp_path / "protokoll.key"


@pytest.fixture
def schluessel(schluessel_datei: Path) -> Protokollschluessel:
    """Its keys."""
    return load_protokollschluessel(schluessel_datei)


def nacharbeit() -> Nacharbeit:
    """A request to look at again."""
    wer = Behoerde(kennung=POLIZEI, name="Polizei", rolle=Rolle.SICHERHEIT)
    return Nacharbeit(NACHRICHT, wer, MONATE[0], neutral=True)


def fuelle(engine: Engine, schluessel: Protokollschluessel) -> None:
    """Eight entries in two months and for two Mandanten, one of them held; requests and messages that wait."""
    for monat in MONATE:
        with closing(SqlProtokoll(engine, schluessel, uhr=lambda monat=monat: monat)) as store:  # type: ignore[misc]
            for number in range(4):
                store.record(
                    eintrag(
                        mandant=POLIZEI if number == 1 else "",
                        nacharbeit=nacharbeit() if number == 2 or (monat, number) == (MONATE[0], 3) else None,
                    )
                )
    Halteliste(engine, schluessel).halte(Stelle(1, 1), GRUND, MONATE[1])
    sendungen = [Sendung(bytes([n]) * 32, f"uuid-{n}", "1322", "aussteuerung", POLIZEI, NACHRICHT) for n in range(2)]
    SqlNachlauf(engine, schluessel).erledige([], sendungen, MONATE[1])


def lesbar(engine: Engine, schluessel: Protokollschluessel) -> None:
    """Everything is there, whole, and opened by the key file as it is now."""
    einsicht = Einsicht(engine)
    for stelle in (Stelle(kette, nummer) for kette in (1, 2) for nummer in range(1, 5)):
        assert einsicht.read(stelle, schluessel, None) == INHALT
    assert len(list(Verzeichnis(engine, schluessel).suche(BEGRIFFE))) >= 6
    assert [halt.grund for halt in Halteliste(engine, schluessel).alle()] == [GRUND]
    nachlauf = SqlNachlauf(engine, schluessel)
    assert [one.inhalt for one in nachlauf.wartende(SPAETER, 10)] == [nacharbeit()] * 3
    assert [one.nachricht for one in nachlauf.sendungen(SPAETER, 10)] == [NACHRICHT] * 2
    result = verify(engine, schluessel)
    assert result.intact, result.findings
    assert result.held == 1


def copy_of(path: Path, to: Path) -> Path:
    """The same key file once more."""
    return Path(shutil.copy2(path, to))
